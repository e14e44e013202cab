//! The table of messages, read line by line from `data/fields.json` as messages are asked for.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{LazyLock, OnceLock};

use serde::Deserialize;
use serde_json::Value;

use super::field::{Field, ListType, PatchStrategy, Presence, Shape, Type};

const TEXT: &str = include_str!("../../../data/fields.json");

/// One line of the file for each message, sorted by path.
static TABLE: LazyLock<Vec<Slot>> =
    LazyLock::new(|| TEXT.lines().filter_map(Slot::of_line).collect());

struct Slot {
    path: &'static str,
    text: &'static str,
    message: OnceLock<Message>,
}

impl Slot {
    /// Splits `"path": {…},`.
    fn of_line(line: &'static str) -> Option<Self> {
        let (path, text) = line.strip_prefix('"')?.split_once("\": ")?;
        Some(Self {
            path,
            text: text.strip_suffix(',').unwrap_or(text),
            message: OnceLock::new(),
        })
    }
}

/// Names a message without reading it yet, which lets messages contain themselves.
#[derive(Clone, Copy)]
pub struct MessageRef(&'static Slot);

impl MessageRef {
    pub fn get(self) -> &'static Message {
        self.0
            .message
            .get_or_init(|| Message::read(self.0.path, self.0.text))
    }
}

impl fmt::Debug for MessageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0.path)
    }
}

impl PartialEq for MessageRef {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

pub(super) fn find(path: &str) -> Option<MessageRef> {
    let table = &*TABLE;
    let at = table.binary_search_by(|slot| slot.path.cmp(path)).ok()?;
    table.get(at).map(MessageRef)
}

#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = MessageRef> {
    TABLE.iter().map(MessageRef)
}

/// A struct of the API.
#[derive(Debug)]
pub struct Message {
    path: &'static str,
    fields: Vec<Field>,
    /// Places of the fields that Go always writes.
    always: Vec<usize>,
    wire: Vec<(u32, WireField)>,
    type_meta: bool,
    atomic: bool,
}

/// What stands under a protobuf field number.
#[derive(Debug)]
pub enum WireField {
    Field(Field),
    /// A message of its own on the wire, whose fields belong to the parent in JSON.
    Inline(MessageRef),
}

impl Message {
    /// `api.core.v1.PodSpec`
    pub fn path(&self) -> &'static str {
        self.path
    }

    /// `PodSpec`
    pub fn go_name(&self) -> &'static str {
        self.path.rsplit('.').next().unwrap_or(self.path)
    }

    /// `v1.PodSpec`
    pub fn go_type(&self) -> String {
        let package = self.path.rsplit('.').nth(1).unwrap_or_default();
        format!("{package}.{}", self.go_name())
    }

    /// All fields by their JSON names, sorted; inlined messages are flattened.
    pub fn fields(&self) -> &[Field] {
        &self.fields
    }

    pub fn field(&self, name: &str) -> Option<&Field> {
        self.field_and_index(name).map(|(_, field)| field)
    }

    /// The field and its place among [`fields`](Self::fields), of which there are fewer than 128.
    pub fn field_and_index(&self, name: &str) -> Option<(usize, &Field)> {
        let at = self
            .fields
            .binary_search_by(|field| field.name.cmp(name))
            .ok()?;
        self.fields.get(at).map(|field| (at, field))
    }

    /// The fields that Go writes even when nobody set them.
    pub fn always_written(&self) -> impl Iterator<Item = &Field> {
        self.always.iter().filter_map(|at| self.fields.get(*at))
    }

    /// The field with a protobuf number.
    pub fn wire(&self, tag: u32) -> Option<&WireField> {
        let at = self.wire.binary_search_by_key(&tag, |(tag, _)| *tag).ok()?;
        self.wire.get(at).map(|(_, field)| field)
    }

    /// Whether the type has `kind` and `apiVersion`.
    pub fn has_type_meta(&self) -> bool {
        self.type_meta
    }

    /// Whether server-side apply owns the struct as a whole.
    pub fn is_atomic(&self) -> bool {
        self.atomic
    }

    fn read(path: &'static str, text: &'static str) -> Self {
        let row: MessageRow = serde_json::from_str(text).expect("fields.json is well-formed");
        let mut fields = Vec::new();
        let mut wire = Vec::new();
        for (name, row) in row.fields {
            let tag = row.tag;
            if row.inline {
                let inner = find(row.kind).expect("inlined messages are in the table");
                fields.extend(inner.get().fields.iter().cloned());
                wire.push((tag, WireField::Inline(inner)));
            } else {
                let field = row.into_field(name);
                fields.push(field.clone());
                wire.push((tag, WireField::Field(field)));
            }
        }
        if row.type_meta {
            fields.extend(["apiVersion", "kind"].map(Field::plain_text));
        }
        fields.sort_by_key(|field| field.name);
        wire.sort_by_key(|(tag, _)| *tag);
        let always = (0..fields.len()).filter(|at| fields[*at].is_always_written());
        Self {
            path,
            always: always.collect(),
            fields,
            wire,
            type_meta: row.type_meta,
            atomic: row.atomic,
        }
    }
}

