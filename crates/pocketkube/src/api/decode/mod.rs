//! Request bodies to objects: JSON, YAML and protobuf into one tree in normal form.
//!
//! The order is upstream's: syntax, then kind, then types, then unknown and duplicate fields. What
//! comes out has only fields that the kind knows, written as a real API server writes them (see
//! `strict`). Nothing is defaulted here beyond `kind` and `apiVersion`. Mirrors
//! `apimachinery/pkg/runtime/serializer` and `apiserver/pkg/endpoints/handlers/rest.go` (v1.35).

mod json;
mod node;
mod protobuf;
mod strict;
mod time;
mod wire;
mod yaml;
mod zero;

#[cfg(test)]
mod tests;

use serde_json::Value;

use self::node::Node;
use self::strict::Fitted;
use super::field::go_quote;
use super::gvk::{GroupVersion, GroupVersionKind};
use super::schema::{self, Message};
use super::status::StatusError;
use super::structural::Structural;

/// What happens to unknown and duplicate fields (`?fieldValidation=`).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FieldValidation {
    Ignore,
    /// The default of the API server.
    #[default]
    Warn,
    Strict,
}

impl FieldValidation {
    /// Reads the value of the query parameter; the empty text is the default.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "Ignore" => Some(Self::Ignore),
            "Warn" | "" => Some(Self::Warn),
            "Strict" => Some(Self::Strict),
            _ => None,
        }
    }
}

/// The format of a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MediaType {
    Json,
    Yaml,
    Protobuf,
}

impl MediaType {
    /// Reads a `Content-Type` header; parameters are passed over. An absent one is JSON.
    pub fn of_content_type(header: &str) -> Option<Self> {
        let name = header.split(';').next().unwrap_or_default().trim();
        match name.to_ascii_lowercase().as_str() {
            "" | "application/json" => Some(Self::Json),
            "application/yaml" => Some(Self::Yaml),
            "application/vnd.kubernetes.protobuf" => Some(Self::Protobuf),
            _ => None,
        }
    }
}

