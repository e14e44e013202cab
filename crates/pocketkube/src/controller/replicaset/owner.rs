//! What ReplicaSets and ReplicationControllers have in common, and how each says it.

use k8s_openapi::api::apps::v1::{ReplicaSet, ReplicaSetCondition, ReplicaSetStatus};
use k8s_openapi::api::core::v1::{
    PodTemplateSpec, ReplicationController, ReplicationControllerCondition,
    ReplicationControllerStatus,
};

use super::status::{Failure, Status};
use super::usable;
use crate::client::{Kind, Selector};

/// A kind that keeps a number of Pods.
pub(super) trait ReplicaOwner: Kind {
    /// The name under which the controller records Events.
    const COMPONENT: &'static str;
    /// Whether the status tells how many Pods are shutting down.
    const COUNTS_TERMINATING: bool;

    fn wanted(&self) -> i32;
    fn min_ready_seconds(&self) -> i32;
    fn selector(&self) -> Selector;
    fn template(&self) -> &PodTemplateSpec;
    fn status(&self) -> Status;
    fn set_status(&mut self, status: Status);
}

/// Zero counts are left out of the API's JSON.
fn count(number: i32) -> Option<i32> {
    (number != 0).then_some(number)
}

macro_rules! failure_conditions {
    ($condition:ident) => {
        impl From<&$condition> for Failure {
            fn from(condition: &$condition) -> Self {
                Self {
                    reason: condition.reason.clone().unwrap_or_default(),
                    message: condition.message.clone().unwrap_or_default(),
                    since: condition.last_transition_time.clone(),
                }
            }
        }

        impl From<Failure> for $condition {
            fn from(failure: Failure) -> Self {
                let text = |text: String| (!text.is_empty()).then_some(text);
                Self {
                    type_: REPLICA_FAILURE.to_owned(),
                    status: super::super::conditions::TRUE.to_owned(),
                    reason: text(failure.reason),
                    message: text(failure.message),
                    last_transition_time: failure.since,
                }
            }
        }
    };
}

failure_conditions!(ReplicaSetCondition);
failure_conditions!(ReplicationControllerCondition);

/// The one condition of these kinds: Pods could not be created or deleted.
const REPLICA_FAILURE: &str = "ReplicaFailure";

impl ReplicaOwner for ReplicaSet {
    const COMPONENT: &'static str = "replicaset-controller";
    const COUNTS_TERMINATING: bool = true;

    fn wanted(&self) -> i32 {
        let spec = self.spec.as_ref();
        spec.and_then(|spec| spec.replicas).unwrap_or(1)
    }

    fn min_ready_seconds(&self) -> i32 {
        let spec = self.spec.as_ref();
        spec.and_then(|spec| spec.min_ready_seconds).unwrap_or(0)
    }

    fn selector(&self) -> Selector {
        let selector = self.spec.as_ref().map(|spec| &spec.selector);
        usable(Selector::from_label_selector(selector))
    }

    fn template(&self) -> &PodTemplateSpec {
        let template = self.spec.as_ref().and_then(|spec| spec.template.as_ref());
        template.unwrap_or(&NO_TEMPLATE)
    }

    fn status(&self) -> Status {
        let status = self.status.clone().unwrap_or_default();
        let conditions = status.conditions.iter().flatten();
        Status {
            replicas: status.replicas,
            fully_labeled: status.fully_labeled_replicas.unwrap_or(0),
            ready: status.ready_replicas.unwrap_or(0),
            available: status.available_replicas.unwrap_or(0),
            terminating: status.terminating_replicas,
            observed_generation: status.observed_generation.unwrap_or(0),
            failure: conditions
                .filter(|own| own.type_ == REPLICA_FAILURE)
                .map(Failure::from)
                .next(),
        }
    }

    fn set_status(&mut self, status: Status) {
        self.status = Some(ReplicaSetStatus {
            replicas: status.replicas,
            fully_labeled_replicas: count(status.fully_labeled),
            ready_replicas: count(status.ready),
            available_replicas: count(status.available),
            terminating_replicas: status.terminating,
            observed_generation: Some(status.observed_generation),
            conditions: status.failure.map(|failure| vec![failure.into()]),
        });
    }
}

impl ReplicaOwner for ReplicationController {
    const COMPONENT: &'static str = "replication-controller";
    const COUNTS_TERMINATING: bool = false;

    fn wanted(&self) -> i32 {
        let spec = self.spec.as_ref();
        spec.and_then(|spec| spec.replicas).unwrap_or(1)
    }

    fn min_ready_seconds(&self) -> i32 {
        let spec = self.spec.as_ref();
        spec.and_then(|spec| spec.min_ready_seconds).unwrap_or(0)
    }

    fn selector(&self) -> Selector {
        let labels = self.spec.as_ref().and_then(|spec| spec.selector.as_ref());
        usable(labels.map(Selector::from_map).unwrap_or_default())
    }

    fn template(&self) -> &PodTemplateSpec {
        let template = self.spec.as_ref().and_then(|spec| spec.template.as_ref());
        template.unwrap_or(&NO_TEMPLATE)
    }

    fn status(&self) -> Status {
        let status = self.status.clone().unwrap_or_default();
        let conditions = status.conditions.iter().flatten();
        Status {
            replicas: status.replicas,
            fully_labeled: status.fully_labeled_replicas.unwrap_or(0),
            ready: status.ready_replicas.unwrap_or(0),
            available: status.available_replicas.unwrap_or(0),
            terminating: None,
            observed_generation: status.observed_generation.unwrap_or(0),
            failure: conditions
                .filter(|own| own.type_ == REPLICA_FAILURE)
                .map(Failure::from)
                .next(),
        }
    }

    fn set_status(&mut self, status: Status) {
        self.status = Some(ReplicationControllerStatus {
            replicas: status.replicas,
            fully_labeled_replicas: count(status.fully_labeled),
            ready_replicas: count(status.ready),
            available_replicas: count(status.available),
            observed_generation: Some(status.observed_generation),
            conditions: status.failure.map(|failure| vec![failure.into()]),
        });
    }
}

/// Validation refuses owners without a template; a Pod made from this one is refused as well.
static NO_TEMPLATE: PodTemplateSpec = PodTemplateSpec {
    metadata: None,
    spec: None,
};
