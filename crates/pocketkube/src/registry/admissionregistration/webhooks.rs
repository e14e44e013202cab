//! What mutating and validating webhooks have in common: defaults, rules, columns.
//!
//! Mirrors `validateMutatingWebhook` and `validateValidatingWebhook` of
//! `pkg/apis/admissionregistration/validation` (v1.35).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{FAILURE_POLICIES, MATCH_POLICIES, matching, rules};
use crate::api::field::{Error, ErrorList};
use crate::api::names;
use crate::api::tree::{elements, elements_mut, fill, fill_absent, length, strings, text};
use crate::printers::{Column, TableDef, age_cell};
use crate::registry::validation::{Field, webhook_client};

const TIMEOUT_SECONDS: i64 = 10;
const SIDE_EFFECTS: &[&str] = &["None", "NoneOnDryRun"];
/// Configurations from before the rule may keep these.
const ALL_SIDE_EFFECTS: &[&str] = &["None", "NoneOnDryRun", "Some", "Unknown"];
const REVIEW_VERSIONS: &[&str] = &["v1", "v1beta1"];
const REINVOCATION: &[&str] = &["IfNeeded", "Never"];

pub(super) fn default(configuration: &mut Value) {
    for webhook in elements_mut(configuration, "webhooks") {
        fill(webhook, "failurePolicy", "Fail");
        fill(webhook, "matchPolicy", "Equivalent");
        matching::default_selectors(webhook);
        fill_absent(webhook, "timeoutSeconds", TIMEOUT_SECONDS);
        rules::fill_scopes(webhook, "rules");
        webhook_client::default(&mut webhook["clientConfig"]);
    }
}

/// Every mistake of a new configuration.
pub(super) fn validate(configuration: &Value) -> ErrorList {
    Strictness::default().validate(configuration)
}

/// Like [`validate`]; what was wrong before may stay so.
pub(super) fn validate_update(new: &Value, old: &Value) -> ErrorList {
    let mut known = BTreeSet::new();
    let before = elements(&old["webhooks"]);
    let conditions = |configuration: &Value| -> Vec<Value> {
        elements(&configuration["webhooks"])
            .iter()
            .map(|webhook| webhook["matchConditions"].clone())
            .collect()
    };
    Strictness {
        may_repeat_names: !before.iter().all(|hook| known.insert(text(hook, "name"))),
        may_have_side_effects: !before
            .iter()
            .all(|hook| SIDE_EFFECTS.contains(&text(hook, "sideEffects"))),
        may_speak_unknown_versions: before.iter().any(|hook| {
            let versions = &hook["admissionReviewVersions"];
            length(versions) > 0 && !strings(versions).any(is_known_version)
        }),
        same_conditions: conditions(new) == conditions(old),
    }
    .validate(new)
}

fn is_known_version(version: &str) -> bool {
    REVIEW_VERSIONS.contains(&version)
}

/// What is let through because it was there before.
#[derive(Default)]
struct Strictness {
    may_repeat_names: bool,
    may_have_side_effects: bool,
    may_speak_unknown_versions: bool,
    same_conditions: bool,
}

impl Strictness {
    fn validate(&self, configuration: &Value) -> ErrorList {
        let mut errors = ErrorList::new();
        let mut seen = BTreeSet::new();
        for webhook in Field::new(&configuration["webhooks"], "webhooks").items() {
            errors.extend(self.webhook(&webhook));
            errors.extend(self.review_versions(&webhook.child("admissionReviewVersions")));
            let name = webhook.child("name");
            let is_new = name.is_empty() || seen.insert(name.text());
            if !is_new && !self.may_repeat_names {
                errors.push(name.duplicate());
            }
        }
        errors
    }

    fn webhook(&self, webhook: &Field<'_>) -> ErrorList {
        let mut errors = fully_qualified_name(&webhook.child("name"));
        for rule in webhook.child("rules").items() {
            errors.extend(rules::rule(&rule));
        }
        let supported = |name: &str, supported: &[&str]| {
            let choice = webhook.child(name);
            choice
                .is_set()
                .then(|| choice.must_be_one_of(supported))
                .flatten()
        };
        errors.extend(supported("failurePolicy", FAILURE_POLICIES));
        errors.extend(supported("matchPolicy", MATCH_POLICIES));
        errors.extend(self.side_effects(&webhook.child("sideEffects")));
        let timeout = webhook.child("timeoutSeconds");
        if !(1..=30).contains(&timeout.value.as_i64().unwrap_or(TIMEOUT_SECONDS)) {
            errors.push(timeout.invalid("the timeout value must be between 1 and 30 seconds"));
        }
        for selector in ["namespaceSelector", "objectSelector"] {
            errors.extend(webhook.child(selector).must_be_label_selector());
        }
        errors.extend(supported("reinvocationPolicy", REINVOCATION));
        errors.extend(webhook_client::validate(&webhook.child("clientConfig")));
        if !self.same_conditions {
            errors.extend(matching::conditions(&webhook.child("matchConditions")));
        }
        errors
    }

