//! An APIService for each group and version that the cluster serves by itself.
//!
//! Those of CustomResourceDefinitions are not listed. Mirrors `apiVersionPriorities` in
//! `pkg/controlplane/apiserver/aggregator.go` (v1.35).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::registry::ResourceTable;

/// Groups with their rank among groups, and that of their newest version where it is not 15.
const GROUPS: &[(&str, i64, i64)] = &[
    ("", 18_000, 1),
    ("apps", 17_800, 15),
    ("events.k8s.io", 17_750, 5),
    ("authentication.k8s.io", 17_700, 15),
    ("authorization.k8s.io", 17_600, 15),
    ("autoscaling", 17_500, 15),
    ("batch", 17_400, 15),
    ("certificates.k8s.io", 17_300, 15),
    ("networking.k8s.io", 17_200, 15),
    ("policy", 17_100, 15),
    ("rbac.authorization.k8s.io", 17_000, 15),
    ("storage.k8s.io", 16_800, 15),
    ("apiextensions.k8s.io", 16_700, 15),
    ("admissionregistration.k8s.io", 16_700, 15),
    ("scheduling.k8s.io", 16_600, 15),
    ("coordination.k8s.io", 16_500, 15),
    ("node.k8s.io", 16_300, 15),
    ("discovery.k8s.io", 16_200, 15),
    ("flowcontrol.apiserver.k8s.io", 16_100, 21),
    ("metrics.k8s.io", 100, 100),
];

pub(super) fn objects(resources: &ResourceTable) -> Vec<Value> {
    let served: BTreeSet<(String, String)> = resources
        .all()
        .iter()
        .filter(|resource| !resource.is_custom())
        .map(|resource| (resource.group.to_string(), resource.version.to_string()))
        .collect();
    served
        .iter()
        .filter_map(|(group, version)| {
            let (_, of_group, of_version) = GROUPS.iter().find(|(known, ..)| known == group)?;
            let of_version = if version == "v2" { 30 } else { *of_version };
            Some(json!({
                "apiVersion": "apiregistration.k8s.io/v1", "kind": "APIService",
                "metadata": {
                    "name": format!("{version}.{group}"),
                    "labels": {"kube-aggregator.kubernetes.io/automanaged": "onstart"},
                },
                "spec": {
                    "group": group, "version": version,
                    "groupPriorityMinimum": of_group, "versionPriority": of_version,
                },
            }))
        })
        .collect()
}
