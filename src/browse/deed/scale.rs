//! Sets how many replicas are wanted, through the `scale` subresource.

use anyhow::Result;
use kube::Client;
use kube::api::{Patch, PatchParams};
use serde_json::json;

use super::MANAGER;
use crate::sandbox::{Reference, words};

pub(super) async fn act(client: &Client, of: &Reference, replicas: u32) -> Result<String> {
    let api = of.api(client).await.map_err(words)?;
    let patch = json!({"spec": {"replicas": replicas}});
    let params = PatchParams {
        field_manager: Some(MANAGER.to_owned()),
        ..PatchParams::default()
    };
    api.patch_scale(&of.name, &params, &Patch::Merge(patch))
        .await
        .map_err(words)?;
    Ok(format!("{} scaled to {replicas}", of.short()))
}
