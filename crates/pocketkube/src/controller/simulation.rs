//! A cluster for tests of controllers: a fake API server and one stand-in for all kubelets.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use parking_lot::Mutex;
use serde_json::{Value, json};

use super::{ControllerContext, ControllerOptions};
use crate::client::fake::Harness;
use crate::client::{Change, DeleteOptions, Kind, Patch};
use crate::registry::ResourceTable;

impl Harness {
    pub(super) fn context(&self) -> ControllerContext {
        ControllerContext::new(
            self.client.clone(),
            self.informers.clone(),
            self.clock.clone(),
            self.tasks.clone(),
            ControllerOptions {
                resources: Arc::new(ResourceTable::new([])),
                root_ca: "-----BEGIN CERTIFICATE-----".to_owned(),
                metrics: None,
                tokens: None,
                outbound: None,
                certificates: None,
            },
        )
    }

    /// Runs every Pod whose image `behaviour` does not call broken: it becomes ready `delay`
    /// after its creation, and ends at once when it is deleted.
    pub(super) fn run_pods(&self, delay: Duration, broken: &'static str) -> Arc<Mutex<Census>> {
        let census = Arc::new(Mutex::new(Census::default()));
        let (client, clock, tasks) = (self.client.clone(), self.clock.clone(), self.tasks.clone());
        let seen = census.clone();
        self.informers.get::<Pod>().subscribe(move |change| {
            seen.lock().take(change);
            let pod = change.object();
            let (namespace, name) = (pod.namespace().to_owned(), pod.name().to_owned());
            let client = client.clone();
            match change {
                Change::Added(pod) => {
                    let image = pod
                        .spec
                        .as_ref()
                        .map(|spec| spec.containers[0].image.clone());
                    if image.flatten().as_deref() == Some(broken) {
                        return;
                    }
                    let wait = clock.sleep(delay);
                    let clock = clock.clone();
                    tasks.spawn("ready", async move {
                        wait.await;
                        let now = crate::api::meta::format_time(clock.now());
                        let ready =
                            json!({"type": "Ready", "status": "True", "lastTransitionTime": now});
                        let patch = Patch::Merge(json!({
                            "spec": {"nodeName": "node-1"},
                            "status": {"phase": "Running", "conditions": [ready]},
                        }));
                        let _ = client.patch::<Pod>(&namespace, &name, patch).await;
                    });
                }
                Change::Updated { new, .. } if new.is_terminating() => {
                    tasks.spawn("end", async move {
                        let now = DeleteOptions::default().grace_period(0);
                        let _ = client.delete::<Pod>(&namespace, &name, &now).await;
                    });
                }
                _ => {}
            }
        });
        census
    }
}

/// The most and the fewest Pods that were there at any time.
#[derive(Default)]
pub(super) struct Census {
    alive: std::collections::BTreeMap<String, bool>,
    most: usize,
    fewest_ready: usize,
}

impl Census {
    fn take(&mut self, change: &Change<Pod>) {
        let pod = change.object();
        let gone = matches!(change, Change::Deleted(_)) || pod.is_terminating();
        if gone {
            self.alive.remove(pod.name());
        } else {
            let ready = super::pod::is_ready(pod);
            self.alive.insert(pod.name().to_owned(), ready);
        }
        self.most = self.most.max(self.alive.len());
        self.fewest_ready = self.fewest_ready.min(self.ready());
    }

    fn ready(&self) -> usize {
        self.alive.values().filter(|ready| **ready).count()
    }

    /// The most Pods, and the fewest ready ones, since the last reset.
    pub(super) fn extremes(&self) -> (usize, usize) {
        (self.most, self.fewest_ready)
    }

    /// Starts counting anew.
    pub(super) fn reset(&mut self) {
        self.most = self.alive.len();
        self.fewest_ready = self.ready();
    }
}

/// A Deployment `web` of `replicas` Pods with `image`, changed by a merge patch.
pub(super) fn deployment(replicas: i32, image: &str, change: Value) -> Value {
    let mut deployment = json!({
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "progressDeadlineSeconds": 600,
            "revisionHistoryLimit": 10,
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": "25%", "maxUnavailable": "25%"},
            },
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": image}]},
            },
        },
    });
    json_patch::merge(&mut deployment, &change);
    deployment
}
