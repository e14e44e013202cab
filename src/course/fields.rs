//! Reads the fields of one mapping, and collects every mistake instead of stopping at the first.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::time::Duration;

use jiff::SignedDuration;
use serde::de::DeserializeOwned;

use super::document::{Document, Node, NodeValue, join};
use super::problem::{Problem, Problems};

/// A mapping whose fields are taken one by one; what is left over is refused by [`Fields::end`].
pub struct Fields<'a> {
    document: &'a Document,
    node: &'a Node,
    path: String,
    taken: Vec<&'static str>,
    problems: &'a mut Problems,
    /// Where the names of fields are noted that somebody asks for.
    asked: Option<&'a RefCell<BTreeSet<&'static str>>>,
}

impl<'a> Fields<'a> {
    /// The fields of `node`, which stands at `path`; a problem and `None` where it is no mapping.
    pub fn of(
        document: &'a Document,
        node: &'a Node,
        path: &str,
        problems: &'a mut Problems,
    ) -> Option<Self> {
        if !matches!(node.value, NodeValue::Map(_)) {
            problems.push(document.problem(node, path, "expected a mapping"));
            return None;
        }
        Some(Self {
            document,
            node,
            path: path.to_owned(),
            taken: Vec::new(),
            problems,
            asked: None,
        })
    }

    /// The names of the fields that a reader asks for, when it finds none.
    pub fn asked_by(read: impl FnOnce(Fields<'_>)) -> BTreeSet<&'static str> {
        let (asked, mut problems) = (RefCell::default(), Problems::default());
        let root = Node {
            line: 1,
            value: NodeValue::Map(Vec::new()),
        };
        let document = Document {
            file: String::new(),
            root,
        };
        read(Fields {
            document: &document,
            node: &document.root,
            path: String::new(),
            taken: Vec::new(),
            problems: &mut problems,
            asked: Some(&asked),
        });
        asked.into_inner()
    }

    /// Checks `format: 1`, which every course file starts with.
    pub fn format(&mut self) {
        match self.required::<u64>("format") {
            Some(1) | None => {}
            Some(other) => self.refuse(
                "format",
                format!("this program reads format 1, not {other}; a newer kubekata may read it"),
            ),
        }
    }

    pub fn required<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        if self.node(name).is_none() {
            self.problems.push(self.document.problem(
                self.node,
                &join(&self.path, name),
                "required",
            ));
            return None;
        }
        self.optional(name)
    }

    pub fn optional<T: DeserializeOwned>(&mut self, name: &'static str) -> Option<T> {
        let node = self.node(name)?;
        let path = join(&self.path, name);
        self.document
            .decode(node, &path)
            .map_err(|problem| self.problems.push(problem))
            .ok()
    }

    /// A span of time, such as `30s` or `2m`.
    pub fn span(&mut self, name: &'static str) -> Option<Duration> {
        let text: String = self.optional(name)?;
        let span = text.parse::<SignedDuration>().ok();
        let span = span.and_then(|span| Duration::try_from(span).ok());
        if span.is_none() {
            self.refuse(name, "expected a span such as 30s or 2m");
        }
        span
    }

    /// The items of a list, each decoded on its own; `f` gets the item's path as well.
    pub fn each(
        &mut self,
        name: &'static str,
        mut f: impl FnMut(&'a Document, &'a Node, &str, &mut Problems),
    ) {
        let Some(node) = self.node(name) else { return };
        let path = join(&self.path, name);
        match &node.value {
            NodeValue::List(items) => {
                for (index, item) in items.iter().enumerate() {
                    f(
                        self.document,
                        item,
                        &format!("{path}[{index}]"),
                        self.problems,
                    );
                }
            }
            _ => self
                .problems
                .push(self.document.problem(node, &path, "expected a list")),
        }
    }

    /// Like [`Fields::each`] for items that are plain serde types.
    pub fn list<T: DeserializeOwned>(&mut self, name: &'static str) -> Vec<T> {
        let mut decoded = Vec::new();
        self.each(name, |document, item, path, problems| {
            match document.decode(item, path) {
                Ok(value) => decoded.push(value),
                Err(problem) => problems.push(problem),
            }
        });
        decoded
    }

    /// The node of a field, which then counts as taken.
    pub fn node(&mut self, name: &'static str) -> Option<&'a Node> {
        if !self.taken.contains(&name) {
            self.taken.push(name);
        }
        if let Some(asked) = self.asked {
            asked.borrow_mut().insert(name);
        }
        self.node.get(name)
    }

    /// The entries that nobody took yet: name, line of the name, value.
    pub fn rest(&self) -> Vec<&'a (String, usize, Node)> {
        match &self.node.value {
            NodeValue::Map(entries) => entries
                .iter()
                .filter(|(name, _, _)| !self.taken.contains(&name.as_str()))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The mapping itself.
    pub fn whole(&self) -> &'a Node {
        self.node
    }

    /// These fields for a reader that takes the rest of them.
    pub fn reborrow(&mut self) -> Fields<'_> {
        Fields {
            document: self.document,
            node: self.node,
            path: self.path.clone(),
            taken: self.taken.clone(),
            problems: self.problems,
            asked: self.asked,
        }
    }

    /// The written path of a field of this mapping.
    pub fn path_of(&self, name: &str) -> String {
        join(&self.path, name)
    }

    /// Notes a mistake at a field, or at the mapping where the field is absent.
    pub fn refuse(&mut self, name: &str, message: impl Into<String>) {
        let node = self.node.get(name).unwrap_or(self.node);
        self.problems.push(
            self.document
                .problem(node, &join(&self.path, name), message),
        );
    }

    pub fn document(&self) -> &'a Document {
        self.document
    }

    pub fn problems(&mut self) -> &mut Problems {
        self.problems
    }

    /// Refuses every field that nobody took.
    pub fn end(self) {
        for (name, line, _) in self.rest() {
            let known = self.taken.join("`, `");
            self.problems.push(
                Problem::new(
                    &self.document.file,
                    format!("unknown field, expected one of `{known}`"),
                )
                .at_line(*line)
                .in_field(join(&self.path, name)),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_mistake_of_a_mapping_is_reported() {
        let document = Document::parse("k.yaml", "title: [1]\nminutes: soon\ncolour: red\n")
            .expect("it is YAML");
        let mut problems = Problems::default();
        let mut fields =
            Fields::of(&document, &document.root, "", &mut problems).expect("it is a mapping");
        fields.format();
        let _: Option<String> = fields.required("title");
        let _: Option<u32> = fields.required("minutes");
        fields.end();
        let said: Vec<String> = problems.iter().map(ToString::to_string).collect();
        assert_eq!(
            said,
            [
                "k.yaml:1: format: required",
                "k.yaml:1: title: invalid type: sequence, expected a string",
                "k.yaml:2: minutes: invalid type: string \"soon\", expected u32",
                "k.yaml:3: colour: unknown field, expected one of `format`, `title`, `minutes`",
            ]
        );
    }
}
