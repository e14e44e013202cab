//! Sets how many replicas are wanted, through the `scale` subresource.

use anyhow::Result;
use kube::Client;
use kube::api::Patch;
use serde_json::json;

use super::in_own_name;
use crate::sandbox::{Reference, words};

pub(super) async fn act(client: &Client, of: &Reference, replicas: u32) -> Result<String> {
    let api = of.api(client).await.map_err(words)?;
    let patch = json!({"spec": {"replicas": replicas}});
    api.patch_scale(&of.name, &in_own_name(), &Patch::Merge(patch))
        .await
        .map_err(words)?;
    Ok(format!("{} scaled to {replicas}", of.short()))
}
