//! The `eviction` subresource: a deletion that the Pod's disruption budget has to allow.
//!
//! Pure: the endpoints read the Pod and the budgets, ask here, and write. How much a budget
//! allows is the disruption controller's business. Mirrors
//! `pkg/registry/core/pod/storage/eviction.go` (v1.35).

use jiff::Timestamp;
use serde_json::{Value, json};

use super::conditions;
use crate::api::selector::LabelSelector;
use crate::api::status::{Cause, Details};
use crate::api::tree::{elements, elements_mut, entries, integer, text};
use crate::api::{GroupResource, ObjectRef, StatusError, meta};

/// More evictions than this must not wait for the disruption controller.
const MAX_DISRUPTED_PODS: usize = 2000;

const REFUSED: &str = "Cannot evict pod as it would violate the pod's disruption budget.";

/// What stands between a Pod and its eviction.
#[derive(Clone, Debug)]
pub enum Verdict {
    /// Nothing.
    Free,
    /// The Pod does not count as healthy and the others suffice: it may go as long as it stays
    /// as it is.
    FreeWhileUnready { budget: String },
    /// A budget, which has to allow it: [`spend`].
    Budget(ObjectRef),
}

/// Whether the Pod may go whatever its budget says: it does not run, or not for long.
pub fn ignores_budgets(pod: &Value) -> bool {
    text(&pod["status"], "phase") == "Pending" || is_ending(pod)
}

/// Whether the Pod has ended or is on its way: nothing that happens to it meanwhile matters.
pub fn is_ending(pod: &Value) -> bool {
    meta::is_terminating(pod) || matches!(text(&pod["status"], "phase"), "Succeeded" | "Failed")
}

/// Decides which of the budgets of the Pod's namespace has a say. Fails where several do.
pub fn judge(pod: &Value, budgets: &[ObjectRef]) -> Result<Verdict, StatusError> {
    let mut covering = budgets
        .iter()
        .filter(|budget| covers(&budget.value()["spec"]["selector"], pod));
    let Some(budget) = covering.next() else {
        return Ok(Verdict::Free);
    };
    if covering.next().is_some() {
        return Err(StatusError::new(
            500,
            "",
            "This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.",
        ));
    }
    let value = budget.value();
    if !is_ready(pod) {
        if text(&value["spec"], "unhealthyPodEvictionPolicy") == "AlwaysAllow" {
            return Ok(Verdict::Free);
        }
        let desired = integer(&value["status"], "desiredHealthy");
        if desired > 0 && integer(&value["status"], "currentHealthy") >= desired {
            let budget = budget.name().to_owned();
            return Ok(Verdict::FreeWhileUnready { budget });
        }
    }
    Ok(Verdict::Budget(budget.clone()))
}

/// An absent or empty selector covers nothing; neither does one that cannot be read.
fn covers(selector: &Value, pod: &Value) -> bool {
    !selector.is_null()
        && LabelSelector::from_value(selector)
            .is_ok_and(|selector| !selector.is_empty() && selector.matches_object(pod))
}

fn is_ready(pod: &Value) -> bool {
    elements(&pod["status"]["conditions"])
        .iter()
        .any(|condition| text(condition, "type") == "Ready" && text(condition, "status") == "True")
}

/// The budget with one disruption less, noted for the Pod. Fails with 429 where it allows none.
pub fn spend(budget: &Value, pod: &str, now: Timestamp) -> Result<Value, StatusError> {
    let name = meta::name(budget);
    let status = &budget["status"];
    if integer(status, "observedGeneration") < meta::generation(budget) {
        return Err(still_processed(name));
    }
    let allowed = integer(status, "disruptionsAllowed");
    if allowed < 0 {
        return Err(forbidden(name, "pdb disruptions allowed is negative"));
    }
    if entries(&status["disruptedPods"]).count() > MAX_DISRUPTED_PODS {
        let why = "DisruptedPods map too big - too many evictions not confirmed by PDB controller";
        return Err(forbidden(name, why));
    }
    if allowed == 0 {
        return Err(refused(exhausted(name, status), 0));
    }
    let mut spent = budget.clone();
    let status = &mut spent["status"];
    status["disruptionsAllowed"] = json!(allowed - 1);
    status["disruptedPods"][pod] = json!(meta::format_time(now));
    if allowed == 1 {
        allow_no_more(status, now);
    }
    Ok(spent)
}

/// The disruption controller has not seen the Pod or the budget as they are now.
pub fn still_processed(budget: &str) -> StatusError {
    let why = format!("The disruption budget {budget} is still being processed by the server.");
    refused(why, 10)
}

fn exhausted(name: &str, status: &Value) -> String {
    let failed = elements(&status["conditions"]).iter().find(|condition| {
        text(condition, "type") == "DisruptionAllowed" && text(condition, "reason") == "SyncFailed"
    });
    match failed {
        Some(condition) => format!(
            "The disruption budget {name} does not allow evicting pods currently because it failed sync: {}",
            text(condition, "message")
        ),
        None => format!(
            "The disruption budget {name} needs {} healthy pods and has {} currently",
            integer(status, "desiredHealthy"),
            integer(status, "currentHealthy")
        ),
    }
}

fn refused(why: String, retry_after_seconds: u32) -> StatusError {
    StatusError::too_many_requests(REFUSED, retry_after_seconds).with_details(Details {
        retry_after_seconds,
        causes: vec![Cause {
            reason: "DisruptionBudget".to_owned(),
            message: why,
            ..Cause::default()
        }],
        ..Details::default()
    })
}

