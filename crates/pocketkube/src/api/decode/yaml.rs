//! YAML bodies, as `application/apply-patch+yaml` and `application/yaml` bring them.
//!
//! Only the first document is read. Scalars follow YAML 1.2: `yes` and `on` are texts, unlike in
//! the YAML 1.1 that upstream reads.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

use super::node::Node;

/// Reads the first document. The error has the form of Go's YAML library.
pub(crate) fn parse(text: &[u8]) -> Result<Node<'static>, String> {
    let Some(document) = serde_yaml::Deserializer::from_slice(text).next() else {
        return Ok(Node::Null);
    };
    Node::deserialize(document).map_err(|error| describe(&error))
}

/// `yaml: line 3: did not find expected ',' or '}'`
fn describe(error: &serde_yaml::Error) -> String {
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or(&text);
    match error.location() {
        Some(place) => format!("yaml: line {}: {what}", place.line()),
        None => format!("yaml: {what}"),
    }
}

impl<'de> Deserialize<'de> for Node<'static> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node<'static>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Node::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Node::Number(value.to_string().into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Node::Number(value.to_string().into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Self::Value, E> {
        if !value.is_finite() {
            return Err(E::custom(format!("json: unsupported value: {value}")));
        }
        let number = super::node::float_value(value);
        Ok(Node::Number(number.to_string().into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<Self::Value, E> {
        Ok(Node::String(value.to_owned().into()))
    }

    fn visit_string<E>(self, value: String) -> Result<Self::Value, E> {
        Ok(Node::String(value.into()))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Node::Null)
    }

    fn visit_none<E>(self) -> Result<Self::Value, E> {
        Ok(Node::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        Node::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
        let mut array = Vec::new();
        while let Some(item) = items.next_element()? {
            array.push(item);
        }
        Ok(Node::Array(array))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Self::Value, A::Error> {
        let mut object = Vec::new();
        while let Some((key, value)) = entries.next_entry::<Node<'static>, Node<'static>>()? {
            object.push((key_text(key).map_err(serde::de::Error::custom)?, value));
        }
        Ok(Node::Object(object))
    }
}

/// Keys that are no texts are written out, as they must become JSON keys.
fn key_text(key: Node<'static>) -> Result<Cow<'static, str>, String> {
    match key {
        Node::String(text) | Node::Number(text) => Ok(text),
        Node::Bool(value) => Ok(value.to_string().into()),
        Node::Null => Ok("null".into()),
        other => Err(format!("unsupported map key of type: {}", other.describe())),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn documents_become_trees_with_duplicates_kept() {
        let node =
            parse(b"a: 1\nb: [x, 'y', 1.5, null, true]\n3: {c: 0x10}\na: 2\n---\nother: 1\n");
        let node = node.expect("valid");
        assert!(matches!(&node, Node::Object(entries) if entries.len() == 4));
        assert_eq!(
            node.into_value(),
            json!({"a": 2, "b": ["x", "y", 1.5, null, true], "3": {"c": 16}})
        );
    }

    #[test]
    fn errors_name_the_line() {
        assert_eq!(
            parse(b"a: 1\nb: {c: d\n"),
            Err("yaml: line 3: did not find expected ',' or '}'".to_owned())
        );
    }

    #[test]
    fn json_is_yaml() {
        let node = parse(br#"{"a": {"b": ["1", 2]}}"#).expect("valid");
        assert_eq!(node.into_value(), json!({"a": {"b": ["1", 2]}}));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused_without_panic(bytes in prop::collection::vec(any::<u8>(), 0..48)) {
            let _ = parse(&bytes);
        }
    }
}
