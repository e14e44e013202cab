//! The conditions that workloads of all kinds carry in their status.
//!
//! Kinds differ in whether a condition remembers when it was last confirmed; the trait covers
//! both. Mirrors the `Set…Condition` functions of the workload controllers (v1.35).

use k8s_openapi::api::apps::v1::{DeploymentCondition, ReplicaSetCondition};
use k8s_openapi::api::core::v1::ReplicationControllerCondition;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;

pub(super) const TRUE: &str = "True";
pub(super) const FALSE: &str = "False";
pub(super) const UNKNOWN: &str = "Unknown";

/// One condition of some kind's status.
pub(super) trait Condition: Sized {
    fn new(type_: &str, status: &str, reason: &str, message: &str, now: &Time) -> Self;
    fn type_(&self) -> &str;
    fn status(&self) -> &str;
    fn reason(&self) -> &str;
    fn transition_time(&mut self) -> &mut Option<Time>;
}

macro_rules! condition {
    ($kind:ident { $($update_time:ident)? }) => {
        impl Condition for $kind {
            fn new(type_: &str, status: &str, reason: &str, message: &str, now: &Time) -> Self {
                Self {
                    type_: type_.to_owned(),
                    status: status.to_owned(),
                    reason: Some(reason.to_owned()),
                    message: Some(message.to_owned()),
                    last_transition_time: Some(now.clone()),
                    $($update_time: Some(now.clone()),)?
                }
            }

            fn type_(&self) -> &str {
                &self.type_
            }

            fn status(&self) -> &str {
                &self.status
            }

            fn reason(&self) -> &str {
                self.reason.as_deref().unwrap_or_default()
            }

            fn transition_time(&mut self) -> &mut Option<Time> {
                &mut self.last_transition_time
            }
        }
    };
}

condition!(DeploymentCondition { last_update_time });
condition!(ReplicaSetCondition {});
condition!(ReplicationControllerCondition {});

pub(super) fn find<'a, C: Condition>(conditions: &'a [C], type_: &str) -> Option<&'a C> {
    conditions.iter().find(|own| own.type_() == type_)
}

/// Adds a condition or replaces the one of its type. Nothing changes where that has the same
/// status and reason already; the moment of transition is kept where the status stays the same.
pub(super) fn set<C: Condition>(conditions: &mut Vec<C>, mut condition: C) {
    let current = conditions
        .iter_mut()
        .find(|own| own.type_() == condition.type_());
    if let Some(current) = current
        && current.status() == condition.status()
    {
        if current.reason() == condition.reason() {
            return;
        }
        *condition.transition_time() = current.transition_time().take();
    }
    remove(conditions, condition.type_());
    conditions.push(condition);
}

pub(super) fn remove<C: Condition>(conditions: &mut Vec<C>, type_: &str) {
    conditions.retain(|own| own.type_() != type_);
}
