//! One API object, immutable: its JSON text, its JSON tree, or both.
//!
//! Storage, watch log and informers share objects by [`ObjectRef`]; LIST, GET and WATCH reuse the
//! same encoded bytes. What is stored is kept as text, a tenth of its tree: most objects are only
//! ever sent on, and whoever looks into one makes the tree, once. Whoever wants to change an object
//! takes a tree of its own and commits a new one.

use std::cell::RefCell;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};

use super::meta;

/// A shared, immutable object.
pub type ObjectRef = Arc<Object>;

/// An immutable API object; its tree and its text are made from each other on first use.
#[derive(Debug)]
pub struct Object {
    head: Head,
    /// One of the two is there from the beginning.
    tree: OnceLock<Value>,
    text: OnceLock<Text>,
}

/// What is asked of objects all the time.
#[derive(Debug)]
struct Head {
    name: Box<str>,
    namespace: Box<str>,
    uid: Box<str>,
    revision: u64,
}

/// An encoded object.
#[derive(Debug)]
struct Text {
    bytes: Bytes,
    /// Where `metadata.managedFields` stands, with a comma; empty where there is none.
    managed_fields: Range<usize>,
}

impl Object {
    /// Wraps a complete object (with `apiVersion`, `kind` and `metadata`) that will be looked into.
    pub fn new(value: Value) -> ObjectRef {
        Arc::new(Self {
            head: Head::of(&value),
            tree: OnceLock::from(value),
            text: OnceLock::new(),
        })
    }

    /// Keeps a complete object, as text.
    pub fn stored(value: Value) -> ObjectRef {
        Arc::new(Self {
            head: Head::of(&value),
            tree: OnceLock::new(),
            text: OnceLock::from(Text::of(&value)),
        })
    }

    /// The object as a JSON tree.
    pub fn value(&self) -> &Value {
        self.tree.get_or_init(|| self.parsed())
    }

    /// A JSON tree of the object for who wants to change it.
    pub fn to_value(&self) -> Value {
        match self.tree.get() {
            Some(value) => value.clone(),
            None => self.parsed(),
        }
    }

    fn parsed(&self) -> Value {
        let text = self.text.get().expect("there is a tree or a text");
        serde_json::from_slice(&text.bytes).expect("the text is an encoded tree")
    }

    /// The object as JSON text.
    pub fn encoded(&self) -> &Bytes {
        &self.text().bytes
    }

    fn text(&self) -> &Text {
        self.text.get_or_init(|| Text::of(self.value()))
    }

    /// The object as a typed struct. Fails only where the object does not fit `K`.
    pub fn typed<K: DeserializeOwned>(&self) -> Result<K, serde_json::Error> {
        serde_json::from_slice(self.encoded())
    }

    /// Like [`Object::typed`], without `metadata.managedFields`.
    pub fn typed_without_managed_fields<K: DeserializeOwned>(
        &self,
    ) -> Result<K, serde_json::Error> {
        let text = self.text();
        if text.managed_fields.is_empty() {
            return self.typed();
        }
        with_scratch(|rest| {
            rest.extend_from_slice(&text.bytes[..text.managed_fields.start]);
            rest.extend_from_slice(&text.bytes[text.managed_fields.end..]);
            serde_json::from_slice(rest)
        })
    }

    /// `metadata.name`, or the empty string.
    pub fn name(&self) -> &str {
        &self.head.name
    }

    /// `metadata.namespace`, or the empty string for cluster-scoped objects.
    pub fn namespace(&self) -> &str {
        &self.head.namespace
    }

    /// `metadata.uid`, or the empty string.
    pub fn uid(&self) -> &str {
        &self.head.uid
    }

    /// `metadata.resourceVersion` as the revision that wrote the object; 0 before it is stored.
    pub fn resource_version(&self) -> u64 {
        self.head.revision
    }
}

impl Head {
    fn of(value: &Value) -> Self {
        Self {
            name: meta::name(value).into(),
            namespace: meta::namespace(value).into(),
            uid: meta::uid(value).into(),
            revision: meta::resource_version(value),
        }
    }
}

impl Text {
    fn of(value: &Value) -> Self {
        with_scratch(|text| {
            let managed_fields = encode(value, text);
            Self {
                bytes: Bytes::copy_from_slice(text),
                managed_fields,
            }
        })
    }
}

