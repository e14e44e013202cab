//! What a namespace that is being deleted says about what keeps it.
//!
//! Pure. Mirrors `pkg/controller/namespace/deletion/status_condition_utils.go` (v1.35).

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{Namespace, NamespaceCondition};

use super::super::conditions::{FALSE, TRUE};
use super::content::Remaining;
use crate::client::time;

/// Type, and reason and message when all is well, in the order in which they are listed.
const CONDITIONS: [(&str, &str, &str); 5] = [
    (
        "NamespaceDeletionDiscoveryFailure",
        "ResourcesDiscovered",
        "All resources successfully discovered",
    ),
    (
        "NamespaceDeletionGroupVersionParsingFailure",
        "ParsedGroupVersions",
        "All legacy kube types successfully parsed",
    ),
    (
        CONTENT_FAILURE,
        "ContentDeleted",
        "All content successfully deleted, may be waiting on finalization",
    ),
    (
        CONTENT_REMAINING,
        "ContentRemoved",
        "All content successfully removed",
    ),
    (
        FINALIZERS_REMAINING,
        "ContentHasNoFinalizers",
        "All content-preserving finalizers finished",
    ),
];

const CONTENT_FAILURE: &str = "NamespaceDeletionContentFailure";
const CONTENT_REMAINING: &str = "NamespaceContentRemaining";
const FINALIZERS_REMAINING: &str = "NamespaceFinalizersRemaining";

/// Brings the conditions up to date; true where that changed any.
pub(super) fn update(namespace: &mut Namespace, remaining: &Remaining, now: Timestamp) -> bool {
    let status = namespace.status.get_or_insert_default();
    let conditions = status.conditions.get_or_insert_default();
    let mut changed = false;
    for (type_, good_reason, good_message) in CONDITIONS {
        let (state, reason, message) = match trouble(type_, remaining) {
            Some((reason, message)) => (TRUE, reason, message),
            None => (FALSE, good_reason, good_message.to_owned()),
        };
        let wanted = NamespaceCondition {
            type_: type_.to_owned(),
            status: state.to_owned(),
            reason: Some(reason.to_owned()),
            message: Some(message),
            last_transition_time: Some(time(now)),
        };
        changed |= set(conditions, wanted);
    }
    changed
}

fn set(conditions: &mut Vec<NamespaceCondition>, mut wanted: NamespaceCondition) -> bool {
    let Some(current) = conditions.iter_mut().find(|own| own.type_ == wanted.type_) else {
        conditions.push(wanted);
        return true;
    };
    if current.status == wanted.status {
        wanted
            .last_transition_time
            .clone_from(&current.last_transition_time);
    }
    let changed = *current != wanted;
    *current = wanted;
    changed
}

/// The reason and message of a condition that is not as it should be.
fn trouble(type_: &str, remaining: &Remaining) -> Option<(&'static str, String)> {
    let listed = |parts: Vec<String>| (!parts.is_empty()).then(|| parts.join(", "));
    match type_ {
        CONTENT_FAILURE => (!remaining.errors.is_empty()).then(|| {
            let (count, errors) = (remaining.errors.len(), remaining.errors_text());
            let message =
                format!("Failed to delete all resource types, {count} remaining: {errors}");
            ("ContentDeletionFailed", message)
        }),
        CONTENT_REMAINING => {
            let parts = remaining.by_resource.iter();
            let parts =
                parts.map(|(resource, count)| format!("{resource} has {count} resource instances"));
            let parts = listed(parts.collect())?;
            Some((
                "SomeResourcesRemain",
                format!("Some resources are remaining: {parts}"),
            ))
        }
        FINALIZERS_REMAINING => {
            let parts = remaining.by_finalizer.iter();
            let parts = parts
                .map(|(finalizer, count)| format!("{finalizer} in {count} resource instances"));
            let parts = listed(parts.collect())?;
            let message =
                format!("Some content in the namespace has finalizers remaining: {parts}");
            Some(("SomeFinalizersRemain", message))
        }
        _ => None,
    }
}
