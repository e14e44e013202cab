//! ServiceAccount: every Pod acts as a service account, and finds its token mounted.
//!
//! Mirrors `plugin/pkg/admission/serviceaccount/admission.go` (v1.35).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{Attributes, Mutate, Operation};
use crate::api::{GroupResource, ObjectRef, StatusError, meta, tree};
use crate::registry::{Registry, generate_name};
use crate::storage::Key;

const MOUNT_PATH: &str = "/var/run/secrets/kubernetes.io/serviceaccount";
const VOLUME_PREFIX: &str = "kube-api-access-";
/// An hour, and seven seconds that tell it from a token that somebody asked for by hand.
const TOKEN_SECONDS: i64 = 3607;
/// How long a Pod waits for the account of a namespace that was made a moment ago.
const PATIENCE: Duration = Duration::from_secs(1);

/// Gives Pods their service account.
pub struct ServiceAccount {
    registry: Registry,
    accounts: Arc<GroupResource>,
}

impl ServiceAccount {
    pub fn new(registry: Registry) -> Self {
        Self {
            registry,
            accounts: Arc::new(GroupResource::new("", "serviceaccounts")),
        }
    }

    /// The account, once it is there: the controller that makes `default` may still be at it.
    async fn account(&self, namespace: &str, name: &str) -> Option<ObjectRef> {
        let storage = self.registry.storage();
        let key = Key::new(&self.accounts, namespace, name);
        let (_, mut watcher) = storage.list_and_watch(&self.accounts, namespace);
        if let Some(account) = storage.get(&key) {
            return Some(account);
        }
        let arrival = async {
            while watcher.next().await.is_ok() {
                if let Some(account) = storage.get(&key) {
                    return Some(account);
                }
            }
            None
        };
        // The controller works in real time whatever the cluster's clock does.
        tokio::time::timeout(PATIENCE, arrival).await.ok().flatten()
    }
}

#[async_trait]
impl Mutate for ServiceAccount {
    async fn mutate(
        &self,
        object: &mut Value,
        attributes: &Attributes<'_>,
        _warnings: &mut Vec<String>,
    ) -> Result<(), StatusError> {
        let is_mirror = meta::annotation(object, "kubernetes.io/config.mirror").is_some();
        if attributes.operation != Operation::Create || !attributes.is("", "pods", "") || is_mirror
        {
            return Ok(());
        }
        tree::fill(&mut object["spec"], "serviceAccountName", "default");
        let name = tree::text(&object["spec"], "serviceAccountName").to_owned();
        let namespace = attributes.namespace;
        let Some(account) = self.account(namespace, &name).await else {
            let why = format!(
                "error looking up service account {namespace}/{name}: serviceaccount {name:?} not found"
            );
            let pods = GroupResource::new("", "pods");
            return Err(StatusError::forbidden(&pods, attributes.name, &why));
        };
        object["spec"]["serviceAccount"] = json!(name);
        if wants_token(object, account.value()) {
            mount_token(object);
        }
        let secrets = &account.value()["imagePullSecrets"];
        if tree::is_empty(&object["spec"]["imagePullSecrets"]) && !tree::is_empty(secrets) {
            object["spec"]["imagePullSecrets"] = secrets.clone();
        }
        Ok(())
    }
}

/// The Pod decides, then the account; without a word the token is mounted.
fn wants_token(pod: &Value, account: &Value) -> bool {
    pod["spec"]["automountServiceAccountToken"]
        .as_bool()
        .or_else(|| account["automountServiceAccountToken"].as_bool())
        .unwrap_or(true)
}

/// Mounts the token, the cluster's CA and the namespace into every container that has nothing of
/// its own at that path.
fn mount_token(pod: &mut Value) {
    let existing = tree::elements(&pod["spec"]["volumes"])
        .iter()
        .map(|volume| tree::text(volume, "name"))
        .find(|name| name.starts_with(VOLUME_PREFIX))
        .map(str::to_owned);
    let volume = existing
        .clone()
        .unwrap_or_else(|| generate_name(VOLUME_PREFIX));
    let mut is_mounted = false;
    for list in ["initContainers", "containers"] {
        for container in tree::elements_mut(&mut pod["spec"], list) {
            let has_own = tree::elements(&container["volumeMounts"])
                .iter()
                .any(|mount| tree::text(mount, "mountPath") == MOUNT_PATH);
            if has_own {
                continue;
            }
            is_mounted = true;
            push(
                container,
                "volumeMounts",
                json!({"name": volume, "readOnly": true, "mountPath": MOUNT_PATH}),
            );
        }
    }
    if is_mounted && existing.is_none() {
        push(&mut pod["spec"], "volumes", token_volume(&volume));
    }
}

fn push(parent: &mut Value, list: &str, element: Value) {
    if let Some(list) = list_at(parent, list) {
        list.push(element);
    }
}

fn list_at<'a>(parent: &'a mut Value, list: &str) -> Option<&'a mut Vec<Value>> {
    parent
        .as_object_mut()?
        .entry(list)
        .or_insert_with(|| json!([]))
        .as_array_mut()
}

fn token_volume(name: &str) -> Value {
    json!({
        "name": name,
        "projected": {
            "defaultMode": 420,
            "sources": [
                {"serviceAccountToken": {"expirationSeconds": TOKEN_SECONDS, "path": "token"}},
                {"configMap": {
                    "name": "kube-root-ca.crt",
                    "items": [{"key": "ca.crt", "path": "ca.crt"}],
                }},
                {"downwardAPI": {"items": [{
                    "path": "namespace",
                    "fieldRef": {"apiVersion": "v1", "fieldPath": "metadata.namespace"},
                }]}},
            ],
        },
    })
}
