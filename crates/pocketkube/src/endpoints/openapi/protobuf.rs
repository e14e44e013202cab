//! Version 2 as protobuf, the only form in which client-go asks for it.
//!
//! Holds the definitions, which is what clients read; paths are left to the JSON form. The field
//! numbers are those of `openapiv2/OpenAPIv2.proto` in `github.com/google/gnostic`.

use serde_json::{Map, Value};

/// A message under construction.
#[derive(Default)]
struct Writer(Vec<u8>);

impl Writer {
    fn varint(&mut self, mut value: usize) {
        while value >= 0x80 {
            self.0.push((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.0.push(value as u8);
    }

    fn bytes(&mut self, field: usize, bytes: &[u8]) {
        const LENGTH_DELIMITED: usize = 2;
        self.varint(field << 3 | LENGTH_DELIMITED);
        self.varint(bytes.len());
        self.0.extend_from_slice(bytes);
    }

    fn text(&mut self, field: usize, value: &Value) {
        if let Some(text) = value.as_str() {
            self.bytes(field, text.as_bytes());
        }
    }

    fn boolean(&mut self, field: usize, value: bool) {
        self.varint(field << 3);
        self.varint(usize::from(value));
    }

    fn message(&mut self, field: usize, write: impl FnOnce(&mut Self)) {
        let mut message = Self::default();
        write(&mut message);
        self.bytes(field, &message.0);
    }

    /// A `NamedAny`: a name and its value as YAML, of which JSON is a part.
    fn named_any(&mut self, field: usize, name: &str, value: &Value) {
        self.message(field, |named| {
            named.bytes(1, name.as_bytes());
            named.message(2, |any| any.bytes(2, value.to_string().as_bytes()));
        });
    }
}

/// Definitions as an `openapi.v2.Definitions`. What several calls give may be joined.
pub(super) fn definitions(schemas: &Map<String, Value>) -> Vec<u8> {
    let mut writer = Writer::default();
    named_schemas(&mut writer, schemas);
    writer.0
}

/// A version 2 document as an `openapi.v2.Document`.
pub(super) fn document<'p>(info: &Value, definitions: impl Iterator<Item = &'p [u8]>) -> Vec<u8> {
    let mut writer = Writer::default();
    writer.bytes(1, b"2.0");
    writer.message(2, |own| {
        own.text(1, &info["title"]);
        own.text(2, &info["version"]);
    });
    writer.message(8, |_| {});
    writer.bytes(9, &definitions.collect::<Vec<_>>().concat());
    writer.0
}

fn named_schemas(writer: &mut Writer, schemas: &Map<String, Value>) {
    for (name, value) in schemas {
        writer.message(1, |named| {
            named.bytes(1, name.as_bytes());
            named.message(2, |writer| schema(writer, value));
        });
    }
}

fn schema(writer: &mut Writer, value: &Value) {
    writer.text(1, &value["$ref"]);
    writer.text(2, &value["format"]);
    writer.text(4, &value["description"]);
    for name in value["required"].as_array().into_iter().flatten() {
        writer.text(19, name);
    }
    match &value["additionalProperties"] {
        Value::Null => {}
        Value::Bool(allowed) => writer.message(21, |item| item.boolean(2, *allowed)),
        nested => writer.message(21, |item| item.message(1, |writer| schema(writer, nested))),
    }
    if !value["type"].is_null() {
        writer.message(22, |item| item.text(1, &value["type"]));
    }
    if value["items"].is_object() {
        writer.message(23, |item| {
            item.message(1, |writer| schema(writer, &value["items"]))
        });
    }
    if let Value::Object(properties) = &value["properties"] {
        writer.message(25, |writer| named_schemas(writer, properties));
    }
    for (name, extension) in value.as_object().into_iter().flatten() {
        if name.starts_with("x-") {
            writer.named_any(31, name, extension);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_document_begins_with_its_version_and_holds_its_definitions() {
        let info = json!({"title": "T", "version": "v1"});
        let schemas = Map::from_iter([("A".to_owned(), json!({"type": "string"}))]);
        let expected = [
            &b"\x0a\x032.0"[..],
            b"\x12\x07\x0a\x01T\x12\x02v1",
            b"\x42\x00",
            b"\x4a\x12\x0a\x10\x0a\x01A\x12\x0b\xb2\x01\x08\x0a\x06string",
        ];
        let schemas = definitions(&schemas);
        let document = document(&info, std::iter::once(schemas.as_slice()));
        assert_eq!(document, expected.concat());
    }
}
