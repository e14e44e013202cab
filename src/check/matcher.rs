//! Partial matching of JSON: what a check expects, and where what is seen differs.
//!
//! | written | matches |
//! | --- | --- |
//! | a mapping | an object with at least these fields, each matching |
//! | a list | a list with, for each item written, an item that matches it |
//! | a number, `true`, plain text | exactly that |
//! | `null` or `absent` | nothing there |
//! | `exists` | anything there |
//! | `~REGEX` | text in which the regular expression is found |
//! | `contains TEXT` | text with this in it |
//! | `>= 2`, `> 2`, `<= 2`, `< 2`, `== 128Mi` | a number or a Kubernetes quantity |
//! | `!= x` | anything else, also nothing |
//! | `=TEXT` | exactly this text, whatever it starts with |
//! | `{$size: 2}` | a list, mapping or text of that size (itself a matcher) |
//! | `{$exactly: […]}` | a list of exactly these items, in any order |
//! | `{$every: m}`, `{$none: m}` | a list whose items all, or none of them, match |

use kube_quantity::ParsedQuantity;
use regex::Regex;
use serde_json::Value;

use super::verdict::Difference;
use crate::course::{Document, Node, NodeValue, Problems};

/// What is expected at one place.
#[derive(Debug, Clone)]
pub enum Matcher {
    Exists,
    Absent,
    Equals(Value),
    Differs(Value),
    Regex(Regex),
    Contains(String),
    Compares(Comparison, String, f64),
    Fields(Vec<(String, Matcher)>),
    Items(Vec<Matcher>),
    Exactly(Vec<Matcher>),
    Size(Box<Matcher>),
    Every(Box<Matcher>),
    None(Box<Matcher>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    AtLeast,
    More,
    AtMost,
    Less,
    Same,
}

impl Comparison {
    /// Longer signs first.
    const ALL: [(&'static str, Self); 5] = [
        (">=", Self::AtLeast),
        ("<=", Self::AtMost),
        ("==", Self::Same),
        (">", Self::More),
        ("<", Self::Less),
    ];

    fn sign(self) -> &'static str {
        Self::ALL
            .iter()
            .find(|(_, comparison)| *comparison == self)
            .map_or("", |(sign, _)| sign)
    }

    fn holds(self, seen: f64, wanted: f64) -> bool {
        match self {
            Self::AtLeast => seen >= wanted,
            Self::More => seen > wanted,
            Self::AtMost => seen <= wanted,
            Self::Less => seen < wanted,
            Self::Same => (seen - wanted).abs() < f64::EPSILON * wanted.abs().max(1.0),
        }
    }
}

/// Fields by which items of Kubernetes lists are told apart, the first present counts.
const IDENTITIES: [&str; 8] = [
    "name",
    "containerPort",
    "port",
    "mountPath",
    "key",
    "type",
    "ip",
    "topologyKey",
];

impl Matcher {
    /// Reads a matcher; mistakes go to `problems` and match nothing.
    pub fn read(document: &Document, node: &Node, path: &str, problems: &mut Problems) -> Self {
        match &node.value {
            NodeValue::Scalar(Value::String(text)) => {
                Self::of_text(text).unwrap_or_else(|message| {
                    problems.push(document.problem(node, path, message));
                    Self::Absent
                })
            }
            NodeValue::Scalar(Value::Null) => Self::Absent,
            NodeValue::Scalar(value) => Self::Equals(value.clone()),
            NodeValue::List(items) => Self::Items(read_items(document, items, path, problems)),
            NodeValue::Map(entries) => match entries.as_slice() {
                [(name, _, inner)] if name.starts_with('$') => {
                    Self::operator(document, name, inner, path, problems)
                }
                _ => Self::Fields(
                    entries
                        .iter()
                        .map(|(name, _, inner)| {
                            let path = format!("{path}.{name}");
                            if name.starts_with('$') {
                                let message = "stands alone in its mapping";
                                problems.push(document.problem(inner, &path, message));
                            }
                            (name.clone(), Self::read(document, inner, &path, problems))
                        })
                        .collect(),
                ),
            },
        }
    }

    fn operator(
        document: &Document,
        name: &str,
        node: &Node,
        path: &str,
        problems: &mut Problems,
    ) -> Self {
        let path = format!("{path}.{name}");
        let mut inner = || Box::new(Self::read(document, node, &path, problems));
        match name {
            "$size" => Self::Size(inner()),
            "$every" => Self::Every(inner()),
            "$none" => Self::None(inner()),
            "$exactly" => match &node.value {
                NodeValue::List(items) => {
                    Self::Exactly(read_items(document, items, &path, problems))
                }
                _ => {
                    problems.push(document.problem(node, &path, "expected a list"));
                    Self::Absent
                }
            },
            _ => {
                let message = "unknown, expected $size, $exactly, $every or $none";
                problems.push(document.problem(node, &path, message));
                Self::Absent
            }
        }
    }