    fn side_effects(&self, side_effects: &Field<'_>) -> Option<Error> {
        let allowed = if self.may_have_side_effects {
            ALL_SIDE_EFFECTS
        } else {
            SIDE_EFFECTS
        };
        if side_effects.is_set() {
            return side_effects.must_be_one_of(allowed);
        }
        let why = format!("must specify one of {}", allowed.join(", "));
        Some(side_effects.required(&why))
    }

    fn review_versions(&self, versions: &Field<'_>) -> ErrorList {
        let known = REVIEW_VERSIONS.join(", ");
        if versions.is_empty() {
            return vec![versions.required(&format!("must specify one of {known}"))];
        }
        let mut errors = ErrorList::new();
        let mut seen = BTreeSet::new();
        for version in versions.items() {
            if seen.insert(version.text()) {
                errors.extend(version.faults(names::dns1035_label(version.text())));
            } else {
                errors.push(version.invalid("duplicate version"));
            }
        }
        if !self.may_speak_unknown_versions && !seen.into_iter().any(is_known_version) {
            errors.push(versions.invalid(&format!("must include at least one of {known}")));
        }
        errors
    }
}

/// `policy.example.com`.
fn fully_qualified_name(name: &Field<'_>) -> ErrorList {
    if let Some(missing) = name.must_be_set() {
        return vec![missing];
    }
    let faults = names::dns1123_subdomain(name.text());
    if !faults.is_empty() {
        return vec![name.invalid(&faults.join(","))];
    }
    if name.text().split('.').count() < 3 {
        let why = "should be a domain with at least three segments separated by dots";
        return vec![name.invalid(why)];
    }
    ErrorList::new()
}

/// Configurations say how many webhooks they have.
pub(super) fn table() -> TableDef {
    TableDef::new(
        vec![Column::name(), Column::integer("Webhooks"), Column::age()],
        |object, context| {
            vec![
                object["metadata"]["name"].clone(),
                json!(length(&object["webhooks"])),
                json!(age_cell(object, context.now)),
            ]
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::texts;

    fn complete() -> Value {
        json!({"webhooks": [{
            "name": "a.example.com", "sideEffects": "None", "admissionReviewVersions": ["v1"],
            "clientConfig": {"service": {"name": "s", "namespace": "n"}},
            "rules": [{
                "operations": ["CREATE"], "apiGroups": ["*"], "apiVersions": ["*"],
                "resources": ["pods"],
            }],
        }]})
    }

    #[test]
    fn what_is_left_out_is_filled_in() {
        let mut configuration = complete();
        default(&mut configuration);
        assert_eq!(
            configuration["webhooks"][0]["clientConfig"]["service"]["port"],
            443
        );
        assert_eq!(configuration["webhooks"][0]["failurePolicy"], "Fail");
        assert_eq!(configuration["webhooks"][0]["timeoutSeconds"], 10);
        assert_eq!(configuration["webhooks"][0]["rules"][0]["scope"], "*");
        assert_eq!(texts(&validate(&configuration)), [""; 0]);
    }

    #[test]
    fn every_mistake_of_a_webhook_is_reported() {
        let mut configuration = json!({"webhooks": [
            {"name": "short.com", "timeoutSeconds": 31, "failurePolicy": "Retry",
             "admissionReviewVersions": ["v2", "v2"]},
        ]});
        default(&mut configuration);
        assert_eq!(
            texts(&validate(&configuration)),
            [
                "webhooks[0].name: Invalid value: \"short.com\": should be a domain with at least three segments separated by dots",
                "webhooks[0].failurePolicy: Unsupported value: \"Retry\": supported values: \"Fail\", \"Ignore\"",
                "webhooks[0].sideEffects: Required value: must specify one of None, NoneOnDryRun",
                "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds",
                "webhooks[0].clientConfig: Required value: exactly one of url or service is required",
                "webhooks[0].admissionReviewVersions[1]: Invalid value: \"v2\": duplicate version",
                "webhooks[0].admissionReviewVersions: Invalid value: [\"v2\",\"v2\"]: must include at least one of v1, v1beta1",
            ]
        );
    }

    #[test]
    fn names_are_used_once_unless_they_were_used_twice_before() {
        let mut twice = complete();
        let webhook = twice["webhooks"][0].clone();
        twice["webhooks"].as_array_mut().unwrap().push(webhook);
        default(&mut twice);
        let mut once = complete();
        default(&mut once);
        assert_eq!(
            texts(&validate_update(&twice, &once)),
            ["webhooks[1].name: Duplicate value: \"a.example.com\""]
        );
        assert_eq!(texts(&validate_update(&twice, &twice)), [""; 0]);
    }
}
