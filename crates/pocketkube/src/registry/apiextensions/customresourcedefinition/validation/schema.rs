//! The schema of a version, keyword by keyword.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{defaults, keys, rules, structural};
use crate::api::field::{Error, ErrorList, Path};
use crate::api::tree::{elements, entries, is_empty, text};

const TYPES: &[&str] = &["array", "boolean", "integer", "number", "object", "string"];

/// Keywords that may stand at the root beside a `status` subresource, by their internal names.
const AT_ROOT_WITH_STATUS: &str = "[Description Type Format Title Maximum ExclusiveMaximum Minimum ExclusiveMinimum MaxLength MinLength Pattern MaxItems MinItems UniqueItems MultipleOf Required Items Properties ExternalDocs Example XPreserveUnknownFields XValidations]";
const NOT_AT_ROOT_WITH_STATUS: &[&str] = &[
    "id",
    "$schema",
    "$ref",
    "default",
    "enum",
    "maxProperties",
    "minProperties",
    "allOf",
    "oneOf",
    "anyOf",
    "not",
    "additionalProperties",
    "patternProperties",
    "dependencies",
    "additionalItems",
    "definitions",
    "nullable",
    "x-kubernetes-embedded-resource",
    "x-kubernetes-int-or-string",
    "x-kubernetes-list-map-keys",
    "x-kubernetes-list-type",
    "x-kubernetes-map-type",
];

/// `validation` holds the `openAPIV3Schema`.
pub(super) fn validate(validation: &Value, has_status: bool, path: &Path) -> ErrorList {
    let schema = &validation["openAPIV3Schema"];
    if schema.is_null() {
        return ErrorList::new();
    }
    let path = path.child("openAPIV3Schema");
    let mut errors = ErrorList::new();
    if has_status {
        errors.extend(root_with_status(schema, &path));
    }
    if schema["nullable"] == true {
        let why = "nullable cannot be true at the root";
        errors.push(Error::forbidden(path.child("nullable"), why));
    }
    let mut is_structural = false;
    let unread = structural::unsupported(schema);
    if unread.is_none() {
        let unstructural = structural::validate(schema, &path);
        if unstructural.is_empty() {
            let wrong_defaults = defaults::validate(schema, &path);
            is_structural = wrong_defaults.is_empty();
            errors.extend(wrong_defaults);
        } else {
            errors.extend(unstructural);
        }
    }
    let mut walk = Walk::default();
    let root = Place {
        is_root: true,
        ..Place::default()
    };
    walk.visit(schema, &path, &root);
    errors.append(&mut walk.errors);
    if is_structural {
        errors.extend(rules::validate(schema, &path, &walk.wrong));
    }
    // What the walk forbids is not told again.
    if let Some(why) = unread
        && errors.is_empty()
    {
        errors.push(Error::invalid(path, "", &why));
    }
    errors
}

fn root_with_status(schema: &Value, path: &Path) -> Option<Error> {
    let kind = text(schema, "type");
    if !kind.is_empty() && kind != "object" {
        let why = "only \"object\" is allowed as the type at the root of the schema if the status subresource is enabled";
        return Some(Error::invalid(path.child("type"), kind, why));
    }
    let has_other = NOT_AT_ROOT_WITH_STATUS
        .iter()
        .any(|keyword| !is_empty(&schema[keyword]) && schema[keyword] != false);
    let why = format!(
        "only {AT_ROOT_WITH_STATUS} fields are allowed at the root of the schema if the status subresource is enabled"
    );
    has_other.then(|| Error::invalid(path.clone(), schema.clone(), &why))
}

#[derive(Default)]
struct Walk {
    errors: ErrorList,
    /// The parts with rules in or below which something is wrong: their rules are not compiled.
    wrong: BTreeSet<String>,
}

/// What depends on where in the schema the walk is.
#[derive(Clone, Default)]
struct Place {
    is_root: bool,
    /// In `metadata`, `kind` or `apiVersion` of an object.
    is_in_meta: bool,
    /// Why no defaults may stand here.
    no_defaults: Option<String>,
}

impl Place {
    fn below(&self) -> Self {
        Self {
            is_root: false,
            ..self.clone()
        }
    }
}

