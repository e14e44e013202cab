//! A cluster for tests of Pods, and waiting for what they become.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Event, Pod, ServiceAccount};
use kube::api::{Api, DeleteParams, ListParams, LogParams, Patch, PatchParams, PostParams};
use pocketkube::Cluster;
use serde_json::{Value, json};

pub struct World {
    pub cluster: Cluster,
    pub client: kube::Client,
    pub pods: Api<Pod>,
}

impl World {
    /// Three nodes, at the moment when Pods may be created.
    pub async fn new() -> Self {
        let cluster = Cluster::builder().nodes(3).start().await.unwrap();
        let client = cluster.client();
        let accounts: Api<ServiceAccount> = Api::namespaced(client.clone(), "default");
        while accounts.get_opt("default").await.unwrap().is_none() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        Self {
            pods: Api::namespaced(client.clone(), "default"),
            client,
            cluster,
        }
    }

    pub async fn create(&self, name: &str, spec: Value) -> Pod {
        let pod = json!({"metadata": {"name": name}, "spec": spec});
        let pod = serde_json::from_value(pod).unwrap();
        self.pods
            .create(&PostParams::default(), &pod)
            .await
            .unwrap()
    }

    /// A Pod with one busybox container that runs a script.
    pub async fn script(&self, name: &str, restart_policy: &str, script: &str) -> Pod {
        let spec = json!({"restartPolicy": restart_policy, "terminationGracePeriodSeconds": 5,
            "containers": [{"name": "main", "image": "busybox:1.36", "command": ["sh", "-c", script]}]});
        self.create(name, spec).await
    }

    pub async fn object<K>(&self, value: Value)
    where
        K: kube::Resource<Scope = k8s_openapi::NamespaceResourceScope, DynamicType = ()>
            + Clone
            + std::fmt::Debug
            + serde::de::DeserializeOwned
            + serde::Serialize,
    {
        let api: Api<K> = Api::namespaced(self.client.clone(), "default");
        let object = serde_json::from_value(value).unwrap();
        api.create(&PostParams::default(), &object).await.unwrap();
    }

    /// Waits, for at most ten minutes of cluster time, until the Pod is as wanted.
    #[track_caller]
    pub fn until(
        &self,
        name: &str,
        wanted: impl Fn(&Value) -> bool,
    ) -> impl Future<Output = Value> {
        let (pods, name) = (self.pods.clone(), name.to_owned());
        async move {
            let mut last = Value::Null;
            for _ in 0..6000 {
                let pod = pods.get_opt(&name).await.unwrap();
                last = serde_json::to_value(pod).unwrap();
                if wanted(&last) {
                    return last;
                }
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
            panic!("{name} never became as wanted: {:#}", last["status"]);
        }
    }

    pub async fn until_ready(&self, name: &str) -> Value {
        self.until(name, is_ready).await
    }

    /// Waits until the first container waits for this reason; returns its message.
    pub async fn until_waiting(&self, name: &str, reason: &str) -> String {
        let waiting = |pod: &Value| container(pod)["state"]["waiting"].clone();
        let pod = self
            .until(name, |pod| waiting(pod)["reason"] == reason)
            .await;
        waiting(&pod)["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }

    /// Events about an object, the first first: `Reason: message`, with repetitions left out.
    pub async fn events(&self, name: &str) -> Vec<String> {
        // The recorder writes in the background.
        tokio::time::sleep(Duration::from_millis(50)).await;
        let events: Api<Event> = Api::namespaced(self.client.clone(), "default");
        let selector = format!("involvedObject.name={name}");
        let list = events
            .list(&ListParams::default().fields(&selector))
            .await
            .unwrap();
        let mut items = list.items;
        items.sort_by_key(|event| {
            let version = event.metadata.resource_version.clone().unwrap_or_default();
            (
                event.first_timestamp.clone(),
                version.parse::<u64>().unwrap_or_default(),
            )
        });
        let text = |text: Option<String>| text.unwrap_or_default();
        items
            .into_iter()
            .map(|event| format!("{}: {}", text(event.reason), text(event.message)))
            .collect()
    }

    pub async fn logs(&self, name: &str, previous: bool) -> Result<String, String> {
        let params = LogParams {
            previous,
            ..LogParams::default()
        };
        self.pods
            .logs(name, &params)
            .await
            .map_err(|error| match error {
                kube::Error::Api(status) => status.message,
                other => other.to_string(),
            })
    }

    pub async fn delete(&self, name: &str) {
        self.pods
            .delete(name, &DeleteParams::default())
            .await
            .unwrap();
    }

    pub async fn patch(&self, name: &str, patch: Value) {
        let patch = Patch::Strategic(patch);
        self.pods
            .patch(name, &PatchParams::default(), &patch)
            .await
            .unwrap();
    }

    pub async fn pass(&self, seconds: u64) {
        tokio::time::sleep(Duration::from_secs(seconds)).await;
    }
}

pub fn container(pod: &Value) -> &Value {
    &pod["status"]["containerStatuses"][0]
}

pub fn condition<'a>(pod: &'a Value, kind: &str) -> &'a Value {
    let conditions = pod["status"]["conditions"].as_array();
    conditions
        .and_then(|list| list.iter().find(|own| own["type"] == kind))
        .unwrap_or(&Value::Null)
}

pub fn is_ready(pod: &Value) -> bool {
    condition(pod, "Ready")["status"] == "True"
}

pub fn phase(pod: &Value) -> &str {
    pod["status"]["phase"].as_str().unwrap_or_default()
}
