//! Bodies in `application/vnd.kubernetes.protobuf`, as kubectl's generators send them.
//!
//! A body is the four bytes `k8s\0` and a `runtime.Unknown` with the kind and the object's bytes.
//! One decoder, driven by the schema, serves every message: it makes the tree that a JSON body
//! would have given. Unknown field numbers are passed over; malformed bytes are errors.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;

use super::node::{MAX_DEPTH, Node};
use super::time::{Layout, go_duration};
use super::wire::{Fields, Raw};
use super::{json, node};
use crate::api::schema::{self, Field, Message, Shape, Type, WireField};

const MAGIC: &[u8] = b"k8s\0";

/// The envelope of an object.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Unknown<'a> {
    pub(crate) api_version: Cow<'a, str>,
    pub(crate) kind: Cow<'a, str>,
    pub(crate) raw: &'a [u8],
}

/// Opens the envelope of a body. The error is upstream's message.
pub(crate) fn unwrap(body: &[u8]) -> Result<Unknown<'_>, String> {
    if body.is_empty() {
        return Err("empty data".to_owned());
    }
    let Some(message) = body.strip_prefix(MAGIC) else {
        return Err(
            "provided data does not appear to be a protobuf message, expected prefix [107 56 115 0]"
                .to_owned(),
        );
    };
    let mut unknown = Unknown::default();
    for field in Fields::of(message) {
        match field? {
            (1, Raw::Bytes(type_meta)) => {
                for field in Fields::of(type_meta) {
                    match field? {
                        (1, Raw::Bytes(text)) => {
                            unknown.api_version = String::from_utf8_lossy(text)
                        }
                        (2, Raw::Bytes(text)) => unknown.kind = String::from_utf8_lossy(text),
                        _ => {}
                    }
                }
            }
            (2, Raw::Bytes(raw)) => unknown.raw = raw,
            _ => {}
        }
    }
    Ok(unknown)
}

/// Decodes the bytes of a message.
pub(crate) fn message<'a>(bytes: &'a [u8], message: &'static Message) -> Result<Node<'a>, String> {
    let mut object = Vec::new();
    decode_into(&mut object, bytes, message, 0)?;
    Ok(Node::Object(object))
}

type Object<'a> = Vec<(Cow<'a, str>, Node<'a>)>;

fn decode_into<'a>(
    object: &mut Object<'a>,
    bytes: &'a [u8],
    message: &'static Message,
    depth: usize,
) -> Result<(), String> {
    if depth >= MAX_DEPTH {
        return Err("proto: exceeded max depth".to_owned());
    }
    for field in Fields::of(bytes) {
        let (tag, raw) = field?;
        match message.wire(tag) {
            None => {}
            Some(WireField::Inline(inner)) => {
                let bytes = bytes_of(raw, inner.get().go_name())?;
                decode_into(object, bytes, inner.get(), depth + 1)?;
            }
            Some(WireField::Field(field)) => decode_field(object, raw, field, depth)?,
        }
    }
    Ok(())
}

fn decode_field<'a>(
    object: &mut Object<'a>,
    raw: Raw<'a>,
    field: &'static Field,
    depth: usize,
) -> Result<(), String> {
    match field.shape {
        Shape::One => {
            let value = decode_value(raw, field, depth)?;
            *slot(object, field, Node::Null) = value;
        }
        Shape::List => {
            // Numbers may come packed.
            let mut values = Vec::new();
            match (field.kind, raw) {
                (Type::Int32 | Type::Int64 | Type::Bool, Raw::Bytes(packed)) => {
                    let mut packed = Fields::of(packed);
                    while !packed.is_at_end() {
                        let raw = Raw::Varint(packed.varint()?);
                        values.push(decode_value(raw, field, depth)?);
                    }
                }
                _ => values.push(decode_value(raw, field, depth)?),
            }
            if let Node::Array(items) = slot(object, field, Node::Array(Vec::new())) {
                items.append(&mut values);
            }
        }
        Shape::Map => {
            let (key, value) = decode_entry(raw, field, depth)?;
            if let Node::Object(entries) = slot(object, field, Node::Object(Vec::new())) {
                entries.push((key, value.unwrap_or(Node::Null)));
            }
        }
    }
    Ok(())
}

