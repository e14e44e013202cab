//! Which Pods and which container a probe goes into.

use serde_json::Value;

use super::super::scene::Scene;
use super::super::target::Target;
use crate::sandbox::Watched;

/// A Pod ready to be entered.
pub(super) struct PodPlace {
    pub namespace: String,
    pub name: String,
    /// The container that is meant where none is named, as kubectl chooses it.
    pub container: Option<String>,
}

const DEFAULT_CONTAINER: &str = "kubectl.kubernetes.io/default-container";

/// The Pods meant, without those that are being deleted.
pub(super) async fn pods(target: &Target, scene: &Scene) -> Result<Vec<PodPlace>, String> {
    let pods = target.objects(scene).await?;
    Ok(pods
        .iter()
        .filter(|pod| pod["metadata"]["deletionTimestamp"].is_null())
        .map(|pod| PodPlace {
            namespace: text(&pod["metadata"]["namespace"]),
            name: text(&pod["metadata"]["name"]),
            container: default_container(pod),
        })
        .collect())
}

/// What the behaviour of containers and Services depends on.
pub(super) fn behaviour(scene: &Scene, namespace: Option<&str>) -> Vec<Watched> {
    [
        "Pod",
        "Service",
        "EndpointSlice",
        "NetworkPolicy",
        "Ingress",
    ]
    .iter()
    .filter_map(|kind| scene.watched(kind, namespace))
    .collect()
}

fn default_container(pod: &Value) -> Option<String> {
    let chosen = pod["metadata"]["annotations"][DEFAULT_CONTAINER].as_str();
    let first = pod["spec"]["containers"][0]["name"].as_str();
    chosen.or(first).map(str::to_owned)
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}