impl Field {
    fn plain_text(name: &'static str) -> Self {
        FieldRow {
            kind: "string",
            omitempty: true,
            ..FieldRow::default()
        }
        .into_field(name)
    }
}

// === Rows of the file ===

#[derive(Deserialize)]
struct MessageRow {
    #[serde(borrow)]
    fields: BTreeMap<&'static str, FieldRow>,
    #[serde(default, rename = "typeMeta")]
    type_meta: bool,
    #[serde(default)]
    atomic: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct FieldRow {
    tag: u32,
    #[serde(rename = "type")]
    kind: &'static str,
    repeated: bool,
    map: bool,
    inline: bool,
    pointer: bool,
    omitempty: bool,
    omitzero: bool,
    go: Option<&'static str>,
    patch_strategy: Option<&'static str>,
    patch_merge_key: Option<&'static str>,
    list_type: Option<&'static str>,
    #[serde(borrow)]
    list_map_keys: Vec<&'static str>,
    map_type: Option<&'static str>,
    default: Option<Value>,
}

impl FieldRow {
    fn into_field(self, name: &'static str) -> Field {
        let strategies = self.patch_strategy.unwrap_or_default();
        let has_strategy = |wanted| strategies.split(',').any(|strategy| strategy == wanted);
        Field {
            name,
            kind: self.value_type(),
            shape: match (self.repeated, self.map) {
                (true, _) => Shape::List,
                (_, true) => Shape::Map,
                _ => Shape::One,
            },
            presence: match (self.pointer, self.omitzero) {
                (true, _) => Presence::Pointer,
                (_, true) => Presence::OmitZero,
                _ => Presence::Value {
                    omit_empty: self.omitempty,
                },
            },
            patch_strategy: PatchStrategy {
                merge: has_strategy("merge"),
                retain_keys: has_strategy("retainKeys"),
            },
            patch_merge_key: self.patch_merge_key,
            list_type: self.list_type.map(|list_type| match list_type {
                "set" => ListType::Set,
                "map" => ListType::Map,
                _ => ListType::Atomic,
            }),
            list_map_keys: self.list_map_keys,
            map_is_atomic: self.map_type == Some("atomic"),
            default: self.default,
            go: self.go,
        }
    }

    fn value_type(&self) -> Type {
        match self.kind {
            "string" => Type::String,
            "bool" => Type::Bool,
            "int32" => Type::Int32,
            "int64" => Type::Int64,
            "double" => Type::Double,
            "bytes" => Type::Bytes,
            "quantity" => Type::Quantity,
            "intOrString" => Type::IntOrString,
            "time" => Type::Time,
            "microTime" => Type::MicroTime,
            "duration" => Type::Duration,
            "fieldsV1" => Type::FieldsV1,
            "rawExtension" => Type::RawExtension,
            "json" => Type::Json,
            "strings" => Type::Strings,
            "schemaOrBool" => Type::SchemaOrBool,
            "schemaOrArray" => Type::SchemaOrArray,
            "schemaOrStrings" => Type::SchemaOrStrings,
            path => Type::Message(find(path).expect("messages of fields are in the table")),
        }
    }
}
