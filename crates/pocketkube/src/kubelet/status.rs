//! The status of a Pod, from what its worker knows.
//!
//! Pure. Mirrors `generateAPIPodStatus` and `getPhase` of `pkg/kubelet/kubelet_pods.go`, and
//! `pkg/kubelet/status/generate.go` (v1.35).

use std::collections::BTreeMap;
use std::net::IpAddr;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{
    ContainerState, ContainerStateRunning, ContainerStateTerminated, ContainerStateWaiting,
    ContainerStatus, ContainerUser, HostIP, LinuxContainerUser, Pod, PodCondition, PodIP,
    PodStatus, VolumeMountStatus,
};

use super::pod_worker::record::{Record, Role, State, Terminated};
use super::text;
use crate::client::{Kind, time};

/// What a status is made from.
pub struct Observed<'a> {
    pub records: &'a BTreeMap<String, Record>,
    pub pod_ip: Option<IpAddr>,
    pub host_ip: IpAddr,
    /// When the kubelet took the Pod on.
    pub accepted: Timestamp,
    /// Set when the kubelet itself failed the Pod.
    pub verdict: Option<&'a Verdict>,
    /// Nothing runs any more and nothing will.
    pub is_terminal: bool,
}

/// Why the kubelet failed a Pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub reason: String,
    pub message: String,
}

impl Verdict {
    pub const EVICTED: &str = "Evicted";

    /// Whether the node needed what the Pod used.
    pub fn is_eviction(&self) -> bool {
        self.reason == Self::EVICTED
    }
}

/// The new status. Conditions that the kubelet does not own, and times of transitions that did
/// not happen, come from `old`.
pub fn pod_status(
    pod: &Pod,
    observed: &Observed<'_>,
    old: &PodStatus,
    now: Timestamp,
) -> PodStatus {
    let phase = phase(pod, observed);
    let mut status = PodStatus {
        phase: Some(phase.to_owned()),
        reason: observed.verdict.map(|verdict| verdict.reason.clone()),
        message: observed.verdict.map(|verdict| verdict.message.clone()),
        host_ip: Some(observed.host_ip.to_string()),
        host_ips: Some(vec![HostIP {
            ip: observed.host_ip.to_string(),
        }]),
        start_time: Some(time(observed.accepted)),
        qos_class: old.qos_class.clone(),
        nominated_node_name: old.nominated_node_name.clone(),
        observed_generation: pod.meta().generation,
        init_container_statuses: statuses(pod, observed, &[Role::Init, Role::Sidecar]),
        container_statuses: statuses(pod, observed, &[Role::Regular]),
        ephemeral_container_statuses: statuses(pod, observed, &[Role::Ephemeral]),
        ..PodStatus::default()
    };
    if let Some(ip) = observed.pod_ip {
        status.pod_ip = Some(ip.to_string());
        status.pod_ips = Some(vec![PodIP { ip: ip.to_string() }]);
    }
    status.conditions = Some(conditions(pod, observed, &status, old, now));
    status
}

