//! A body as it was written: order and duplicates kept, numbers still text.
//!
//! Every format decodes into this; the walk against a schema makes the final tree of it.

use std::borrow::Cow;

use serde_json::{Map, Number, Value};

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node<'a> {
    Null,
    Bool(bool),
    /// A valid JSON number.
    Number(Cow<'a, str>),
    String(Cow<'a, str>),
    Array(Vec<Node<'a>>),
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

/// Bodies may not nest deeper. Everything that follows walks them recursively, and whoever reads
/// an object back as JSON, from a list or from disk, stops at 128 levels.
pub(crate) const MAX_DEPTH: usize = 120;

impl<'a> Node<'a> {
    /// The kind of value as Go's error messages call it.
    pub(crate) fn describe(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "bool",
            Self::Number(_) => "number",
            Self::String(_) => "string",
            Self::Array(_) => "array",
            Self::Object(_) => "object",
        }
    }

    /// The last value under `key` of an object.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Object(entries) => entries.iter().rev().find(|(k, _)| k == key).map(|(_, v)| v),
            _ => None,
        }
    }

    /// The tree without any schema: of duplicates the last stays. Numbers without a fraction stay
    /// whole if they fit, as Kubernetes reads untyped numbers.
    pub(crate) fn into_value(self) -> Value {
        match self {
            Self::Null => Value::Null,
            Self::Bool(value) => Value::Bool(value),
            Self::Number(text) => untyped_number(&text),
            Self::String(text) => Value::String(text.into_owned()),
            Self::Array(items) => items.into_iter().map(Self::into_value).collect(),
            Self::Object(entries) => {
                let entries = entries.into_iter();
                let map: Map<String, Value> = entries
                    .map(|(key, value)| (key.into_owned(), value.into_value()))
                    .collect();
                Value::Object(map)
            }
        }
    }
}

fn untyped_number(text: &str) -> Value {
    if let Ok(whole) = text.parse::<i64>() {
        return whole.into();
    }
    text.parse().map_or(Value::Null, float_value)
}

/// A float as Go writes it: whole numbers without a point.
pub(crate) fn float_value(number: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() < EXACT {
        return Value::from(number as i64);
    }
    Number::from_f64(number).map_or(Value::Null, Value::Number)
}

impl<'a> From<&'a Value> for Node<'a> {
    fn from(value: &'a Value) -> Self {
        match value {
            Value::Null => Self::Null,
            Value::Bool(value) => Self::Bool(*value),
            Value::Number(number) => Self::Number(number.to_string().into()),
            Value::String(text) => Self::String(text.into()),
            Value::Array(items) => Self::Array(items.iter().map(Self::from).collect()),
            Value::Object(map) => Self::Object(
                map.iter()
                    .map(|(key, value)| (Cow::from(key), Self::from(value)))
                    .collect(),
            ),
        }
    }
}
