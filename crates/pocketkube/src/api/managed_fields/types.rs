//! What a value is for server-side apply: a scalar, a list or a map, and owned how.
//!
//! Built-in kinds are described by the field table, custom resources by the OpenAPI schema in
//! their definition; both answer through [`TypeRef`]. Mirrors `schema/elements.go` of
//! `sigs.k8s.io/structured-merge-diff` and `kube-openapi/pkg/schemaconv`.

use serde_json::{Map, Value};

use crate::api::schema::{self, Field, ListType, Message, Shape, Type};

/// The shape of the objects of a kind.
#[derive(Clone, Copy, Debug)]
pub enum ObjectSchema<'s> {
    BuiltIn(&'static Message),
    /// The `openAPIV3Schema` of a custom resource's version.
    Custom(&'s Value),
}

impl<'s> ObjectSchema<'s> {
    pub(super) fn root(self) -> TypeRef<'s> {
        match self {
            Self::BuiltIn(message) => TypeRef::Message(message),
            Self::Custom(schema) => TypeRef::CustomObject(schema),
        }
    }
}

/// The type of a value.
#[derive(Clone, Copy)]
pub(super) enum TypeRef<'s> {
    Message(&'static Message),
    /// The whole value of a field.
    Field(&'static Field),
    /// One element of a field's list or map.
    Element(&'static Field),
    Custom(&'s Value),
    /// An object with its own `apiVersion`, `kind` and `metadata`.
    CustomObject(&'s Value),
    Text,
    /// Nothing is known: maps are owned entry by entry, lists as a whole.
    Deduced,
}

/// How a value is walked.
pub(super) enum Atom<'s> {
    Scalar(Scalar),
    List(List<'s>),
    Map(MapType<'s>),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scalar {
    Text,
    Number,
    Boolean,
    Any,
}

pub(super) struct List<'s> {
    pub(super) kind: ListKind<'s>,
    pub(super) element: TypeRef<'s>,
}

#[derive(Clone, Copy)]
pub(super) enum ListKind<'s> {
    /// Owned as a whole.
    Atomic,
    Set,
    Keyed(Keys<'s>),
}

/// The fields that tell the elements of a list apart.
#[derive(Clone, Copy)]
pub(super) enum Keys<'s> {
    Many(&'static [&'static str]),
    One(&'static str),
    Custom(&'s [Value]),
}

impl<'s> Keys<'s> {
    pub(super) fn iter(self) -> impl Iterator<Item = &'s str> {
        let (many, one, custom): (&'static [&'static str], _, &'s [Value]) = match self {
            Self::Many(keys) => (keys, None, &[]),
            Self::One(key) => (&[], Some(key), &[]),
            Self::Custom(keys) => (&[], None, keys),
        };
        many.iter()
            .copied()
            .chain(one)
            .map(|key| -> &'s str { key })
            .chain(custom.iter().filter_map(Value::as_str))
    }
}

pub(super) struct MapType<'s> {
    /// Owned as a whole.
    pub(super) atomic: bool,
    fields: Fields<'s>,
    /// The type of entries that are no declared fields; where there is none they are unknown.
    pub(super) element: Option<TypeRef<'s>>,
}

enum Fields<'s> {
    None,
    Message(&'static Message),
    Custom(&'s Map<String, Value>),
    CustomObject(Option<&'s Map<String, Value>>),
}

impl<'s> MapType<'s> {
    fn of_message(message: &'static Message) -> Self {
        Self {
            atomic: message.is_atomic(),
            fields: Fields::Message(message),
            element: None,
        }
    }

    fn of_elements(element: TypeRef<'s>, atomic: bool) -> Self {
        Self {
            atomic,
            fields: Fields::None,
            element: Some(element),
        }
    }

    /// The type of a declared field.
    pub(super) fn field(&self, name: &str) -> Option<TypeRef<'s>> {
        match &self.fields {
            Fields::None => None,
            Fields::Message(message) => message.field(name).map(TypeRef::Field),
            Fields::Custom(properties) => properties.get(name).map(TypeRef::Custom),
            Fields::CustomObject(properties) => match name {
                "apiVersion" | "kind" => Some(TypeRef::Text),
                "metadata" => Some(TypeRef::Message(schema::object_meta())),
                _ => properties.and_then(|p| p.get(name)).map(TypeRef::Custom),
            },
        }
    }

    /// The type of an entry, declared or not.
    pub(super) fn entry(&self, name: &str) -> Option<TypeRef<'s>> {
        self.field(name).or(self.element)
    }
}

impl<'s> TypeRef<'s> {
    /// How to walk `value`; the value only decides where the type leaves it open.
    pub(super) fn resolve(self, value: &Value) -> Atom<'s> {
        match self {
            Self::Message(message) => Atom::Map(MapType::of_message(message)),
            Self::Field(field) => match field.shape {
                Shape::One => Self::Element(field).resolve(value),
                Shape::List => Atom::List(List {
                    kind: list_kind(field),
                    element: Self::Element(field),
                }),
                Shape::Map => Atom::Map(MapType::of_elements(
                    Self::Element(field),
                    field.map_is_atomic,
                )),
            },
            Self::Element(field) => element_of(field.kind, value),
            Self::Custom(schema) => custom(schema, value),
            Self::CustomObject(schema) => Atom::Map(MapType {
                atomic: false,
                fields: Fields::CustomObject(schema["properties"].as_object()),
                element: preserves_unknown(schema).then_some(Self::Deduced),
            }),
            Self::Text => Atom::Scalar(Scalar::Text),
            Self::Deduced => deduced(value),
        }
    }

    /// What an absent key field of a list's element means.
    pub(super) fn default_of(self, key: &str) -> Option<Value> {
        match self {
            Self::Element(field) => field.message()?.field(key)?.default.clone(),
            Self::Custom(schema) => {
                let default = &schema["properties"][key]["default"];
                (!default.is_null()).then(|| default.clone())
            }
            _ => None,
        }
    }
}

fn element_of<'s>(kind: Type, value: &Value) -> Atom<'s> {
    match kind {
        Type::Message(message) => Atom::Map(MapType::of_message(message.get())),
        Type::String | Type::Bytes | Type::Duration => Atom::Scalar(Scalar::Text),
        Type::Bool => Atom::Scalar(Scalar::Boolean),
        Type::Int32 | Type::Int64 | Type::Double => Atom::Scalar(Scalar::Number),
        Type::Quantity | Type::IntOrString | Type::Time | Type::MicroTime => {
            Atom::Scalar(Scalar::Any)
        }
        Type::FieldsV1 | Type::RawExtension => {
            Atom::Map(MapType::of_elements(TypeRef::Deduced, false))
        }
        Type::Strings => Atom::List(List {
            kind: ListKind::Atomic,
            element: TypeRef::Text,
        }),
        Type::Json | Type::SchemaOrBool | Type::SchemaOrArray | Type::SchemaOrStrings => {
            deduced(value)
        }
    }
}

fn list_kind(field: &'static Field) -> ListKind<'static> {
    match field.list_type {
        Some(ListType::Set) => ListKind::Set,
        Some(ListType::Map) if !field.list_map_keys.is_empty() => {
            ListKind::Keyed(Keys::Many(&field.list_map_keys))
        }
        None if field.patch_strategy.merge => match field.patch_merge_key {
            Some(key) => ListKind::Keyed(Keys::One(key)),
            None => ListKind::Set,
        },
        _ => ListKind::Atomic,
    }
}

fn deduced<'s>(value: &Value) -> Atom<'s> {
    match value {
        Value::Null | Value::Object(_) => Atom::Map(MapType::of_elements(TypeRef::Deduced, false)),
        Value::Array(_) => Atom::List(List {
            kind: ListKind::Atomic,
            element: TypeRef::Deduced,
        }),
        _ => Atom::Scalar(Scalar::Any),
    }
}

// === Schemas of custom resources ===

fn preserves_unknown(schema: &Value) -> bool {
    schema["x-kubernetes-preserve-unknown-fields"] == true
}

fn custom<'s>(schema: &'s Value, value: &Value) -> Atom<'s> {
    if schema["x-kubernetes-int-or-string"] == true {
        return Atom::Scalar(Scalar::Any);
    }
    if schema["x-kubernetes-embedded-resource"] == true {
        return TypeRef::CustomObject(schema).resolve(value);
    }
    match schema["type"].as_str() {
        Some("string") => Atom::Scalar(Scalar::Text),
        Some("boolean") => Atom::Scalar(Scalar::Boolean),
        Some("integer" | "number") => Atom::Scalar(Scalar::Number),
        Some("array") => Atom::List(List {
            kind: match schema["x-kubernetes-list-type"].as_str() {
                Some("set") => ListKind::Set,
                Some("map") => {
                    let keys = schema["x-kubernetes-list-map-keys"].as_array();
                    ListKind::Keyed(Keys::Custom(keys.map(Vec::as_slice).unwrap_or_default()))
                }
                _ => ListKind::Atomic,
            },
            element: match &schema["items"] {
                Value::Null => TypeRef::Deduced,
                items => TypeRef::Custom(items),
            },
        }),
        Some("object") => Atom::Map(custom_map(schema)),
        _ => deduced(value),
    }
}

fn custom_map(schema: &Value) -> MapType<'_> {
    let properties = schema["properties"].as_object();
    let element = match &schema["additionalProperties"] {
        values @ Value::Object(_) => Some(TypeRef::Custom(values)),
        Value::Bool(true) => Some(TypeRef::Deduced),
        _ if preserves_unknown(schema) || properties.is_none() => Some(TypeRef::Deduced),
        _ => None,
    };
    MapType {
        atomic: schema["x-kubernetes-map-type"] == "atomic",
        fields: properties.map_or(Fields::None, Fields::Custom),
        element,
    }
}
