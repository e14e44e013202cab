//! One field of a message.

use serde_json::Value;

use super::table::{Message, MessageRef};

/// A field as JSON knows it.
#[derive(Debug, Clone)]
pub struct Field {
    /// The exact JSON name.
    pub name: &'static str,
    /// The type of the field, or of the elements of its list or map.
    pub kind: Type,
    pub shape: Shape,
    pub presence: Presence,
    pub patch_strategy: PatchStrategy,
    /// The key by which strategic merge patch matches the elements of a list.
    pub patch_merge_key: Option<&'static str>,
    /// How server-side apply treats a list; `None` where the API does not say.
    pub list_type: Option<ListType>,
    pub list_map_keys: Vec<&'static str>,
    /// Server-side apply owns the map as a whole.
    pub map_is_atomic: bool,
    /// What an absent value means when the field is part of a list's key.
    pub default: Option<Value>,
    pub(super) go: Option<&'static str>,
}

/// Whether the field holds one value or many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    One,
    List,
    /// From strings to values.
    Map,
}

/// What a value is, and so how JSON and protobuf write it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Type {
    String,
    Bool,
    Int32,
    Int64,
    Double,
    /// Base64 in JSON.
    Bytes,
    Quantity,
    IntOrString,
    /// RFC 3339 with whole seconds.
    Time,
    /// RFC 3339 with microseconds.
    MicroTime,
    /// Go's notation, such as `1m30s`.
    Duration,
    /// Any tree of field names.
    FieldsV1,
    /// Any object.
    RawExtension,
    /// Anything.
    Json,
    /// A list of strings that protobuf wraps into a message.
    Strings,
    SchemaOrBool,
    SchemaOrArray,
    SchemaOrStrings,
    Message(MessageRef),
}

/// How Go holds the value, which decides what absent, zero and empty mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// Zero and absent differ; absent is left out.
    Pointer,
    /// Zero and absent are the same. With `omit_empty` zero is left out, except structs, which
    /// are always written; without it zero is written out.
    Value { omit_empty: bool },
    /// A struct that is left out when it is zero.
    OmitZero,
}

/// Directives for strategic merge patch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PatchStrategy {
    pub merge: bool,
    pub retain_keys: bool,
}

/// What a list is for server-side apply.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListType {
    Atomic,
    Set,
    Map,
}

impl Field {
    /// The message that the field, its elements or its values hold.
    pub fn message(&self) -> Option<&'static Message> {
        match self.kind {
            Type::Message(message) => Some(message.get()),
            _ => None,
        }
    }

    /// Whether Go writes the field even when nobody set it.
    pub(super) fn is_always_written(&self) -> bool {
        match self.presence {
            Presence::Value { omit_empty: false } => true,
            Presence::Value { omit_empty: true } => {
                self.shape == Shape::One && self.kind.is_struct()
            }
            Presence::Pointer | Presence::OmitZero => false,
        }
    }

    /// The Go type without pointers, as Go's error messages name it.
    pub fn go_type(&self) -> String {
        if let Some(go) = self.go {
            return go.to_owned();
        }
        match self.shape {
            Shape::One => self.kind.go_name(),
            Shape::List => format!("[]{}", self.kind.go_name()),
            Shape::Map => format!("map[string]{}", self.kind.go_name()),
        }
    }

    /// The Go type of one element of the list or map.
    pub fn go_element(&self) -> String {
        let named = match (self.shape, self.go) {
            (Shape::List, Some(go)) => go.strip_prefix("[]"),
            (Shape::Map, Some(go)) => go
                .strip_prefix("map[")
                .and_then(|go| go.split_once(']'))
                .map(|(_, v)| v),
            (Shape::One, go) => go,
            _ => None,
        };
        named.map_or_else(|| self.kind.go_name(), str::to_owned)
    }
}

impl Type {
    /// Whether Go holds the value in a struct, which `omitempty` never drops.
    pub fn is_struct(self) -> bool {
        !matches!(
            self,
            Self::String
                | Self::Bool
                | Self::Int32
                | Self::Int64
                | Self::Double
                | Self::Bytes
                | Self::Strings
        )
    }

    fn go_name(self) -> String {
        let name = match self {
            Self::String => "string",
            Self::Bool => "bool",
            Self::Int32 => "int32",
            Self::Int64 => "int64",
            Self::Double => "float64",
            Self::Bytes => "[]uint8",
            Self::Quantity => "resource.Quantity",
            Self::IntOrString => "intstr.IntOrString",
            Self::Time => "v1.Time",
            Self::MicroTime => "v1.MicroTime",
            Self::Duration => "v1.Duration",
            Self::FieldsV1 => "v1.FieldsV1",
            Self::RawExtension => "runtime.RawExtension",
            Self::Json => "v1.JSON",
            Self::Strings => "[]string",
            Self::SchemaOrBool => "v1.JSONSchemaPropsOrBool",
            Self::SchemaOrArray => "v1.JSONSchemaPropsOrArray",
            Self::SchemaOrStrings => "v1.JSONSchemaPropsOrStringArray",
            Self::Message(message) => return message.get().go_type(),
        };
        name.to_owned()
    }
}