impl Walk {
    fn visit(&mut self, schema: &Value, path: &Path, place: &Place) {
        if !schema.is_object() {
            return;
        }
        let before = self.errors.len();
        self.keywords(schema, path, place);
        let below = place.below();
        let additional = &schema["additionalProperties"];
        if !additional.is_null() {
            if !is_empty(&schema["properties"]) && *additional != true {
                let why = "additionalProperties and properties are mutual exclusive";
                self.errors
                    .push(Error::forbidden(path.child("additionalProperties"), why));
            }
            let mut inner = below.clone();
            if place.is_in_meta {
                let why = "inside additionalProperties applying to object metadata";
                inner.no_defaults = Some(why.to_owned());
            }
            self.visit(additional, &path.child("additionalProperties"), &inner);
        }
        for (name, property) in entries(&schema["properties"]) {
            let mut inner = below.clone();
            let is_object = place.is_root || schema["x-kubernetes-embedded-resource"] == true;
            if is_object && matches!(name.as_str(), "metadata" | "kind" | "apiVersion") {
                inner.is_in_meta = true;
                if place.is_root {
                    inner.no_defaults = Some(format!("in top-level {name}"));
                }
            }
            self.visit(property, &path.child("properties").key(name), &inner);
        }
        self.visit(&schema["not"], &path.child("not"), &below);
        for keyword in ["allOf", "oneOf", "anyOf"] {
            for (index, nested) in elements(&schema[keyword]).iter().enumerate() {
                self.visit(nested, &path.child(keyword).index(index), &below);
            }
        }
        for (name, nested) in entries(&schema["definitions"]) {
            self.visit(nested, &path.child("definitions").key(name), &below);
        }
        self.visit(&schema["items"], &path.child("items"), &below);
        for (index, nested) in elements(&schema["items"]).iter().enumerate() {
            self.visit(nested, &path.child("items").index(index), &below);
        }
        for (name, nested) in entries(&schema["dependencies"]) {
            self.visit(nested, &path.child("dependencies").key(name), &below);
        }
        self.extensions(schema, path);
        self.errors.extend(keys::validate(schema, path));
        if !is_empty(&schema["x-kubernetes-validations"]) {
            self.errors.extend(rules::words(schema, path));
            if self.errors.len() > before {
                self.wrong.insert(path.as_str().to_owned());
            }
        }
    }

    fn forbid(&mut self, path: Path, why: &str) {
        self.errors.push(Error::forbidden(path, why));
    }

    fn keywords(&mut self, schema: &Value, path: &Path, place: &Place) {
        let kind = text(schema, "type");
        if !kind.is_empty() && !TYPES.contains(&kind) {
            self.errors
                .push(Error::not_supported(path.child("type"), kind, TYPES));
        }
        if let Some(reason) = &place.no_defaults
            && !schema["default"].is_null()
        {
            self.forbid(path.child("default"), &format!("must not be set {reason}"));
        }
        for keyword in [
            "id",
            "additionalItems",
            "patternProperties",
            "definitions",
            "dependencies",
            "$ref",
        ] {
            if !is_empty(&schema[keyword]) {
                self.forbid(path.child(keyword), &format!("{keyword} is not supported"));
            }
        }
        if kind == "null" {
            let why = "type cannot be set to null, use nullable as an alternative";
            self.forbid(path.child("type"), why);
        }
        if schema["items"].is_array() {
            let why = "items must be a schema object and not an array";
            self.forbid(path.child("items"), why);
        }
        if place.is_in_meta && schema["x-kubernetes-embedded-resource"] == true {
            let path = path.child("x-kubernetes-embedded-resource");
            self.forbid(path, "must not be used inside of resource meta");
        }
        if schema["uniqueItems"] == true {
            let why =
                "uniqueItems cannot be set to true since the runtime complexity becomes quadratic";
            self.forbid(path.child("uniqueItems"), why);
        }
    }

    /// The rules between `x-kubernetes-…` and the type.
    fn extensions(&mut self, schema: &Value, path: &Path) {
        let kind = text(schema, "type");
        if schema["x-kubernetes-preserve-unknown-fields"] == false {
            let path = path.child("x-kubernetes-preserve-unknown-fields");
            self.errors
                .push(Error::invalid(path, false, "must be true or undefined"));
        }
        for (keyword, wanted, supported) in [
            (
                "x-kubernetes-map-type",
                "object",
                &["atomic", "granular"][..],
            ),
            (
                "x-kubernetes-list-type",
                "array",
                &["atomic", "set", "map"][..],
            ),
        ] {
            let Some(value) = schema[keyword].as_str() else {
                continue;
            };
            let why = format!("must be {wanted} if {keyword} is specified");
            if kind.is_empty() {
                self.errors.push(Error::required(path.child("type"), &why));
            } else if kind != wanted {
                self.errors
                    .push(Error::invalid(path.child("type"), kind, &why));
            } else if value == "set" {
                self.set_items(&schema["items"], &path.child("items"));
            }
            if !supported.contains(&value) {
                self.errors
                    .push(Error::not_supported(path.child(keyword), value, supported));
            }
        }
    }

    /// Elements of a set are compared as a whole.
    fn set_items(&mut self, items: &Value, path: &Path) {
        let why = "must be atomic as item of a list with x-kubernetes-list-type=set";
        let (keyword, is_atomic) = match text(items, "type") {
            "array" => {
                let keyword = "x-kubernetes-list-type";
                (keyword, matches!(text(items, keyword), "" | "atomic"))
            }
            "object" => {
                let keyword = "x-kubernetes-map-type";
                (keyword, text(items, keyword) == "atomic")
            }
            _ => return,
        };
        if !is_atomic {
            let value = items["x-kubernetes-list-type"].clone();
            self.errors
                .push(Error::invalid(path.child(keyword), value, why));
        }
    }
}
