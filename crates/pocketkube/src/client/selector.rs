//! Label selectors of specs, made ready for matching.
//!
//! Parsing the selectors of query strings is not done here. Mirrors
//! `metav1.LabelSelectorAsSelector` (v1.35).

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

/// Which labels an object must carry.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Selector {
    requirements: Vec<Requirement>,
    /// Set for the selector that selects nothing.
    none: bool,
}

#[derive(Clone, Debug, PartialEq)]
struct Requirement {
    key: String,
    test: Test,
}

#[derive(Clone, Debug, PartialEq)]
enum Test {
    In(Vec<String>),
    NotIn(Vec<String>),
    Exists,
    DoesNotExist,
}

impl Selector {
    /// Selects every object.
    pub fn everything() -> Self {
        Self::default()
    }

    /// Selects no object.
    pub fn nothing() -> Self {
        Self {
            none: true,
            ..Self::default()
        }
    }

    /// Every pair must be among the labels; an empty map selects everything.
    pub fn from_map(labels: &BTreeMap<String, String>) -> Self {
        let requirements = labels
            .iter()
            .map(|(key, value)| Requirement {
                key: key.clone(),
                test: Test::In(vec![value.clone()]),
            })
            .collect();
        Self {
            requirements,
            none: false,
        }
    }

    /// An absent selector selects nothing, an empty one everything; an operator that doesn't
    /// exist selects nothing.
    pub fn from_label_selector(selector: Option<&LabelSelector>) -> Self {
        let Some(selector) = selector else {
            return Self::nothing();
        };
        let labels = selector.match_labels.as_ref();
        let mut compiled = labels.map(Self::from_map).unwrap_or_default();
        for expression in selector.match_expressions.iter().flatten() {
            let values = expression.values.clone().unwrap_or_default();
            let test = match expression.operator.as_str() {
                "In" => Test::In(values),
                "NotIn" => Test::NotIn(values),
                "Exists" => Test::Exists,
                "DoesNotExist" => Test::DoesNotExist,
                _ => return Self::nothing(),
            };
            compiled.requirements.push(Requirement {
                key: expression.key.clone(),
                test,
            });
        }
        compiled
    }

    /// Whether the selector asks for nothing in particular.
    pub fn is_empty(&self) -> bool {
        !self.none && self.requirements.is_empty()
    }

    pub fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        !self.none && self.requirements.iter().all(|own| own.matches(labels))
    }
}

impl Requirement {
    fn matches(&self, labels: &BTreeMap<String, String>) -> bool {
        let value = labels.get(&self.key);
        match &self.test {
            Test::In(values) => value.is_some_and(|value| values.contains(value)),
            Test::NotIn(values) => value.is_none_or(|value| !values.contains(value)),
            Test::Exists => value.is_some(),
            Test::DoesNotExist => value.is_none(),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(selector: serde_json::Value, labels: serde_json::Value, expected: bool) {
        let selector: LabelSelector = serde_json::from_value(selector).expect("a selector");
        let labels = serde_json::from_value(labels).expect("labels");
        let compiled = Selector::from_label_selector(Some(&selector));
        assert_eq!(compiled.matches(&labels), expected, "{selector:?}");
    }

    #[test]
    fn labels_and_expressions_must_all_hold() {
        let web = json!({"matchLabels": {"app": "web"}});
        check(web.clone(), json!({"app": "web", "tier": "front"}), true);
        check(web, json!({"app": "db"}), false);
        let not_in = json!({"matchExpressions": [
            {"key": "tier", "operator": "NotIn", "values": ["front"]},
            {"key": "app", "operator": "Exists"},
        ]});
        check(not_in.clone(), json!({"app": "web"}), true);
        check(
            not_in.clone(),
            json!({"app": "web", "tier": "front"}),
            false,
        );
        check(not_in, json!({"tier": "back"}), false);
    }

    #[test]
    fn an_empty_selector_selects_everything_and_an_absent_one_nothing() {
        check(json!({}), json!({"a": "b"}), true);
        assert!(!Selector::from_label_selector(None).matches(&BTreeMap::new()));
    }
}
