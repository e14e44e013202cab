//! One API object: an immutable JSON tree that is encoded at most once.
//!
//! Storage, watch log and informers share objects by [`ObjectRef`]; LIST, GET and WATCH reuse the
//! same encoded bytes. Whoever wants to change an object clones its value and commits a new one.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde::de::value::MapDeserializer;
use serde_json::{Map, Value};

use super::{meta, tree};

/// A shared, immutable object.
pub type ObjectRef = Arc<Object>;

/// An immutable API object together with its JSON encoding, which is made on first use.
#[derive(Debug)]
pub struct Object {
    value: Value,
    encoded: OnceLock<Bytes>,
}

impl Object {
    /// Wraps a complete object (with `apiVersion`, `kind` and `metadata`).
    pub fn new(value: Value) -> ObjectRef {
        Arc::new(Self {
            value,
            encoded: OnceLock::new(),
        })
    }

    /// The object as a JSON tree.
    pub fn value(&self) -> &Value {
        &self.value
    }

    /// The object as JSON text.
    pub fn encoded(&self) -> &Bytes {
        self.encoded.get_or_init(|| {
            Bytes::from(serde_json::to_vec(&self.value).expect("a JSON tree always encodes"))
        })
    }

    /// The object as a typed struct. Fails only where the tree does not fit `K`.
    pub fn typed<K: DeserializeOwned>(&self) -> Result<K, serde_json::Error> {
        K::deserialize(&self.value)
    }

    /// Like [`Object::typed`], without decoding `metadata.managedFields`.
    pub fn typed_without_managed_fields<K: DeserializeOwned>(
        &self,
    ) -> Result<K, serde_json::Error> {
        let mut metadata = Map::new();
        for (field, value) in tree::entries(&self.value["metadata"]) {
            if field != "managedFields" {
                metadata.insert(field.clone(), value.clone());
            }
        }
        let metadata = Value::Object(metadata);
        let fields = tree::entries(&self.value).map(|(field, value)| match field.as_str() {
            "metadata" => (field.as_str(), &metadata),
            name => (name, value),
        });
        K::deserialize(MapDeserializer::<_, serde_json::Error>::new(fields))
    }

    /// `metadata.name`, or the empty string.
    pub fn name(&self) -> &str {
        meta::name(&self.value)
    }

    /// `metadata.namespace`, or the empty string for cluster-scoped objects.
    pub fn namespace(&self) -> &str {
        meta::namespace(&self.value)
    }

    /// `metadata.uid`, or the empty string.
    pub fn uid(&self) -> &str {
        meta::uid(&self.value)
    }

    /// `metadata.resourceVersion` as the revision that wrote the object; 0 before it is stored.
    pub fn resource_version(&self) -> u64 {
        meta::resource_version(&self.value)
    }
}