/// `Pending`, `Running`, `Succeeded` or `Failed`.
pub fn phase(pod: &Pod, observed: &Observed<'_>) -> &'static str {
    if observed.verdict.is_some() {
        return "Failed";
    }
    let policy = restart_policy(pod);
    let of = |roles: &[Role]| -> Vec<&Record> {
        let records = observed.records.values();
        records
            .filter(|record| roles.contains(&record.role))
            .collect()
    };
    let init_failed = of(&[Role::Init])
        .iter()
        .any(|record| matches!(&record.state, State::Terminated(ended) if !ended.has_succeeded()));
    if init_failed && policy == "Never" {
        return "Failed";
    }
    if observed.records.values().any(is_initializing) && !observed.is_terminal {
        return "Pending";
    }
    let containers = of(&[Role::Regular]);
    let is_waiting = |record: &&&Record| record.ended().is_none() && !record.is_running();
    if containers.iter().any(|record| is_waiting(&record)) {
        return if observed.is_terminal {
            "Failed"
        } else {
            "Pending"
        };
    }
    let sidecars = of(&[Role::Sidecar]);
    let mut all = containers.iter().chain(&sidecars);
    if all.any(|record| record.is_running()) {
        return "Running";
    }
    let has_succeeded = |record: &&Record| record.ended().is_some_and(Terminated::has_succeeded);
    let all_succeeded = containers.iter().all(has_succeeded);
    match (observed.is_terminal, policy, all_succeeded) {
        (true, _, true) => "Succeeded",
        (true, _, false) => "Failed",
        (false, "Always", _) => "Running",
        (false, _, true) => "Succeeded",
        (false, "Never", false) => "Failed",
        (false, _, false) => "Running",
    }
}

/// Whether the record is of an init container that keeps the Pod from going on.
fn is_initializing(record: &Record) -> bool {
    match record.role {
        Role::Init => !matches!(&record.state, State::Terminated(ended) if ended.has_succeeded()),
        Role::Sidecar => !record.is_started && record.ended().is_none(),
        _ => false,
    }
}

pub fn restart_policy(pod: &Pod) -> &str {
    let policy = pod
        .spec
        .as_ref()
        .and_then(|spec| spec.restart_policy.as_deref());
    policy.unwrap_or("Always")
}

fn statuses(pod: &Pod, observed: &Observed<'_>, roles: &[Role]) -> Option<Vec<ContainerStatus>> {
    let spec = pod.spec.as_ref()?;
    let mut names: Vec<&str> = if roles.contains(&Role::Regular) {
        spec.containers
            .iter()
            .map(|own| own.name.as_str())
            .collect()
    } else if roles.contains(&Role::Ephemeral) {
        let list = spec.ephemeral_containers.iter().flatten();
        list.map(|own| own.name.as_str()).collect()
    } else {
        let list = spec.init_containers.iter().flatten();
        list.map(|own| own.name.as_str()).collect()
    };
    if !roles.contains(&Role::Init) {
        names.sort_unstable();
    }
    let list: Vec<ContainerStatus> = names
        .into_iter()
        .filter_map(|name| Some(container_status(pod, name, observed.records.get(name)?)))
        .collect();
    (!list.is_empty()).then_some(list)
}

fn container_status(pod: &Pod, name: &str, record: &Record) -> ContainerStatus {
    let spec = pod.spec.as_ref().and_then(|spec| {
        let init = spec.init_containers.iter().flatten();
        spec.containers
            .iter()
            .chain(init)
            .find(|own| own.name == name)
    });
    let image = if record.image.is_empty() {
        spec.and_then(|spec| spec.image.clone()).unwrap_or_default()
    } else {
        record.image.clone()
    };
    let id = record.container_id();
    let mounts = spec.and_then(|spec| spec.volume_mounts.as_ref());
    ContainerStatus {
        name: name.to_owned(),
        state: Some(state(&record.state)),
        last_state: Some(ContainerState {
            terminated: record.last.as_ref().map(terminated),
            ..ContainerState::default()
        }),
        ready: is_ready(record),
        started: Some(record.is_running() && record.is_started),
        restart_count: record.restarts,
        image,
        image_id: record.image_id.clone(),
        container_id: (!id.is_empty()).then_some(id),
        resources: spec.map(|spec| spec.resources.clone().unwrap_or_default()),
        allocated_resources: spec
            .and_then(|spec| spec.resources.as_ref())
            .and_then(|resources| resources.requests.clone()),
        user: record
            .current
            .as_ref()
            .filter(|_| record.is_running())
            .map(|container| {
                let credentials = container.filesystem().credentials();
                let mut groups: Vec<i64> = credentials
                    .groups
                    .iter()
                    .map(|group| i64::from(*group))
                    .collect();
                groups.insert(0, i64::from(credentials.gid));
                groups.dedup();
                ContainerUser {
                    linux: Some(LinuxContainerUser {
                        uid: i64::from(credentials.uid),
                        gid: i64::from(credentials.gid),
                        supplemental_groups: Some(groups),
                    }),
                }
            }),
        volume_mounts: mounts.map(|mounts| {
            let mounts = mounts.iter();
            mounts
                .map(|mount| VolumeMountStatus {
                    name: mount.name.clone(),
                    mount_path: mount.mount_path.clone(),
                    read_only: mount.read_only,
                    recursive_read_only: mount
                        .read_only
                        .filter(|read_only| *read_only)
                        .map(|_| "Disabled".to_owned()),
                })
                .collect()
        }),
        ..ContainerStatus::default()
    }
}

/// Init containers are ready once they are done, all others while they serve.
fn is_ready(record: &Record) -> bool {
    match (&record.state, record.role) {
        (State::Terminated(ended), Role::Init) => ended.has_succeeded(),
        (State::Running { .. }, Role::Regular | Role::Sidecar) => {
            record.is_started && record.is_ready
        }
        _ => false,
    }
}

fn state(state: &State) -> ContainerState {
    match state {
        State::Waiting { reason, message } => ContainerState {
            waiting: Some(ContainerStateWaiting {
                reason: Some(reason.clone()).filter(|reason| !reason.is_empty()),
                message: Some(message.clone()).filter(|message| !message.is_empty()),
            }),
            ..ContainerState::default()
        },
        State::Running { started } => ContainerState {
            running: Some(ContainerStateRunning {
                started_at: Some(time(*started)),
            }),
            ..ContainerState::default()
        },
        State::Terminated(ended) => ContainerState {
            terminated: Some(terminated(ended)),
            ..ContainerState::default()
        },
    }
}

fn terminated(ended: &Terminated) -> ContainerStateTerminated {
    ContainerStateTerminated {
        exit_code: ended.exit_code,
        reason: Some(ended.reason.clone()),
        message: Some(ended.message.clone()).filter(|message| !message.is_empty()),
        // What never ran carries the beginning of time, as the runtime reports it.
        started_at: Some(time(ended.started.unwrap_or(Timestamp::UNIX_EPOCH))),
        finished_at: Some(time(ended.finished)),
        container_id: Some(format!("containerd://{}", ended.container_id)),
        signal: None,
    }
}

/// The conditions that the kubelet reports, in the order in which it does.
const OWN: [&str; 5] = [
    "PodReadyToStartContainers",
    "Initialized",
    "Ready",
    "ContainersReady",
    "PodScheduled",
];

/// Whether the kubelet reports conditions of this type.
pub fn is_own(condition: &str) -> bool {
    OWN.contains(&condition)
}

fn conditions(
    pod: &Pod,
    observed: &Observed<'_>,
    status: &PodStatus,
    old: &PodStatus,
    now: Timestamp,
) -> Vec<PodCondition> {
    let phase = status.phase.as_deref().unwrap_or_default();
    let initialized = initialized(pod, status, phase);
    let containers = containers_ready(pod, status, phase);
    let ready = ready(pod, old, &containers);
    let has_network = observed.pod_ip.is_some() && !observed.is_terminal;
    let judged = [
        Judged::plain(has_network),
        initialized,
        ready,
        containers,
        Judged::plain(true),
    ];
    let before = old.conditions.as_deref().unwrap_or_default();
    let foreign = before
        .iter()
        .filter(|condition| !OWN.contains(&condition.type_.as_str()));
    let mut conditions: Vec<PodCondition> = foreign.cloned().collect();
    let is_marked = conditions.iter().any(|own| own.type_ == "DisruptionTarget");
    if let Some(verdict) = observed
        .verdict
        .filter(|own| own.is_eviction() && !is_marked)
    {
        conditions.push(PodCondition {
            type_: "DisruptionTarget".to_owned(),
            status: "True".to_owned(),
            reason: Some("TerminationByKubelet".to_owned()),
            message: Some(verdict.message.clone()),
            observed_generation: pod.meta().generation,
            last_probe_time: None,
            last_transition_time: Some(time(now)),
        });
    }
    for (name, judged) in OWN.into_iter().zip(judged) {
        let same = before
            .iter()
            .find(|old| old.type_ == name && old.status == judged.status());
        conditions.push(PodCondition {
            type_: name.to_owned(),
            status: judged.status().to_owned(),
            reason: judged.reason,
            message: judged.message,
            observed_generation: pod.meta().generation,
            last_probe_time: None,
            last_transition_time: same
                .and_then(|same| same.last_transition_time.clone())
                .or_else(|| Some(time(now))),
        });
    }
    conditions
}

struct Judged {
    holds: bool,
    reason: Option<String>,
    message: Option<String>,
}

impl Judged {
    fn plain(holds: bool) -> Self {
        Self {
            holds,
            reason: None,
            message: None,
        }
    }

    fn new(holds: bool, reason: &str, message: String) -> Self {
        Self {
            holds,
            reason: Some(reason.to_owned()),
            message: Some(message).filter(|message| !message.is_empty()),
        }
    }

    fn status(&self) -> &'static str {
        if self.holds { "True" } else { "False" }
    }
}

