//! Conditions that the API server itself sets in the status of Pods.
//!
//! Mirrors `UpdatePodCondition` in `pkg/api/pod/util.go` (v1.35).

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::api::meta;
use crate::api::tree::{elements_mut, text};

/// Makes a condition true, for the Pod's current generation. The time of the transition stays
/// where the condition was true before.
pub(super) fn set_true(pod: &mut Value, kind: &str, reason: &str, message: &str, now: Timestamp) {
    let mut condition = json!({
        "type": kind,
        "status": "True",
        "lastProbeTime": null,
        "lastTransitionTime": meta::format_time(now),
    });
    for (field, value) in [("reason", reason), ("message", message)] {
        if !value.is_empty() {
            condition[field] = json!(value);
        }
    }
    let generation = meta::generation(pod);
    if generation > 0 {
        condition["observedGeneration"] = json!(generation);
    }
    let status = &mut pod["status"];
    let present = elements_mut(status, "conditions")
        .iter_mut()
        .find(|present| text(present, "type") == kind);
    if let Some(present) = present {
        if text(present, "status") == "True" {
            condition["lastTransitionTime"] = present["lastTransitionTime"].take();
        }
        *present = condition;
        return;
    }
    match status["conditions"].as_array_mut() {
        Some(list) => list.push(condition),
        None => status["conditions"] = json!([condition]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_condition_that_was_true_keeps_the_time_of_its_transition() {
        let mut pod = json!({"metadata": {"generation": 2}, "status": {"conditions": [
            {"type": "Ready", "status": "False"},
        ]}});
        set_true(
            &mut pod,
            "DisruptionTarget",
            "A",
            "one",
            Timestamp::UNIX_EPOCH,
        );
        let later = Timestamp::from_second(60).unwrap();
        set_true(&mut pod, "DisruptionTarget", "B", "two", later);
        assert_eq!(
            pod["status"]["conditions"][1],
            json!({
                "type": "DisruptionTarget", "status": "True", "reason": "B", "message": "two",
                "observedGeneration": 2, "lastProbeTime": null,
                "lastTransitionTime": "1970-01-01T00:00:00Z",
            })
        );
    }
}
