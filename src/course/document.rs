//! YAML that remembers its lines, so that every later mistake can be shown where it stands.
//!
//! A [`Document`] is one YAML document of one file; its [`Node`]s are decoded piece by piece into
//! plain serde types, which know nothing of lines.

use std::fmt;

use serde::de::{DeserializeOwned, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use serde_path_to_error::Segment;
use serde_saphyr::Spanned;

use super::problem::Problem;

/// One YAML document and the file it came from.
#[derive(Debug, Clone)]
pub struct Document {
    pub file: String,
    pub root: Node,
}

/// A value and the line it starts on.
#[derive(Debug, Clone)]
pub struct Node {
    pub line: usize,
    pub value: NodeValue,
}

#[derive(Debug, Clone)]
pub enum NodeValue {
    Scalar(Value),
    List(Vec<Node>),
    /// Key, line of the key, value; in the order of the file.
    Map(Vec<(String, usize, Node)>),
}

impl Document {
    /// Reads the only document of `text`.
    pub fn parse(file: &str, text: &str) -> Result<Self, Problem> {
        let root = serde_saphyr::from_str_with_options::<Node>(text, as_kubectl())
            .map_err(|error| refused(file, &error))?;
        Ok(Self {
            file: file.to_owned(),
            root,
        })
    }

    /// Reads every document of `text` that is not empty.
    pub fn parse_all(file: &str, text: &str) -> Result<Vec<Self>, Problem> {
        let roots = serde_saphyr::from_multiple_with_options::<Node>(text, as_kubectl())
            .map_err(|error| refused(file, &error))?;
        Ok(roots
            .into_iter()
            .filter(|root| !root.is_null())
            .map(|root| Self {
                file: file.to_owned(),
                root,
            })
            .collect())
    }

    /// A mistake at `node`, which stands at `path` in this document.
    pub fn problem(&self, node: &Node, path: &str, message: impl Into<String>) -> Problem {
        Problem::new(&self.file, message)
            .at_line(node.line)
            .in_field(path)
    }

    /// Decodes `node`, which stands at `path`, into a serde type.
    pub fn decode<T: DeserializeOwned>(&self, node: &Node, path: &str) -> Result<T, Problem> {
        serde_path_to_error::deserialize(node.to_json()).map_err(|error| {
            let (line, field) = node.locate(error.path().iter());
            Problem::new(&self.file, error.inner().to_string())
                .at_line(line)
                .in_field(join(path, &field))
        })
    }
}

impl Node {
    pub fn is_null(&self) -> bool {
        matches!(self.value, NodeValue::Scalar(Value::Null))
    }

    pub fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            NodeValue::Map(entries) => entries
                .iter()
                .find(|(name, _, _)| name == key)
                .map(|(_, _, node)| node),
            _ => None,
        }
    }

    pub fn as_str(&self) -> Option<&str> {
        match &self.value {
            NodeValue::Scalar(Value::String(text)) => Some(text),
            _ => None,
        }
    }

    pub fn to_json(&self) -> Value {
        match &self.value {
            NodeValue::Scalar(value) => value.clone(),
            NodeValue::List(items) => items.iter().map(Node::to_json).collect(),
            NodeValue::Map(entries) => Value::Object(
                entries
                    .iter()
                    .map(|(key, _, node)| (key.clone(), node.to_json()))
                    .collect(),
            ),
        }
    }

    /// The line and the written path of the deepest place that `path` reaches.
    fn locate<'a>(&self, path: impl Iterator<Item = &'a Segment>) -> (usize, String) {
        let mut node = Some(self);
        let mut line = self.line;
        let mut field = String::new();
        for segment in path {
            match segment {
                Segment::Seq { index } => {
                    field.push_str(&format!("[{index}]"));
                    node = match node.map(|node| &node.value) {
                        Some(NodeValue::List(items)) => items.get(*index),
                        _ => None,
                    };
                    line = node.map_or(line, |node| node.line);
                }
                Segment::Map { key } => {
                    field = join(&field, key);
                    let entry = match node.map(|node| &node.value) {
                        Some(NodeValue::Map(entries)) => {
                            entries.iter().find(|(name, _, _)| name == key)
                        }
                        _ => None,
                    };
                    line = entry.map_or(line, |(_, line, _)| *line);
                    node = entry.map(|(_, _, node)| node);
                }
                Segment::Enum { .. } | Segment::Unknown => {}
            }
        }
        (line, field)
    }
}

