//! What the status of a definition says.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::names::{self, Taken};
use crate::api::meta;
use crate::api::tree::text;
use crate::registry::apiextensions::customresourcedefinition::{
    APPROVAL_POLICY_CONFORMANT, ESTABLISHED, NAMES_ACCEPTED, approval, is_condition_true,
    set_condition,
};

pub(super) fn is_established(definition: &Value) -> bool {
    is_condition_true(definition, ESTABLISHED)
}

/// The status that a definition should have, given the names that are taken.
pub(super) fn wanted(definition: &Value, taken: &Taken, now: Timestamp) -> Value {
    let mut judged = json!({"status": definition["status"]});
    let (accepted, conflict) = names::accept(definition, taken);
    judged["status"]["acceptedNames"] = accepted;
    let mut tell = |kind: &str, is_true: bool, reason: &str, message: &str| {
        let condition = json!({
            "type": kind, "status": if is_true { "True" } else { "False" },
            "lastTransitionTime": meta::format_time(now), "reason": reason, "message": message,
        });
        set_condition(&mut judged, condition);
    };
    match &conflict {
        None => tell(NAMES_ACCEPTED, true, "NoConflicts", "no conflicts found"),
        Some((reason, message)) => tell(NAMES_ACCEPTED, false, reason, message),
    }
    // Once established, a definition stays so whatever names it asks for later.
    if !is_established(definition) {
        let message = "the initial names have been accepted";
        match conflict {
            None => tell(ESTABLISHED, true, "InitialNamesAccepted", message),
            Some(_) => tell(
                ESTABLISHED,
                false,
                "NotAccepted",
                "not all names are accepted",
            ),
        }
    }
    if approval::is_protected(text(&definition["spec"], "group")) {
        let (state, message) = approval::state(definition);
        let (is_true, reason) = match state {
            approval::State::Approved => (true, "ApprovedAnnotation"),
            approval::State::Bypassed => (false, "UnapprovedAnnotation"),
            approval::State::Missing => (false, "MissingAnnotation"),
            approval::State::Invalid => (false, "InvalidAnnotation"),
        };
        tell(APPROVAL_POLICY_CONFORMANT, is_true, reason, &message);
    }
    judged["status"].take()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::super::names::taken_by_others;
    use super::*;
    use crate::api::Object;

    fn definition(plural: &str, kind: &str, accepted: bool) -> Value {
        let names = json!({
            "plural": plural, "singular": kind.to_lowercase(), "kind": kind,
            "listKind": format!("{kind}List"), "shortNames": ["b"],
        });
        let accepted = if accepted {
            names.clone()
        } else {
            json!({"plural": "", "kind": ""})
        };
        json!({
            "metadata": {"name": format!("{plural}.example.com")},
            "spec": {"group": "example.com", "names": names},
            "status": {"acceptedNames": accepted, "conditions": [], "storedVersions": ["v1"]},
        })
    }

    fn conditions(status: &Value) -> Vec<String> {
        let conditions = status["conditions"].as_array().unwrap().iter();
        conditions
            .map(|own| {
                let part = |field: &str| own[field].as_str().unwrap().to_owned();
                format!(
                    "{}={} {}: {}",
                    part("type"),
                    part("status"),
                    part("reason"),
                    part("message")
                )
            })
            .collect()
    }

    #[test]
    fn free_names_are_accepted_at_once() {
        let own = definition("bowls", "Bowl", false);
        let status = wanted(&own, &Taken::default(), Timestamp::UNIX_EPOCH);
        assert_eq!(status["acceptedNames"], own["spec"]["names"]);
        assert_eq!(
            conditions(&status),
            [
                "NamesAccepted=True NoConflicts: no conflicts found",
                "Established=True InitialNamesAccepted: the initial names have been accepted",
            ]
        );
    }

    #[test]
    fn names_of_others_are_refused_and_the_rest_is_given() {
        let first = definition("bowls", "Bowl", true);
        let second = definition("basins", "Bowl", false);
        let all = BTreeMap::from([("bowls.example.com".to_owned(), Object::new(first))]);
        let status = wanted(
            &second,
            &taken_by_others(&all, &second),
            Timestamp::UNIX_EPOCH,
        );
        assert_eq!(
            status["acceptedNames"],
            json!({"plural": "basins", "kind": ""})
        );
        assert_eq!(
            conditions(&status),
            [
                "NamesAccepted=False ListKindConflict: \"BowlList\" is already in use",
                "Established=False NotAccepted: not all names are accepted",
            ]
        );
    }
}
