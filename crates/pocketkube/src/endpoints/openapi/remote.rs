//! What aggregated servers say of their types, beside what this one says of its own.
//!
//! Mirrors `kube-aggregator/pkg/controllers/{openapi,openapiv3}/aggregator` (v1.35), but for
//! definitions of one name: those that are here already stay as they are.

use serde_json::{Map, Value};

use super::Document;
use super::definitions::builtin;
use crate::api::GroupVersion;
use crate::api::tree::entries;
use crate::outbound::Outbound;

const REFERENCE_PREFIX: &str = "#/definitions/";

/// The third versions, by the path of the group and version.
pub(super) fn version_3(outbound: &Outbound) -> Vec<(String, Document)> {
    let remote = outbound.remote_versions();
    let documents = remote.all().into_iter().filter_map(|of| {
        let body = remote.get(&of)?.documents.version_3?;
        Some((path(&of), Document::new(body)))
    });
    documents.collect()
}

/// Paths and definitions that the second versions add.
pub(super) fn version_2(outbound: &Outbound) -> Vec<(Map<String, Value>, Map<String, Value>)> {
    let remote = outbound.remote_versions();
    let parts = remote.all().into_iter().filter_map(|of| {
        let document = remote.get(&of)?.documents.version_2?;
        Some(part(&of, &document))
    });
    parts.collect()
}

fn path(of: &GroupVersion) -> String {
    format!("apis/{of}")
}

/// What is about one group and version, with the definitions that it needs.
fn part(of: &GroupVersion, document: &Value) -> (Map<String, Value>, Map<String, Value>) {
    let prefix = format!("/{}/", path(of));
    let paths: Map<String, Value> = entries(&document["paths"])
        .filter(|(path, _)| format!("{path}/").starts_with(&prefix))
        .map(|(path, operations)| (path.clone(), operations.clone()))
        .collect();
    let mut wanted = Vec::new();
    paths
        .values()
        .for_each(|value| references(value, &mut wanted));
    let mut definitions = Map::new();
    while let Some(name) = wanted.pop() {
        if definitions.contains_key(name) || builtin().contains_key(name) {
            continue;
        }
        let definition = &document["definitions"][name];
        if definition.is_object() {
            references(definition, &mut wanted);
            definitions.insert(name.to_owned(), definition.clone());
        }
    }
    (paths, definitions)
}

/// The names of the definitions that a tree refers to.
fn references<'v>(value: &'v Value, names: &mut Vec<&'v str>) {
    match value {
        Value::Object(map) => {
            let reference = map.get("$ref").and_then(Value::as_str);
            names.extend(reference.and_then(|own| own.strip_prefix(REFERENCE_PREFIX)));
            map.values().for_each(|value| references(value, names));
        }
        Value::Array(list) => list.iter().for_each(|value| references(value, names)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_the_group_needs_is_added() {
        let meta = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta";
        let refer = |name: &str| json!({"$ref": format!("{REFERENCE_PREFIX}{name}")});
        let document = json!({
            "paths": {
                "/apis/e.com/v1/things": {"get": {"schema": refer("Thing")}},
                "/apis/e.com/v1": {"get": {}},
                "/apis/e.com/v1beta1/things": {"get": {"schema": refer("Other")}},
                "/version": {"get": {}},
            },
            "definitions": {
                "Thing": {"properties": {"part": refer("Part"), "metadata": refer(meta)}},
                "Part": {"properties": {"part": refer("Part")}}, "Other": {}, meta: {},
            },
        });
        let (paths, definitions) = part(&GroupVersion::new("e.com", "v1"), &document);
        let keys = |map: &Map<String, Value>| map.keys().cloned().collect::<Vec<_>>();
        assert_eq!(keys(&paths), ["/apis/e.com/v1", "/apis/e.com/v1/things"]);
        assert_eq!(keys(&definitions), ["Part", "Thing"]);
    }
}
