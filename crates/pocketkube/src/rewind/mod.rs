//! Going back in the history of a whole cluster, and taking back what a user did last.
//!
//! What was stored at an earlier revision is stored again, under new revisions: watchers see it as
//! they see any change. Time goes on. Pods that are other than they were lose their containers, and
//! their kubelets start new ones as after a boot; controllers begin anew, with nothing in mind but
//! what the API says. What is no part of the API does not come back: files in volumes, logs, the
//! power of a node.

mod policy;
mod undo;

use std::sync::Arc;

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use parking_lot::Mutex;

use crate::cause::Causes;
use crate::controller::ControllerManager;
use crate::kubelet::Kubelets;
use crate::registry::{Registry, apiextensions};
use crate::storage::{Change, ChangeKind, Origin, RewindError, Storage};

use policy::Policy;
use undo::Rewinds;

/// In whose name things are brought back.
const ACTOR: &str = "system:rewind";

/// What a rewind did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rewound {
    /// The revision that the cluster went back to.
    pub to: u64,
    /// The newest revision before; going back to it takes the rewind back.
    pub from: u64,
    /// How many objects are other than they were before.
    pub objects: usize,
    /// What was taken back, where it was a user's last command: `kubectl apply`.
    pub undone: Option<String>,
}

/// There is nothing to take back.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UndoError {
    #[error("no command is remembered that could be taken back")]
    Nothing,
    #[error(transparent)]
    Rewind(#[from] RewindError),
}

/// Goes back in the history of a running cluster; clones share it.
#[derive(Clone)]
pub struct Rewinder {
    pub(crate) registry: Registry,
    pub(crate) kubelets: Arc<Kubelets>,
    pub(crate) controllers: Arc<ControllerManager>,
    pub(crate) rewinds: Arc<Mutex<Rewinds>>,
    pub(crate) one_at_a_time: Arc<tokio::sync::Mutex<()>>,
}

impl Rewinder {
    pub(crate) fn new(
        registry: Registry,
        kubelets: Arc<Kubelets>,
        controllers: Arc<ControllerManager>,
    ) -> Self {
        Self {
            registry,
            kubelets,
            controllers,
            rewinds: Arc::default(),
            one_at_a_time: Arc::default(),
        }
    }

    /// The revision that the cluster is at, to go back to.
    pub fn snapshot(&self) -> u64 {
        self.storage().revision()
    }

    /// The cluster's time.
    pub fn now(&self) -> Timestamp {
        self.registry.clock().now()
    }

    /// The oldest revision that it can go back to.
    pub fn oldest(&self) -> u64 {
        self.storage().oldest(&Policy)
    }

    /// The revision that the cluster was at at a moment. Fails where that is not remembered.
    pub fn at(&self, moment: Timestamp) -> Result<u64, RewindError> {
        let history = self.storage().history();
        let changes = history.iter().flat_map(|(_, changes)| changes);
        let before = changes.filter(|change| change.origin.at <= moment);
        let to = before.map(|change| change.revision).max();
        let (to, oldest) = (to.unwrap_or_default(), self.oldest());
        match to < oldest {
            true => Err(RewindError::Forgotten { to, oldest }),
            false => Ok(to),
        }
    }

    /// Brings back what was there at a revision. Nothing has changed where this fails.
    pub async fn rewind(&self, to: u64) -> Result<Rewound, RewindError> {
        let _alone = self.one_at_a_time.lock().await;
        self.go_back(to).await
    }

    /// Takes back what a user's last command brought about, and everything that happened since.
    /// Once more, it takes back the one before.
    pub async fn undo(&self) -> Result<Rewound, UndoError> {
        let _alone = self.one_at_a_time.lock().await;
        let history = self.storage().history();
        let last = self.rewinds.lock().last_command(&history);
        let last = last.ok_or(UndoError::Nothing)?;
        let rewound = self.go_back(last.before).await?;
        Ok(Rewound {
            undone: Some(last.name),
            ..rewound
        })
    }

    async fn go_back(&self, to: u64) -> Result<Rewound, RewindError> {
        let from = self.snapshot();
        let origin = Origin {
            actor: ACTOR.into(),
            at: self.now(),
            causes: Causes::default(),
            command: None,
        };
        if to < self.oldest() {
            let oldest = self.oldest();
            return Err(RewindError::Forgotten { to, oldest });
        }
        // Whoever reconciles must not meet half of it. Those that do not end are left behind.
        if let Err(names) = self.controllers.shutdown().await {
            tracing::warn!(?names, "controllers did not end in time");
        }
        let taken = self.storage().rewind(to, &Policy, &origin);
        if let Ok(changes) = &taken {
            self.rewinds.lock().note(self.snapshot(), to);
            self.follow_definitions(changes);
            self.start_pods_anew(changes).await;
        }
        self.controllers.start_later();
        Ok(Rewound {
            to,
            from,
            objects: taken?.len(),
            undone: None,
        })
    }

    /// The kinds that are served are those that are defined now.
    fn follow_definitions(&self, changes: &[Change]) {
        let definitions = changes.iter().map(|change| (change.kind, &change.object));
        let mut definitions = definitions
            .filter(|(_, object)| policy::is_definition(object))
            .peekable();
        if definitions.peek().is_none() {
            return;
        }
        for (kind, object) in definitions {
            if kind == ChangeKind::Deleted {
                apiextensions::withdraw(self.registry.resources(), object.name());
            }
        }
        apiextensions::restore(&self.registry);
    }

    async fn start_pods_anew(&self, changes: &[Change]) {
        let pods = changes.iter().map(|change| &change.object);
        let pods: Vec<_> = pods.filter(|object| policy::is_pod(object)).collect();
        for pod in &pods {
            self.kubelets.abandon_pod(pod.uid()).await;
        }
        for pod in pods {
            // As it is when nobody works on it any more.
            let key = policy::key_of_pod(pod);
            let stored = self.storage().get(&key);
            let stored = stored.filter(|stored| stored.uid() == pod.uid());
            match stored.map(|stored| stored.typed::<Pod>()) {
                Some(Ok(pod)) => self.kubelets.resume_pod(pod),
                Some(Err(error)) => tracing::error!(%error, "undecodable pod"),
                None => {}
            }
        }
    }

    fn storage(&self) -> &Storage {
        self.registry.storage()
    }
}
