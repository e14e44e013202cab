//! Stand-ins for the kubelets of a few small nodes: slow, unreliable, and told when to fall silent.
//!
//! They do what the loops see of kubelets: leases, the status of Pods, and the last step of a
//! deletion. How long everything takes, and which Pods fail, is the seed's choice.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use pocketkube::authentication::UserInfo;
use pocketkube::client::{Client, DeleteOptions, Patch, ResourceRef};
use rand::Rng;
use rand::rngs::StdRng;
use serde_json::{Value, json};

use super::objects::{
    is_ready, is_terminal, is_terminating, name, namespace, node_of, phase, text, uid,
};
use super::state::{Commit, State};

pub const NODES: [&str; 4] = ["node-a", "node-b", "node-c", "node-d"];
/// Thousandths of a processor that each node has, and how many Pods it takes.
pub const MILLICORES: i64 = 2000;
pub const PODS: i64 = 10;
const LEASES: &str = "kube-node-lease";
const BEAT: Duration = Duration::from_secs(15);

/// What is to be done for a Pod, or for a node.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Duty {
    Beat,
    Run,
    BecomeReady,
    Finish { succeeds: bool },
    End,
}

/// Whom a duty is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Subject {
    namespace: String,
    name: String,
    uid: String,
    node: String,
}

pub struct Fleet {
    client: Client,
    alive: BTreeMap<&'static str, bool>,
    due: BTreeMap<(Timestamp, u64), (Duty, Subject)>,
    count: u64,
    /// How many Pods have run, each at an address of its own.
    addresses: u64,
}

impl Fleet {
    /// Registers the nodes.
    pub async fn new(client: &Client, now: Timestamp) -> Self {
        let user = UserInfo::new("fleet", &["system:masters"]);
        let mut fleet = Self {
            client: client.with_user(user),
            alive: NODES.map(|node| (node, true)).into(),
            due: BTreeMap::new(),
            count: 0,
            addresses: 0,
        };
        for node in NODES {
            let nodes = ResourceRef::new("", "v1", "nodes");
            let created = fleet.client.create_object(&nodes, node_object(node)).await;
            created.unwrap();
            let leases = ResourceRef::new("coordination.k8s.io", "v1", "leases");
            let lease = json!({
                "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                "metadata": {"name": node, "namespace": LEASES},
                "spec": {"holderIdentity": node, "leaseDurationSeconds": 40},
            });
            fleet.client.create_object(&leases, lease).await.unwrap();
            let subject = Subject {
                namespace: String::new(),
                name: node.to_owned(),
                uid: String::new(),
                node: node.to_owned(),
            };
            fleet.plan(now, BEAT, Duty::Beat, subject);
        }
        fleet
    }

    pub fn next_due(&self) -> Option<Timestamp> {
        self.due.keys().next().map(|(due, _)| *due)
    }

    fn plan(&mut self, now: Timestamp, after: Duration, duty: Duty, subject: Subject) {
        self.count += 1;
        let after = SignedDuration::try_from(after).unwrap();
        self.due.insert((now + after, self.count), (duty, subject));
    }

    fn is_alive(&self, node: &str) -> bool {
        self.alive.get(node).copied().unwrap_or_default()
    }

    /// Takes note of what happened to a Pod.
    pub fn saw(&mut self, commit: &Commit, rng: &mut StdRng) {
        if commit.resource != "pods" || commit.is_deletion() {
            return;
        }
        let pod = commit.object();
        let was_bound = commit
            .previous()
            .is_some_and(|pod| !node_of(pod).is_empty());
        // The node controller takes back that Pods are ready, also where the node was found again
        // a moment ago; a kubelet that lives says so anew.
        let was_ready = commit.previous().is_some_and(is_ready);
        let lost_readiness = was_ready && !is_ready(pod);
        let is_new = !was_bound && !node_of(pod).is_empty();
        if is_new || lost_readiness || commit.begins_end() {
            self.look_after(pod, commit.at, rng);
        }
    }

