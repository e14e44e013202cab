//! The conditions of an autoscaler. Pure.

use jiff::Timestamp;
use k8s_openapi::api::autoscaling::v2::HorizontalPodAutoscalerCondition;

use crate::client::time;

pub(super) const ABLE_TO_SCALE: &str = "AbleToScale";
pub(super) const SCALING_ACTIVE: &str = "ScalingActive";
pub(super) const SCALING_LIMITED: &str = "ScalingLimited";

/// Sets a condition; the moment of transition is kept while the status stays the same.
pub(super) fn set_condition(
    list: &mut Vec<HorizontalPodAutoscalerCondition>,
    type_: &str,
    (status, reason, message): (&str, &str, &str),
    now: Timestamp,
) {
    let position = list.iter().position(|own| own.type_ == type_);
    let since = position
        .map(|at| &list[at])
        .filter(|own| own.status == status)
        .and_then(|own| own.last_transition_time.clone());
    let condition = HorizontalPodAutoscalerCondition {
        type_: type_.to_owned(),
        status: status.to_owned(),
        reason: Some(reason.to_owned()),
        message: Some(message.to_owned()),
        last_transition_time: since.or_else(|| Some(time(now))),
    };
    match position {
        Some(at) => list[at] = condition,
        None => list.push(condition),
    }
}
