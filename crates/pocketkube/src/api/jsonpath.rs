//! JSONPath as printer columns write it: fields, indices, wildcards, slices and filters.
//!
//! The dialect is that of kubectl, so paths begin with a dot and `\.` is part of a name; ranges and
//! text between braces are left out, since columns hold one path each. Mirrors
//! `client-go/util/jsonpath` (v1.35).

use serde_json::Value;

/// A path, read once.
#[derive(Clone, Debug, PartialEq)]
pub struct JsonPath(Vec<Step>);

#[derive(Clone, Debug, PartialEq)]
enum Step {
    Field(String),
    Index(i64),
    Slice(Option<i64>, Option<i64>),
    Every,
    Descend(String),
    Where(Vec<Step>, Option<(Comparison, Operand)>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Comparison {
    Equal,
    Unequal,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Debug, PartialEq)]
enum Operand {
    Value(Value),
    Path(Vec<Step>),
}

impl JsonPath {
    /// Reads a path such as `.status.conditions[?(@.type=="Ready")].status`. The error says what
    /// cannot be read.
    pub fn parse(text: &str) -> Result<Self, String> {
        steps(text.trim()).map(Self)
    }

    /// Every value that the path leads to, in order.
    pub fn find<'v>(&self, value: &'v Value) -> Vec<&'v Value> {
        walk(&self.0, value)
    }
}

fn steps(text: &str) -> Result<Vec<Step>, String> {
    let mut steps = Vec::new();
    let mut rest = text.strip_prefix('$').unwrap_or(text);
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix("..") {
            let (name, after) = name(after);
            steps.push(Step::Descend(name));
            rest = after;
        } else if let Some(after) = rest.strip_prefix('.') {
            if after.is_empty() || after.starts_with('[') {
                rest = after;
                continue;
            }
            let (name, after) = name(after);
            steps.push(match name.as_str() {
                "*" => Step::Every,
                _ => Step::Field(name),
            });
            rest = after;
        } else if let Some(after) = rest.strip_prefix('[') {
            let end = closing(after).ok_or("unterminated array")?;
            steps.push(bracket(after[..end].trim())?);
            rest = &after[end + 1..];
        } else {
            return Err(format!("unrecognized character in action: {rest:?}"));
        }
    }
    Ok(steps)
}

/// A name up to the next dot or bracket; a backslash takes what follows as it is.
fn name(text: &str) -> (String, &str) {
    let mut name = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '.' | '[' => return (name, &text[at..]),
            '\\' => name.extend(characters.next().map(|(_, escaped)| escaped)),
            other => name.push(other),
        }
    }
    (name, "")
}

/// Where the bracket that is open closes, past quotes and inner brackets.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0;
    let mut quote = None;
    for (at, character) in text.char_indices() {
        match (quote, character) {
            (Some(open), close) if open == close => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '[') => depth += 1,
            (None, ']') if depth == 0 => return Some(at),
            (None, ']') => depth -= 1,
            _ => {}
        }
    }
    None
}

fn bracket(text: &str) -> Result<Step, String> {
    if text == "*" {
        return Ok(Step::Every);
    }
    if let Some(quoted) = unquoted(text) {
        return Ok(Step::Field(quoted.to_owned()));
    }
    if let Some(filter) = text.strip_prefix("?(").and_then(|f| f.strip_suffix(')')) {
        return filter_step(filter.trim());
    }
    let number = |text: &str| text.trim().parse::<i64>();
    if let Some((from, to)) = text.split_once(':') {
        let end = |text: &str| match text.trim() {
            "" => Ok(None),
            text => number(text).map(Some),
        };
        return match (end(from), end(to.split(':').next().unwrap_or_default())) {
            (Ok(from), Ok(to)) => Ok(Step::Slice(from, to)),
            _ => Err(format!("invalid array index {text}")),
        };
    }
    number(text)
        .map(Step::Index)
        .map_err(|_| format!("invalid array index {text}"))
}

fn unquoted(text: &str) -> Option<&str> {
    ['\'', '"'].into_iter().find_map(|quote| {
        text.strip_prefix(quote)?
            .strip_suffix(quote)
            .filter(|inner| !inner.contains(quote))
    })
}

fn filter_step(text: &str) -> Result<Step, String> {
    const OPERATORS: &[(&str, Comparison)] = &[
        ("==", Comparison::Equal),
        ("!=", Comparison::Unequal),
        ("<=", Comparison::LessOrEqual),
        (">=", Comparison::GreaterOrEqual),
        ("<", Comparison::Less),
        (">", Comparison::Greater),
    ];
    let of_element = |text: &str| match text.trim().strip_prefix('@') {
        Some(path) => steps(path),
        None => Err(format!("unrecognized filter {text:?}")),
    };
    for (sign, comparison) in OPERATORS {
        if let Some((left, right)) = text.split_once(sign) {
            let right = right.trim();
            let operand = match (unquoted(right), right.starts_with('@')) {
                (Some(text), _) => Operand::Value(text.into()),
                (None, true) => Operand::Path(of_element(right)?),
                (None, false) => Operand::Value(
                    serde_json::from_str(right)
                        .map_err(|_| format!("unrecognized operand {right:?}"))?,
                ),
            };
            return Ok(Step::Where(of_element(left)?, Some((*comparison, operand))));
        }
    }
    Ok(Step::Where(of_element(text)?, None))
}

