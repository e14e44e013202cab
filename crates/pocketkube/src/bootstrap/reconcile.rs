//! What an existing role or binding lacks of what it is by default.
//!
//! Nothing is taken away: what somebody added stays, and an object whose `autoupdate` annotation
//! says so is left alone. Mirrors `component-helpers/auth/rbac/reconciliation` (v1.35).

use serde_json::Value;

use super::policy::AUTO_UPDATE;
use crate::api::tree::{elements, entries, text};
use crate::registry::rbac::{PolicyRule, missing_rules};

/// What is to be done about an object that exists.
#[derive(Debug, PartialEq)]
pub(super) enum Step {
    Nothing,
    Update(Value),
    /// The role of a binding cannot be changed: it is made anew.
    Replace,
}

/// Compares an object with what it is by default.
pub(super) fn reconcile(existing: &Value, wanted: &Value) -> Step {
    if text(&existing["metadata"]["annotations"], AUTO_UPDATE) == "false" {
        return Step::Nothing;
    }
    let mut object = existing.clone();
    for field in ["annotations", "labels"] {
        for (key, value) in entries(&wanted["metadata"][field]) {
            object["metadata"][field][key] = value.clone();
        }
    }
    if wanted["roleRef"].is_object() {
        if existing["roleRef"] != wanted["roleRef"] {
            return Step::Replace;
        }
        add_missing(&mut object["subjects"], &wanted["subjects"]);
    } else if wanted["aggregationRule"].is_object() {
        let selectors = &wanted["aggregationRule"]["clusterRoleSelectors"];
        add_missing(
            &mut object["aggregationRule"]["clusterRoleSelectors"],
            selectors,
        );
    } else {
        add_rules(&mut object, wanted);
    }
    if object == *existing {
        Step::Nothing
    } else {
        Step::Update(object)
    }
}

fn add_missing(list: &mut Value, wanted: &Value) {
    let missing: Vec<Value> = elements(wanted)
        .iter()
        .filter(|element| !elements(list).contains(element))
        .cloned()
        .collect();
    append(list, missing);
}

fn add_rules(role: &mut Value, wanted: &Value) {
    let missing = missing_rules(&PolicyRule::all_of(role), &PolicyRule::all_of(wanted));
    let missing = missing.iter().map(|rule| serde_json::json!(rule)).collect();
    append(&mut role["rules"], missing);
}

fn append(list: &mut Value, elements: Vec<Value>) {
    if elements.is_empty() {
        return;
    }
    match list {
        Value::Array(list) => list.extend(elements),
        _ => *list = Value::Array(elements),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn role(verbs: &[&str]) -> Value {
        json!({
            "metadata": {"name": "r", "annotations": {AUTO_UPDATE: "true"}},
            "rules": [{"verbs": verbs, "apiGroups": [""], "resources": ["pods"]}],
        })
    }

    #[test]
    fn rules_that_were_taken_away_come_back_and_added_ones_stay() {
        let wanted = role(&["get", "list"]);
        assert_eq!(
            reconcile(&role(&["get", "list", "watch"]), &wanted),
            Step::Nothing
        );
        let Step::Update(updated) = reconcile(&role(&["get", "watch"]), &wanted) else {
            panic!("a verb is missing");
        };
        assert_eq!(updated["rules"][0]["verbs"], json!(["get", "watch"]));
        assert_eq!(updated["rules"][1]["verbs"], json!(["list"]));
    }

    #[test]
    fn who_says_so_is_left_alone() {
        let mut existing = role(&["get"]);
        existing["metadata"]["annotations"][AUTO_UPDATE] = json!("false");
        assert_eq!(reconcile(&existing, &role(&["list"])), Step::Nothing);
    }

    #[test]
    fn a_binding_to_another_role_is_made_anew() {
        let binding = |role: &str, subjects: Value| json!({"metadata": {}, "roleRef": {"name": role}, "subjects": subjects});
        let wanted = binding("view", json!([{"name": "eve"}]));
        let other = binding("edit", json!([{"name": "eve"}]));
        assert_eq!(reconcile(&other, &wanted), Step::Replace);
        let fewer = json!({"metadata": {}, "roleRef": {"name": "view"}});
        assert_eq!(
            reconcile(&fewer, &wanted),
            Step::Update(binding("view", json!([{"name": "eve"}])))
        );
    }
}
