//! The definitions of custom resources: their schemas with what every object has.
//!
//! Mirrors `apiextensions-apiserver/pkg/controller/openapi/{builder,v2}` (v1.35).

use serde_json::{Map, Value, json};

use super::definitions::{REFERENCE_PREFIX, list_of, type_name};
use crate::registry::ResourceDef;

const OBJECT_META: &str = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
const API_VERSION: &str = "APIVersion defines the versioned schema of this representation of an object. Servers should convert recognized schemas to the latest internal value, and may reject unrecognized values. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#resources";
const KIND: &str = "Kind is a string value representing the REST resource this object represents. Servers may infer this from the endpoint the client submits requests to. Cannot be updated. In CamelCase. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#types-kinds";
const METADATA: &str = "Standard object's metadata. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata";

/// The definitions that a custom resource brings: its kind and the list of it.
pub(super) fn definitions(resource: &ResourceDef) -> Vec<(String, Value)> {
    let Some(custom) = &resource.custom else {
        return Vec::new();
    };
    let name = type_name(&resource.group_version_kind());
    let of_kind =
        |kind: &str| json!([{"group": resource.group, "version": resource.version, "kind": kind}]);
    let mut own = match custom.schema.raw() {
        Value::Object(schema) => Value::Object(schema.clone()),
        _ => json!({"type": "object"}),
    };
    if !own["properties"].is_object() {
        own["properties"] = json!({});
    }
    own["properties"]["apiVersion"] = json!({"type": "string", "description": API_VERSION});
    own["properties"]["kind"] = json!({"type": "string", "description": KIND});
    own["properties"]["metadata"] = json!({
        "description": METADATA,
        "allOf": [{"$ref": format!("{REFERENCE_PREFIX}{OBJECT_META}")}],
    });
    own["x-kubernetes-group-version-kind"] = of_kind(&resource.kind);
    let mut list = list_of(&name);
    list["description"] = json!(format!(
        "{} is a list of {}",
        custom.list_kind, resource.kind
    ));
    list["x-kubernetes-group-version-kind"] = of_kind(&custom.list_kind);
    vec![(format!("{name}List"), list), (name, own)]
}

/// A custom schema with the little that version 2 can say.
pub(super) fn for_version_2(schema: &Value) -> Value {
    let Value::Object(map) = schema else {
        return schema.clone();
    };
    let mut out = Map::new();
    let is_open = map.get("nullable") == Some(&Value::Bool(true))
        || map.get("x-kubernetes-int-or-string") == Some(&Value::Bool(true));
    let preserves = map.get("x-kubernetes-preserve-unknown-fields") == Some(&Value::Bool(true));
    for (keyword, value) in map {
        match keyword.as_str() {
            "allOf" if value[0]["$ref"].is_string() => {
                out.insert("$ref".to_owned(), reference(&value[0]["$ref"]));
            }
            "$ref" => {
                out.insert(keyword.clone(), reference(value));
            }
            "oneOf" | "anyOf" | "allOf" | "not" | "default" | "nullable" => {}
            "type" | "format" | "items" | "properties" | "additionalProperties" if is_open => {}
            "items" | "properties" if preserves => {}
            "properties" => {
                let properties = value.as_object().into_iter().flatten();
                let properties =
                    properties.map(|(name, schema)| (name.clone(), for_version_2(schema)));
                out.insert(keyword.clone(), Value::Object(properties.collect()));
            }
            "items" | "additionalProperties" => {
                out.insert(keyword.clone(), for_version_2(value));
            }
            _ => {
                out.insert(keyword.clone(), value.clone());
            }
        }
    }
    Value::Object(out)
}

fn reference(reference: &Value) -> Value {
    let text = reference.as_str().unwrap_or_default();
    text.replace(REFERENCE_PREFIX, "#/definitions/").into()
}

#[cfg(test)]
mod tests {
    use super::super::definitions::builtin;
    use super::*;

    #[test]
    fn version_2_leaves_out_what_it_cannot_say() {
        let schema = json!({"type": "object", "properties": {
            "a": {"type": "string", "nullable": true, "description": "A"},
            "b": {"x-kubernetes-int-or-string": true, "anyOf": [{"type": "integer"}, {"type": "string"}]},
            "c": {"type": "array", "items": {"type": "integer", "default": 1}},
        }});
        assert_eq!(
            for_version_2(&schema),
            json!({"type": "object", "properties": {
                "a": {"description": "A"},
                "b": {"x-kubernetes-int-or-string": true},
                "c": {"type": "array", "items": {"type": "integer"}},
            }})
        );
    }

    #[test]
    fn metadata_refers_to_the_type_that_every_object_has() {
        assert!(builtin().contains_key(OBJECT_META));
    }
}
