//! Sets the scene of a kata: its namespaces and everything under `start/`.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use k8s_openapi::api::core::v1::{Event, Namespace, ServiceAccount};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{DeleteParams, ListParams, Patch, PatchParams};
use kube::core::DynamicObject;
use kube::runtime::wait::{await_condition, conditions};
use kube::{Api, Client};
use serde_json::{Value, json};

use super::resource::Resource;
use super::scene_nodes;
use super::words::words;
use crate::course::{Document, KataInstance};

/// The name under which the scene is applied.
pub(super) const FIELD_MANAGER: &str = "kubekata";

/// On each namespace of a kata once its scene stands: which kata and whose seed.
pub(super) const SEEDED: &str = "kubekata.dev/scene";

const DEFINITION: &str = "CustomResourceDefinition";

/// How long the cluster may take to serve a kind that was just defined.
const DEFINED: Duration = Duration::from_secs(30);

/// How long the cluster may take to make a namespace usable.
const NAMESPACE_READY: Duration = Duration::from_secs(30);

/// Whether this kata's scene stands, for this learner, as it was left.
pub async fn stands(client: &Client, kata: &KataInstance) -> Result<bool> {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    for name in &kata.namespaces {
        let found = namespaces.get_opt(name).await.map_err(words)?;
        let seeded = found.is_some_and(|namespace| {
            let leaving = namespace.metadata.deletion_timestamp.is_some();
            let scene = namespace.metadata.annotations.unwrap_or_default();
            !leaving && scene.get(SEEDED) == Some(&mark(kata))
        });
        if !seeded {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Those of the kata's namespaces in which a scene of it stands, whosever seed it has, and that
/// seed.
pub async fn scenes(client: &Client, kata: &KataInstance) -> Result<Vec<(Namespace, u64)>> {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let scene_of = |namespace: &Namespace| {
        let mark = namespace.metadata.annotations.as_ref()?.get(SEEDED)?;
        let (id, seed) = mark.split_once(' ')?;
        (id == kata.id.as_str()).then(|| seed.parse().ok())?
    };
    let mut found = Vec::new();
    for name in &kata.namespaces {
        let namespace = namespaces.get_opt(name).await.map_err(words)?;
        let staying = namespace.filter(|it| it.metadata.deletion_timestamp.is_none());
        let scene = staying.and_then(|it| scene_of(&it).map(|seed| (it, seed)));
        found.extend(scene);
    }
    Ok(found)
}

/// Makes the namespaces and applies the manifests in the order of their files.
///
/// The mark that [`stands`] looks for comes last, so an interrupted seeding is done again.
pub async fn seed(client: &Client, kata: &KataInstance) -> Result<()> {
    for name in &kata.namespaces {
        apply_namespace(client, name).await?;
    }
    for name in &kata.namespaces {
        await_service_account(client, name).await?;
        forget_former_events(client, name).await?;
    }
    for (file, manifest) in manifests(kata)? {
        if scene_nodes::is_node(&manifest) {
            scene_nodes::change(client, kata, &manifest)
                .await
                .with_context(|| format!("{file}: {}", title(&manifest)))?;
            continue;
        }
        apply(client, kata.namespace(), &manifest)
            .await
            .with_context(|| format!("{file}: {}", title(&manifest)))?;
        if let (_, DEFINITION, name) = identity(&manifest)? {
            await_definition(client, name).await?;
        }
    }
    for name in &kata.namespaces {
        mark_namespace(client, kata, name).await?;
    }
    Ok(())
}

/// Does to the nodes what the scene does, where everything else of it stands.
pub async fn change_nodes(client: &Client, kata: &KataInstance) -> Result<()> {
    for (file, manifest) in manifests(kata)? {
        if scene_nodes::is_node(&manifest) {
            scene_nodes::change(client, kata, &manifest)
                .await
                .with_context(|| format!("{file}: {}", title(&manifest)))?;
        }
    }
    Ok(())
}

/// The objects of the scene, and of the learner, that no namespace holds, as API handles and names.
pub(super) async fn cluster_wide(
    client: &Client,
    kata: &KataInstance,
) -> Result<Vec<(Api<DynamicObject>, String)>> {
    let mut found = Vec::new();
    for (_, manifest) in manifests(kata)? {
        if scene_nodes::is_node(&manifest) {
            // They were there before, and stay.
            continue;
        }
        let (api_version, kind, name) = identity(&manifest)?;
        let Ok(resource) = Resource::find(client, api_version, kind).await else {
            continue;
        };
        if !resource.namespaced {
            found.push((resource.api(client, None), name.to_owned()));
        }
    }
    for made in &kata.makes {
        // A kind that is not served has no objects.
        if let Ok(resource) = Resource::find(client, &made.api_version, &made.kind).await {
            found.push((resource.api(client, None), made.name.clone()));
        }
    }
    Ok(found)
}

/// The objects of these kinds, in the kata's namespaces, that some finalizer holds back.
pub(super) async fn held_instances(
    client: &Client,
    kata: &KataInstance,
    definitions_of_kinds: &[String],
) -> Result<Vec<(Api<DynamicObject>, String)>> {
    let definitions = Api::<CustomResourceDefinition>::all(client.clone());
    let mut found = Vec::new();
    for name in definitions_of_kinds {
        let Some(definition) = definitions.get_opt(name).await.map_err(words)? else {
            continue;
        };
        let Some(resource) = Resource::defined(&definition) else {
            continue;
        };
        for namespace in &kata.namespaces {
            let api = resource.api(client, Some(namespace));
            // While a definition is coming or going nothing is listed.
            let listed = api.list(&ListParams::default()).await;
            let held = listed.into_iter().flatten().filter(|object| {
                let finalizers = object.metadata.finalizers.as_deref().unwrap_or_default();
                !finalizers.is_empty()
            });
            found.extend(held.filter_map(|object| Some((api.clone(), object.metadata.name?))));
        }
    }
    Ok(found)
}

/// The names of the definitions that the scene or the learner makes.
pub(super) fn definitions_of(kata: &KataInstance) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for (_, manifest) in manifests(kata)? {
        if let (_, DEFINITION, name) = identity(&manifest)? {
            names.push(name.to_owned());
        }
    }
    let made = kata.makes.iter().filter(|made| made.kind == DEFINITION);
    names.extend(made.map(|made| made.name.clone()));
    Ok(names)
}

/// What the scene's finalizers hold back: where it is, and its name.
pub(super) async fn held_back(
    client: &Client,
    kata: &KataInstance,
) -> Result<Vec<(Api<DynamicObject>, String)>> {
    let mut found = Vec::new();
    for (_, manifest) in manifests(kata)? {
        if manifest.pointer("/metadata/finalizers").is_none() {
            continue;
        }
        let (api_version, kind, name) = identity(&manifest)?;
        let Ok(resource) = Resource::find(client, api_version, kind).await else {
            continue;
        };
        let own = manifest
            .pointer("/metadata/namespace")
            .and_then(Value::as_str);
        let api = resource.api(client, Some(own.unwrap_or(kata.namespace())));
        found.push((api, name.to_owned()));
    }
    Ok(found)
}

fn mark(kata: &KataInstance) -> String {
    format!("{} {}", kata.id, kata.seed)
}

/// The manifests of the scene in their order, each with its file.
pub(super) fn manifests(kata: &KataInstance) -> Result<Vec<(&str, Value)>> {
    let mut found = Vec::new();
    for file in &kata.start {
        let documents = Document::parse_all(&file.path, &file.text);
        let documents = documents.map_err(|problem| anyhow!("{problem}"))?;
        let manifests = documents.iter().map(|document| document.root.to_json());
        found.extend(manifests.map(|manifest| (file.path.as_str(), manifest)));
    }
    Ok(found)
}

fn identity(manifest: &Value) -> Result<(&str, &str, &str)> {
    let text = |value: &'static str| manifest.pointer(value).and_then(Value::as_str);
    match (text("/apiVersion"), text("/kind"), text("/metadata/name")) {
        (Some(api_version), Some(kind), Some(name)) => Ok((api_version, kind, name)),
        _ => bail!("a manifest has apiVersion, kind and metadata.name"),
    }
}

fn title(manifest: &Value) -> String {
    match identity(manifest) {
        Ok((_, kind, name)) => format!("{}/{name}", kind.to_lowercase()),
        Err(_) => "manifest".to_owned(),
    }
}

async fn apply_namespace(client: &Client, name: &str) -> Result<()> {
    let manifest = json!({
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name},
    });
    apply(client, name, &manifest)
        .await
        .with_context(|| format!("namespace/{name}"))
}

/// Says that the scene stands. Nothing else of the namespace is touched: the scene may have given
/// it labels.
async fn mark_namespace(client: &Client, kata: &KataInstance, name: &str) -> Result<()> {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let annotations = json!({"metadata": {"annotations": {SEEDED: mark(kata)}}});
    let how = PatchParams {
        field_manager: Some(FIELD_MANAGER.to_owned()),
        ..PatchParams::default()
    };
    namespaces
        .patch(name, &how, &Patch::Merge(annotations))
        .await
        .map_err(words)
        .with_context(|| format!("namespace/{name}"))?;
    Ok(())
}

async fn apply(client: &Client, namespace: &str, manifest: &Value) -> Result<()> {
    let (api_version, kind, name) = identity(manifest)?;
    let resource = Resource::find(client, api_version, kind)
        .await
        .map_err(words)?;
    let own = manifest
        .pointer("/metadata/namespace")
        .and_then(Value::as_str);
    let api = resource.api(client, Some(own.unwrap_or(namespace)));
    let how = PatchParams::apply(FIELD_MANAGER).force();
    api.patch(name, &how, &Patch::Apply(manifest))
        .await
        .map_err(words)?;
    Ok(())
}

/// Objects of a kind are refused before its definition is established.
pub(super) async fn await_definition(client: &Client, name: &str) -> Result<()> {
    let definitions: Api<CustomResourceDefinition> = Api::all(client.clone());
    let established = await_condition(definitions, name, conditions::is_crd_established());
    tokio::time::timeout(DEFINED, established)
        .await
        .with_context(|| format!("the definition {name} is not established"))??;
    Ok(())
}

/// A Pod is refused before its namespace has the service account `default`.
pub(super) async fn await_service_account(client: &Client, namespace: &str) -> Result<()> {
    let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), namespace);
    let exists = await_condition(accounts, "default", |account: Option<&ServiceAccount>| {
        account.is_some()
    });
    tokio::time::timeout(NAMESPACE_READY, exists)
        .await
        .with_context(|| format!("namespace {namespace} got no default service account"))??;
    Ok(())
}

