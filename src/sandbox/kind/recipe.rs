//! What a cluster is made of: the pinned node image, and three nodes that look like those of the
//! embedded cluster.

/// The image of the nodes, pinned by its digest: the Kubernetes version that the course is proven
/// with.
pub(super) const IMAGE: &str =
    "kindest/node:v1.35.0@sha256:452d707d4862f52530247495d180205e029056831160e22870e37e3f6c1ac31f";

/// The first kind that the image was built for.
pub(super) const LEAST_KIND: &str = "v0.31.0";

/// The configuration that `kind create cluster` is given.
pub(super) const CONFIG: &str = "\
kind: Cluster
apiVersion: kind.x-k8s.io/v1alpha4
nodes:
- role: control-plane
  labels: {topology.kubernetes.io/region: local, topology.kubernetes.io/zone: zone-a}
- role: worker
  labels: {topology.kubernetes.io/region: local, topology.kubernetes.io/zone: zone-a}
- role: worker
  labels: {topology.kubernetes.io/region: local, topology.kubernetes.io/zone: zone-b}
";

/// The context that kind writes for a cluster.
pub(super) fn context_of(name: &str) -> String {
    format!("kind-{name}")
}

/// Whether a kind of this version can run the image.
pub(super) fn is_new_enough(version: &str) -> bool {
    let parts = |version: &str| -> Option<(u32, u32)> {
        let mut parts = version.trim_start_matches('v').split(['.', '-', '+']);
        Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
    };
    match (parts(version), parts(LEAST_KIND)) {
        (Some(found), Some(least)) => found >= least,
        // A build of one's own may call itself anything.
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_of_kind_are_compared_as_numbers() {
        assert!(is_new_enough("v0.31.0") && is_new_enough("v0.32.0-alpha+1234"));
        assert!(is_new_enough("v1.0.0") && is_new_enough("v0.100.0"));
        assert!(!is_new_enough("v0.30.9") && !is_new_enough("v0.9.0"));
        assert!(is_new_enough("devel"));
    }

    #[test]
    fn the_configuration_is_yaml_with_a_control_plane_and_workers_in_two_zones() {
        let config: serde_json::Value = serde_yaml::from_str(CONFIG).expect("it is YAML");
        let nodes = config["nodes"].as_array().expect("nodes");
        let zones: std::collections::BTreeSet<_> = nodes
            .iter()
            .filter(|node| node["role"] == "worker")
            .filter_map(|node| node["labels"]["topology.kubernetes.io/zone"].as_str())
            .collect();
        assert_eq!((nodes.len(), zones.len()), (3, 2));
    }
}
