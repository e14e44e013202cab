//! Reads matchers from YAML; mistakes are shown at their line.

use regex::Regex;
use serde_json::Value;

use super::value::{quantity, scalar};
use super::{Comparison, Matcher};
use crate::course::{Document, Node, NodeValue, Problems};

impl Matcher {
    /// Reads a matcher; mistakes go to `problems` and match nothing.
    pub fn read(document: &Document, node: &Node, path: &str, problems: &mut Problems) -> Self {
        match &node.value {
            NodeValue::Scalar(Value::String(text)) => {
                Self::of_text(text).unwrap_or_else(|message| {
                    problems.push(document.problem(node, path, message));
                    Self::Absent
                })
            }
            NodeValue::Scalar(Value::Null) => Self::Absent,
            NodeValue::Scalar(value) => Self::Equals(value.clone()),
            NodeValue::List(items) => Self::Items(read_items(document, items, path, problems)),
            NodeValue::Map(entries) => match entries.as_slice() {
                [(name, _, inner)] if name.starts_with('$') => {
                    Self::operator(document, name, inner, path, problems)
                }
                _ => Self::Fields(
                    entries
                        .iter()
                        .map(|(name, _, inner)| {
                            let path = format!("{path}.{name}");
                            if name.starts_with('$') {
                                let message = "stands alone in its mapping";
                                problems.push(document.problem(inner, &path, message));
                            }
                            (name.clone(), Self::read(document, inner, &path, problems))
                        })
                        .collect(),
                ),
            },
        }
    }

    fn operator(
        document: &Document,
        name: &str,
        node: &Node,
        path: &str,
        problems: &mut Problems,
    ) -> Self {
        let path = format!("{path}.{name}");
        let mut inner = || Box::new(Self::read(document, node, &path, problems));
        match name {
            "$size" => Self::Size(inner()),
            "$every" => Self::Every(inner()),
            "$none" => Self::None(inner()),
            "$exactly" => match &node.value {
                NodeValue::List(items) => {
                    Self::Exactly(read_items(document, items, &path, problems))
                }
                _ => {
                    problems.push(document.problem(node, &path, "expected a list"));
                    Self::Absent
                }
            },
            _ => {
                let message = "unknown, expected $size, $exactly, $every or $none";
                problems.push(document.problem(node, &path, message));
                Self::Absent
            }
        }
    }

    pub(super) fn of_text(text: &str) -> Result<Self, String> {
        if let Some(pattern) = text.strip_prefix('~') {
            return Regex::new(pattern)
                .map(Self::Regex)
                .map_err(|error| format!("no regular expression: {error}"));
        }
        for (sign, comparison) in Comparison::ALL {
            if let Some(operand) = text.strip_prefix(sign) {
                let operand = operand.trim();
                let wanted = quantity(operand)
                    .ok_or_else(|| format!("`{operand}` is no number and no quantity"))?;
                return Ok(Self::Compares(comparison, operand.to_owned(), wanted));
            }
        }
        if let Some(other) = text.strip_prefix("!=") {
            return Ok(Self::Differs(scalar(other.trim())));
        }
        if let Some(literal) = text.strip_prefix('=') {
            return Ok(Self::Equals(literal.into()));
        }
        if let Some(part) = text.strip_prefix("contains ") {
            return Ok(Self::Contains(part.to_owned()));
        }
        Ok(match text {
            "exists" => Self::Exists,
            "absent" => Self::Absent,
            _ => Self::Equals(text.into()),
        })
    }
}

fn read_items(
    document: &Document,
    items: &[Node],
    path: &str,
    problems: &mut Problems,
) -> Vec<Matcher> {
    items
        .iter()
        .enumerate()
        .map(|(index, item)| Matcher::read(document, item, &format!("{path}[{index}]"), problems))
        .collect()
}
