//! What the values that an expression meets may be, read off a schema: their types, and how large
//! a request lets them become.
//!
//! Mirrors `apiserver/pkg/cel/common/schemas.go` and `apiserver/pkg/cel/limits.go` (v1.35).

use serde_json::Value;

use super::escape;
use super::size::Size;
use crate::api::tree::{elements, entries, strings, text};

/// The largest body of a request, in bytes.
pub const REQUEST: u64 = 3 * 1024 * 1024;
/// Sizes of the shortest JSON of a kind.
const SHORTEST_DATE: u64 = 12;
const LONGEST_DATE_TIME: u64 = 27;
const LONGEST_DURATION: u64 = 32;

/// A type, as the checker of expressions sees it.
#[derive(Clone, Debug)]
pub enum Type<'s> {
    /// Anything: nothing is known and nothing is wrong.
    Any,
    Null,
    Bool,
    Int,
    UInt,
    Double,
    String,
    Bytes,
    Timestamp,
    Duration,
    List(Box<Declaration<'s>>),
    /// Keys are strings.
    Map(Box<Declaration<'s>>),
    /// An object with named fields; whether it has metadata of its own.
    Object(&'s Value, bool),
    /// Of an object's metadata, the names only.
    Metadata,
}

/// A type and how many elements, entries or bytes its values have.
#[derive(Clone, Debug)]
pub struct Declaration<'s> {
    pub(super) kind: Type<'s>,
    pub(super) size: Size,
}

impl<'s> Declaration<'s> {
    pub(super) fn new(kind: Type<'s>, size: Size) -> Self {
        Self { kind, size }
    }

    /// Something of a fixed size, or of which nothing is known.
    pub(super) fn plain(kind: Type<'s>) -> Self {
        Self::new(kind, Size::ONE)
    }

    /// What a schema describes.
    pub fn of_schema(schema: &'s Value, is_object: bool) -> Self {
        if schema["x-kubernetes-int-or-string"] == true {
            return Self::new(Type::Any, Size::up_to(REQUEST - 2));
        }
        match text(schema, "type") {
            "array" => {
                let items = Self::of_schema(&schema["items"], is_embedded(&schema["items"]));
                let most = schema["maxItems"].as_u64();
                let most = most.unwrap_or_else(|| (REQUEST - 2) / (shortest(&schema["items"]) + 1));
                Self::new(Type::List(Box::new(items)), Size::up_to(most))
            }
            "object" => {
                let each = &schema["additionalProperties"];
                if each.is_object() {
                    let entries = Self::of_schema(each, is_embedded(each));
                    let most = schema["maxProperties"].as_u64();
                    let most = most.unwrap_or_else(|| (REQUEST - 2) / (shortest(each) + 6));
                    return Self::new(Type::Map(Box::new(entries)), Size::up_to(most));
                }
                Self::plain(Type::Object(schema, is_object))
            }
            "string" => string(schema),
            "boolean" => Self::plain(Type::Bool),
            "integer" => Self::plain(Type::Int),
            "number" => Self::plain(Type::Double),
            _ => Self::plain(Type::Any),
        }
    }

    /// A field; `None` where an object has no such field.
    pub(super) fn field(&self, name: &str) -> Option<Self> {
        match &self.kind {
            Type::Object(_, true) if matches!(name, "apiVersion" | "kind") => {
                Some(Self::new(Type::String, Size::up_to(REQUEST - 2)))
            }
            Type::Object(_, true) if name == "metadata" => Some(Self::plain(Type::Metadata)),
            Type::Metadata if matches!(name, "name" | "generateName") => {
                Some(Self::new(Type::String, Size::up_to(REQUEST - 2)))
            }
            Type::Metadata => None,
            Type::Object(schema, _) if schema["additionalProperties"] == true => {
                Some(Self::plain(Type::Any))
            }
            Type::Object(schema, _) => {
                let mut properties = entries(&schema["properties"]);
                let property = properties.find(|(own, _)| escape(own) == name);
                property.map(|(_, property)| Self::of_schema(property, is_embedded(property)))
            }
            Type::Map(each) => Some((**each).clone()),
            _ => Some(Self::plain(Type::Any)),
        }
    }
}

fn is_embedded(schema: &Value) -> bool {
    schema["x-kubernetes-embedded-resource"] == true
}

fn string(schema: &Value) -> Declaration<'_> {
    let most = schema["maxLength"].as_u64();
    let bound = |otherwise: u64| Size::up_to(most.unwrap_or(otherwise));
    match text(schema, "format") {
        "byte" => Declaration::new(Type::Bytes, bound(REQUEST - 2)),
        "duration" => Declaration::new(Type::Duration, Size::up_to(LONGEST_DURATION)),
        "date" => Declaration::new(Type::Timestamp, Size::up_to(SHORTEST_DATE)),
        "date-time" => Declaration::new(Type::Timestamp, Size::up_to(LONGEST_DATE_TIME)),
        _ => {
            let longest = strings(&schema["enum"]).map(str::len).max();
            let most = match (most, longest) {
                // Lengths count characters, and a character takes up to four bytes.
                (Some(most), _) => most.saturating_mul(4),
                (None, Some(longest)) => longest as u64,
                (None, None) => REQUEST - 2,
            };
            Declaration::new(Type::String, Size::up_to(most))
        }
    }
}

/// How many bytes the shortest JSON takes that a schema allows.
pub fn shortest(schema: &Value) -> u64 {
    match text(schema, "type") {
        "object" if schema["additionalProperties"].is_object() => 2,
        "object" => {
            let required = elements(&schema["required"]).iter();
            let fields = required.filter_map(|name| {
                let name = name.as_str()?;
                let property = schema["properties"].get(name)?;
                let is_sent = property["default"].is_null();
                is_sent.then(|| name.len() as u64 + shortest(property) + 4)
            });
            2 + fields.sum::<u64>()
        }
        "array" => 2,
        "string" => match text(schema, "format") {
            "duration" => 4,
            "date" | "date-time" => SHORTEST_DATE,
            _ => 2,
        },
        "boolean" => 4,
        _ => 1,
    }
}
