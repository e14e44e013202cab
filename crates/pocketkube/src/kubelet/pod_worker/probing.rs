//! What the verdicts of probes mean for their containers.

use std::sync::Arc;
use std::time::Duration;

use super::{Done, PodWorker};
use crate::client::EventType;
use crate::kubelet::prober::{ProbeKind, Prober, Target};

impl PodWorker {
    /// Starts the startup probe, or where there is none the others.
    pub(super) fn begin_probing(&mut self, target: &Arc<Target>) {
        match Prober::new(ProbeKind::Startup, target) {
            Some(prober) => self.probe(prober),
            None => self.begin_probing_health(target),
        }
    }

    fn begin_probing_health(&mut self, target: &Arc<Target>) {
        for kind in [ProbeKind::Liveness, ProbeKind::Readiness] {
            if let Some(prober) = Prober::new(kind, target) {
                self.probe(prober);
            }
        }
    }

    fn probe(&mut self, prober: Prober) {
        let next = prober.next();
        self.work
            .push(Box::pin(async move { Done::Probed(next.await) }));
    }

    /// A probe has changed its mind.
    pub(super) fn probed(&mut self, prober: Prober, verdict: bool) {
        let target = prober.target.clone();
        let name = target.spec.name.clone();
        let Some(record) = self.records.get_mut(&name) else {
            return;
        };
        let is_current = record
            .current
            .as_ref()
            .is_some_and(|own| own.id() == target.container.id());
        if !is_current || !record.is_running() {
            return;
        }
        match (prober.kind, verdict) {
            (ProbeKind::Readiness, is_ready) => {
                record.is_ready = is_ready;
                self.probe(prober);
            }
            (ProbeKind::Startup, true) => {
                record.is_started = true;
                self.begin_probing_health(&target);
            }
            (ProbeKind::Liveness, true) => self.probe(prober),
            (ProbeKind::Startup | ProbeKind::Liveness, false) => {
                // Whether it really is restarted is the restart policy's business.
                let kind = prober.kind.as_str().to_lowercase();
                let message = format!("Container {name} failed {kind} probe, will be restarted");
                self.tell(&name, EventType::Normal, "Killing", message);
                let seconds = prober.grace_period_seconds();
                let grace = seconds.and_then(|seconds| u64::try_from(seconds).ok());
                let grace = grace.map_or(self.grace_period(), Duration::from_secs);
                self.stop_container(&name, &target.container, grace);
            }
        }
    }
}
