//! Whole documents: paths and the definitions that they need.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Map, Value, json};

use super::custom;
use super::definitions::{self, REFERENCE_PREFIX, builtin};
use super::paths;
use crate::endpoints::KUBERNETES_VERSION;
use crate::registry::ResourceDef;

/// The document of one group and version.
pub(super) fn version_3(resources: &[Arc<ResourceDef>]) -> Value {
    let mut wanted: Vec<String> = paths::SHARED_TYPES
        .iter()
        .map(|name| (*name).to_owned())
        .collect();
    for resource in resources {
        wanted.extend(definitions::types_of(resource));
    }
    let own = resources
        .iter()
        .flat_map(|resource| custom::definitions(resource))
        .collect();
    let mut document = json!({
        "openapi": "3.0.0",
        "info": info(),
        "components": {"securitySchemes": {"BearerToken": security()}},
    });
    // Moved, where `json!` would copy.
    document["components"]["schemas"] = Value::Object(reachable(wanted, own));
    document["paths"] = Value::Object(paths::paths(resources, paths::Version::Three));
    document
}

pub(super) fn info() -> Value {
    json!({"title": "Kubernetes", "version": KUBERNETES_VERSION})
}

pub(super) fn security() -> Value {
    json!({
        "type": "apiKey", "name": "authorization", "in": "header",
        "description": "Bearer Token authentication",
    })
}

/// The definitions that `wanted` names, and those that they refer to.
fn reachable(mut wanted: Vec<String>, mut own: BTreeMap<String, Value>) -> Map<String, Value> {
    let all = builtin();
    let mut found = Map::new();
    while let Some(name) = wanted.pop() {
        if found.contains_key(&name) {
            continue;
        }
        // Schemas of definitions may be huge: they are moved.
        let schema = own.remove(&name);
        if let Some(schema) = schema.or_else(|| all.get(&name).cloned()) {
            collect_references(&schema, &mut wanted);
            found.insert(name, schema);
        }
    }
    found
}

fn collect_references(schema: &Value, names: &mut Vec<String>) {
    match schema {
        Value::Object(map) => {
            if let Some(reference) = map.get("$ref").and_then(Value::as_str)
                && let Some(name) = reference.strip_prefix(REFERENCE_PREFIX)
            {
                names.push(name.to_owned());
            }
            map.values()
                .for_each(|value| collect_references(value, names));
        }
        Value::Array(list) => list
            .iter()
            .for_each(|value| collect_references(value, names)),
        _ => {}
    }
}
