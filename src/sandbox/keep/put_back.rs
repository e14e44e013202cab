//! Makes everything anew that was kept.

use std::collections::HashMap;

use anyhow::Result;
use kube::api::PostParams;
use kube::core::DynamicObject;
use kube::{Client, Error};
use serde_json::{Value, json};

use super::super::resource::Resource;
use super::super::seed;
use super::super::words::{words, words_of};
use super::{Kept, strip};

/// Creates what was kept, in namespaces that are gone or empty. Answers what the cluster refused,
/// in its words; everything else is there.
pub async fn put_back(client: &Client, kept: &Kept) -> Result<Vec<String>> {
    for namespace in &kept.namespaces {
        create(client, namespace.clone()).await.map_err(words)?;
        let name = namespace.pointer("/metadata/name").and_then(Value::as_str);
        seed::await_service_account(client, name.unwrap_or_default()).await?;
    }
    let mut refused = Vec::new();
    let mut uids = HashMap::new();
    // Owners first; a chain of them is as deep as there are rounds.
    let (mut waiting, mut free): (Vec<Value>, Vec<Value>) =
        kept.objects.iter().cloned().partition(strip::has_owners);
    loop {
        for mut object in std::mem::take(&mut free) {
            let old = strip::take_uid(&mut object);
            strip::rename_owners(&mut object, &uids);
            let title = title(&object);
            let definition = object["kind"] == "CustomResourceDefinition";
            match create(client, object).await {
                Ok(created) => {
                    if let (Some(old), Some(new)) = (old, created.metadata.uid) {
                        uids.insert(old, new);
                    }
                    if definition {
                        let name = created.metadata.name.unwrap_or_default();
                        seed::await_definition(client, &name).await?;
                    }
                }
                Err(error) => refused.push(format!("{title}: {}", words_of(&error))),
            }
        }
        let known = |object: &Value| {
            let owners = object.pointer("/metadata/ownerReferences");
            let mut owners = owners.and_then(Value::as_array).into_iter().flatten();
            owners.all(|owner| {
                owner["uid"]
                    .as_str()
                    .is_some_and(|it| uids.contains_key(it))
            })
        };
        (free, waiting) = std::mem::take(&mut waiting).into_iter().partition(known);
        if free.is_empty() {
            if waiting.is_empty() {
                return Ok(refused);
            }
            // Their owners are gone: they stand for themselves.
            free = std::mem::take(&mut waiting);
        }
    }
}

/// Creates an object; one that came by itself meanwhile is made like this one.
async fn create(client: &Client, mut object: Value) -> kube::Result<DynamicObject> {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let kind = text("/kind").unwrap_or_default();
    let version = text("/apiVersion").unwrap_or_default();
    let name = text("/metadata/name").unwrap_or_default().to_owned();
    let resource = Resource::find(client, version, kind).await?;
    let api = resource.api(client, text("/metadata/namespace"));
    let read = |object: &Value| {
        serde_json::from_value::<DynamicObject>(object.clone()).map_err(Error::SerdeError)
    };
    let how = PostParams {
        field_manager: Some(seed::FIELD_MANAGER.to_owned()),
        ..PostParams::default()
    };
    match api.create(&how, &read(&object)?).await {
        Err(Error::Api(status)) if status.code == 409 => {
            let there = api.get(&name).await?;
            object["metadata"]["resourceVersion"] = json!(there.metadata.resource_version);
            api.replace(&name, &how, &read(&object)?).await
        }
        created => created,
    }
}

fn title(object: &Value) -> String {
    let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str);
    let kind = text("/kind").unwrap_or_default().to_lowercase();
    format!("{kind}/{}", text("/metadata/name").unwrap_or_default())
}