fn is_sidecar(pod: &Pod, name: &str) -> bool {
    let spec = pod.spec.iter();
    let mut init = spec.flat_map(|spec| spec.init_containers.iter().flatten());
    init.any(|own| own.name == name && own.restart_policy.as_deref() == Some("Always"))
}

fn initialized(pod: &Pod, status: &PodStatus, phase: &str) -> Judged {
    let init = status.init_container_statuses.iter().flatten();
    let incomplete: Vec<&str> = init
        .filter(|own| {
            if is_sidecar(pod, &own.name) {
                own.started != Some(true)
            } else {
                !own.ready
            }
        })
        .map(|own| own.name.as_str())
        .collect();
    let has_begun = status.container_statuses.iter().flatten().any(|own| {
        let state = own.state.as_ref();
        state.is_some_and(|state| state.running.is_some() || state.terminated.is_some())
    });
    if phase == "Succeeded" {
        return Judged::new(true, "PodCompleted", String::new());
    }
    if incomplete.is_empty() || has_begun {
        return Judged::plain(true);
    }
    let message = format!(
        "containers with incomplete status: {}",
        text::list(&incomplete)
    );
    Judged::new(false, "ContainersNotInitialized", message)
}

fn containers_ready(pod: &Pod, status: &PodStatus, phase: &str) -> Judged {
    match phase {
        "Succeeded" => return Judged::new(false, "PodCompleted", String::new()),
        "Failed" => return Judged::new(false, "PodFailed", String::new()),
        _ => {}
    }
    let init = status.init_container_statuses.iter().flatten();
    let sidecars = init.filter(|own| is_sidecar(pod, &own.name));
    let unready: Vec<&str> = sidecars
        .chain(status.container_statuses.iter().flatten())
        .filter(|own| !own.ready)
        .map(|own| own.name.as_str())
        .collect();
    if unready.is_empty() {
        return Judged::plain(true);
    }
    let message = format!("containers with unready status: {}", text::list(&unready));
    Judged::new(false, "ContainersNotReady", message)
}

/// Ready: the containers are, and every readiness gate is open.
fn ready(pod: &Pod, old: &PodStatus, containers: &Judged) -> Judged {
    if !containers.holds {
        return Judged {
            holds: false,
            reason: containers.reason.clone(),
            message: containers.message.clone(),
        };
    }
    let gates = pod
        .spec
        .iter()
        .flat_map(|spec| spec.readiness_gates.iter().flatten());
    let closed: Vec<String> = gates
        .filter_map(|gate| {
            let kind = &gate.condition_type;
            let mut conditions = old.conditions.iter().flatten();
            match conditions.find(|condition| condition.type_ == *kind) {
                None => Some(format!(
                    "corresponding condition of pod readiness gate {kind:?} does not exist."
                )),
                Some(condition) if condition.status != "True" => Some(format!(
                    "the status of pod readiness gate {kind:?} is not \"True\", but {}",
                    condition.status
                )),
                Some(_) => None,
            }
        })
        .collect();
    if closed.is_empty() {
        return Judged::plain(true);
    }
    Judged::new(false, "ReadinessGatesNotReady", closed.join(", "))
}
