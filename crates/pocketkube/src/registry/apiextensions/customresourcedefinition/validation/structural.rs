//! What makes a schema structural: every field's type is said once, outside of alternatives.
//!
//! Mirrors `apiextensions-apiserver/pkg/apiserver/schema/{validation,complete}.go` (v1.35).

use serde_json::{Value, json};

use super::patterns;
use crate::api::field::{Error, ErrorList, Path};
use crate::api::tree::{elements, entries, is_empty, text};

/// The mistakes in order of their text, as upstream sorts them.
pub(in crate::registry::apiextensions) fn validate(schema: &Value, path: &Path) -> ErrorList {
    let mut walk = Walk::default();
    walk.schema(schema, Level::Root, path);
    walk.completeness(schema, path);
    walk.errors.sort_by_cached_key(ToString::to_string);
    walk.errors
}

/// Why a schema cannot be read as a structural one at all.
pub(in crate::registry::apiextensions) fn unsupported(schema: &Value) -> Option<String> {
    let is_there = |keyword: &str| match keyword {
        "additionalItems" => !schema[keyword].is_null(),
        _ => !is_empty(&schema[keyword]),
    };
    let keywords = [
        ("id", "id"),
        ("$schema", "schema"),
        ("$ref", "$ref"),
        ("patternProperties", "patternProperties"),
        ("dependencies", "dependencies"),
        ("additionalItems", "additionalItems"),
        ("definitions", "definitions"),
    ];
    if let Some((_, name)) = keywords.into_iter().find(|(keyword, _)| is_there(keyword)) {
        return Some(format!("OpenAPIV3Schema '{name}' is not supported"));
    }
    if schema["items"].is_array() {
        return Some("OpenAPIV3Schema 'items' must be a schema, but is an array".to_owned());
    }
    if schema["x-kubernetes-preserve-unknown-fields"] == false {
        return Some(
            "internal error: 'x-kubernetes-preserve-unknown-fields' must be true or undefined"
                .to_owned(),
        );
    }
    below(schema).find_map(unsupported)
}

