//! Version 2: one document for everything, put together from what each group and version adds.

use std::sync::{Arc, LazyLock};

use serde_json::{Map, Value};

use super::definitions::{self, builtin};
use super::document::{info, security};
use super::{Document, custom, paths, protobuf, remote};
use crate::endpoints::group_versions::{Parts, Resources};
use crate::endpoints::respond;
use crate::outbound::Outbound;

/// The documents, and what they are made of.
#[derive(Default)]
pub(super) struct Version2 {
    parts: Parts<Arc<Part>>,
    whole: Parts<Whole>,
}

/// Both forms of the document.
#[derive(Clone)]
pub(super) struct Whole {
    pub(super) json: Document,
    pub(super) protobuf: bytes::Bytes,
}

/// Members of the document's maps: what stands between their braces.
#[derive(Default)]
struct Part {
    paths: Vec<u8>,
    definitions: Vec<u8>,
    protobuf: Vec<u8>,
}

/// The definitions that no definition of a kind can change.
static BUILTIN: LazyLock<Part> = LazyLock::new(|| {
    let schemas = builtin().iter();
    let definitions = schemas
        .map(|(name, schema)| (name.clone(), definitions::for_version_2(schema)))
        .collect();
    Part::new(Map::new(), definitions)
});

impl Part {
    fn new(paths: Map<String, Value>, definitions: Map<String, Value>) -> Self {
        Self {
            protobuf: protobuf::definitions(&definitions),
            paths: members(paths),
            definitions: members(definitions),
        }
    }

    fn of(resources: &Resources) -> Self {
        let own = resources
            .iter()
            .flat_map(|resource| custom::definitions(resource))
            .map(|(name, schema)| (name, custom::for_version_2(&schema)));
        let paths = paths::paths(resources, paths::Version::Two);
        Self::new(paths, own.collect())
    }
}

impl Version2 {
    /// The document about everything that is served, here and by aggregated servers.
    pub(super) fn get(&self, served: &[(String, Resources)], outbound: &Outbound) -> Whole {
        let all: Resources = served
            .iter()
            .flat_map(|(_, resources)| resources.iter().cloned())
            .collect();
        let edition = outbound.remote_versions().edition().to_string();
        self.whole.retain(|name| name == edition);
        self.whole.get(&edition, &all, |_| {
            let named = |name: &str| served.iter().any(|(own, _)| own == name);
            self.parts.retain(named);
            let make = |resources: &Resources| Arc::new(Part::of(resources));
            let parts: Vec<Arc<Part>> = served
                .iter()
                .map(|(name, resources)| self.parts.get(name, resources, make))
                .collect();
            let remote: Vec<Part> = remote::version_2(outbound)
                .into_iter()
                .map(|(paths, definitions)| Part::new(paths, definitions))
                .collect();
            let parts: Vec<&Part> = [&*BUILTIN]
                .into_iter()
                .chain(parts.iter().map(|part| &**part))
                .chain(&remote)
                .collect();
            Whole {
                json: Document::new(json(&parts).into()),
                protobuf: protobuf::document(&info(), parts.iter().map(|part| &*part.protobuf))
                    .into(),
            }
        })
    }
}

fn json(parts: &[&Part]) -> Vec<u8> {
    let mut text = b"{\"definitions\":{".to_vec();
    join(&mut text, parts.iter().map(|part| &*part.definitions));
    text.extend_from_slice(b"},\"info\":");
    text.extend_from_slice(&respond::encode(&info()));
    text.extend_from_slice(b",\"paths\":{");
    join(&mut text, parts.iter().map(|part| &*part.paths));
    text.extend_from_slice(
        b"},\"security\":[{\"BearerToken\":[]}],\"securityDefinitions\":{\"BearerToken\":",
    );
    text.extend_from_slice(&respond::encode(&security()));
    text.extend_from_slice(b"},\"swagger\":\"2.0\"}");
    text
}

fn join<'p>(text: &mut Vec<u8>, parts: impl Iterator<Item = &'p [u8]>) {
    let mut is_first = true;
    for part in parts.filter(|part| !part.is_empty()) {
        if !is_first {
            text.push(b',');
        }
        is_first = false;
        text.extend_from_slice(part);
    }
}

/// A map without its braces.
fn members(map: Map<String, Value>) -> Vec<u8> {
    let text = respond::encode(&Value::Object(map));
    text[1..text.len() - 1].to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_of_parts_is_well_formed() {
        let part = |name: &str| {
            let map = Map::from_iter([(name.to_owned(), Value::Bool(true))]);
            Part::new(map.clone(), map)
        };
        let (first, last) = (part("a"), part("b"));
        let text = json(&[&first, &Part::default(), &last]);
        let document: Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(document["swagger"], "2.0");
        for map in ["definitions", "paths"] {
            assert_eq!(document[map], serde_json::json!({"a": true, "b": true}));
        }
    }
}
