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
    let schemas = reachable(wanted, &own);
    json!({
        "openapi": "3.0.0",
        "info": info(),
        "paths": paths::paths(resources, paths::Version::Three),
        "components": {
            "schemas": schemas,
            "securitySchemes": {"BearerToken": security()},
        },
    })
}

/// The document of everything that is served.
pub(super) fn version_2(resources: &[Arc<ResourceDef>]) -> Value {
    let own = resources
        .iter()
        .flat_map(|resource| custom::definitions(resource))
        .map(|(name, schema)| (name, custom::for_version_2(&schema)));
    let definitions: Map<String, Value> = builtin()
        .iter()
        .map(|(name, schema)| (name.clone(), definitions::for_version_2(schema)))
        .chain(own)
        .collect();
    json!({
        "swagger": "2.0",
        "info": info(),
        "paths": paths::paths(resources, paths::Version::Two),
        "definitions": definitions,
        "securityDefinitions": {"BearerToken": security()},
        "security": [{"BearerToken": []}],
    })
}

fn info() -> Value {
    json!({"title": "Kubernetes", "version": KUBERNETES_VERSION})
}

fn security() -> Value {
    json!({
        "type": "apiKey", "name": "authorization", "in": "header",
        "description": "Bearer Token authentication",
    })
}

/// The definitions that `wanted` names, and those that they refer to.
fn reachable(mut wanted: Vec<String>, own: &BTreeMap<String, Value>) -> BTreeMap<String, Value> {
    let all = builtin();
    let mut found = BTreeMap::new();
    while let Some(name) = wanted.pop() {
        if found.contains_key(&name) {
            continue;
        }
        let Some(schema) = own.get(&name).or_else(|| all.get(&name)) else {
            continue;
        };
        collect_references(schema, &mut wanted);
        found.insert(name, schema.clone());
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