/// `tasks` and `[0].text` make `tasks[0].text`.
pub(super) fn join(path: &str, field: &str) -> String {
    if path.is_empty() || field.is_empty() || field.starts_with('[') {
        format!("{path}{field}")
    } else {
        format!("{path}.{field}")
    }
}

/// Scalars as kubectl reads them: `0644` is octal, `no` is false.
fn as_kubectl() -> serde_saphyr::Options {
    serde_saphyr::options! {
        legacy_octal_numbers: true,
    }
}

fn refused(file: &str, error: &serde_saphyr::Error) -> Problem {
    let problem = Problem::new(file, first_line(&error.without_snippet().to_string()));
    match error.location() {
        Some(location) if location.line() > 0 => {
            problem.at_line(usize::try_from(location.line()).unwrap_or(usize::MAX))
        }
        _ => problem,
    }
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().to_owned()
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<NodeValue>::deserialize(deserializer)?;
        Ok(Self {
            line: line_of(&spanned),
            value: spanned.value,
        })
    }
}

impl<'de> Deserialize<'de> for NodeValue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = NodeValue;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a YAML value")
    }

    fn visit_bool<E>(self, value: bool) -> Result<NodeValue, E> {
        Ok(NodeValue::Scalar(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<NodeValue, E> {
        Ok(NodeValue::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<NodeValue, E> {
        Ok(NodeValue::Scalar(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<NodeValue, E> {
        Ok(NodeValue::Scalar(value.into()))
    }

    fn visit_str<E>(self, value: &str) -> Result<NodeValue, E> {
        Ok(NodeValue::Scalar(value.into()))
    }

    fn visit_unit<E>(self) -> Result<NodeValue, E> {
        Ok(NodeValue::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> Result<NodeValue, E> {
        Ok(NodeValue::Scalar(Value::Null))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<NodeValue, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<NodeValue, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(NodeValue::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<NodeValue, A::Error> {
        let mut map = Vec::new();
        while let Some(key) = entries.next_key::<Spanned<String>>()? {
            let line = line_of(&key);
            map.push((key.value, line, entries.next_value()?));
        }
        Ok(NodeValue::Map(map))
    }
}

fn line_of<T>(spanned: &Spanned<T>) -> usize {
    usize::try_from(spanned.referenced.line()).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Task {
        #[allow(dead_code)]
        text: String,
    }

    #[test]
    fn a_wrong_type_is_shown_at_its_line_and_field() {
        let document = Document::parse("a.yaml", "tasks:\n  - text: one\n  - text:\n      - 2\n")
            .expect("it is YAML");
        let tasks = document.root.get("tasks").expect("it has tasks");
        let problem = document.decode::<Vec<Task>>(tasks, "tasks").unwrap_err();
        assert_eq!(
            problem.to_string(),
            "a.yaml:3: tasks[1].text: invalid type: sequence, expected a string"
        );
    }

    #[test]
    fn an_unknown_field_is_shown_at_its_own_line() {
        let document =
            Document::parse("a.yaml", "- text: one\n  colour: red\n").expect("it is YAML");
        let problem = document
            .decode::<Vec<Task>>(&document.root, "")
            .unwrap_err();
        assert_eq!(
            problem.to_string(),
            "a.yaml:2: [0].colour: unknown field `colour`, expected `text`"
        );
    }

    #[test]
    fn what_is_not_yaml_is_refused_with_its_line() {
        let problem = Document::parse("a.yaml", "a: 1\nb: [1, 2\n").unwrap_err();
        assert!(problem.line.is_some(), "{problem}");
    }

    #[test]
    fn scalars_are_read_as_kubectl_reads_them() {
        let document = Document::parse("a.yaml", "{a: 1, b: '1', c: no, d: ~, e: 1.5, f: 0644}")
            .expect("it is YAML");
        assert_eq!(
            document.root.to_json(),
            serde_json::json!({"a": 1, "b": "1", "c": false, "d": null, "e": 1.5, "f": 420})
        );
    }

    proptest::proptest! {
        #[test]
        fn no_text_is_too_strange_to_be_read_or_refused(text in "[-:\\[\\]{}&*!|>'\"%@` \na-z0-9~]{0,80}") {
            let _ = Document::parse_all("a.yaml", &text);
        }
    }
}
