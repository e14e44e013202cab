//! Label selectors: requirements that all must hold.
//!
//! Mirrors `apimachinery/pkg/labels/selector.go` and `LabelSelectorAsSelector` of
//! `apimachinery/pkg/apis/meta/v1/helpers.go` (v1.35).

use std::fmt;

use serde_json::{Map, Value};

use super::SelectorError;
use super::label_parser::Parser;
use crate::api::field::{Error, ErrorList, Path};
use crate::api::names;

/// Selects objects by their labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LabelSelector {
    Nothing,
    /// All of these, sorted by key, must hold; none selects everything.
    All(Vec<Requirement>),
}

/// One condition on one label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Requirement {
    key: String,
    operator: Operator,
    /// Sorted, without doubles.
    values: Vec<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    Equals,
    DoubleEquals,
    NotEquals,
    In,
    NotIn,
    Exists,
    DoesNotExist,
    GreaterThan,
    LessThan,
}

impl Default for LabelSelector {
    fn default() -> Self {
        Self::everything()
    }
}

impl LabelSelector {
    pub const fn everything() -> Self {
        Self::All(Vec::new())
    }

    /// Reads the form of query strings: `app=web,tier in (a,b),!old`.
    pub fn parse(text: &str) -> Result<Self, SelectorError> {
        let requirements = Parser::new(text).parse()?;
        Ok(Self::of(requirements))
    }

    /// Reads a `metav1.LabelSelector`. An absent one selects nothing, an empty one everything.
    pub fn from_value(selector: &Value) -> Result<Self, SelectorError> {
        if selector.is_null() {
            return Ok(Self::Nothing);
        }
        let mut requirements = equalities(&selector["matchLabels"])?;
        for expression in selector["matchExpressions"]
            .as_array()
            .into_iter()
            .flatten()
        {
            let operator = match expression["operator"].as_str().unwrap_or_default() {
                "In" => Operator::In,
                "NotIn" => Operator::NotIn,
                "Exists" => Operator::Exists,
                "DoesNotExist" => Operator::DoesNotExist,
                other => {
                    let text = format!("{other:?} is not a valid label selector operator");
                    return Err(SelectorError(text));
                }
            };
            let values = expression["values"].as_array().into_iter().flatten();
            let values = values
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect();
            let key = expression["key"].as_str().unwrap_or_default();
            requirements.push(Requirement::new(key, operator, values)?);
        }
        Ok(Self::of(requirements))
    }

    /// The selector of a Service or ReplicationController: a map of labels that must all be equal.
    /// An absent or empty map selects everything, so callers that mean nothing by it ask first.
    pub fn from_labels(labels: &Value) -> Result<Self, SelectorError> {
        Ok(Self::of(equalities(labels)?))
    }

    fn of(mut requirements: Vec<Requirement>) -> Self {
        requirements.sort_by(|a, b| a.key.cmp(&b.key));
        Self::All(requirements)
    }

    /// Whether labels (of an object, or of a Pod template) satisfy the selector.
    pub fn matches(&self, labels: Option<&Map<String, Value>>) -> bool {
        match self {
            Self::Nothing => false,
            Self::All(requirements) => requirements.iter().all(|r| r.matches(labels)),
        }
    }

    /// [`matches`](Self::matches) for the labels in the object's metadata.
    pub fn matches_object(&self, object: &Value) -> bool {
        self.matches(object["metadata"]["labels"].as_object())
    }

    /// Whether everything is selected.
    pub fn is_empty(&self) -> bool {
        matches!(self, Self::All(requirements) if requirements.is_empty())
    }

    pub fn requirements(&self) -> &[Requirement] {
        match self {
            Self::Nothing => &[],
            Self::All(requirements) => requirements,
        }
    }
}

fn equalities(labels: &Value) -> Result<Vec<Requirement>, SelectorError> {
    labels
        .as_object()
        .into_iter()
        .flatten()
        .map(|(key, value)| {
            let value = value.as_str().unwrap_or_default().to_owned();
            Requirement::new(key, Operator::Equals, vec![value])
        })
        .collect()
}