/// The schemas in a schema.
pub(super) fn below(schema: &Value) -> impl Iterator<Item = &Value> {
    let nested = ["items", "additionalProperties", "not"]
        .into_iter()
        .map(|keyword| &schema[keyword]);
    let listed = ["allOf", "anyOf", "oneOf"]
        .into_iter()
        .flat_map(|keyword| elements(&schema[keyword]));
    let named = entries(&schema["properties"]).map(|(_, property)| property);
    nested
        .chain(listed)
        .chain(named)
        .filter(|part| part.is_object())
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Level {
    Root,
    Item,
    Field,
}

#[derive(Default)]
struct Walk {
    errors: ErrorList,
}

impl Walk {
    fn required(&mut self, path: Path, why: &str) {
        self.errors.push(Error::required(path, why));
    }

    fn forbid(&mut self, path: Path, why: &str) {
        self.errors.push(Error::forbidden(path, why));
    }

    fn invalid(&mut self, path: Path, value: impl Into<Value>, why: &str) {
        self.errors.push(Error::invalid(path, value, why));
    }

    fn schema(&mut self, schema: &Value, level: Level, path: &Path) {
        let kind = text(schema, "type");
        if kind == "array" && schema["items"].is_null() {
            self.required(path.child("items"), "must be specified");
        }
        if schema["items"].is_object() {
            self.schema(&schema["items"], Level::Item, &path.child("items"));
        }
        for (name, property) in entries(&schema["properties"]) {
            let path = path.child("properties").key(name);
            self.schema(property, Level::Field, &path);
        }
        let additional = &schema["additionalProperties"];
        if !additional.is_null() {
            let path = path.child("additionalProperties");
            if level == Level::Root {
                self.forbid(path.clone(), "must not be used at the root");
            }
            if additional.is_object() {
                self.schema(additional, Level::Field, &path);
            }
        }
        self.int_or_string(schema, path);
        self.value_validation(schema, path, Exempt::of(schema));
        self.kind(schema, level, path);
        self.identity(schema, level, path);
    }

    fn int_or_string(&mut self, schema: &Value, path: &Path) {
        if schema["x-kubernetes-int-or-string"] != true {
            return;
        }
        let why = "must be false if x-kubernetes-int-or-string is true";
        for keyword in [
            "x-kubernetes-preserve-unknown-fields",
            "x-kubernetes-embedded-resource",
        ] {
            if schema[keyword] == true {
                self.invalid(path.child(keyword), true, why);
            }
        }
    }

    fn kind(&mut self, schema: &Value, level: Level, path: &Path) {
        let kind = text(schema, "type");
        let is_embedded = schema["x-kubernetes-embedded-resource"] == true;
        let preserves = schema["x-kubernetes-preserve-unknown-fields"] == true;
        let type_path = path.child("type");
        if is_embedded && kind != "object" {
            let why = "must be object if x-kubernetes-embedded-resource is true";
            match kind {
                "" => self.required(type_path.clone(), why),
                other => self.invalid(type_path.clone(), other, why),
            }
        } else if kind.is_empty() && schema["x-kubernetes-int-or-string"] != true && !preserves {
            let why = match level {
                Level::Root => "must not be empty at the root",
                Level::Item => "must not be empty for specified array items",
                Level::Field => "must not be empty for specified object fields",
            };
            self.required(type_path.clone(), why);
        }
        if is_embedded && !schema["additionalProperties"].is_null() {
            let why = "must not be used if x-kubernetes-embedded-resource is set";
            self.forbid(path.child("additionalProperties"), why);
        }
        if level == Level::Root && !kind.is_empty() && kind != "object" {
            self.invalid(type_path, kind, "must be object at the root");
        }
        if is_embedded && !preserves && is_empty(&schema["properties"]) {
            let why = "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields";
            self.required(path.child("properties"), why);
        }
    }

    /// `kind`, `apiVersion` and `metadata` are what they are in every object.
    fn identity(&mut self, schema: &Value, level: Level, path: &Path) {
        let is_object = level == Level::Root || schema["x-kubernetes-embedded-resource"] == true;
        let properties = &schema["properties"];
        for name in ["kind", "apiVersion"] {
            let property = &properties[name];
            if is_object && property.is_object() && text(property, "type") != "string" {
                let path = path.child("properties").key(name).child("type");
                self.invalid(path, text(property, "type"), "must be string");
            }
        }
        let metadata = &properties["metadata"];
        if !metadata.is_object() {
            return;
        }
        let path = path.child("properties").key("metadata");
        if is_object && text(metadata, "type") != "object" {
            self.invalid(path.child("type"), text(metadata, "type"), "must be object");
        }
        let names_only = entries(&metadata["properties"])
            .all(|(name, _)| matches!(name.as_str(), "name" | "generateName"));
        let nothing_else = entries(metadata).all(|(keyword, value)| {
            matches!(keyword.as_str(), "type" | "properties" | "default") || is_empty(value)
        });
        if level == Level::Root && !(names_only && nothing_else) {
            let why = "must not specify anything other than name and generateName, but metadata is implicitly specified";
            self.forbid(path, why);
        }
    }

    fn value_validation(&mut self, schema: &Value, path: &Path, exempt: Exempt) {
        for keyword in ["anyOf", "allOf", "oneOf"] {
            for (index, nested) in elements(&schema[keyword]).iter().enumerate() {
                let path = path.child(keyword).index(index);
                match (keyword, exempt) {
                    ("anyOf", Exempt::AnyOf) => {}
                    ("allOf", Exempt::FirstAllOf) if index == 0 => {
                        self.nested(nested, &path, Exempt::AnyOf);
                    }
                    _ => self.nested(nested, &path, Exempt::Nothing),
                }
            }
        }
        if schema["not"].is_object() {
            self.nested(&schema["not"], &path.child("not"), Exempt::Nothing);
        }
        if let Some(pattern) = schema["pattern"].as_str()
            && let Some(fault) = patterns::fault(pattern)
        {
            let why = format!("must be a valid regular expression, but isn't: {fault}");
            self.invalid(path.child("pattern"), pattern, &why);
        }
    }

    /// A schema under `allOf`, `anyOf`, `oneOf` or `not` restricts, and says nothing of types.
    fn nested(&mut self, schema: &Value, path: &Path, exempt: Exempt) {
        self.value_validation(schema, path, exempt);
        if schema["items"].is_object() {
            self.nested(&schema["items"], &path.child("items"), Exempt::Nothing);
        }
        for (name, property) in entries(&schema["properties"]) {
            let path = path.child("properties").key(name);
            self.nested(property, &path, Exempt::Nothing);
        }
        for (keyword, state) in [
            ("type", "empty"),
            ("additionalProperties", "undefined"),
            ("default", "undefined"),
            ("title", "empty"),
            ("description", "empty"),
            ("nullable", "false"),
            ("externalDocs", "undefined"),
            ("x-kubernetes-preserve-unknown-fields", "false"),
            ("x-kubernetes-embedded-resource", "false"),
            ("x-kubernetes-int-or-string", "false"),
            ("x-kubernetes-list-map-keys", "empty"),
            ("x-kubernetes-list-type", "undefined"),
            ("x-kubernetes-map-type", "undefined"),
            ("x-kubernetes-validations", "empty"),
        ] {
            let value = &schema[keyword];
            if !is_empty(value) && *value != false {
                self.forbid(
                    path.child(keyword),
                    &format!("must be {state} to be structural"),
                );
            }
        }
        if !schema["properties"]["metadata"].is_null() {
            let path = path.child("properties").key("metadata");
            self.forbid(path, "must not be specified in a nested context");
        }
    }

    // === Completeness: what alternatives mention exists ===

    fn completeness(&mut self, schema: &Value, path: &Path) {
        self.mentioned(schema, schema, path, path);
        if schema["items"].is_object() {
            self.completeness(&schema["items"], &path.child("items"));
        }
        for (name, property) in entries(&schema["properties"]) {
            self.completeness(property, &path.child("properties").key(name));
        }
        if schema["additionalProperties"].is_object() {
            let path = path.child("additionalProperties");
            self.completeness(&schema["additionalProperties"], &path);
        }
    }

    fn mentioned(&mut self, by: &Value, schema: &Value, schema_path: &Path, by_path: &Path) {
        for keyword in ["anyOf", "allOf", "oneOf"] {
            for (index, nested) in elements(&by[keyword]).iter().enumerate() {
                let by_path = by_path.child(keyword).index(index);
                self.is_there(nested, schema, schema_path, &by_path);
            }
        }
        if by["not"].is_object() {
            self.is_there(&by["not"], schema, schema_path, &by_path.child("not"));
        }
    }

    fn is_there(&mut self, by: &Value, schema: &Value, schema_path: &Path, by_path: &Path) {
        if !schema.is_object() {
            let why = format!("because it is defined in {by_path}");
            self.required(schema_path.clone(), &why);
            return;
        }
        self.mentioned(by, schema, schema_path, by_path);
        if by["items"].is_object() {
            let (schema_path, by_path) = (schema_path.child("items"), by_path.child("items"));
            self.is_there(&by["items"], &schema["items"], &schema_path, &by_path);
        }
        for (name, property) in entries(&by["properties"]) {
            let below = |path: &Path| path.child("properties").key(name);
            let found = &schema["properties"][name];
            self.is_there(property, found, &below(schema_path), &below(by_path));
        }
    }
}

/// The two ways in which an int-or-string may spell out its types.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Exempt {
    Nothing,
    AnyOf,
    FirstAllOf,
}

impl Exempt {
    fn of(schema: &Value) -> Self {
        let spelled = json!([{"type": "integer"}, {"type": "string"}]);
        if schema["anyOf"] == spelled {
            Self::AnyOf
        } else if schema["allOf"][0]["anyOf"] == spelled {
            Self::FirstAllOf
        } else {
            Self::Nothing
        }
    }
}