/// Encodes an object, and says where its managed fields stand.
fn encode(value: &Value, text: &mut Vec<u8>) -> Range<usize> {
    const FIELD: &str = r#""managedFields":"#;
    let mut managed_fields = 0..0;
    match value {
        Value::Object(object) => encode_map(object, text, |field, value, text| match value {
            Value::Object(metadata) if field == "metadata" => {
                encode_map(metadata, text, |field, value, text| {
                    let start = text.len();
                    encode_plain(value, text);
                    if field == "managedFields" {
                        managed_fields = start - FIELD.len()..text.len();
                    }
                });
            }
            _ => encode_plain(value, text),
        }),
        _ => encode_plain(value, text),
    }
    with_comma(managed_fields, text)
}

/// Writes the fields of a map, each value by `write`.
fn encode_map(
    map: &Map<String, Value>,
    text: &mut Vec<u8>,
    mut write: impl FnMut(&str, &Value, &mut Vec<u8>),
) {
    text.push(b'{');
    for (index, (field, value)) in map.iter().enumerate() {
        if index > 0 {
            text.push(b',');
        }
        encode_plain(field, text);
        text.push(b':');
        write(field, value, text);
    }
    text.push(b'}');
}

fn encode_plain<T: serde::Serialize + ?Sized>(value: &T, text: &mut Vec<u8>) {
    serde_json::to_writer(text, value).expect("a JSON tree always encodes");
}

/// A field's place together with the comma that goes when the field goes.
fn with_comma(field: Range<usize>, text: &[u8]) -> Range<usize> {
    if field.is_empty() {
        field
    } else if text.get(field.end) == Some(&b',') {
        field.start..field.end + 1
    } else if text.get(field.start.wrapping_sub(1)) == Some(&b',') {
        field.start - 1..field.end
    } else {
        field
    }
}

/// Hands out an empty buffer of this thread: texts are made all the time, and kept in their size.
fn with_scratch<T>(work: impl FnOnce(&mut Vec<u8>) -> T) -> T {
    /// What a buffer may keep between two uses.
    const KEPT: usize = 64 << 10;
    thread_local! {
        static SCRATCH: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
    }
    let mut buffer = SCRATCH.take();
    buffer.clear();
    let result = work(&mut buffer);
    if buffer.capacity() <= KEPT {
        SCRATCH.set(buffer);
    }
    result
}

#[cfg(test)]
mod tests {
    use k8s_openapi::api::core::v1::ConfigMap;
    use serde_json::json;

    use super::*;

    fn metadata(fields: Value) -> Value {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"k": "{\"managedFields\":1,"}, "metadata": fields})
    }

    #[test]
    fn what_is_stored_as_text_is_the_same_object() {
        let value = metadata(json!({
            "name": "a", "namespace": "default", "uid": "u", "resourceVersion": "7",
            "managedFields": [{"manager": "m", "fieldsV1": {"f:data": {}}}],
        }));
        let stored = Object::stored(value.clone());
        assert_eq!(stored.value(), &value);
        assert_eq!(stored.to_value(), value);
        assert_eq!(stored.encoded(), Object::new(value.clone()).encoded());
        assert_eq!(stored.encoded(), &serde_json::to_vec(&value).unwrap());
        let head = (stored.name(), stored.namespace(), stored.uid());
        assert_eq!(head, ("a", "default", "u"));
        assert_eq!(stored.resource_version(), 7);
    }

    #[test]
    fn managed_fields_are_left_out_wherever_they_stand() {
        let entries = json!([{"manager": "m", "fieldsV1": {"f:data": {".": {}}}}]);
        let fields = [
            json!({"managedFields": entries}),
            json!({"managedFields": entries, "name": "a"}),
            json!({"labels": {"managedFields": "x"}, "managedFields": entries}),
            json!({"labels": {"a": "b"}, "managedFields": entries, "name": "a"}),
            json!({"name": "a"}),
            json!({}),
        ];
        for fields in fields {
            let mut value = metadata(fields);
            let stored = Object::stored(value.clone());
            let rest: Value = stored.typed_without_managed_fields().unwrap();
            let typed: ConfigMap = stored.typed_without_managed_fields().unwrap();
            assert!(typed.metadata.managed_fields.is_none());
            meta::remove(&mut value, "managedFields");
            assert_eq!(rest, value);
        }
    }

    #[test]
    fn what_is_no_object_is_text_as_well() {
        for value in [json!(null), json!([1, "two"]), json!({"metadata": 3})] {
            assert_eq!(Object::stored(value.clone()).value(), &value);
        }
    }
}