/// Where the value of a field stands in the object; made when it is not there yet.
fn slot<'o, 'a>(
    object: &'o mut Object<'a>,
    field: &'static Field,
    empty: Node<'a>,
) -> &'o mut Node<'a> {
    // Repeated fields mostly come in a row, so the last entry is looked at first.
    let at = match object.iter().rposition(|(name, _)| name == field.name) {
        Some(at) => at,
        None => {
            object.push((field.name.into(), empty));
            object.len() - 1
        }
    };
    &mut object[at].1
}

fn decode_entry<'a>(
    raw: Raw<'a>,
    field: &'static Field,
    depth: usize,
) -> Result<(Cow<'a, str>, Option<Node<'a>>), String> {
    let (mut key, mut value) = (Cow::from(""), None);
    for part in Fields::of(bytes_of(raw, field.name)?) {
        match part? {
            (1, Raw::Bytes(text)) => key = String::from_utf8_lossy(text),
            (2, raw) => value = Some(decode_value(raw, field, depth)?),
            _ => {}
        }
    }
    Ok((key, value))
}

fn decode_value<'a>(raw: Raw<'a>, field: &'static Field, depth: usize) -> Result<Node<'a>, String> {
    let bytes = || bytes_of(raw, field.name);
    Ok(match field.kind {
        Type::String => Node::String(String::from_utf8_lossy(bytes()?)),
        Type::Bool => Node::Bool(varint_of(raw, field.name)? != 0),
        // Negative numbers take ten bytes, of which 32 bits count.
        Type::Int32 => number(varint_of(raw, field.name)? as i32),
        Type::Int64 => number(varint_of(raw, field.name)? as i64),
        Type::Double => match raw {
            Raw::Fixed64(bits) => {
                let float = f64::from_bits(bits);
                Node::Number(node::float_value(float).to_string().into())
            }
            _ => return Err(wrong_wire_type(raw, field.name)),
        },
        Type::Bytes => Node::String(STANDARD.encode(bytes()?).into()),
        Type::Quantity => text_in(bytes()?, 1)?,
        Type::IntOrString => int_or_string(bytes()?)?,
        Type::Time => timestamp(bytes()?, Layout::Seconds)?,
        Type::MicroTime => timestamp(bytes()?, Layout::Micros)?,
        Type::Duration => Node::String(go_duration(number_in(bytes()?, 1)? as i64).into()),
        Type::FieldsV1 | Type::Json => json::parse(bytes_in(bytes()?, 1)?.unwrap_or(b"null"))?,
        Type::RawExtension => raw_extension(bytes_in(bytes()?, 1)?.unwrap_or(b"null"), depth)?,
        Type::Strings => Node::Array(texts_in(bytes()?, 1)?),
        Type::SchemaOrBool => match bytes_in(bytes()?, 2)? {
            Some(schema) => nested(schema, schema::json_schema_props(), depth)?,
            None => Node::Bool(number_in(bytes()?, 1)? != 0),
        },
        Type::SchemaOrArray => match bytes_in(bytes()?, 1)? {
            Some(schema) => nested(schema, schema::json_schema_props(), depth)?,
            None => {
                let mut schemas = Vec::new();
                for field in Fields::of(bytes()?) {
                    if let (2, Raw::Bytes(schema)) = field? {
                        schemas.push(nested(schema, schema::json_schema_props(), depth)?);
                    }
                }
                Node::Array(schemas)
            }
        },
        Type::SchemaOrStrings => match bytes_in(bytes()?, 1)? {
            Some(schema) => nested(schema, schema::json_schema_props(), depth)?,
            None => Node::Array(texts_in(bytes()?, 2)?),
        },
        Type::Message(message) => nested(bytes()?, message.get(), depth)?,
    })
}