/// A namespace that is made again at once still hears of the end of what was in the one before.
async fn forget_former_events(client: &Client, namespace: &str) -> Result<()> {
    let events: Api<Event> = Api::namespaced(client.clone(), namespace);
    events
        .delete_collection(&DeleteParams::default(), &ListParams::default())
        .await
        .map_err(words)
        .with_context(|| format!("the events of namespace/{namespace}"))?;
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::course::{self, SourceFile};
    use pocketkube::Cluster;

    /// A kata of the course with another scene.
    pub(in crate::sandbox) fn kata(start: &str) -> KataInstance {
        let course = course::embedded().expect("the course loads");
        let kata = course.find("pods/first-pod").expect("it is there");
        let mut kata = kata.instance(1).expect("it can be made");
        kata.start = vec![SourceFile {
            path: "katas/pods/first-pod/start/1.yaml".to_owned(),
            name: "1.yaml".to_owned(),
            text: start.to_owned(),
        }];
        kata
    }

    #[tokio::test]
    async fn the_scene_may_give_its_namespace_labels() {
        let kata = kata(
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: first-pod\n  labels: {team: a}\n",
        );
        let cluster = Cluster::start().await.expect("a cluster starts");
        let client = cluster.client();
        seed(&client, &kata).await.expect("it is set");
        assert!(stands(&client, &kata).await.expect("it is asked"));
        let namespaces: Api<Namespace> = Api::all(client);
        let labels = namespaces.get("first-pod").await.expect("it is there");
        let labels = labels.metadata.labels.unwrap_or_default();
        assert_eq!(labels.get("team").map(String::as_str), Some("a"));
        cluster.shutdown().await.expect("it ends");
    }

    #[tokio::test]
    async fn a_scene_begins_without_the_events_of_what_was_there_before() {
        let kata = kata("");
        let cluster = Cluster::start().await.expect("a cluster starts");
        let client = cluster.client();
        seed(&client, &kata).await.expect("it is set");
        let events: Api<Event> = Api::namespaced(client.clone(), "first-pod");
        let event = json!({"metadata": {"name": "late"}, "reason": "Killing",
            "involvedObject": {"kind": "Pod", "name": "gone", "namespace": "first-pod"}});
        let event = serde_json::from_value(event).expect("an event");
        let made = events.create(&Default::default(), &event).await;
        assert!(made.is_ok(), "{made:?}");
        seed(&client, &kata).await.expect("it is set again");
        let left = events.list(&ListParams::default()).await.expect("a list");
        assert_eq!(left.items.len(), 0);
        cluster.shutdown().await.expect("it ends");
    }
}