/// The canonical form; parsing it gives the same selector.
impl fmt::Display for LabelSelector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, requirement) in self.requirements().iter().enumerate() {
            if index > 0 {
                f.write_str(",")?;
            }
            requirement.fmt(f)?;
        }
        Ok(())
    }
}

impl Requirement {
    /// Checks the key, the values, and that the operator has as many values as it needs.
    pub fn new(
        key: &str,
        operator: Operator,
        mut values: Vec<String>,
    ) -> Result<Self, SelectorError> {
        values.sort();
        values.dedup();
        let mut errors = ErrorList::new();
        let path = Path::default();
        errors.extend(key_error(key, path.child("key")));
        errors.extend(operator.value_errors(&values, &path.child("values")));
        for (index, value) in values.iter().enumerate() {
            let faults = names::label_value(value);
            if !faults.is_empty() {
                let path = path.child("values").index(index).key(key);
                errors.push(Error::invalid(path, value.as_str(), &faults.join("; ")));
            }
        }
        let mut texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
        match texts.len() {
            0 => Ok(Self {
                key: key.to_owned(),
                operator,
                values,
            }),
            1 => Err(SelectorError(texts.remove(0))),
            _ => Err(SelectorError(format!("[{}]", texts.join(", ")))),
        }
    }

    pub fn key(&self) -> &str {
        &self.key
    }

    pub fn operator(&self) -> Operator {
        self.operator
    }

    pub fn values(&self) -> &[String] {
        &self.values
    }

    pub fn matches(&self, labels: Option<&Map<String, Value>>) -> bool {
        let found = labels
            .and_then(|labels| labels.get(&self.key))
            .and_then(Value::as_str);
        let is_one_of = |value: &str| self.values.iter().any(|wanted| wanted == value);
        match self.operator {
            Operator::In | Operator::Equals | Operator::DoubleEquals => {
                found.is_some_and(is_one_of)
            }
            Operator::NotIn | Operator::NotEquals => !found.is_some_and(is_one_of),
            Operator::Exists => found.is_some(),
            Operator::DoesNotExist => found.is_none(),
            Operator::GreaterThan => self.compares(found, |found, wanted| found > wanted),
            Operator::LessThan => self.compares(found, |found, wanted| found < wanted),
        }
    }

    fn compares(&self, found: Option<&str>, compare: fn(i64, i64) -> bool) -> bool {
        let found = found.and_then(|found| found.parse().ok());
        let wanted = self.values.first().and_then(|wanted| wanted.parse().ok());
        matches!((found, wanted), (Some(found), Some(wanted)) if compare(found, wanted))
    }
}

/// What is wrong with a label key, as the error of the field at `path`.
pub(super) fn key_error(key: &str, path: Path) -> Option<Error> {
    let faults = names::qualified_name(key);
    (!faults.is_empty()).then(|| Error::invalid(path, key, &faults.join("; ")))
}

impl Operator {
    fn value_errors(self, values: &[String], path: &Path) -> ErrorList {
        let fault = match (self, values.len()) {
            (Self::In | Self::NotIn, 0) => "for 'in', 'notin' operators, values set can't be empty",
            (Self::Equals | Self::DoubleEquals | Self::NotEquals, count) if count != 1 => {
                "exact-match compatibility requires one single value"
            }
            (Self::Exists | Self::DoesNotExist, 1..) => {
                "values set must be empty for exists and does not exist"
            }
            (Self::GreaterThan | Self::LessThan, count) if count != 1 => {
                "for 'Gt', 'Lt' operators, exactly one value is required"
            }
            (Self::GreaterThan | Self::LessThan, _) if values[0].parse::<i64>().is_err() => {
                return vec![Error::invalid(
                    path.index(0),
                    values[0].as_str(),
                    "for 'Gt', 'Lt' operators, the value must be an integer",
                )];
            }
            _ => return ErrorList::new(),
        };
        vec![Error::invalid(path.clone(), values.to_vec(), fault)]
    }

