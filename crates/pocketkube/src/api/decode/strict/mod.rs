//! The walk of a decoded body beside its schema: types, unknown and duplicate fields, normal form.
//!
//! The result is the tree that Go would write after reading the body into the kind's struct:
//! unknown fields and nulls are gone, quantities and times are canonical, empty `omitempty` values
//! are left out, and structs and required fields stand there even when they are empty. Wrong types
//! are errors with Go's words; unknown and duplicate fields are collected for the caller to judge.
//! Mirrors `sigs.k8s.io/json` and the `UnmarshalJSON` methods of the special types (v1.35).

mod path;
mod scalars;

use serde_json::{Map, Value};

use self::path::StrictPath;
use super::node::Node;
use super::zero;
use crate::api::field::go_quote;
use crate::api::schema::{self, Field, Message, Shape};

/// An object in normal form.
#[derive(Debug)]
pub(crate) struct Fitted {
    pub(crate) value: Value,
    /// Unknown and duplicate fields, as `unknown field "spec.foo"`.
    pub(crate) strict_errors: Vec<String>,
}

/// Fits a body into the shape of a message. The error is Go's message.
pub(crate) fn fit(node: Node<'_>, message: &'static Message) -> Result<Fitted, String> {
    let mut walker = Walker::default();
    let value = walker.message(node, message)?;
    walker.finish(value)
}

/// Fits a body whose type is known only in part: `metadata` is checked, the rest is kept as it is,
/// apart from duplicates.
pub(crate) fn fit_custom(node: Node<'_>) -> Result<Fitted, String> {
    let mut walker = Walker::default();
    let Node::Object(entries) = node else {
        return Err(format!(
            "json: cannot unmarshal {} into Go value of type map[string]interface {{}}",
            node.describe()
        ));
    };
    let mut map = Map::new();
    for (key, node) in entries {
        let before = walker.path.push_key(&key);
        let value = match key.as_ref() {
            "metadata" => walker.message(node, schema::object_meta())?,
            _ => walker.untyped(node),
        };
        walker.path.truncate(before);
        if map.insert(key.clone().into_owned(), value).is_some() {
            walker.strict("duplicate field", &key);
        }
    }
    walker.finish(Value::Object(map))
}

/// Upstream stops counting here.
const MOST_STRICT_ERRORS: usize = 100;
/// A body of many tiny structs would otherwise grow a hundredfold in memory.
const MOST_STRUCTS: usize = 250_000;

#[derive(Default)]
struct Walker {
    /// Where in the body the walk is, with list indices and map keys.
    path: StrictPath,
    strict_errors: Vec<String>,
    /// The names of fields on the way here, and the struct that the last is part of.
    fields: Vec<&'static str>,
    owner: Option<&'static Message>,
    /// The first type error; the walk goes on, since a later error may be worse.
    saved: Option<String>,
    structs: usize,
}

/// Fatal errors end the walk at once.
type Walk<T> = Result<T, String>;

impl Walker {
    fn finish(self, value: Value) -> Walk<Fitted> {
        match self.saved {
            Some(error) => Err(error),
            None => Ok(Fitted {
                value,
                strict_errors: self.strict_errors,
            }),
        }
    }

    fn message(&mut self, node: Node<'_>, message: &'static Message) -> Walk<Value> {
        match node {
            Node::Object(entries) => self.object(entries, message).map(Value::Object),
            Node::Null => Ok(zero::of_message(message)),
            other => {
                self.save_type_error(other.describe(), &message.go_type());
                Ok(Value::Null)
            }
        }
    }

    fn object(
        &mut self,
        entries: Vec<(std::borrow::Cow<'_, str>, Node<'_>)>,
        message: &'static Message,
    ) -> Walk<Map<String, Value>> {
        self.structs += 1;
        if self.structs > MOST_STRUCTS {
            return Err("the object has too many parts".to_owned());
        }
        let mut map = Map::new();
        let mut seen: u128 = 0;
        for (key, node) in entries {
            let Some((index, field)) = message.field_and_index(&key) else {
                self.strict("unknown field", &key);
                continue;
            };
            if seen & (1 << index) != 0 {
                self.strict("duplicate field", &key);
            }
            seen |= 1 << index;
            let before = self.path.push_key(field.name);
            let owner = self.owner.replace(message);
            self.fields.push(field.name);
            let value = self.field(node, field)?;
            self.fields.pop();
            self.owner = owner;
            self.path.truncate(before);
            match value {
                Some(value) => map.insert(field.name.to_owned(), value),
                None => map.remove(field.name),
            };
        }
        zero::fill(&mut map, message);
        Ok(map)
    }