    /// Plans the next step of a Pod's life, if its node lives.
    fn look_after(&mut self, pod: &Value, now: Timestamp, rng: &mut StdRng) {
        if !self.is_alive(node_of(pod)) {
            return;
        }
        let duty = match phase(pod) {
            _ if is_terminating(pod) => Duty::End,
            "Pending" => Duty::Run,
            "Running" if !is_ready(pod) && !is_broken(pod) => Duty::BecomeReady,
            _ => return,
        };
        let after = Duration::from_millis(rng.random_range(10..2500));
        self.plan(now, after, duty, subject(pod));
    }

    /// Does what is due. `state` is how the Pods are.
    pub async fn act(&mut self, state: &State, now: Timestamp, rng: &mut StdRng) {
        while let Some(entry) = self.due.first_entry() {
            if entry.key().0 > now {
                return;
            }
            let (duty, subject) = entry.remove();
            if duty == Duty::Beat {
                self.beat(state, &subject, now).await;
                continue;
            }
            let pod = state.get("pods", &subject.namespace, &subject.name);
            let Some(pod) = pod.filter(|pod| uid(pod) == subject.uid) else {
                continue;
            };
            if self.is_alive(&subject.node) {
                self.perform(duty, pod, now, rng).await;
            }
        }
    }

    async fn perform(&mut self, duty: Duty, pod: &Value, now: Timestamp, rng: &mut StdRng) {
        let subject = subject(pod);
        match duty {
            Duty::End => self.end(pod, &subject, now).await,
            _ if is_terminating(pod) || is_terminal(pod) => {}
            // What was planned before a node was lost may be planned again when it is found.
            Duty::Run if phase(pod) != "Pending" => {}
            Duty::BecomeReady if is_ready(pod) => {}
            Duty::Beat => {}
            Duty::Run => {
                self.addresses += 1;
                let status = running(&subject, self.addresses, now);
                self.report(&subject, status).await;
                let image = text(pod, "/spec/containers/0/image");
                let after = Duration::from_millis(rng.random_range(10..2500));
                if text(pod, "/spec/restartPolicy") != "Always" {
                    let succeeds = !image.contains("failing") || rng.random_bool(0.5);
                    let ends = after + Duration::from_millis(rng.random_range(10..6000));
                    self.plan(now, ends, Duty::Finish { succeeds }, subject.clone());
                }
                if !is_broken(pod) {
                    self.plan(now, after, Duty::BecomeReady, subject);
                }
            }
            Duty::BecomeReady => {
                let status = json!({"conditions": [ready("True", now)]});
                self.report(&subject, status).await;
            }
            Duty::Finish { succeeds } => self.report(&subject, ended(succeeds, now)).await,
        }
    }

    async fn end(&self, pod: &Value, subject: &Subject, now: Timestamp) {
        if !is_terminal(pod) {
            self.report(subject, ended(false, now)).await;
        }
        let pods = ResourceRef::new("", "v1", "pods");
        let options = DeleteOptions::of_uid(&subject.uid).grace_period(0);
        let (namespace, name) = (&subject.namespace, &subject.name);
        // Somebody may have been faster.
        let _ = self
            .client
            .delete_object(&pods, namespace, name, &options)
            .await;
    }

    async fn report(&self, subject: &Subject, status: Value) {
        let pods = ResourceRef::new("", "v1", "pods");
        let target = (subject.namespace.as_str(), subject.name.as_str(), "status");
        let patch = json!({"metadata": {"uid": subject.uid}, "status": status});
        let _ = self
            .client
            .patch_object(&pods, target, Patch::Strategic(patch))
            .await;
    }

