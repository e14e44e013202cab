//! Keeps new Pods from a node, or lets them come again.

use anyhow::Result;
use kube::Client;
use kube::api::Patch;
use serde_json::json;

use super::in_own_name;
use crate::sandbox::{Reference, words};

pub(super) async fn act(client: &Client, node: &str, on: bool) -> Result<String> {
    let of = Reference::known("Node", "", node);
    let api = of.api(client).await.map_err(words)?;
    let patch = json!({"spec": {"unschedulable": on}});
    api.patch(node, &in_own_name(), &Patch::Merge(patch))
        .await
        .map_err(words)?;
    Ok(match on {
        true => format!("node/{node} cordoned"),
        false => format!("node/{node} uncordoned"),
    })
}
