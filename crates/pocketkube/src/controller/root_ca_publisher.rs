//! Publishes the certificate of the API server in every namespace, for Pods to trust.
//!
//! Mirrors `pkg/controller/certificates/rootcacertpublisher/publisher.go` (v1.35).

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::pod_control::is_namespace_terminating;
use super::{Controller, ControllerContext, SyncError, run};
use crate::client::{Client, Kind, Lister};

const NAME: &str = "kube-root-ca.crt";
const KEY: &str = "ca.crt";
const DESCRIPTION: (&str, &str) = (
    "kubernetes.io/description",
    "Contains a CA bundle that can be used to verify the kube-apiserver when using internal \
     endpoints such as the internal service IP or kubernetes.default.svc. No other usage is \
     guaranteed across distributions of Kubernetes clusters.",
);

struct RootCaPublisher {
    namespaces: Lister<Namespace>,
    config_maps: Lister<ConfigMap>,
    client: Client,
    root_ca: String,
}

pub(super) fn start(context: ControllerContext) {
    let namespaces = context.informers.get::<Namespace>();
    let config_maps = context.informers.get::<ConfigMap>();
    let queue = context.queue();
    let enqueue = queue.clone();
    namespaces.subscribe(move |change| enqueue.add(change.object().name().to_owned()));
    let enqueue = queue.clone();
    config_maps.subscribe(move |change| {
        let map = change.object();
        if map.name() == NAME {
            enqueue.add(map.namespace().to_owned());
        }
    });
    let controller = Arc::new(RootCaPublisher {
        namespaces: namespaces.lister(),
        config_maps: config_maps.lister(),
        client: context.client.clone(),
        root_ca: context.options.root_ca.clone(),
    });
    run(
        &context,
        "root-ca-certificate-publisher",
        (queue, 1),
        controller,
        async move {
            namespaces.wait_synced().await;
            config_maps.wait_synced().await;
        },
    );
}

#[async_trait]
impl Controller for RootCaPublisher {
    type Key = String;

    async fn sync(&self, namespace: &String) -> Result<(), SyncError> {
        let Some(found) = self.namespaces.get("", namespace) else {
            return Ok(());
        };
        if found.is_terminating() {
            return Ok(());
        }
        let data = BTreeMap::from([(KEY.to_owned(), self.root_ca.clone())]);
        let (key, text) = DESCRIPTION;
        let outcome = match self.config_maps.get(namespace, NAME) {
            Some(map) if map.data.as_ref() == Some(&data) && map.annotation(key).is_some() => {
                return Ok(());
            }
            Some(map) => {
                let mut map = (*map).clone();
                map.data = Some(data);
                let annotations = map.metadata.annotations.get_or_insert_default();
                annotations.insert(key.to_owned(), text.to_owned());
                self.client.update(&map).await
            }
            None => {
                let map = ConfigMap {
                    metadata: ObjectMeta {
                        name: Some(NAME.to_owned()),
                        namespace: Some(namespace.clone()),
                        annotations: Some([(key.to_owned(), text.to_owned())].into()),
                        ..ObjectMeta::default()
                    },
                    data: Some(data),
                    ..ConfigMap::default()
                };
                self.client.create(&map).await
            }
        };
        match outcome {
            Err(error) if is_namespace_terminating(&error) => Ok(()),
            outcome => Ok(outcome.map(drop)?),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::client::Patch;
    use crate::client::fake::Harness;

    #[tokio::test(start_paused = true)]
    async fn the_certificate_is_published_and_restored() {
        let harness = Harness::new();
        start(harness.context());
        harness
            .given::<Namespace>(json!({"metadata": {"name": "shop"}}))
            .await;
        harness.pass(Duration::from_secs(1)).await;
        let spoil = Patch::Merge(json!({"data": {KEY: "nonsense"}}));
        let patched = harness.client.patch::<ConfigMap>("shop", NAME, spoil);
        patched.await.expect("the map can be patched");
        harness.pass(Duration::from_secs(1)).await;
        let map: ConfigMap = harness.get("shop", NAME).await;
        let data = map.data.unwrap();
        assert!(data[KEY].starts_with("-----BEGIN CERTIFICATE-----"));
    }
}