    fn of_text(text: &str) -> Result<Self, String> {
        if let Some(pattern) = text.strip_prefix('~') {
            return Regex::new(pattern)
                .map(Self::Regex)
                .map_err(|error| format!("no regular expression: {error}"));
        }
        for (sign, comparison) in Comparison::ALL {
            if let Some(operand) = text.strip_prefix(sign) {
                let operand = operand.trim();
                let wanted = quantity(operand)
                    .ok_or_else(|| format!("`{operand}` is no number and no quantity"))?;
                return Ok(Self::Compares(comparison, operand.to_owned(), wanted));
            }
        }
        if let Some(other) = text.strip_prefix("!=") {
            return Ok(Self::Differs(scalar(other.trim())));
        }
        if let Some(literal) = text.strip_prefix('=') {
            return Ok(Self::Equals(literal.into()));
        }
        if let Some(part) = text.strip_prefix("contains ") {
            return Ok(Self::Contains(part.to_owned()));
        }
        Ok(match text {
            "exists" => Self::Exists,
            "absent" => Self::Absent,
            _ => Self::Equals(text.into()),
        })
    }

    pub fn matches(&self, seen: Option<&Value>) -> bool {
        self.differences(seen, "").is_empty()
    }

    /// Where `seen`, which stands at `path`, is not as expected.
    pub fn differences(&self, seen: Option<&Value>, path: &str) -> Vec<Difference> {
        let seen = seen.filter(|value| !value.is_null());
        match self {
            Self::Fields(fields) => fields
                .iter()
                .flat_map(|(name, matcher)| {
                    let inner = seen.and_then(|value| value.get(name));
                    matcher.differences(inner, &dotted(path, name))
                })
                .collect(),
            Self::Items(wanted) => items(wanted, list(seen), path),
            Self::Exactly(wanted) => {
                let seen_items = list(seen);
                let mut differences = items(wanted, seen_items, path);
                if differences.is_empty() && seen_items.len() != wanted.len() {
                    differences.push(Difference::new(
                        path,
                        format!("exactly {} items", wanted.len()),
                        shown(seen),
                    ));
                }
                differences
            }
            Self::Every(matcher) => list(seen)
                .iter()
                .enumerate()
                .flat_map(|(index, item)| {
                    matcher.differences(Some(item), &place(path, index, item))
                })
                .collect(),
            Self::None(matcher) => list(seen)
                .iter()
                .enumerate()
                .filter(|(_, item)| matcher.matches(Some(item)))
                .map(|(index, item)| {
                    let expected = format!("not {}", matcher.describe());
                    Difference::new(place(path, index, item), expected, shown(Some(item)))
                })
                .collect(),
            Self::Size(matcher) => {
                let size = seen.map_or(0, size);
                matcher.differences(Some(&size.into()), &format!("size of {path}"))
            }
            leaf if leaf.holds(seen) => Vec::new(),
            leaf => vec![Difference::new(path, leaf.describe(), shown(seen))],
        }
    }

    /// For matchers that look at one value.
    fn holds(&self, seen: Option<&Value>) -> bool {
        match (self, seen) {
            (Self::Exists, seen) => seen.is_some(),
            (Self::Absent, seen) => seen.is_none(),
            (Self::Differs(other), seen) => seen.is_none_or(|seen| !same(seen, other)),
            (Self::Equals(wanted), Some(seen)) => same(seen, wanted),
            (Self::Regex(regex), Some(seen)) => regex.is_match(&plain(seen)),
            (Self::Contains(part), Some(seen)) => plain(seen).contains(part),
            (Self::Compares(comparison, _, wanted), Some(seen)) => {
                quantity(&plain(seen)).is_some_and(|seen| comparison.holds(seen, *wanted))
            }
            _ => false,
        }
    }

