//! Controllers in a whole cluster, in virtual time.

mod garbage_collector;
mod namespace;
mod workloads;

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::ConfigMap;
use pocketkube::Cluster;
use pocketkube::authentication::UserInfo;
use pocketkube::client::{Client, DeleteOptions, Kind, Patch, ResourceRef};
use pocketkube::clock::Clock;
use serde_json::{Value, json};

const SECOND: Duration = Duration::from_secs(1);

/// A cluster and an administrator's client for it.
struct World {
    cluster: Cluster,
    client: Client,
}

impl World {
    /// A control plane alone.
    async fn new() -> Self {
        Self::with_nodes(0).await
    }

    async fn with_nodes(nodes: usize) -> Self {
        let start = "2026-01-02T03:04:05Z".parse().unwrap();
        let clock = Clock::starting_at(start, 1.0);
        let cluster = Cluster::builder()
            .nodes(nodes)
            .clock(clock)
            .start()
            .await
            .unwrap();
        let server = Arc::new(cluster.server().clone());
        let client = Client::new(server, UserInfo::admin(), "test");
        Self { cluster, client }
    }

    async fn given<K: Kind>(&self, mut object: Value) -> K {
        object["apiVersion"] = json!(K::API_VERSION);
        object["kind"] = json!(K::KIND);
        let resource = ResourceRef::of::<K>();
        let created = self.client.create_object(&resource, object).await.unwrap();
        created.typed().unwrap()
    }

    /// A ConfigMap in `default` that belongs to these owners and blocks their deletion.
    async fn config_map(&self, name: &str, owners: &[&ConfigMap]) -> ConfigMap {
        let references: Vec<Value> = owners
            .iter()
            .map(|owner| {
                json!({
                    "apiVersion": "v1", "kind": "ConfigMap", "name": owner.name(),
                    "uid": owner.uid(), "blockOwnerDeletion": true,
                })
            })
            .collect();
        let metadata = json!({"name": name, "namespace": "default", "ownerReferences": references});
        self.given(json!({"metadata": metadata})).await
    }

    async fn delete<K: Kind>(&self, namespace: &str, name: &str, options: DeleteOptions) {
        let deleted = self.client.delete::<K>(namespace, name, &options);
        deleted.await.unwrap();
    }

    async fn set_finalizers(&self, namespace: &str, name: &str, finalizers: Value) {
        let patch = Patch::Merge(json!({"metadata": {"finalizers": finalizers}}));
        let patched = self.client.patch::<ConfigMap>(namespace, name, patch);
        patched.await.unwrap();
    }

    async fn find<K: Kind>(&self, namespace: &str, name: &str) -> Option<K> {
        self.client.find(namespace, name).await.unwrap()
    }

    /// The names of the ConfigMaps in `default`, but for the published certificate.
    async fn config_maps(&self) -> Vec<String> {
        let maps = self.client.list::<ConfigMap>("default").await.unwrap();
        let names = maps.iter().map(|map| map.name().to_owned());
        names.filter(|name| name != "kube-root-ca.crt").collect()
    }

    /// Grows with every write.
    fn revision(&self) -> u64 {
        self.cluster.server().registry().storage().revision()
    }

    async fn pass(&self, span: Duration) {
        self.cluster.clock().sleep(span).await;
    }
}
