//! What the user does: one thing at a time, chosen by the seed.

use pocketkube::api::StatusError;
use pocketkube::client::{Client, DeleteOptions, Patch, Propagation, ResourceRef};
use rand::Rng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::fleet::NODES;
use super::objects::{app, is_terminating, name, namespace, node_of, text};
use super::state::State;
use super::workloads::{Workload, WorkloadKind};

/// What a user may come to do.
#[derive(Clone, Debug)]
pub enum Action {
    Patch(usize, Value),
    /// Deletes a workload, and makes it anew if that is said.
    Delete(usize, Propagation, bool),
    DeletePod {
        name: String,
        force: bool,
    },
    Evict(String),
    /// Takes a Pod out of its workload.
    Relabel(String),
    Cordon(&'static str, bool),
    Drain(&'static str),
    Lose(&'static str),
    Find(&'static str),
    CutWatches,
    RestartControllers,
}

/// Chooses the next action; mostly about workloads.
pub fn choose(workloads: &[Workload], state: &State, home: &str, rng: &mut StdRng) -> Action {
    let at = rng.random_range(0..workloads.len());
    let node = NODES[rng.random_range(0..NODES.len())];
    match rng.random_range(0..30) {
        0 => return Action::Cordon(node, true),
        1 => return Action::Cordon(node, false),
        2 | 3 => return Action::Drain(node),
        4 => return Action::Lose(node),
        5 | 6 => return Action::Find(node),
        7 | 8 => return Action::CutWatches,
        9 => return Action::RestartControllers,
        10 => {
            let choices = [
                Propagation::Background,
                Propagation::Foreground,
                Propagation::Orphan,
            ];
            // Jobs that are made anew adopt nothing, having a selector of their own; DaemonSets take
            // Pods of the same template generation for their own, whatever is in them.
            let how = if workloads[at].kind.is_scaled() {
                rng.random_range(0..3)
            } else {
                0
            };
            return Action::Delete(at, choices[how], rng.random_bool(0.7));
        }
        11..=17 => {
            let pods = state.all("pods").filter(|pod| namespace(pod) == home);
            let pods: Vec<&Value> = pods.filter(|pod| !is_terminating(pod)).collect();
            if pods.is_empty() {
                return Action::CutWatches;
            }
            let name = name(pods[rng.random_range(0..pods.len())]).to_owned();
            return match rng.random_range(0..7) {
                0 => Action::DeletePod { name, force: true },
                1 | 2 => Action::DeletePod { name, force: false },
                3 => Action::Relabel(name),
                _ => Action::Evict(name),
            };
        }
        _ => {}
    }
    Action::Patch(at, change(workloads[at].kind, rng))
}

/// A change of a workload's spec.
fn change(kind: WorkloadKind, rng: &mut StdRng) -> Value {
    let images = ["good:1", "good:2", "good:3", "broken:1"];
    let image = images[rng.random_range(0..images.len())];
    let template = json!({"spec": {"template": {"spec": {"containers": [
        {"name": "main", "image": image},
    ]}}}});
    let size = json!({"spec": {"replicas": rng.random_range(0..7)}});
    match (kind, rng.random_range(0..6)) {
        (WorkloadKind::Job, 0..=2) => json!({"spec": {"parallelism": rng.random_range(0..5)}}),
        (WorkloadKind::Job, _) | (WorkloadKind::CronJob, _) => {
            json!({"spec": {"suspend": rng.random_bool(0.5)}})
        }
        (WorkloadKind::DaemonSet, _) => template,
        (WorkloadKind::Deployment, 0) => json!({"spec": {"paused": rng.random_bool(0.5)}}),
        (WorkloadKind::StatefulSet, 0) => json!({"spec": {"updateStrategy": {"rollingUpdate": {
            "partition": rng.random_range(0..3),
        }}}}),
        (_, 1 | 2) => size,
        _ => template,
    }
}

/// A user with a client, at work in one namespace.
pub struct User<'a> {
    pub client: &'a Client,
    pub home: &'a str,
}

impl User<'_> {
    /// Creates an object in the user's namespace.
    pub async fn create(&self, resource: &ResourceRef, object: &Value) -> Result<(), StatusError> {
        let mut object = object.clone();
        object["metadata"]["namespace"] = json!(self.home);
        self.client.create_object(resource, object).await.map(drop)
    }

    pub async fn patch(
        &self,
        resource: &ResourceRef,
        name: &str,
        patch: Value,
    ) -> Result<(), StatusError> {
        let target = (self.home, name, "");
        let patched = self
            .client
            .patch_object(resource, target, Patch::Strategic(patch));
        patched.await.map(drop)
    }

    pub async fn delete(
        &self,
        resource: &ResourceRef,
        name: &str,
        options: DeleteOptions,
    ) -> Result<(), StatusError> {
        let deleted = self
            .client
            .delete_object(resource, self.home, name, &options);
        deleted.await
    }

    pub async fn evict(&self, pod: &str) -> Result<(), StatusError> {
        let body = json!({
            "apiVersion": "policy/v1", "kind": "Eviction",
            "metadata": {"name": pod, "namespace": self.home},
        });
        let target = (self.home, pod, "eviction");
        let pods = ResourceRef::new("", "v1", "pods");
        self.client
            .create_subresource(&pods, target, body)
            .await
            .map(drop)
    }

    pub async fn cordon(&self, node: &str, is_cordoned: bool) -> Result<(), StatusError> {
        let nodes = ResourceRef::new("", "v1", "nodes");
        let patch = Patch::Merge(json!({"spec": {"unschedulable": is_cordoned}}));
        let patched = self.client.patch_object(&nodes, ("", node, ""), patch);
        patched.await.map(drop)
    }

    /// Cordons a node and evicts what may be evicted, as one pass of `kubectl drain` does.
    pub async fn drain(&self, node: &str, state: &State) -> Result<(), StatusError> {
        self.cordon(node, true).await?;
        let daemons: Vec<&str> = state.all("daemonsets").map(name).collect();
        let pods = state.all("pods").filter(|pod| node_of(pod) == node);
        for pod in pods.filter(|pod| namespace(pod) == self.home) {
            if !is_terminating(pod) && !daemons.contains(&app(pod)) {
                tolerate(self.evict(name(pod)).await)?;
            }
        }
        Ok(())
    }

    /// Deletes the Pods that will never be ready, which an ordered set waits for, and those that
    /// have no owner and may have the name of one that is missing.
    pub async fn clear(&self, state: &State) -> Result<(), StatusError> {
        for pod in state.all("pods").filter(|pod| namespace(pod) == self.home) {
            let is_broken = text(pod, "/spec/containers/0/image").contains("broken");
            if is_broken || app(pod) == "loose" {
                let pods = ResourceRef::new("", "v1", "pods");
                tolerate(
                    self.delete(&pods, name(pod), DeleteOptions::default())
                        .await,
                )?;
            }
        }
        Ok(())
    }
}

/// Refusals that users meet when somebody was faster, or a budget is against it.
pub fn tolerate(outcome: Result<(), StatusError>) -> Result<(), StatusError> {
    match outcome {
        Err(error) if matches!(error.code, 404 | 409 | 422 | 429) => Ok(()),
        outcome => outcome,
    }
}