fn forbidden(name: &str, why: &str) -> StatusError {
    let resource = GroupResource::new("policy", "poddisruptionbudget");
    StatusError::forbidden(&resource, name, why)
}

/// The condition DisruptionAllowed becomes false.
fn allow_no_more(status: &mut Value, now: Timestamp) {
    let mut condition = json!({
        "type": "DisruptionAllowed",
        "status": "False",
        "reason": "InsufficientPods",
        "message": "",
        "lastTransitionTime": meta::format_time(now),
        "observedGeneration": integer(status, "observedGeneration"),
    });
    let present = elements_mut(status, "conditions")
        .iter_mut()
        .find(|present| present["type"] == condition["type"]);
    if let Some(present) = present {
        if present["status"] == condition["status"] {
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

/// The Pod, which now says why it ends.
pub fn marked(pod: &Value, now: Timestamp) -> Value {
    let mut marked = pod.clone();
    conditions::set_true(
        &mut marked,
        "DisruptionTarget",
        "EvictionByEvictionAPI",
        "Eviction API: evicting",
        now,
    );
    marked
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Object;

    fn pod(phase: &str, ready: &str) -> Value {
        json!({
            "metadata": {"name": "p", "labels": {"app": "web"}},
            "status": {"phase": phase, "conditions": [{"type": "Ready", "status": ready}]},
        })
    }

    fn budget(name: &str, spec: Value, status: Value) -> ObjectRef {
        Object::new(json!({
            "metadata": {"name": name, "generation": 1}, "spec": spec, "status": status,
        }))
    }

    fn web(allowed: i64, desired: i64, current: i64) -> ObjectRef {
        budget(
            "b",
            json!({"selector": {"matchLabels": {"app": "web"}}}),
            json!({
                "observedGeneration": 1, "disruptionsAllowed": allowed,
                "desiredHealthy": desired, "currentHealthy": current,
            }),
        )
    }

    #[test]
    fn budgets_protect_pods_that_run() {
        assert!(ignores_budgets(&pod("Pending", "False")));
        assert!(ignores_budgets(&pod("Failed", "False")));
        assert!(!ignores_budgets(&pod("Running", "True")));
        let mut going = pod("Running", "True");
        going["metadata"]["deletionTimestamp"] = json!("2025-01-01T00:00:00Z");
        assert!(ignores_budgets(&going) && is_ending(&going));
    }

    #[test]
    fn only_the_one_budget_that_selects_the_pod_has_a_say() {
        let running = pod("Running", "True");
        let nothing = budget("nothing", json!({"selector": {}}), json!({}));
        let other = budget(
            "x",
            json!({"selector": {"matchLabels": {"app": "x"}}}),
            json!({}),
        );
        let budgets = [nothing, other];
        assert!(matches!(judge(&running, &budgets), Ok(Verdict::Free)));
        let budgets = [web(1, 1, 2)];
        assert!(matches!(judge(&running, &budgets), Ok(Verdict::Budget(_))));
        let error = judge(&running, &[web(1, 1, 2), web(1, 1, 2)]).unwrap_err();
        assert_eq!((error.code, error.reason.as_ref()), (500, ""));
    }

    #[test]
    fn a_pod_that_is_not_ready_disturbs_nobody_while_enough_others_are() {
        let unready = pod("Running", "False");
        let verdict = judge(&unready, &[web(0, 2, 2)]).unwrap();
        assert!(matches!(verdict, Verdict::FreeWhileUnready { .. }));
        let verdict = judge(&unready, &[web(0, 2, 1)]).unwrap();
        assert!(matches!(verdict, Verdict::Budget(_)));
        let mut generous = web(0, 2, 1).to_value();
        generous["spec"]["unhealthyPodEvictionPolicy"] = json!("AlwaysAllow");
        let verdict = judge(&unready, &[Object::new(generous)]).unwrap();
        assert!(matches!(verdict, Verdict::Free));
    }

    #[test]
    fn an_eviction_spends_one_disruption() {
        let mut rich = web(1, 1, 2).to_value();
        rich["status"]["conditions"] = json!([
            {"type": "DisruptionAllowed", "status": "True", "reason": "SufficientPods"},
        ]);
        let spent = spend(&rich, "p", Timestamp::UNIX_EPOCH).unwrap();
        let status = &spent["status"];
        assert_eq!(status["disruptionsAllowed"], 0);
        assert_eq!(
            status["disruptedPods"],
            json!({"p": "1970-01-01T00:00:00Z"})
        );
        assert_eq!(status["conditions"][0]["status"], "False");
        assert_eq!(status["conditions"][0]["reason"], "InsufficientPods");
    }

    #[test]
    fn a_budget_that_is_spent_refuses_with_what_it_needs() {
        let refusal = |budget: &ObjectRef| {
            let error = spend(budget.value(), "p", Timestamp::UNIX_EPOCH).unwrap_err();
            assert_eq!((error.code, error.message.as_str()), (429, REFUSED));
            let details = error.details.unwrap();
            (
                details.retry_after_seconds,
                details.causes[0].message.clone(),
            )
        };
        assert_eq!(
            refusal(&web(0, 2, 1)),
            (
                0,
                "The disruption budget b needs 2 healthy pods and has 1 currently".to_owned()
            )
        );
        let unseen = budget("b", json!({}), json!({"disruptionsAllowed": 1}));
        assert_eq!(
            refusal(&unseen),
            (
                10,
                "The disruption budget b is still being processed by the server.".to_owned()
            )
        );
    }
}
