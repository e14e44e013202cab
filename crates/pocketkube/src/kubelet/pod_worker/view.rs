//! What others may see of a Pod on its node: its containers, for logs, exec and port-forward.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::RwLock;

use super::record::{Record, State};
use crate::kubelet::runtime::{Container, ContainerState, LogBuffer, PodSandbox};

/// Kept up to date by the Pod's worker.
#[derive(Default)]
pub struct PodView {
    containers: RwLock<BTreeMap<String, ContainerView>>,
    sandbox: RwLock<Option<Arc<PodSandbox>>>,
}

/// A container as those who connect to it see it.
#[derive(Clone)]
pub struct ContainerView {
    /// The newest run; `None` before the first.
    pub current: Option<Arc<Container>>,
    /// The log of the run before it.
    pub previous_log: Option<Arc<LogBuffer>>,
    /// Whether any run has ended.
    pub has_ended: bool,
    /// Why it is waiting, if it is.
    pub waiting: Option<String>,
}

impl PodView {
    pub fn container(&self, name: &str) -> Option<ContainerView> {
        self.containers.read().get(name).cloned()
    }

    /// The containers that have been started and have not ended, by name.
    pub fn running(&self) -> Vec<(String, Arc<Container>)> {
        let containers = self.containers.read();
        let current = containers
            .iter()
            .filter_map(|(name, view)| Some((name.clone(), view.current.clone()?)));
        current
            .filter(|(_, container)| matches!(container.state(), ContainerState::Running { .. }))
            .collect()
    }

    pub fn sandbox(&self) -> Option<Arc<PodSandbox>> {
        self.sandbox.read().clone()
    }

    pub(super) fn set_sandbox(&self, sandbox: Option<Arc<PodSandbox>>) {
        *self.sandbox.write() = sandbox;
    }

    pub(super) fn update(&self, records: &BTreeMap<String, Record>) {
        let view = |record: &Record| ContainerView {
            current: record.current.clone(),
            previous_log: record.previous_log.clone(),
            has_ended: record.last.is_some(),
            waiting: match &record.state {
                State::Waiting { reason, .. } => Some(reason.clone()),
                _ => None,
            },
        };
        let views = records
            .iter()
            .map(|(name, record)| (name.clone(), view(record)));
        *self.containers.write() = views.collect();
    }
}
