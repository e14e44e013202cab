//! Replaces a workload's Pods by changing an annotation of its template, as
//! `kubectl rollout restart` does (`staging/src/k8s.io/kubectl/pkg/polymorphichelpers`).

use anyhow::Result;
use jiff::Timestamp;
use kube::Client;
use kube::api::Patch;
use serde_json::json;

use super::in_own_name;
use crate::sandbox::{Reference, words};

const RESTARTED_AT: &str = "kubectl.kubernetes.io/restartedAt";

pub(super) async fn act(client: &Client, of: &Reference, now: Timestamp) -> Result<String> {
    let api = of.api(client).await.map_err(words)?;
    let at = now.strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    let metadata = json!({"annotations": {RESTARTED_AT: at}});
    let patch = json!({"spec": {"template": {"metadata": metadata}}});
    api.patch(&of.name, &in_own_name(), &Patch::Merge(patch))
        .await
        .map_err(words)?;
    Ok(format!("{} restarted", of.short()))
}
