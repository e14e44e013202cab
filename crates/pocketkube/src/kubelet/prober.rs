//! Repeats a probe of a running container until its verdict changes.
//!
//! Each prober is a future of its Pod's worker; it says something only when a threshold is
//! crossed, and ends with its container. Mirrors `pkg/kubelet/prober` (v1.35).

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::{Container as ContainerSpec, Pod, Probe};

use super::node::Node;
use super::pod_worker::record::Role;
use super::probe::{self, Attempt, Prospect};
use super::runtime::{Container, ContainerState};
use crate::client::EventType;

/// Before this no probe asks: a process listens a moment after it was started, not before.
const FIRST_LOOK: Duration = Duration::from_millis(100);

/// What a probe is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProbeKind {
    Startup,
    Liveness,
    Readiness,
}

impl ProbeKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Startup => "Startup",
            Self::Liveness => "Liveness",
            Self::Readiness => "Readiness",
        }
    }
}

/// Whom a probe asks.
pub struct Target {
    pub node: Arc<Node>,
    pub pod: Arc<Pod>,
    pub role: Role,
    pub spec: ContainerSpec,
    pub container: Arc<Container>,
    pub ip: IpAddr,
}

/// A probe of one run of a container.
pub struct Prober {
    pub kind: ProbeKind,
    pub target: Arc<Target>,
    probe: Probe,
    /// The verdict that is in force.
    verdict: Option<bool>,
    /// The last result, and how many times in a row.
    streak: (bool, i32),
    has_begun: bool,
}

impl Prober {
    /// The prober for a kind of probe, if the container has one.
    pub fn new(kind: ProbeKind, target: &Arc<Target>) -> Option<Self> {
        let probe = match kind {
            ProbeKind::Startup => &target.spec.startup_probe,
            ProbeKind::Liveness => &target.spec.liveness_probe,
            ProbeKind::Readiness => &target.spec.readiness_probe,
        };
        Some(Self {
            kind,
            target: target.clone(),
            probe: probe.clone()?,
            verdict: match kind {
                ProbeKind::Startup => None,
                ProbeKind::Liveness => Some(true),
                ProbeKind::Readiness => Some(false),
            },
            streak: (true, 0),
            has_begun: false,
        })
    }

    /// Seconds that the container is given to stop when this probe has failed.
    pub fn grace_period_seconds(&self) -> Option<i64> {
        self.probe.termination_grace_period_seconds
    }

    /// The next change of the verdict; `None` once the container has exited.
    pub async fn next(mut self) -> Option<(Self, bool)> {
        let container = self.target.container.clone();
        tokio::select! {
            biased;
            _ = container.wait() => None,
            verdict = self.changed() => Some((self, verdict)),
        }
    }

    async fn changed(&mut self) -> bool {
        let clock = self.target.node.clock.clone();
        if !self.has_begun {
            let delay = seconds(self.probe.initial_delay_seconds, 0);
            clock.sleep(delay.max(FIRST_LOOK)).await;
            self.has_begun = true;
        }
        let period = seconds(self.probe.period_seconds, 10);
        loop {
            let next = clock.now().saturating_add(period);
            let attempt = self.attempt().await;
            if let Some(verdict) = self.judge(attempt) {
                return verdict;
            }
            clock
                .sleep_until(next.unwrap_or(jiff::Timestamp::MAX))
                .await;
        }
    }

    async fn attempt(&self) -> Attempt {
        let target = &self.target;
        if !matches!(target.container.state(), ContainerState::Running { .. }) {
            return Attempt::Errored("container is not running".to_owned());
        }
        let timeout = seconds(self.probe.timeout_seconds, 1);
        let prospect = Prospect {
            network: &target.node.network,
            clock: &target.node.clock,
            timeout,
            ip: target.ip,
            container: &target.spec,
        };
        if let Some(action) = &self.probe.exec {
            let clock = &target.node.clock;
            return probe::exec(action, &target.container, clock, Some(timeout)).await;
        }
        if let Some(action) = &self.probe.http_get {
            return probe::http_get(action, prospect).await;
        }
        if let Some(action) = &self.probe.tcp_socket {
            return probe::tcp(action, prospect).await;
        }
        if let Some(action) = &self.probe.grpc {
            return probe::grpc(action.port, prospect).await;
        }
        Attempt::Errored("missing probe handler".to_owned())
    }

    /// Counts an attempt; the new verdict if it crossed a threshold.
    fn judge(&mut self, attempt: Attempt) -> Option<bool> {
        let kind = self.kind.as_str();
        let succeeded = match attempt {
            Attempt::Succeeded => true,
            Attempt::Failed(output) => {
                self.unhealthy(format!("{kind} probe failed: {output}"));
                false
            }
            Attempt::Errored(error) => {
                // What could not be tried says nothing about the container.
                self.unhealthy(format!(
                    "{kind} probe errored and resulted in unknown state: {error}"
                ));
                return None;
            }
        };
        self.streak = match self.streak {
            (last, times) if last == succeeded => (last, times.saturating_add(1)),
            _ => (succeeded, 1),
        };
        let threshold = if succeeded {
            self.probe.success_threshold.unwrap_or(1)
        } else {
            self.probe.failure_threshold.unwrap_or(3)
        };
        if self.streak.1 < threshold || self.verdict == Some(succeeded) {
            return None;
        }
        self.verdict = Some(succeeded);
        Some(succeeded)
    }

    fn unhealthy(&self, message: String) {
        let Target {
            node,
            pod,
            role,
            spec,
            ..
        } = &*self.target;
        let container = (spec.name.as_str(), *role);
        node.container_event(pod, container, EventType::Warning, "Unhealthy", message);
    }
}

fn seconds(value: Option<i32>, default: u64) -> Duration {
    let value = value.and_then(|value| u64::try_from(value).ok());
    Duration::from_secs(value.filter(|value| *value > 0).unwrap_or(default))
}
