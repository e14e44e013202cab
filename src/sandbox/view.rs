//! What the screen shows of a cluster: plain data, made anew whenever something changes.
//!
//! No handle, no client, no clock hides in here; drawing can keep and compare views freely.

use jiff::Timestamp;

use super::reference::Reference;

/// The part of the cluster that a kata is about.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ClusterView {
    /// The namespaces shown; the first is where the learner's shell is.
    pub namespaces: Vec<String>,
    pub nodes: Vec<NodeView>,
    /// Workloads without an owner (Deployments, bare ReplicaSets, Jobs, …), with what they own.
    pub workloads: Vec<OwnerView>,
    /// Pods without an owner.
    pub pods: Vec<PodView>,
    pub services: Vec<ServiceView>,
    /// ConfigMaps, Secrets and other things that are only listed.
    pub objects: Vec<ObjectView>,
    /// Newest first.
    pub events: Vec<EventView>,
    /// The cluster's time when this was taken; ages count from here.
    pub taken: Option<Timestamp>,
}

impl ClusterView {
    /// Every Pod, owned or not.
    pub fn all_pods(&self) -> Vec<&PodView> {
        let mut pods: Vec<&PodView> = self.pods.iter().collect();
        for workload in &self.workloads {
            workload.collect_pods(&mut pods);
        }
        pods
    }

    /// Nothing of the learner's runs in these namespaces, or leads to what runs.
    pub fn is_empty(&self) -> bool {
        self.workloads.is_empty() && self.pods.is_empty() && self.services.is_empty()
    }
}

/// How a thing does; the glyph and the colour follow from it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Health {
    /// As wished.
    Good,
    /// Under way, nothing wrong yet.
    #[default]
    Progressing,
    /// Ended as it should (a completed Pod or Job).
    Finished,
    /// Stuck or failing.
    Bad,
    /// Being deleted.
    Leaving,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct NodeView {
    pub name: String,
    pub roles: Vec<String>,
    pub zone: Option<String>,
    pub ready: bool,
    pub schedulable: bool,
    /// Pods of the whole cluster on it.
    pub pods: usize,
    /// Those of them that are in no namespace shown.
    pub other_pods: usize,
    /// What the Pods on it ask for, of what it can give: cpu, memory, Pods.
    pub resources: Vec<ResourceView>,
    /// As kubectl writes them: `key=value:Effect`.
    pub taints: Vec<String>,
    /// Conditions that are not as they should be: `MemoryPressure`, `NotReady`.
    pub troubles: Vec<String>,
    pub health: Health,
}

/// How much of something is asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ResourceView {
    /// `cpu`, `memory`, `pods`.
    pub name: String,
    /// `900m`, `1.1Gi`.
    pub asked: String,
    pub of: String,
    pub percent: u64,
}

/// A workload that owns Pods or other workloads.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct OwnerView {
    pub kind: String,
    /// As kubectl abbreviates it: `deploy`, `rs`, `job`.
    pub short: String,
    pub namespace: String,
    pub name: String,
    pub ready: i64,
    pub wanted: i64,
    pub health: Health,
    /// A few words: `1/2 available`, `revision 3`, `paused`.
    pub detail: String,
    pub owners: Vec<OwnerView>,
    pub pods: Vec<PodView>,
    /// Other things it owns.
    pub objects: Vec<ObjectView>,
    /// Empty for kinds that everybody knows by heart.
    pub api_version: String,
}

impl OwnerView {
    fn collect_pods<'a>(&'a self, pods: &mut Vec<&'a PodView>) {
        pods.extend(&self.pods);
        for owner in &self.owners {
            owner.collect_pods(pods);
        }
    }
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct PodView {
    pub namespace: String,
    pub name: String,
    /// What kubectl shows under STATUS: `Running`, `CrashLoopBackOff`, `Init:0/1`.
    pub status: String,
    pub health: Health,
    pub ready_containers: usize,
    pub all_containers: usize,
    pub restarts: i64,
    pub node: Option<String>,
    pub ip: Option<String>,
    pub created: Option<Timestamp>,
    /// Why it is as it is, where the cluster says so: `back-off 40s restarting failed container`.
    pub detail: Option<String>,
    pub containers: Vec<ContainerView>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ContainerView {
    pub name: String,
    pub image: String,
    pub ready: bool,
    pub restarts: i64,
    /// `Running`, `Waiting` or `Terminated`.
    pub state: String,
    pub reason: Option<String>,
    pub exit_code: Option<i64>,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct ServiceView {
    pub namespace: String,
    pub name: String,
    pub kind: String,
    pub cluster_ip: Option<String>,
    /// `80→8080/TCP`, with the node port where there is one.
    pub ports: Vec<String>,
    pub ready_endpoints: usize,
    pub all_endpoints: usize,
    /// `app=web`.
    pub selector: Vec<String>,
    pub endpoints: Vec<EndpointView>,
    pub health: Health,
}

/// One address behind a Service.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EndpointView {
    pub address: String,
    pub ready: bool,
    pub leaving: bool,
    /// The Pod that listens there.
    pub pod: Option<String>,
    pub node: Option<String>,
}

/// Something that is listed by name with a few words.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ObjectView {
    pub kind: String,
    pub short: String,
    pub namespace: String,
    pub name: String,
    /// `2 keys`, `Bound 1Gi`.
    pub detail: String,
    /// Where its state can be judged.
    pub health: Option<Health>,
    /// Empty for kinds that everybody knows by heart.
    pub api_version: String,
}

#[derive(Debug, Clone, Default, PartialEq)]
pub struct EventView {
    pub at: Option<Timestamp>,
    pub warning: bool,
    pub reason: String,
    /// `pod/web-0`.
    pub object: String,
    pub message: String,
    pub count: i64,
    /// What it is about.
    pub about: Option<Reference>,
}