    async fn beat(&mut self, state: &State, subject: &Subject, now: Timestamp) {
        self.plan(now, BEAT, Duty::Beat, subject.clone());
        if !self.is_alive(&subject.node) {
            return;
        }
        let leases = ResourceRef::new("coordination.k8s.io", "v1", "leases");
        let moment = format!("{:.6}", now);
        let patch = Patch::Merge(json!({"spec": {"renewTime": moment}}));
        let target = (LEASES, subject.node.as_str(), "");
        self.client
            .patch_object(&leases, target, patch)
            .await
            .unwrap();
        let node = state.get("nodes", "", &subject.node);
        if node.is_some_and(|node| !is_ready(node)) {
            let nodes = ResourceRef::new("", "v1", "nodes");
            let status = json!({"status": {"conditions": conditions(now)}});
            let target = ("", subject.node.as_str(), "status");
            let patched = self
                .client
                .patch_object(&nodes, target, Patch::Strategic(status));
            patched.await.unwrap();
        }
    }

    /// The node's kubelet does nothing and says nothing from now on.
    pub fn lose(&mut self, node: &'static str) {
        self.alive.insert(node, false);
    }

    /// The node is back, and takes up its Pods as it finds them.
    pub fn find(&mut self, node: &'static str, state: &State, rng: &mut StdRng) {
        if self.alive.insert(node, true) == Some(true) {
            return;
        }
        for pod in state.all("pods").filter(|pod| node_of(pod) == node) {
            self.look_after(pod, state.now, rng);
            let finishes = text(pod, "/spec/restartPolicy") != "Always" && phase(pod) == "Running";
            if finishes && !is_terminating(pod) {
                let duty = Duty::Finish { succeeds: true };
                self.plan(state.now, Duration::from_secs(1), duty, subject(pod));
            }
        }
    }
}

fn subject(pod: &Value) -> Subject {
    Subject {
        namespace: namespace(pod).to_owned(),
        name: name(pod).to_owned(),
        uid: uid(pod).to_owned(),
        node: node_of(pod).to_owned(),
    }
}

/// Whether a Pod never becomes ready.
fn is_broken(pod: &Value) -> bool {
    text(pod, "/spec/containers/0/image").contains("broken")
}

fn second(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn ready(status: &str, now: Timestamp) -> Value {
    json!({"type": "Ready", "status": status, "lastTransitionTime": second(now)})
}

fn running(subject: &Subject, number: u64, now: Timestamp) -> Value {
    let ip = format!("10.9.{}.{}", number / 250 % 250, number % 250 + 1);
    json!({
        "phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}], "startTime": second(now),
        "hostIP": format!("172.18.0.{}", subject.node.len()),
        "conditions": [ready("False", now)],
    })
}

fn ended(succeeds: bool, now: Timestamp) -> Value {
    let (phase, code) = if succeeds {
        ("Succeeded", 0)
    } else {
        ("Failed", 1)
    };
    json!({
        "phase": phase, "conditions": [ready("False", now)],
        "containerStatuses": [{
            "name": "main", "image": "", "imageID": "", "ready": false, "restartCount": 0,
            "state": {"terminated": {
                "exitCode": code, "reason": "Completed",
                "startedAt": second(now), "finishedAt": second(now),
            }},
        }],
    })
}

fn conditions(now: Timestamp) -> Value {
    let condition = |kind: &str, status: &str| {
        json!({
            "type": kind, "status": status, "reason": "Kubelet", "message": "",
            "lastHeartbeatTime": second(now), "lastTransitionTime": second(now),
        })
    };
    json!([
        condition("Ready", "True"),
        condition("MemoryPressure", "False"),
        condition("DiskPressure", "False"),
        condition("PIDPressure", "False"),
    ])
}

fn node_object(name: &str) -> Value {
    let resources = json!({
        "cpu": format!("{MILLICORES}m"), "memory": "8Gi", "pods": PODS.to_string(),
    });
    json!({
        "apiVersion": "v1", "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        "status": {
            "capacity": resources, "allocatable": resources,
            "conditions": conditions(Timestamp::UNIX_EPOCH),
        },
    })
}
