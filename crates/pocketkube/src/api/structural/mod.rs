//! The schemas that custom resources bring, compiled once and walked often.
//!
//! A [`Structural`] answers what a definition says of its objects: which fields exist (pruning),
//! what they are when absent (defaulting) and what they may hold (validation, with all mistakes at
//! once). It knows one version of one definition; which version an object is in is the business
//! of whoever asks. Mirrors `apiextensions-apiserver/pkg/apiserver/{schema,validation}` (v1.35).

mod compile;
mod defaults;
mod embedded;
mod formats;
mod lists;
mod prune;
mod rules;
mod validate;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use regex::Regex;
use serde_json::Value;

pub use rules::Rule;

use super::field::ErrorList;

/// One version's schema.
#[derive(Debug)]
pub struct Structural {
    raw: Value,
    root: Node,
}

/// One place in a schema.
#[derive(Debug, Default)]
struct Node {
    kind: Kind,
    nullable: bool,
    /// Fields that the schema does not name are kept.
    preserves_unknown: bool,
    /// An object with its own `apiVersion`, `kind` and `metadata`.
    embedded: bool,
    list: ListKind,
    default: Option<Value>,
    /// Whether a default stands here or anywhere below.
    has_defaults: bool,
    /// Whether a rule in CEL stands here or anywhere below.
    has_rules: bool,
    /// Whether a list below is a set or a map.
    has_unique_lists: bool,
    map_is_atomic: bool,
    properties: BTreeMap<String, Node>,
    /// What entries that are no properties are.
    additional: Additional,
    items: Option<Box<Node>>,
    checks: Option<Box<Checks>>,
    rules: Vec<Rule>,
}

/// The types that a value may have.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    Any,
    Object,
    Array,
    String,
    Integer,
    Number,
    Boolean,
    IntOrString,
}

/// How the elements of a list are told apart.
#[derive(Debug, Default, PartialEq, Eq)]
enum ListKind {
    #[default]
    Atomic,
    Set,
    Map(Vec<String>),
}

#[derive(Debug, Default)]
enum Additional {
    /// The schema does not speak of further entries.
    #[default]
    Unsaid,
    Allowed,
    Forbidden,
    Each(Box<Node>),
}

/// What restricts a value beyond its type.
#[derive(Debug, Default)]
struct Checks {
    minimum: Option<Bound>,
    maximum: Option<Bound>,
    multiple_of: Option<f64>,
    min_length: Option<u64>,
    max_length: Option<u64>,
    pattern: Option<Pattern>,
    format: String,
    min_items: Option<u64>,
    max_items: Option<u64>,
    unique_items: bool,
    min_properties: Option<u64>,
    max_properties: Option<u64>,
    required: Vec<String>,
    one_of_values: Vec<Value>,
    all_of: Vec<Node>,
    any_of: Vec<Node>,
    one_of: Vec<Node>,
    not: Option<Box<Node>>,
}

#[derive(Debug)]
struct Bound {
    value: f64,
    /// As the definition writes it.
    text: String,
    exclusive: bool,
}

/// A regular expression, compiled when the first value is held against it.
#[derive(Debug)]
struct Pattern {
    text: String,
    compiled: OnceLock<Option<Regex>>,
}

impl Pattern {
    fn matches(&self, text: &str) -> bool {
        let compiled = self.compiled.get_or_init(|| Regex::new(&self.text).ok());
        compiled.as_ref().is_none_or(|regex| regex.is_match(text))
    }
}

impl Structural {
    /// Reads an `openAPIV3Schema` that has passed the definition's validation.
    pub fn new(schema: Value) -> Self {
        let root = compile::node(&schema);
        Self { raw: schema, root }
    }

    /// The schema as the definition has it.
    pub fn raw(&self) -> &Value {
        &self.raw
    }

    /// Drops the fields that the schema does not know, and tells their paths in order.
    pub fn prune(&self, object: &mut Value) -> Vec<String> {
        prune::prune(object, &self.root)
    }

    /// Fills in what is missing. Idempotent.
    pub fn default(&self, object: &mut Value) {
        defaults::drop_nulls(object, &self.root);
        defaults::fill(object, &self.root);
    }

    /// Whether pruning and defaulting would leave an object as it is.
    pub fn is_settled(&self, object: &Value) -> bool {
        prune::is_pruned(object, &self.root) && defaults::is_filled(object, &self.root)
    }

    /// Whether there is nothing to prune in a value that is no object of its own.
    pub fn is_pruned_value(&self, value: &Value) -> bool {
        prune::is_pruned_value(value, &self.root)
    }

    /// Every mistake in an object. Of a changed object (`old` is there) what was wrong before and
    /// is untouched is let pass.
    pub fn validate(&self, object: &Value, old: Option<&Value>) -> ErrorList {
        let mut errors = validate::validate(object, old, &self.root);
        errors.extend(embedded::validate(object, &self.root));
        errors.extend(lists::validate_change(object, old, &self.root));
        rules::validate(object, old, &self.root, &mut errors);
        errors
    }
}

/// The segments of a path such as `.spec.size` or `.spec['a.b']`; what cannot be read ends it.
pub fn field_path(path: &str) -> Vec<String> {
    let mut segments = Vec::new();
    let mut rest = path.trim();
    while !rest.is_empty() {
        if let Some(quoted) = rest.strip_prefix("['") {
            let Some((segment, after)) = quoted.split_once("']") else {
                break;
            };
            segments.push(segment.replace("\\'", "'"));
            rest = after;
        } else if let Some(after) = rest.strip_prefix('.') {
            let end = after.find(['.', '[']).unwrap_or(after.len());
            segments.push(after[..end].to_owned());
            rest = &after[end..];
        } else {
            break;
        }
    }
    segments
}