fn walk<'v>(steps: &[Step], value: &'v Value) -> Vec<&'v Value> {
    let mut found = vec![value];
    for step in steps {
        found = found
            .into_iter()
            .flat_map(|value| follow(step, value))
            .collect();
    }
    found
}

fn follow<'v>(step: &Step, value: &'v Value) -> Vec<&'v Value> {
    match step {
        Step::Field(name) => value.get(name).into_iter().collect(),
        Step::Every => match value {
            Value::Array(list) => list.iter().collect(),
            Value::Object(map) => map.values().collect(),
            _ => Vec::new(),
        },
        Step::Index(index) => value
            .as_array()
            .and_then(|list| list.get(position(*index, list.len())))
            .into_iter()
            .collect(),
        Step::Slice(from, to) => {
            let list = value.as_array().map(Vec::as_slice).unwrap_or_default();
            let from = from.map_or(0, |from| position(from, list.len()));
            let to = to.map_or(list.len(), |to| position(to, list.len()).min(list.len()));
            list.get(from..to).unwrap_or_default().iter().collect()
        }
        Step::Descend(name) => descend(name, value),
        Step::Where(path, condition) => match value {
            Value::Array(list) => list
                .iter()
                .filter(|item| holds(path, condition.as_ref(), item))
                .collect(),
            _ => Vec::new(),
        },
    }
}

fn position(index: i64, length: usize) -> usize {
    let length = i64::try_from(length).unwrap_or(i64::MAX);
    let index = if index < 0 { index + length } else { index };
    usize::try_from(index).unwrap_or(usize::MAX)
}

fn descend<'v>(name: &str, value: &'v Value) -> Vec<&'v Value> {
    let mut found: Vec<&Value> = value.get(name).into_iter().collect();
    match value {
        Value::Array(list) => found.extend(list.iter().flat_map(|item| descend(name, item))),
        Value::Object(map) => found.extend(map.values().flat_map(|item| descend(name, item))),
        _ => {}
    }
    found
}

fn holds(path: &[Step], condition: Option<&(Comparison, Operand)>, item: &Value) -> bool {
    let found = walk(path, item);
    let Some((comparison, operand)) = condition else {
        return !found.is_empty();
    };
    let right = match operand {
        Operand::Value(value) => Some(value),
        Operand::Path(path) => walk(path, item).first().copied(),
    };
    let (Some(left), Some(right)) = (found.first(), right) else {
        return false;
    };
    let order = match (left.as_f64(), right.as_f64()) {
        (Some(left), Some(right)) => left.partial_cmp(&right),
        _ => match (left.as_str(), right.as_str()) {
            (Some(left), Some(right)) => Some(left.cmp(right)),
            _ => (*left == right).then_some(std::cmp::Ordering::Equal),
        },
    };
    match comparison {
        Comparison::Equal => order.is_some_and(|order| order.is_eq()),
        Comparison::Unequal => !order.is_some_and(|order| order.is_eq()),
        Comparison::Less => order.is_some_and(|order| order.is_lt()),
        Comparison::LessOrEqual => order.is_some_and(|order| order.is_le()),
        Comparison::Greater => order.is_some_and(|order| order.is_gt()),
        Comparison::GreaterOrEqual => order.is_some_and(|order| order.is_ge()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn paths_lead_where_kubectl_says_they_do() {
        let object = json!({
            "metadata": {"annotations": {"example.com/a": "x"}},
            "spec": {"list": [1, 2, 3]},
            "status": {"conditions": [
                {"type": "Ready", "status": "True", "n": 3},
                {"type": "Other", "status": "False", "n": 5},
            ]},
        });
        for (path, expected) in [
            (".spec.list[0]", json!([1])),
            (".spec.list[-1:]", json!([3])),
            (".spec.list[*]", json!([1, 2, 3])),
            (".spec.list[0:2]", json!([1, 2])),
            (".metadata.annotations.example\\.com/a", json!(["x"])),
            (".metadata.annotations['example.com/a']", json!(["x"])),
            (
                ".status.conditions[?(@.type==\"Ready\")].status",
                json!(["True"]),
            ),
            (
                ".status.conditions[?(@.type=='Ready')].status",
                json!(["True"]),
            ),
            (".status.conditions[?(@.n > 3)].type", json!(["Other"])),
            ("..type", json!(["Ready", "Other"])),
            (".spec.absent", json!([])),
        ] {
            let found = JsonPath::parse(path).expect(path).find(&object).into_iter();
            assert_eq!(found.cloned().collect::<Value>(), expected, "{path}");
        }
    }

    #[test]
    fn what_is_no_path_is_refused() {
        for path in ["spec", ".spec[", ".spec[a]", ".spec[?(type==1)]"] {
            assert!(JsonPath::parse(path).is_err(), "{path}");
        }
    }
}
