//! Takes a kata's scene away: its namespaces and what the scene put outside of them. Nodes of the
//! scene get back what they were.

use std::time::Duration;

use anyhow::{Context, Result};
use k8s_openapi::api::core::v1::{Namespace, Pod};
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use kube::core::DynamicObject;
use kube::runtime::wait::{await_condition, conditions};
use kube::{Api, Client, Error};
use serde_json::json;

use super::scene_nodes;
use super::seed;
use super::words::words;
use crate::course::KataInstance;

/// How long namespaces may take to go.
const LONGEST: Duration = Duration::from_secs(60);

/// How often Pods that linger are removed again while a namespace goes.
const INSIST: Duration = Duration::from_millis(50);

/// Deletes everything of this kata and waits until it is gone.
pub async fn remove(client: &Client, kata: &KataInstance) -> Result<()> {
    scene_nodes::give_back(client, kata).await?;
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let cluster_wide = seed::cluster_wide(client, kata).await?;
    for (api, name) in &cluster_wide {
        ignore_missing(api.delete(name, &DeleteParams::default()).await.map(drop))?;
    }
    release(seed::held_back(client, kata).await?).await?;
    for name in &kata.namespaces {
        let deleted = namespaces.delete(name, &DeleteParams::default()).await;
        ignore_missing(deleted.map(drop))?;
    }
    let definitions = seed::definitions_of(kata)?;
    for name in &kata.namespaces {
        let going = namespace_gone(client, kata, &definitions, &namespaces, name);
        tokio::time::timeout(LONGEST, going)
            .await
            .with_context(|| format!("namespace {name} does not go away"))??;
    }
    for (api, name) in &cluster_wide {
        tokio::time::timeout(LONGEST, gone(api, name))
            .await
            .with_context(|| format!("{name} does not go away"))??;
    }
    Ok(())
}

/// Takes the finalizers out. Nobody else would: the programs that they wait for do not exist, or
/// are the learner's, who wants to begin anew.
async fn release(held: Vec<(Api<DynamicObject>, String)>) -> Result<()> {
    let release = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    for (api, name) in held {
        let released = api.patch(&name, &PatchParams::default(), &release).await;
        ignore_missing(released.map(drop))?;
    }
    Ok(())
}

async fn gone(api: &Api<DynamicObject>, name: &str) -> Result<()> {
    let found = api.get_metadata_opt(name).await.map_err(words)?;
    if let Some(uid) = found.and_then(|found| found.metadata.uid) {
        await_condition(api.clone(), name, conditions::is_deleted(&uid)).await?;
    }
    Ok(())
}

/// Nobody waits for the grace period of containers whose scene is being taken away.
async fn namespace_gone(
    client: &Client,
    kata: &KataInstance,
    definitions: &[String],
    namespaces: &Api<Namespace>,
    name: &str,
) -> Result<()> {
    let Some(uid) = namespaces
        .get_opt(name)
        .await
        .map_err(words)?
        .and_then(|found| found.metadata.uid)
    else {
        return Ok(());
    };
    let pods: Api<Pod> = Api::namespaced(client.clone(), name);
    let deleted = await_condition(namespaces.clone(), name, conditions::is_deleted(&uid));
    tokio::pin!(deleted);
    loop {
        let now = DeleteParams::default().grace_period(0);
        ignore_missing(
            pods.delete_collection(&now, &ListParams::default())
                .await
                .map(drop),
        )?;
        release(seed::held_instances(client, kata, definitions).await?).await?;
        tokio::select! {
            result = &mut deleted => return Ok(result.map(drop)?),
            () = tokio::time::sleep(INSIST) => {}
        }
    }
}

fn ignore_missing(result: kube::Result<()>) -> Result<()> {
    match result {
        Err(Error::Api(status)) if status.code == 404 => Ok(()),
        // A namespace that is going already.
        Err(Error::Api(status)) if status.code == 409 => Ok(()),
        other => other.map_err(words),
    }
}