    /// The value of a field; `None` where Go would not write it, or would write its zero.
    fn field(&mut self, node: Node<'_>, field: &'static Field) -> Walk<Option<Value>> {
        if node == Node::Null {
            return Ok(None);
        }
        let value = match (field.shape, node) {
            (Shape::One, node) => self.one(node, field)?,
            (Shape::List, Node::Array(items)) => self.list(items, field)?,
            (Shape::Map, Node::Object(entries)) => self.map(entries, field)?,
            (_, other) => {
                self.save_type_error(other.describe(), &field.go_type());
                Value::Null
            }
        };
        Ok((!zero::is_left_out(&value, field)).then_some(value))
    }

    fn list(&mut self, items: Vec<Node<'_>>, field: &'static Field) -> Walk<Value> {
        let mut list = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            let before = self.path.push_index(index);
            list.push(self.element(item, field)?);
            self.path.truncate(before);
        }
        Ok(Value::Array(list))
    }

    fn map(
        &mut self,
        entries: Vec<(std::borrow::Cow<'_, str>, Node<'_>)>,
        field: &'static Field,
    ) -> Walk<Value> {
        let mut map = Map::new();
        for (key, node) in entries {
            if map.contains_key(key.as_ref()) {
                self.strict("duplicate field", &key);
            }
            let before = self.path.push_key(&key);
            let value = self.element(node, field)?;
            self.path.truncate(before);
            map.insert(key.into_owned(), value);
        }
        Ok(Value::Object(map))
    }

    /// One element of a list or map. Null is the zero of its type.
    fn element(&mut self, node: Node<'_>, field: &'static Field) -> Walk<Value> {
        match node {
            Node::Null => Ok(zero::of_type(field.kind)),
            node => self.one(node, field),
        }
    }

    // === Errors ===

    /// A tree of any types, apart from duplicates.
    fn untyped(&mut self, node: Node<'_>) -> Value {
        match node {
            Node::Object(entries) => {
                let mut map = Map::new();
                for (key, node) in entries {
                    if map.contains_key(key.as_ref()) {
                        self.strict("duplicate field", &key);
                    }
                    let before = self.path.push_key(&key);
                    let value = self.untyped(node);
                    self.path.truncate(before);
                    map.insert(key.into_owned(), value);
                }
                Value::Object(map)
            }
            Node::Array(items) => {
                let mut list = Vec::with_capacity(items.len());
                for (index, item) in items.into_iter().enumerate() {
                    let before = self.path.push_index(index);
                    list.push(self.untyped(item));
                    self.path.truncate(before);
                }
                Value::Array(list)
            }
            leaf => leaf.into_value(),
        }
    }

    fn strict(&mut self, what: &str, field: &str) {
        if self.strict_errors.len() >= MOST_STRICT_ERRORS {
            return;
        }
        let error = format!("{what} {}", go_quote(&self.path.with(field)));
        if !self.strict_errors.contains(&error) {
            self.strict_errors.push(error);
        }
    }

    fn type_error(&self, found: &str, go_type: &str) -> String {
        match self.owner {
            Some(owner) => format!(
                "json: cannot unmarshal {found} into Go struct field {}.{} of type {go_type}",
                owner.go_name(),
                self.fields.join(".")
            ),
            None => format!("json: cannot unmarshal {found} into Go value of type {go_type}"),
        }
    }

    fn save_type_error(&mut self, found: &str, go_type: &str) {
        if self.saved.is_none() {
            self.saved = Some(self.type_error(found, go_type));
        }
    }

    fn save(&mut self, error: String) {
        self.saved.get_or_insert(error);
    }
}

/// The tree of a body of unknown shape, and its duplicate fields.
pub(crate) fn untyped(node: Node<'_>) -> (Value, Vec<String>) {
    let mut walker = Walker::default();
    let value = walker.untyped(node);
    (value, walker.strict_errors)
}