fn nested<'a>(
    bytes: &'a [u8],
    message: &'static Message,
    depth: usize,
) -> Result<Node<'a>, String> {
    let mut object = Vec::new();
    decode_into(&mut object, bytes, message, depth + 1)?;
    Ok(Node::Object(object))
}

// === Special types ===

fn int_or_string(bytes: &[u8]) -> Result<Node<'_>, String> {
    match number_in(bytes, 1)? {
        0 => Ok(number(number_in(bytes, 2)? as i32)),
        _ => text_in(bytes, 3),
    }
}

/// No bytes at all are Go's zero time.
fn timestamp(bytes: &[u8], layout: Layout) -> Result<Node<'_>, String> {
    if bytes.is_empty() {
        return Ok(Node::Null);
    }
    let nanoseconds = match layout {
        Layout::Seconds => 0,
        Layout::Micros => number_in(bytes, 2)? as i32,
    };
    let time = Timestamp::new(number_in(bytes, 1)? as i64, nanoseconds);
    let text = time.map(|time| layout.format(time));
    Ok(text.map_or(Node::Null, |text| Node::String(text.into())))
}

/// An object inside an object: JSON, or a body of its own.
fn raw_extension(raw: &[u8], depth: usize) -> Result<Node<'_>, String> {
    if !raw.starts_with(MAGIC) {
        return json::parse(raw);
    }
    let unknown = unwrap(raw)?;
    let names = crate::api::GroupVersion::parse(&unknown.api_version);
    let Some(message) = schema::message_for(&names.group, &names.version, &unknown.kind) else {
        return Ok(Node::Null);
    };
    let mut object = vec![
        ("apiVersion".into(), Node::String(unknown.api_version)),
        ("kind".into(), Node::String(unknown.kind)),
    ];
    decode_into(&mut object, unknown.raw, message, depth + 1)?;
    Ok(Node::Object(object))
}

// === Parts of small messages ===

fn number(value: impl ToString) -> Node<'static> {
    Node::Number(value.to_string().into())
}

fn bytes_in(message: &[u8], wanted: u32) -> Result<Option<&[u8]>, String> {
    let mut found = None;
    for field in Fields::of(message) {
        if let (tag, Raw::Bytes(bytes)) = field?
            && tag == wanted
        {
            found = Some(bytes);
        }
    }
    Ok(found)
}

fn text_in(message: &[u8], wanted: u32) -> Result<Node<'_>, String> {
    let bytes = bytes_in(message, wanted)?.unwrap_or_default();
    Ok(Node::String(String::from_utf8_lossy(bytes)))
}

fn texts_in(message: &[u8], wanted: u32) -> Result<Vec<Node<'_>>, String> {
    let mut texts = Vec::new();
    for field in Fields::of(message) {
        if let (tag, Raw::Bytes(bytes)) = field?
            && tag == wanted
        {
            texts.push(Node::String(String::from_utf8_lossy(bytes)));
        }
    }
    Ok(texts)
}

fn number_in(message: &[u8], wanted: u32) -> Result<u64, String> {
    let mut found = 0;
    for field in Fields::of(message) {
        if let (tag, Raw::Varint(number)) = field?
            && tag == wanted
        {
            found = number;
        }
    }
    Ok(found)
}

fn bytes_of<'a>(raw: Raw<'a>, name: &str) -> Result<&'a [u8], String> {
    match raw {
        Raw::Bytes(bytes) => Ok(bytes),
        other => Err(wrong_wire_type(other, name)),
    }
}

fn varint_of(raw: Raw<'_>, name: &str) -> Result<u64, String> {
    match raw {
        Raw::Varint(number) => Ok(number),
        other => Err(wrong_wire_type(other, name)),
    }
}

fn wrong_wire_type(raw: Raw<'_>, name: &str) -> String {
    let wire_type = raw.wire_type();
    let mut letters = name.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    let name: String = first.into_iter().chain(letters).collect();
    format!("proto: wrong wireType = {wire_type} for field {name}")
}
