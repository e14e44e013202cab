//! Deletes an object; what it owns goes after it.

use anyhow::Result;
use kube::Client;
use kube::api::DeleteParams;

use crate::sandbox::{Reference, words};

pub(super) async fn act(client: &Client, of: &Reference) -> Result<String> {
    let api = of.api(client).await.map_err(words)?;
    let params = DeleteParams::background();
    let answer = api.delete(&of.name, &params).await.map_err(words)?;
    let waits = answer.left().is_some_and(|object| {
        let finalizers = object.metadata.finalizers.unwrap_or_default();
        !finalizers.is_empty()
    });
    Ok(match waits {
        true => format!("{} is being deleted: its finalizers come first", of.short()),
        false => format!("{} deleted", of.short()),
    })
}
