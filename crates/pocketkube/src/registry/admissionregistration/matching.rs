//! Which requests a policy or its binding looks at, and conditions in CEL.
//!
//! Mirrors `validateMatchResources` and `validateMatchConditions` of
//! `pkg/apis/admissionregistration/validation` (v1.35).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{MATCH_POLICIES, expression, rules};
use crate::api::field::{Error, ErrorList};
use crate::api::names;
use crate::api::tree::{fill, fill_absent};
use crate::registry::validation::Field;

const MAX_CONDITIONS: usize = 64;

/// Defaults of `MatchResources`, where there are any.
pub(super) fn default_resources(parent: &mut Value, field: &str) {
    if !parent[field].is_object() {
        return;
    }
    let resources = &mut parent[field];
    fill(resources, "matchPolicy", "Equivalent");
    default_selectors(resources);
    rules::fill_scopes(resources, "resourceRules");
    rules::fill_scopes(resources, "excludeResourceRules");
}

/// No selector selects everything.
pub(super) fn default_selectors(parent: &mut Value) {
    fill_absent(parent, "namespaceSelector", json!({}));
    fill_absent(parent, "objectSelector", json!({}));
}

pub(super) fn resources(resources: &Field<'_>) -> ErrorList {
    if !resources.is_set() {
        return ErrorList::new();
    }
    let policy = resources.child("matchPolicy");
    let mut errors: ErrorList = policy
        .must_be_set_to_one_of(MATCH_POLICIES)
        .into_iter()
        .collect();
    for selector in ["namespaceSelector", "objectSelector"] {
        let selector = resources.child(selector);
        if selector.is_set() {
            errors.extend(selector.must_be_label_selector());
        } else {
            errors.push(selector.required(""));
        }
    }
    for list in ["resourceRules", "excludeResourceRules"] {
        for rule in resources.child(list).items() {
            errors.extend(rules::named_rule(&rule));
        }
    }
    errors
}

pub(super) fn conditions(conditions: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let count = conditions.items().count();
    if count > MAX_CONDITIONS {
        let path = conditions.path.clone();
        errors.push(Error::too_many(path, count, MAX_CONDITIONS));
    }
    let mut seen = BTreeSet::new();
    for condition in conditions.items() {
        let (name, text) = (condition.child("name"), condition.child("expression"));
        if text.text().trim().is_empty() {
            errors.push(text.required(""));
        } else {
            errors.extend(expression::must_be_readable(&text));
        }
        if let Some(missing) = name.must_be_set() {
            errors.push(missing);
            continue;
        }
        errors.extend(name.faults(names::qualified_name(name.text())));
        if !seen.insert(name.text()) {
            errors.push(name.duplicate());
        }
    }
    errors
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::texts;

    #[test]
    fn everything_is_matched_unless_told() {
        let mut spec = json!({"matchConstraints": {"resourceRules": [{}]}});
        default_resources(&mut spec, "matchConstraints");
        assert_eq!(
            spec["matchConstraints"],
            json!({
                "matchPolicy": "Equivalent", "namespaceSelector": {}, "objectSelector": {},
                "resourceRules": [{"scope": "*"}],
            })
        );
    }

    #[test]
    fn conditions_have_names_of_their_own() {
        let value = json!([
            {"name": "a", "expression": "true"},
            {"name": "a", "expression": " "},
            {"expression": "true"},
        ]);
        assert_eq!(
            texts(&conditions(&Field::new(&value, "m"))),
            [
                "m[1].expression: Required value",
                "m[1].name: Duplicate value: \"a\"",
                "m[2].name: Required value",
            ]
        );
    }
}
