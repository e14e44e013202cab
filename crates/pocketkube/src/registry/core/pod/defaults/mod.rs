//! What a Pod's fields mean when they are left out, written into the object.
//!
//! [`pod_spec`] is for every PodSpec, in templates too; [`pod`] adds what only Pods themselves
//! get. What admission fills in (service account, tolerations, priority) is not here. Mirrors `pkg/apis/core/v1/defaults.go` and `zz_generated.defaults.go`
//! (v1.35).

mod containers;
mod resources;
mod volumes;

use serde_json::{Value, json};

use crate::api::meta::map_at;
use crate::api::tree::{elements, elements_mut, fill, fill_absent, remove, text};

/// Fills in a Pod.
pub fn pod(pod: &mut Value) {
    map_at(pod, "spec");
    let spec = &mut pod["spec"];
    pod_spec(spec);
    for list in ["containers", "initContainers"] {
        for container in elements_mut(spec, list) {
            resources::requests_from_limits(container);
        }
    }
    resources::pod_level_requests(spec);
    fill_absent(spec, "enableServiceLinks", true);
    if spec["hostNetwork"] == true {
        for list in ["containers", "initContainers"] {
            for container in elements_mut(spec, list) {
                use_host_ports(container);
            }
        }
    }
}

/// Fills in a PodSpec, be it a Pod's or a template's.
pub fn pod_spec(spec: &mut Value) {
    sync_service_account(spec);
    fill(spec, "dnsPolicy", "ClusterFirst");
    fill(spec, "restartPolicy", "Always");
    fill(spec, "schedulerName", "default-scheduler");
    fill_absent(spec, "securityContext", json!({}));
    fill_absent(spec, "terminationGracePeriodSeconds", 30);
    for volume in elements_mut(spec, "volumes") {
        volumes::volume(volume);
    }
    for list in ["containers", "initContainers", "ephemeralContainers"] {
        for container in elements_mut(spec, list) {
            containers::container(container);
        }
    }
    if let Some(pod_level) = spec.get_mut("resources") {
        resources::round_up(pod_level);
    }
    if let Some(overhead) = spec.get_mut("overhead") {
        resources::round_up_list(overhead);
    }
}

/// `podIP` is the first of `podIPs`. A client that knows only one of the fields fills both; where
/// they differ, `podIP` has the say.
pub fn pod_status(pod: &mut Value) {
    let Some(status) = pod.get_mut("status").filter(|status| status.is_object()) else {
        return;
    };
    let first = elements(&status["podIPs"]).first();
    let first = first.map_or("", |ip| text(ip, "ip")).to_owned();
    match text(status, "podIP").to_owned() {
        ip if ip.is_empty() && first.is_empty() => {}
        ip if ip.is_empty() => status["podIP"] = json!(first),
        ip if ip != first => status["podIPs"] = json!([{"ip": ip}]),
        _ => {}
    }
}

/// `serviceAccount` is the old name of `serviceAccountName`; both always say the same.
pub fn sync_service_account(spec: &mut Value) {
    let name = match text(spec, "serviceAccountName") {
        "" => text(spec, "serviceAccount"),
        name => name,
    }
    .to_owned();
    if name.is_empty() {
        remove(spec, "serviceAccount");
    } else {
        spec["serviceAccountName"] = json!(name);
        spec["serviceAccount"] = json!(name);
    }
}

/// On the host's network a container's ports are the host's.
fn use_host_ports(container: &mut Value) {
    for port in elements_mut(container, "ports") {
        let container_port = port["containerPort"].clone();
        fill_absent(port, "hostPort", container_port);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(spec: Value) -> Value {
        let mut object = json!({"spec": spec});
        pod(&mut object);
        let mut again = object.clone();
        pod(&mut again);
        assert_eq!(object, again, "defaulting twice changes nothing");
        object["spec"].take()
    }

    #[test]
    fn a_bare_pod_gets_what_kubectl_shows() {
        let spec = filled(json!({"containers": [{"name": "a", "image": "nginx"}]}));
        assert_eq!(
            spec,
            json!({
                "containers": [{
                    "name": "a",
                    "image": "nginx",
                    "imagePullPolicy": "Always",
                    "resources": {},
                    "terminationMessagePath": "/dev/termination-log",
                    "terminationMessagePolicy": "File",
                }],
                "dnsPolicy": "ClusterFirst",
                "enableServiceLinks": true,
                "restartPolicy": "Always",
                "schedulerName": "default-scheduler",
                "securityContext": {},
                "terminationGracePeriodSeconds": 30,
            })
        );
    }

    #[test]
    fn requests_follow_limits_in_pods_but_not_in_templates() {
        let spec = json!({"containers": [{"name": "a", "image": "b:1", "resources": {
            "limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "100m"},
        }}]});
        assert_eq!(
            filled(spec.clone())["containers"][0]["resources"]["requests"],
            json!({"cpu": "100m", "memory": "1Gi"})
        );
        let mut template = spec;
        pod_spec(&mut template);
        assert_eq!(
            template["containers"][0]["resources"]["requests"],
            json!({"cpu": "100m"})
        );
    }

    #[test]
    fn containers_on_the_host_network_use_its_ports() {
        let spec = filled(json!({
            "hostNetwork": true,
            "containers": [{"name": "a", "image": "b:1", "ports": [{"containerPort": 8080}]}],
        }));
        assert_eq!(
            spec["containers"][0]["ports"],
            json!([{"containerPort": 8080, "hostPort": 8080, "protocol": "TCP"}])
        );
    }

    #[test]
    fn the_old_name_of_the_service_account_follows_the_new_one() {
        let spec = filled(json!({"serviceAccount": "bot"}));
        assert_eq!(spec["serviceAccountName"], "bot");
        let spec = filled(json!({"serviceAccount": "old", "serviceAccountName": "new"}));
        assert_eq!(spec["serviceAccount"], "new");
    }
}
