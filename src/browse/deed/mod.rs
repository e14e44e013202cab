//! What can be done to an object from the lab itself: one file a deed, one row here.

mod cordon;
mod delete;
mod restart;
mod scale;

use anyhow::Result;
use jiff::Timestamp;
use kube::Client;
use kube::api::PatchParams;

use crate::sandbox::Reference;

/// One deed, and to whom.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deed {
    Delete(Reference),
    Scale {
        of: Reference,
        replicas: u32,
    },
    /// Its Pods are replaced, as `kubectl rollout restart` does it.
    Restart(Reference),
    /// Whether new Pods may come to a node.
    Cordon {
        node: String,
        on: bool,
    },
}

/// Who writes, in managedFields.
pub(super) const MANAGER: &str = "kubekata";

/// How a patch says who writes.
pub(super) fn in_own_name() -> PatchParams {
    PatchParams {
        field_manager: Some(MANAGER.to_owned()),
        ..PatchParams::default()
    }
}

/// Kinds that have a number of replicas.
const SCALABLE: [&str; 4] = [
    "Deployment",
    "ReplicaSet",
    "StatefulSet",
    "ReplicationController",
];

/// Kinds whose Pods are replaced when their template changes.
const RESTARTABLE: [&str; 3] = ["Deployment", "StatefulSet", "DaemonSet"];

impl Deed {
    /// Does it, and says what was done.
    ///
    /// # Errors
    /// The cluster's refusal, in its own words.
    pub async fn act(&self, client: &Client, now: Timestamp) -> Result<String> {
        match self {
            Self::Delete(of) => delete::act(client, of).await,
            Self::Scale { of, replicas } => scale::act(client, of, *replicas).await,
            Self::Restart(of) => restart::act(client, of, now).await,
            Self::Cordon { node, on } => cordon::act(client, node, *on).await,
        }
    }

    pub fn can_scale(of: &Reference) -> bool {
        SCALABLE.contains(&of.kind.as_str())
    }

    pub fn can_restart(of: &Reference) -> bool {
        RESTARTABLE.contains(&of.kind.as_str())
    }
}
