//! Reads everything that stands in a kata's namespaces, and what belongs to it outside of them.

use anyhow::Result;
use futures::future::join_all;
use k8s_openapi::api::core::v1::Namespace;
use kube::api::ListParams;
use kube::core::DynamicObject;
use kube::discovery::{Discovery, Scope, verbs};
use kube::{Client, ResourceExt};
use serde_json::{Value, json};

use super::super::resource::Resource;
use super::super::seed;
use super::super::words::words;
use super::Kept;
use super::strip;
use crate::course::KataInstance;

/// Everything of this kata, as it is now.
pub async fn keep(client: &Client, kata: &KataInstance) -> Result<Kept> {
    let namespaces = seed::scenes(client, kata).await?;
    let mut kept = Kept {
        seed: namespaces.first().map_or(kata.seed, |(_, seed)| *seed),
        ..Kept::default()
    };
    let mut objects = Vec::new();
    for (api, name) in seed::cluster_wide(client, kata).await? {
        if let Some(found) = api.get_opt(&name).await.map_err(words)? {
            objects.push(serde_json::to_value(found)?);
        }
    }
    let resources = listable(client).await?;
    for (namespace, _) in &namespaces {
        kept.namespaces.push(namespace_as_it_is(namespace));
        let lists = resources.iter().map(|resource| {
            let api = resource.api(client, Some(&namespace.name_any()));
            async move { (resource, api.list(&ListParams::default()).await) }
        });
        for (resource, list) in join_all(lists).await {
            // What cannot be listed (an API server behind the API that is gone) cannot be kept.
            for object in list.into_iter().flatten() {
                objects.push(typed(object, resource)?);
            }
        }
    }
    kept.objects = objects
        .into_iter()
        .filter_map(strip::for_creation)
        .collect();
    kept.objects.sort_by_key(strip::rank);
    Ok(kept)
}

/// Items of lists may come without their kind.
fn typed(object: DynamicObject, resource: &Resource) -> Result<Value> {
    let mut value = serde_json::to_value(object)?;
    value["apiVersion"] = json!(resource.api.api_version);
    value["kind"] = json!(resource.api.kind);
    Ok(value)
}

fn namespace_as_it_is(namespace: &Namespace) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {
            "name": namespace.name_any(),
            "labels": namespace.labels(),
            "annotations": namespace.annotations(),
        },
    })
}

/// Every kind in namespaces that can be listed and created, once.
async fn listable(client: &Client) -> Result<Vec<Resource>> {
    let discovery = Discovery::new(client.clone()).run().await.map_err(words)?;
    let mut found: Vec<Resource> = Vec::new();
    for group in discovery.groups() {
        for (api, abilities) in group.recommended_resources() {
            let usable = abilities.scope == Scope::Namespaced
                && abilities.supports_operation(verbs::LIST)
                && abilities.supports_operation(verbs::CREATE);
            if usable && !strip::is_passing(&api.group, &api.kind) {
                found.push(Resource {
                    api,
                    namespaced: true,
                });
            }
        }
    }
    Ok(found)
}