    /// In a few words, for the learner.
    pub fn describe(&self) -> String {
        match self {
            Self::Exists => "anything".to_owned(),
            Self::Absent => "nothing".to_owned(),
            Self::Equals(value) => shown(Some(value)),
            Self::Differs(value) => format!("not {}", shown(Some(value))),
            Self::Regex(regex) => format!("text matching {regex}"),
            Self::Contains(part) => format!("text with {part:?} in it"),
            Self::Compares(comparison, operand, _) => format!("{} {operand}", comparison.sign()),
            Self::Fields(fields) => joined(fields.iter().map(|(name, inner)| {
                if matches!(inner, Self::Fields(_)) {
                    format!("{name}: {{{}}}", inner.describe())
                } else {
                    format!("{name}: {}", inner.describe())
                }
            })),
            Self::Items(items) => format!("[{}]", joined(items.iter().map(Self::describe))),
            Self::Exactly(items) => {
                format!("exactly [{}]", joined(items.iter().map(Self::describe)))
            }
            Self::Size(inner) => format!("size {}", inner.describe()),
            Self::Every(inner) => format!("every item {}", inner.describe()),
            Self::None(inner) => format!("no item {}", inner.describe()),
        }
    }
}

fn read_items(
    document: &Document,
    items: &[Node],
    path: &str,
    problems: &mut Problems,
) -> Vec<Matcher> {
    items
        .iter()
        .enumerate()
        .map(|(index, item)| Matcher::read(document, item, &format!("{path}[{index}]"), problems))
        .collect()
}

/// For each wanted item one seen item of its own, else what is wrong with the nearest.
fn items(wanted: &[Matcher], seen: &[Value], path: &str) -> Vec<Difference> {
    let mut used = vec![false; seen.len()];
    let mut missing = Vec::new();
    for matcher in wanted {
        let found = (0..seen.len()).find(|i| !used[*i] && matcher.matches(Some(&seen[*i])));
        match found {
            Some(index) => used[index] = true,
            None => missing.push(matcher),
        }
    }
    missing
        .into_iter()
        .flat_map(|matcher| match nearest(matcher, seen, &used) {
            Some(index) => {
                used[index] = true;
                matcher.differences(Some(&seen[index]), &place(path, index, &seen[index]))
            }
            None => {
                let there = match seen.len() {
                    0 => "nothing".to_owned(),
                    _ => shown(Some(&Value::from(seen))),
                };
                vec![Difference::new(path, matcher.describe(), there)]
            }
        })
        .collect()
}

/// The item that the author meant: the one with the same identity. Items without one are
/// compared with the seen item that differs least.
fn nearest(matcher: &Matcher, seen: &[Value], used: &[bool]) -> Option<usize> {
    let Matcher::Fields(fields) = matcher else {
        return None;
    };
    let free = || (0..seen.len()).filter(|index| !used[*index]);
    let identity = IDENTITIES.iter().find_map(|name| {
        let (_, inner) = fields.iter().find(|(field, _)| field == name)?;
        Some((*name, inner))
    });
    if let Some((name, inner)) = identity {
        return free().find(|index| inner.matches(seen[*index].get(name)));
    }
    free().min_by_key(|index| matcher.differences(Some(&seen[*index]), "").len())
}

fn place(path: &str, index: usize, item: &Value) -> String {
    let identity = IDENTITIES.iter().find_map(|name| {
        item.get(name)
            .map(|value| format!("{name}={}", plain(value)))
    });
    match identity {
        Some(identity) => format!("{path}[{identity}]"),
        None => format!("{path}[{index}]"),
    }
}

fn dotted(path: &str, name: &str) -> String {
    // Annotation and label names have dots of their own.
    let name = if name.contains('.') {
        format!("[{name}]")
    } else if path.is_empty() {
        name.to_owned()
    } else {
        format!(".{name}")
    };
    format!("{path}{name}")
}

fn list(seen: Option<&Value>) -> &[Value] {
    seen.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn size(value: &Value) -> usize {
    match value {
        Value::Array(items) => items.len(),
        Value::Object(fields) => fields.len(),
        Value::String(text) => text.chars().count(),
        _ => 0,
    }
}

fn same(seen: &Value, wanted: &Value) -> bool {
    match (seen.as_f64(), wanted.as_f64()) {
        (Some(seen), Some(wanted)) => Comparison::Same.holds(seen, wanted),
        _ => seen == wanted,
    }
}

/// `3` and `true` in text that is compared mean the number and the truth value.
fn scalar(text: &str) -> Value {
    match serde_json::from_str(text) {
        Ok(value @ (Value::Number(_) | Value::Bool(_))) => value,
        _ => text.into(),
    }
}

/// A number, also one written as a Kubernetes quantity (`128Mi`, `500m`).
fn quantity(text: &str) -> Option<f64> {
    text.parse::<f64>().ok().or_else(|| {
        ParsedQuantity::try_from(text)
            .ok()
            .and_then(|quantity| quantity.to_bytes_f64())
    })
}

fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A value as a learner reads it: text as it is, structures as YAML.
pub(super) fn shown(value: Option<&Value>) -> String {
    match value {
        None => "nothing".to_owned(),
        Some(Value::String(text)) if text.is_empty() => "\"\"".to_owned(),
        Some(value @ (Value::Object(_) | Value::Array(_))) => serde_yaml::to_string(value)
            .map(|text| text.trim_end().to_owned())
            .unwrap_or_else(|_| value.to_string()),
        Some(other) => plain(other),
    }
}

fn joined(parts: impl Iterator<Item = String>) -> String {
    parts.collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn matcher(yaml: &str) -> Matcher {
        let document = Document::parse("c.yaml", yaml).expect("it is YAML");
        let mut problems = Problems::default();
        let matcher = Matcher::read(&document, &document.root, "match", &mut problems);
        assert!(problems.is_empty(), "{problems}");
        matcher
    }

    /// The differences between what `yaml` expects and `seen`, a line each.
    fn check(yaml: &str, seen: Value) -> Vec<String> {
        matcher(yaml)
            .differences(Some(&seen), "")
            .iter()
            .map(|d| format!("{}: expected {}, seen {}", d.field, d.expected, d.seen))
            .collect()
    }

    #[test]
    fn fields_not_named_are_free() {
        assert!(
            check(
                "{a: 1, b: {c: x}}",
                json!({"a": 1, "b": {"c": "x", "d": 2}, "e": 3})
            )
            .is_empty()
        );
    }

    #[test]
    fn a_missing_field_is_shown_by_its_whole_path() {
        assert_eq!(
            check("status: {readyReplicas: 2}", json!({"status": {}})),
            ["status.readyReplicas: expected 2, seen nothing"]
        );
    }

    #[test]
    fn list_items_are_found_by_what_tells_them_apart() {
        let seen = json!({"containers": [
            {"name": "web", "image": "nginx:1.25"},
            {"name": "log", "image": "busybox"},
        ]});
        assert!(check("containers: [{name: log}]", seen.clone()).is_empty());
        assert_eq!(
            check(
                "containers: [{name: web, image: 'nginx:1.27'}]",
                seen.clone()
            ),
            ["containers[name=web].image: expected nginx:1.27, seen nginx:1.25"]
        );
        assert_eq!(
            check("containers: [{name: db}]", json!({"containers": []})),
            ["containers: expected name: db, seen nothing"]
        );
        assert_eq!(
            check("containers: {$exactly: [{name: web}]}", seen).len(),
            1
        );
    }

    #[test]
    fn one_seen_item_does_not_serve_two_wishes() {
        assert_eq!(check("[a, a]", json!(["a", "b"])).len(), 1);
        assert!(check("[a, a]", json!(["a", "a"])).is_empty());
    }

    #[test]
    fn text_operators_match_as_the_table_says() {
        for (wanted, seen, holds) in [
            ("'~^nginx:1\\.2[67]$'", json!("nginx:1.27"), true),
            ("'~^nginx$'", json!("nginx:1.27"), false),
            (
                "contains Welcome to",
                json!("<h1>Welcome to nginx</h1>"),
                true,
            ),
            ("exists", json!(0), true),
            ("exists", Value::Null, false),
            ("absent", Value::Null, true),
            ("'>= 2'", json!(2), true),
            ("'>= 128Mi'", json!("0.5Gi"), true),
            ("'< 1'", json!("500m"), true),
            ("'== 1Gi'", json!("1024Mi"), true),
            ("'!= 3'", json!(3), false),
            ("'!= nginx'", json!("httpd"), true),
            ("'=exists'", json!("exists"), true),
            ("80", json!("80"), false),
            ("{$size: '>= 2'}", json!([1, 2]), true),
            ("{$every: '> 1'}", json!([2, 1]), false),
            ("{$none: 1}", json!([2, 3]), true),
        ] {
            assert_eq!(
                matcher(wanted).matches(Some(&seen)),
                holds,
                "{wanted} on {seen}"
            );
        }
    }

    #[test]
    fn mistakes_are_shown_at_their_line() {
        let document = Document::parse("c.yaml", "a: '~('\nb: '>= soon'\nc: {$some: 1}\n")
            .expect("it is YAML");
        let mut problems = Problems::default();
        Matcher::read(&document, &document.root, "match", &mut problems);
        let lines: Vec<_> = problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [Some(1), Some(2), Some(3)]);
    }
}
