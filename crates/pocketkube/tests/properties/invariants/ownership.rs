//! Nothing that is owned survives its owners, once the cluster is quiet.

use super::{Invariant, ensure};
use crate::properties::objects::{is_terminating, list, name, text};
use crate::properties::state::State;

pub struct Ownership;

const OWNED: [&str; 6] = [
    "pods",
    "replicasets",
    "jobs",
    "controllerrevisions",
    "endpointslices",
    "persistentvolumeclaims",
];

fn owners(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "Deployment" => "deployments",
        "ReplicaSet" => "replicasets",
        "StatefulSet" => "statefulsets",
        "DaemonSet" => "daemonsets",
        "Job" => "jobs",
        "CronJob" => "cronjobs",
        "Service" => "services",
        "Pod" => "pods",
        _ => return None,
    })
}

impl Invariant for Ownership {
    fn quiet(&mut self, state: &State) -> Result<(), String> {
        for object in OWNED.iter().flat_map(|resource| state.all(resource)) {
            ensure(!is_terminating(object), || {
                format!("{} never goes: {object}", name(object))
            })?;
            for owner in list(object, "/metadata/ownerReferences") {
                let Some(resource) = owners(text(owner, "/kind")) else {
                    continue;
                };
                let found = state.by_uid(resource, text(owner, "/uid"));
                ensure(found.is_some(), || {
                    format!("{} survives {owner}", name(object))
                })?;
            }
        }
        Ok(())
    }
}
