//! What Go writes for values that nobody set.

use serde_json::{Map, Value, json};

use crate::api::schema::{Field, Message, Presence, Shape, Type};

/// Adds the fields that Go always writes: structs, and whatever is not `omitempty`.
pub(crate) fn fill(map: &mut Map<String, Value>, message: &'static Message) {
    for field in message.always_written() {
        if !map.contains_key(field.name) {
            map.insert(field.name.to_owned(), of_field(field));
        }
    }
}

/// Whether Go leaves out a field with this value.
pub(crate) fn is_left_out(value: &Value, field: &Field) -> bool {
    match field.presence {
        Presence::Pointer => false,
        Presence::OmitZero => value.is_null(),
        Presence::Value { omit_empty } => {
            omit_empty && !(field.shape == Shape::One && field.kind.is_struct()) && is_empty(value)
        }
    }
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Bool(value) => !value,
        Value::Number(number) => number.as_f64() == Some(0.0),
        Value::String(text) => text.is_empty(),
        Value::Array(list) => list.is_empty(),
        Value::Object(map) => map.is_empty(),
    }
}

fn of_field(field: &Field) -> Value {
    match field.shape {
        Shape::One => of_type(field.kind),
        Shape::List | Shape::Map => Value::Null,
    }
}

pub(crate) fn of_type(kind: Type) -> Value {
    match kind {
        Type::String => json!(""),
        Type::Bool => json!(false),
        Type::Int32 | Type::Int64 | Type::Double | Type::IntOrString => json!(0),
        Type::Quantity => json!("0"),
        Type::Duration => json!("0s"),
        Type::SchemaOrBool => json!(false),
        Type::Bytes
        | Type::Strings
        | Type::Time
        | Type::MicroTime
        | Type::FieldsV1
        | Type::RawExtension
        | Type::Json
        | Type::SchemaOrArray
        | Type::SchemaOrStrings => Value::Null,
        Type::Message(message) => of_message(message.get()),
    }
}

pub(crate) fn of_message(message: &'static Message) -> Value {
    let mut map = Map::new();
    fill(&mut map, message);
    Value::Object(map)
}
