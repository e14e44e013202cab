//! Validation errors that name the field, with Kubernetes' words.
//!
//! Validators collect every mistake into an [`ErrorList`] and never stop at the first. Mirrors
//! `apimachinery/pkg/util/validation/field/{path,errors}.go` (v1.35).

use std::fmt;

use serde_json::Value;

/// Where a value stands in an object: `spec.containers[0].image`, `metadata.labels[app]`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Path(String);

impl Path {
    pub fn new(root: &str) -> Self {
        Self(root.to_owned())
    }

    /// The object as a whole, as messages show it where a rule names an empty field.
    pub fn nameless() -> Self {
        Self("[]".to_owned())
    }

    pub fn child(&self, name: &str) -> Self {
        if self.0.is_empty() {
            Self(name.to_owned())
        } else {
            Self(format!("{}.{name}", self.0))
        }
    }

    pub fn index(&self, index: usize) -> Self {
        Self(format!("{}[{index}]", self.0))
    }

    pub fn key(&self, key: &str) -> Self {
        Self(format!("{}[{key}]", self.0))
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_empty() { "<nil>" } else { &self.0 })
    }
}

impl From<&str> for Path {
    fn from(path: &str) -> Self {
        Self::new(path)
    }
}

/// What kind of mistake was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ErrorType {
    NotFound,
    Required,
    Duplicate,
    Invalid,
    NotSupported,
    Forbidden,
    TooLong,
    TooMany,
    Internal,
    TypeInvalid,
}

impl ErrorType {
    /// The `reason` of a Status cause.
    pub fn reason(self) -> &'static str {
        match self {
            Self::NotFound => "FieldValueNotFound",
            Self::Required => "FieldValueRequired",
            Self::Duplicate => "FieldValueDuplicate",
            Self::Invalid => "FieldValueInvalid",
            Self::NotSupported => "FieldValueNotSupported",
            Self::Forbidden => "FieldValueForbidden",
            Self::TooLong => "FieldValueTooLong",
            Self::TooMany => "FieldValueTooMany",
            Self::Internal => "InternalError",
            Self::TypeInvalid => "FieldValueTypeInvalid",
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::NotFound => "Not found",
            Self::Required => "Required value",
            Self::Duplicate => "Duplicate value",
            Self::Invalid | Self::TypeInvalid => "Invalid value",
            Self::NotSupported => "Unsupported value",
            Self::Forbidden => "Forbidden",
            Self::TooLong => "Too long",
            Self::TooMany => "Too many",
            Self::Internal => "Internal error",
        }
    }
}

/// One mistake in one field.
#[derive(Clone, Debug, PartialEq)]
pub struct Error {
    pub error_type: ErrorType,
    pub path: Path,
    /// The value shown after the words; `None` where Kubernetes shows none.
    pub bad_value: Option<Value>,
    pub detail: String,
}

impl Error {
    pub fn required(path: Path, detail: &str) -> Self {
        Self::without_value(ErrorType::Required, path, detail)
    }

    pub fn forbidden(path: Path, detail: &str) -> Self {
        Self::without_value(ErrorType::Forbidden, path, detail)
    }

    pub fn invalid(path: Path, value: impl Into<Value>, detail: &str) -> Self {
        Self::with_value(ErrorType::Invalid, path, value, detail)
    }

    pub fn type_invalid(path: Path, value: impl Into<Value>, detail: &str) -> Self {
        Self::with_value(ErrorType::TypeInvalid, path, value, detail)
    }

    pub fn duplicate(path: Path, value: impl Into<Value>) -> Self {
        Self::with_value(ErrorType::Duplicate, path, value, "")
    }

    pub fn not_found(path: Path, value: impl Into<Value>) -> Self {
        Self::with_value(ErrorType::NotFound, path, value, "")
    }

    pub fn internal(path: Path, detail: &str) -> Self {
        Self::without_value(ErrorType::Internal, path, detail)
    }

    /// `value` is none of `supported`, which are listed in sorted order.
    pub fn not_supported(path: Path, value: impl Into<Value>, supported: &[&str]) -> Self {
        let mut sorted: Vec<String> = supported.iter().map(|word| format!("{word:?}")).collect();
        sorted.sort();
        let detail = format!("supported values: {}", sorted.join(", "));
        let detail = if sorted.is_empty() { "" } else { &detail };
        Self::with_value(ErrorType::NotSupported, path, value, detail)
    }

    pub fn too_long(path: Path, max_length: usize) -> Self {
        let detail = format!("may not be more than {max_length} bytes");
        Self::without_value(ErrorType::TooLong, path, &detail)
    }

    pub fn too_many(path: Path, actual: usize, max: usize) -> Self {
        let plural = if max == 1 { "item" } else { "items" };
        let detail = format!("must have at most {max} {plural}");
        Self::with_value(ErrorType::TooMany, path, actual, &detail)
    }

    fn with_value(
        error_type: ErrorType,
        path: Path,
        value: impl Into<Value>,
        detail: &str,
    ) -> Self {
        Self {
            error_type,
            path,
            bad_value: Some(value.into()),
            detail: detail.to_owned(),
        }
    }

    fn without_value(error_type: ErrorType, path: Path, detail: &str) -> Self {
        Self {
            error_type,
            path,
            bad_value: None,
            detail: detail.to_owned(),
        }
    }

    /// The error without its path, as the `message` of a Status cause.
    pub fn body(&self) -> String {
        let mut body = self.error_type.words().to_owned();
        if let Some(value) = &self.bad_value {
            body.push_str(": ");
            body.push_str(&show(value));
        }
        if !self.detail.is_empty() {
            body.push_str(": ");
            body.push_str(&self.detail);
        }
        body
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.body())
    }
}

/// A bad value as the messages show it: strings quoted, the absent as `null`, trees as JSON.
fn show(value: &Value) -> String {
    match value {
        Value::String(text) => go_quote(text),
        other => other.to_string(),
    }
}

/// A string as Go's `%q` writes it.
pub fn go_quote(text: &str) -> String {
    let mut quoted = String::with_capacity(text.len() + 2);
    quoted.push('"');
    for character in text.chars() {
        match character {
            '"' => quoted.push_str("\\\""),
            '\\' => quoted.push_str("\\\\"),
            '\n' => quoted.push_str("\\n"),
            '\r' => quoted.push_str("\\r"),
            '\t' => quoted.push_str("\\t"),
            c if (c as u32) < 0x20 || c as u32 == 0x7f => {
                quoted.push_str(&format!("\\x{:02x}", c as u32));
            }
            c => quoted.push(c),
        }
    }
    quoted.push('"');
    quoted
}

/// All mistakes found in one object.
pub type ErrorList = Vec<Error>;