/// How much is known about the kind that is wanted.
#[derive(Clone, Copy, Debug)]
pub enum Shape<'s> {
    BuiltIn(&'static Message),
    /// A custom resource: `metadata` has a known shape, the rest is pruned by the schema.
    Custom(Option<&'s Structural>),
}

/// An object that was decoded.
#[derive(Clone, Debug, PartialEq)]
pub struct Decoded {
    /// In normal form, with `apiVersion` and `kind`.
    pub value: Value,
    /// For the `Warning` headers of the response.
    pub warnings: Vec<String>,
}

/// Decodes the body of a create or update as an object of the kind `wanted`.
///
/// Fails with 400 for a body that cannot be read, is of another kind, or has a field of a wrong
/// type; under [`FieldValidation::Strict`] also for unknown and duplicate fields.
pub fn object(
    media_type: MediaType,
    body: &[u8],
    wanted: &GroupVersionKind,
    shape: Shape<'_>,
    validation: FieldValidation,
) -> Result<Decoded, StatusError> {
    let unrecognized = |error: String| {
        StatusError::bad_request(format!(
            "the object provided is unrecognized (must be of type {}): {error} ({})",
            wanted.kind,
            summary(body)
        ))
    };
    if media_type == MediaType::Protobuf {
        let unknown = protobuf::unwrap(body).map_err(unrecognized)?;
        let found = read_kind(&unknown.api_version, &unknown.kind, wanted).map_err(unrecognized)?;
        let Shape::BuiltIn(message) = shape else {
            return Err(StatusError::unsupported_media_type(
                "the body of the request was in an unknown format - accepted media types include: application/json, application/yaml",
            ));
        };
        check_kind(&found, wanted)?;
        return protobuf::message(unknown.raw, message)
            .and_then(|node| strict::fit(node, message))
            .map_err(|error| cannot_be_handled(&found, wanted, &error))
            .and_then(|fitted| judge(fitted, &found, wanted, FieldValidation::Ignore));
    }
    let node = match media_type {
        MediaType::Yaml => yaml::parse(body).map_err(unrecognized)?,
        _ => json::parse(body).map_err(|error| unrecognized(interpret_error(&error)))?,
    };
    let found = kind_of(&node, wanted).map_err(unrecognized)?;
    check_kind(&found, wanted)?;
    fit(node, shape)
        .map_err(|error| cannot_be_handled(&found, wanted, &error))
        .and_then(|fitted| judge(fitted, &found, wanted, validation))
}

/// [`object`] for a tree that never was text, from a client in the same process.
pub fn tree(
    body: &Value,
    wanted: &GroupVersionKind,
    shape: Shape<'_>,
    validation: FieldValidation,
) -> Result<Decoded, StatusError> {
    let node = Node::from(body);
    let found = kind_of(&node, wanted).map_err(StatusError::bad_request)?;
    check_kind(&found, wanted)?;
    fit(node, shape)
        .map_err(|error| cannot_be_handled(&found, wanted, &error))
        .and_then(|fitted| judge(fitted, &found, wanted, validation))
}

/// What [`normalize`] found besides the tree.
#[derive(Clone, Debug, PartialEq)]
pub struct Normalized {
    pub value: Value,
    /// Unknown fields, as `unknown field "spec.foo"`.
    pub strict_errors: Vec<String>,
}

/// Brings a patched object into normal form. The error is Go's message for a wrong type.
pub fn normalize(value: &Value, shape: Shape<'_>) -> Result<Normalized, String> {
    let fitted = fit(Node::from(value), shape)?;
    Ok(Normalized {
        value: fitted.value,
        strict_errors: fitted.strict_errors,
    })
}

/// Reads a patch body, JSON or YAML, as it stands. Of duplicate keys the last counts; all of them
/// are named in the second part. The error is Go's message.
pub fn untyped(media_type: MediaType, body: &[u8]) -> Result<(Value, Vec<String>), String> {
    let node = match media_type {
        MediaType::Yaml => yaml::parse(body)?,
        _ => json::parse(body)?,
    };
    Ok(strict::untyped(node))
}

fn fit(node: Node<'_>, shape: Shape<'_>) -> Result<Fitted, String> {
    match shape {
        Shape::BuiltIn(message) => strict::fit(node, message),
        Shape::Custom(schema) => {
            let mut fitted = strict::fit_custom(node)?;
            if let Some(schema) = schema {
                let unknown = schema.prune(&mut fitted.value).into_iter();
                fitted
                    .strict_errors
                    .extend(unknown.map(|path| format!("unknown field {}", go_quote(&path))));
            }
            Ok(fitted)
        }
    }
}

/// Decides about unknown and duplicate fields.
fn judge(
    fitted: Fitted,
    found: &GroupVersionKind,
    wanted: &GroupVersionKind,
    validation: FieldValidation,
) -> Result<Decoded, StatusError> {
    let Fitted {
        mut value,
        strict_errors,
    } = fitted;
    if validation == FieldValidation::Strict && !strict_errors.is_empty() {
        let error = strict_decoding_error(&strict_errors);
        return Err(cannot_be_handled(found, wanted, &error));
    }
    value["apiVersion"] = wanted.api_version().into();
    value["kind"] = wanted.kind.as_str().into();
    let warnings = match validation {
        FieldValidation::Warn => strict_errors,
        _ => Vec::new(),
    };
    Ok(Decoded { value, warnings })
}

/// `strict decoding error: unknown field "spec.a", unknown field "spec.b"`
pub fn strict_decoding_error(strict_errors: &[String]) -> String {
    format!("strict decoding error: {}", strict_errors.join(", "))
}

// === Kinds ===

fn kind_of(node: &Node<'_>, wanted: &GroupVersionKind) -> Result<GroupVersionKind, String> {
    const FIND_KIND: &str = "struct { APIVersion string \"json:\\\"apiVersion,omitempty\\\"\"; Kind string \"json:\\\"kind,omitempty\\\"\" }";
    let text = |field: &str| match node.get(field) {
        None | Some(Node::Null) => Ok(""),
        Some(Node::String(text)) => Ok(text.as_ref()),
        Some(other) => Err(interpret_error(&format!(
            "json: cannot unmarshal {} into Go struct field .{field} of type string",
            other.describe()
        ))),
    };
    match node {
        Node::Object(_) | Node::Null => read_kind(text("apiVersion")?, text("kind")?, wanted),
        other => Err(interpret_error(&format!(
            "json: cannot unmarshal {} into Go value of type {FIND_KIND}",
            other.describe()
        ))),
    }
}

fn interpret_error(error: &str) -> String {
    format!("couldn't get version/kind; json parse error: {error}")
}

/// The kind that a body names; what it leaves out is what is wanted.
fn read_kind(
    api_version: &str,
    kind: &str,
    wanted: &GroupVersionKind,
) -> Result<GroupVersionKind, String> {
    if api_version.matches('/').count() > 1 {
        return Err(format!("unexpected GroupVersion string: {api_version}"));
    }
    let mut names = GroupVersion::parse(api_version);
    if names.version.is_empty() && (names.group.is_empty() || names.group == wanted.group) {
        names = wanted.group_version();
    }
    let kind = if kind.is_empty() { &wanted.kind } else { kind };
    Ok(GroupVersionKind::new(&names.group, &names.version, kind))
}

/// Refuses a body of another kind than the path asks for.
fn check_kind(found: &GroupVersionKind, wanted: &GroupVersionKind) -> Result<(), StatusError> {
    if found == wanted || found.kind == wanted.kind && goes_with_every_group(found) {
        return Ok(());
    }
    if found.kind == wanted.kind
        && found.group == wanted.group
        && schema::message_for(&found.group, &found.version, &found.kind).is_some()
    {
        return Err(StatusError::bad_request(format!(
            "the API version in the data ({}) does not match the expected API version ({})",
            found.api_version(),
            wanted.api_version()
        )));
    }
    let error = match schema::message_for(&found.group, &found.version, &found.kind) {
        Some(message) => {
            let package = match wanted.group.split('.').next() {
                None | Some("") => "core",
                Some(package) => package,
            };
            format!(
                "converting ({}) to ({package}.{}): unknown conversion",
                message.go_type(),
                wanted.kind
            )
        }
        None => format!(
            "no kind {} is registered for version {} in scheme \"pkg/api/legacyscheme/scheme.go:30\"",
            go_quote(&found.kind),
            go_quote(&found.api_version())
        ),
    };
    Err(cannot_be_handled(found, wanted, &error))
}

/// `DeleteOptions` and their like may come under the name of any group.
fn goes_with_every_group(kind: &GroupVersionKind) -> bool {
    schema::message_for(&kind.group, &kind.version, &kind.kind)
        .is_some_and(|message| message.path().starts_with("apimachinery."))
}

fn cannot_be_handled(
    found: &GroupVersionKind,
    wanted: &GroupVersionKind,
    error: &str,
) -> StatusError {
    StatusError::bad_request(format!(
        "{} in version {} cannot be handled as a {}: {error}",
        found.kind,
        go_quote(&found.version),
        wanted.kind
    ))
}

/// The beginning of a body, for the error about it.
fn summary(body: &[u8]) -> String {
    const MOST: usize = 30;
    let shown = &body[..body.len().min(MOST)];
    let more = if body.len() > MOST { " ..." } else { "" };
    match body.first() {
        None => "<empty>".to_owned(),
        Some(b'{') => format!("{}{more}", String::from_utf8_lossy(shown)),
        Some(_) => {
            let hex: String = shown.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("{hex}{more}")
        }
    }
}

/// An object of the kind before anybody set anything, in normal form.
pub fn empty(kind: &'static Message) -> Value {
    zero::of_message(kind)
}
