//! Single values: scalars, the types that read themselves, and schemas inside definitions.

use base64::Engine;
use base64::alphabet;
use base64::engine::general_purpose::{GeneralPurpose, PAD};
use serde_json::Value;

use super::{Walk, Walker};
use crate::api::decode::node::{Node, float_value};
use crate::api::decode::time::{self, Layout};
use crate::api::quantity::{Quantity, QuantityError};
use crate::api::schema::{self, Field, Type};

/// Like Go's, it does not mind left-over bits in the last letter.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    PAD.with_decode_allow_trailing_bits(true),
);

impl Walker {
    pub(super) fn one(&mut self, node: Node<'_>, field: &'static Field) -> Walk<Value> {
        match (field.kind, node) {
            (Type::Message(message), node) => self.message(node, message.get()),
            (Type::String, Node::String(text)) => Ok(Value::String(text.into_owned())),
            (Type::Bool, Node::Bool(value)) => Ok(Value::Bool(value)),
            (Type::Int32, Node::Number(text)) => {
                Ok(self.number(text.parse::<i32>().map(Value::from).ok(), &text, field))
            }
            (Type::Int64, Node::Number(text)) => {
                Ok(self.number(text.parse::<i64>().map(Value::from).ok(), &text, field))
            }
            (Type::Double, Node::Number(text)) => {
                let float = text.parse().ok().filter(|float: &f64| float.is_finite());
                Ok(self.number(float.map(float_value), &text, field))
            }
            (Type::Bytes, Node::String(text)) => Ok(self.bytes(&text)),
            (Type::Quantity, node) => quantity(node),
            (Type::IntOrString, Node::String(text)) => Ok(Value::String(text.into_owned())),
            (Type::IntOrString, node) => self.int_or_string(node),
            (Type::Time, node) => self.time(node, Layout::Seconds),
            (Type::MicroTime, node) => self.time(node, Layout::Micros),
            (Type::Duration, Node::String(text)) => Ok(Value::String(text.into_owned())),
            (Type::FieldsV1 | Type::RawExtension | Type::Json, node) => Ok(node.into_value()),
            (Type::Strings, Node::Array(items)) => Ok(self.strings(items)),
            (Type::SchemaOrBool, node) => self.schema_or_bool(node),
            (Type::SchemaOrArray, node) => self.schema_or_array(node),
            (Type::SchemaOrStrings, node) => self.schema_or_strings(node),
            (_, other) => {
                self.save_type_error(other.describe(), &field.go_element());
                Ok(Value::Null)
            }
        }
    }

    fn number(&mut self, read: Option<Value>, text: &str, field: &Field) -> Value {
        read.unwrap_or_else(|| {
            self.save_type_error(&format!("number {text}"), &field.go_element());
            Value::Null
        })
    }

    fn bytes(&mut self, text: &str) -> Value {
        // Go's decoder passes over line ends.
        let plain: String = text.chars().filter(|c| !matches!(c, '\n' | '\r')).collect();
        match BASE64.decode(&plain) {
            Ok(bytes) => Value::String(BASE64.encode(bytes)),
            Err(error) => {
                let at = match error {
                    base64::DecodeError::InvalidByte(at, _)
                    | base64::DecodeError::InvalidLastSymbol(at, _) => at,
                    _ => plain.len() / 4 * 4,
                };
                self.save(format!("illegal base64 data at input byte {at}"));
                Value::Null
            }
        }
    }

    fn int_or_string(&mut self, node: Node<'_>) -> Walk<Value> {
        match node {
            Node::Number(text) => match text.parse::<i32>() {
                Ok(number) => Ok(number.into()),
                Err(_) => Err(self.type_error(&format!("number {text}"), "int32")),
            },
            other => Err(self.type_error(other.describe(), "int32")),
        }
    }

    fn time(&mut self, node: Node<'_>, layout: Layout) -> Walk<Value> {
        match node {
            Node::String(text) => Ok(time::canonical(&text, layout)?.into()),
            other => Err(self.type_error(other.describe(), "string")),
        }
    }

    fn strings(&mut self, items: Vec<Node<'_>>) -> Value {
        let mut strings = Vec::with_capacity(items.len());
        for item in items {
            match item {
                Node::String(text) => strings.push(Value::String(text.into_owned())),
                Node::Null => strings.push("".into()),
                other => self.save_type_error(other.describe(), "string"),
            }
        }
        Value::Array(strings)
    }

    // === Schemas in CustomResourceDefinitions ===

    fn schema_or_bool(&mut self, node: Node<'_>) -> Walk<Value> {
        match node {
            Node::Bool(value) => Ok(Value::Bool(value)),
            Node::Object(_) => self.json_schema(node),
            _ => Err("boolean or JSON schema expected".to_owned()),
        }
    }

    fn schema_or_array(&mut self, node: Node<'_>) -> Walk<Value> {
        match node {
            Node::Object(_) => self.json_schema(node),
            Node::Array(items) => items
                .into_iter()
                .map(|item| self.json_schema(item))
                .collect::<Walk<Vec<Value>>>()
                .map(Value::from),
            _ => Ok(Value::Null),
        }
    }

    fn schema_or_strings(&mut self, node: Node<'_>) -> Walk<Value> {
        match node {
            Node::Object(_) => self.json_schema(node),
            Node::Array(items) => Ok(self.strings(items)),
            _ => Ok(Value::Null),
        }
    }

    /// A schema inside a value that reads itself; upstream looks for no unknown fields there.
    fn json_schema(&mut self, node: Node<'_>) -> Walk<Value> {
        let message = schema::json_schema_props();
        let known = self.strict_errors.len();
        let value = self.message(node, message);
        self.strict_errors.truncate(known);
        value
    }
}

fn quantity(node: Node<'_>) -> Walk<Value> {
    let parsed = match &node {
        Node::String(text) | Node::Number(text) => Quantity::parse(text.trim()),
        _ => Err(QuantityError::Format),
    };
    match parsed {
        Ok(quantity) => Ok(Value::String(quantity.to_string())),
        Err(error) => Err(error.to_string()),
    }
}