    fn symbol(self) -> &'static str {
        match self {
            Self::Equals => "=",
            Self::DoubleEquals => "==",
            Self::NotEquals => "!=",
            Self::In => " in ",
            Self::NotIn => " notin ",
            Self::GreaterThan => ">",
            Self::LessThan => "<",
            Self::Exists | Self::DoesNotExist => "",
        }
    }
}

impl fmt::Display for Requirement {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.operator == Operator::DoesNotExist {
            f.write_str("!")?;
        }
        write!(f, "{}{}", self.key, self.operator.symbol())?;
        let values = self.values.join(",");
        match self.operator {
            Operator::In | Operator::NotIn => write!(f, "({values})"),
            _ => f.write_str(&values),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn matches(selector: &str, labels: Value) -> bool {
        LabelSelector::parse(selector)
            .expect(selector)
            .matches(labels.as_object())
    }

    #[test]
    fn requirements_select_as_upstream() {
        let labels = || json!({"app": "web", "tier": "a", "n": "5"});
        for selector in [
            "",
            "app=web",
            "app==web",
            "app!=db",
            "app",
            "!old",
            "tier in (a,b)",
            "tier notin (c)",
            "x notin (a)",
            "x!=y",
            "n>4",
            "n<6",
            "app=web,tier=a",
            " app = web , tier in ( a ) ",
        ] {
            assert!(matches(selector, labels()), "{selector}");
        }
        for selector in [
            "app=db",
            "app!=web",
            "!app",
            "tier in (b,c)",
            "tier notin (a)",
            "x",
            "x=y",
            "n>5",
            "app>1",
            "app=web,tier=b",
            "app=",
        ] {
            assert!(!matches(selector, labels()), "{selector}");
        }
        assert!(matches("app=", json!({"app": ""})));
        assert!(matches("app in (,x)", json!({"app": ""})));
    }

    #[test]
    fn selectors_of_objects_select_nothing_when_absent() {
        let select = |selector: Value| LabelSelector::from_value(&selector).expect("valid");
        let labels = json!({"metadata": {"labels": {"a": "1"}}});
        assert!(!select(Value::Null).matches_object(&labels));
        assert!(select(json!({})).matches_object(&labels));
        let both = json!({"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "b", "operator": "DoesNotExist"}]});
        assert!(select(both.clone()).matches_object(&labels));
        assert_eq!(select(both).to_string(), "a=1,!b");
        let wrong = json!({"matchExpressions": [{"key": "b", "operator": "Is"}]});
        assert_eq!(
            LabelSelector::from_value(&wrong),
            Err(SelectorError(
                "\"Is\" is not a valid label selector operator".to_owned()
            ))
        );
    }

    proptest! {
        #[test]
        fn the_canonical_form_reads_back_as_the_same_selector(
            parts in prop::collection::vec(("[a-z]{1,3}(/[a-z]{1,2})?", 0..9, prop::collection::vec("[a-z0-9]{0,3}", 1..4)), 0..5)
        ) {
            let requirements: Vec<Requirement> = parts
                .into_iter()
                .map(|(key, operator, values)| {
                    let one = vec![values[0].clone()];
                    let (operator, values) = match operator {
                        0 => (Operator::Equals, one),
                        1 => (Operator::DoubleEquals, one),
                        2 => (Operator::NotEquals, one),
                        3 => (Operator::In, values),
                        4 => (Operator::NotIn, values),
                        5 => (Operator::Exists, vec![]),
                        6 => (Operator::DoesNotExist, vec![]),
                        7 => (Operator::GreaterThan, vec!["7".to_owned()]),
                        _ => (Operator::LessThan, vec!["7".to_owned()]),
                    };
                    Requirement::new(&key, operator, values).expect("valid")
                })
                .collect();
            let selector = LabelSelector::of(requirements);
            prop_assert_eq!(LabelSelector::parse(&selector.to_string()), Ok(selector));
        }

        #[test]
        fn any_text_is_read_or_refused_without_panic(text in "[-a-z()!=<>,/ ._0-9é]{0,20}") {
            let _ = LabelSelector::parse(&text);
        }
    }
}
