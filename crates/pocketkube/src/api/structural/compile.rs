//! From the schema in a definition to the form that is walked.
//!
//! Unknown or wrongly typed keywords are passed over: the definition's own validation has already
//! complained about them.

use std::sync::OnceLock;

use serde_json::Value;

use super::{Additional, Bound, Checks, Kind, ListKind, Node, Pattern, Rule};
use crate::api::tree::{elements, entries, strings, text};

pub(super) fn node(schema: &Value) -> Node {
    let is = |field: &str| schema[field] == true;
    let mut node = Node {
        kind: kind(schema),
        nullable: is("nullable"),
        preserves_unknown: is("x-kubernetes-preserve-unknown-fields"),
        embedded: is("x-kubernetes-embedded-resource"),
        list: list_kind(schema),
        default: schema.get("default").filter(|d| !d.is_null()).cloned(),
        map_is_atomic: text(schema, "x-kubernetes-map-type") == "atomic",
        properties: entries(&schema["properties"])
            .map(|(name, schema)| (name.clone(), self::node(schema)))
            .collect(),
        additional: match &schema["additionalProperties"] {
            Value::Null => Additional::Unsaid,
            Value::Bool(false) => Additional::Forbidden,
            Value::Bool(true) => Additional::Allowed,
            schema => Additional::Each(Box::new(self::node(schema))),
        },
        items: match &schema["items"] {
            items @ Value::Object(_) => Some(Box::new(self::node(items))),
            _ => None,
        },
        checks: checks(schema),
        rules: elements(&schema["x-kubernetes-validations"])
            .iter()
            .map(Rule::read)
            .collect(),
        ..Node::default()
    };
    let own_default = node.default.is_some();
    node.has_defaults = own_default || node.children().any(|child| child.has_defaults);
    let in_all_of = node.checks.iter().flat_map(|checks| &checks.all_of);
    node.has_rules = !node.rules.is_empty()
        || node
            .children()
            .chain(in_all_of)
            .any(|child| child.has_rules);
    node.has_unique_lists =
        node.list != ListKind::Atomic || node.children().any(|child| child.has_unique_lists);
    node
}

impl Node {
    /// The nodes below that say what values are, rather than restrict them further.
    pub(super) fn children(&self) -> impl Iterator<Item = &Node> {
        let each = match &self.additional {
            Additional::Each(node) => Some(&**node),
            _ => None,
        };
        self.properties
            .values()
            .chain(each)
            .chain(self.items.as_deref())
    }

    /// What the entry `name` of a map is, where the schema says.
    pub(super) fn entry(&self, name: &str) -> Option<&Node> {
        match (self.properties.get(name), &self.additional) {
            (Some(node), _) => Some(node),
            (None, Additional::Each(node)) => Some(node),
            _ => None,
        }
    }
}

fn kind(schema: &Value) -> Kind {
    if schema["x-kubernetes-int-or-string"] == true {
        return Kind::IntOrString;
    }
    match text(schema, "type") {
        "object" => Kind::Object,
        "array" => Kind::Array,
        "string" => Kind::String,
        "integer" => Kind::Integer,
        "number" => Kind::Number,
        "boolean" => Kind::Boolean,
        _ => Kind::Any,
    }
}

fn list_kind(schema: &Value) -> ListKind {
    match text(schema, "x-kubernetes-list-type") {
        "set" => ListKind::Set,
        "map" => {
            let keys = strings(&schema["x-kubernetes-list-map-keys"]);
            ListKind::Map(keys.map(str::to_owned).collect())
        }
        _ => ListKind::Atomic,
    }
}

fn checks(schema: &Value) -> Option<Box<Checks>> {
    const KEYWORDS: &[&str] = &[
        "minimum",
        "maximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "pattern",
        "format",
        "minItems",
        "maxItems",
        "uniqueItems",
        "minProperties",
        "maxProperties",
        "required",
        "enum",
        "allOf",
        "anyOf",
        "oneOf",
        "not",
    ];
    if !KEYWORDS.iter().any(|keyword| schema.get(keyword).is_some()) {
        return None;
    }
    let count = |field: &str| schema[field].as_u64();
    let nodes = |field: &str| elements(&schema[field]).iter().map(node).collect();
    Some(Box::new(Checks {
        minimum: bound(schema, "minimum", "exclusiveMinimum"),
        maximum: bound(schema, "maximum", "exclusiveMaximum"),
        multiple_of: schema["multipleOf"].as_f64(),
        min_length: count("minLength"),
        max_length: count("maxLength"),
        pattern: schema["pattern"].as_str().map(|pattern| Pattern {
            text: pattern.to_owned(),
            compiled: OnceLock::new(),
        }),
        format: text(schema, "format").to_owned(),
        min_items: count("minItems"),
        max_items: count("maxItems"),
        unique_items: schema["uniqueItems"] == true,
        min_properties: count("minProperties"),
        max_properties: count("maxProperties"),
        required: strings(&schema["required"]).map(str::to_owned).collect(),
        one_of_values: elements(&schema["enum"]).to_vec(),
        all_of: nodes("allOf"),
        any_of: nodes("anyOf"),
        one_of: nodes("oneOf"),
        not: schema.get("not").map(|schema| Box::new(node(schema))),
    }))
}

fn bound(schema: &Value, field: &str, exclusive: &str) -> Option<Bound> {
    let number = &schema[field];
    let value = number.as_f64()?;
    Some(Bound {
        value,
        text: go_number(value),
        exclusive: schema[exclusive] == true,
    })
}

/// A number as Go's `%v` writes a float64.
pub(super) fn go_number(value: f64) -> String {
    let magnitude = value.abs();
    if magnitude != 0.0 && !(1e-4..1e21).contains(&magnitude) {
        let text = format!("{value:e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let (sign, exponent) = match exponent.strip_prefix('-') {
            Some(exponent) => ('-', exponent),
            None => ('+', exponent),
        };
        return format!("{digits}e{sign}{exponent:0>2}");
    }
    format!("{value}")
}
