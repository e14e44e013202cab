//! The difference between two objects in the notation of Go's `cmp.Diff`, which Kubernetes adds to
//! the refusal of a Pod update.
//!
//! Only changed fields are written out; runs of equal ones are counted. Real servers show a few
//! equal neighbours too, and promise nothing about the format. Mirrors the shape of
//! `github.com/google/go-cmp/cmp/report.go`.

use serde_json::Value;

use crate::api::field::go_quote;
use crate::api::schema::{self, Field, Message, Shape};
use crate::api::tree::elements;
use crate::api::validate::semantically_equal;

/// How `new` differs from `old`, both of the message at `message_path`.
pub fn go_diff(message_path: &str, old: &Value, new: &Value) -> String {
    let Some(message) = schema::message(message_path) else {
        return String::new();
    };
    let mut lines = Lines::default();
    lines.same(0, &format!("core.{}{{", message.go_name()));
    message_diff(&mut lines, 1, message, old, new);
    lines.same(0, "}");
    lines.0
}

#[derive(Default)]
struct Lines(String);

impl Lines {
    fn push(&mut self, mark: char, depth: usize, text: &str) {
        self.0.push(mark);
        self.0.push(' ');
        self.0.push_str(&"\t".repeat(depth));
        self.0.push_str(text);
        self.0.push('\n');
    }

    fn same(&mut self, depth: usize, text: &str) {
        self.push(' ', depth, text);
    }

    fn skipped(&mut self, depth: usize, count: usize, what: &str) {
        if count > 0 {
            let plural = if count == 1 { "" } else { "s" };
            self.same(depth, &format!("... // {count} identical {what}{plural}"));
        }
    }
}

fn message_diff(lines: &mut Lines, depth: usize, message: &Message, old: &Value, new: &Value) {
    let mut equal = 0;
    for field in message.fields() {
        let (old, new) = (&old[field.name], &new[field.name]);
        if semantically_equal(old, new) {
            equal += 1;
            continue;
        }
        lines.skipped(depth, equal, "field");
        equal = 0;
        field_diff(lines, depth, field, old, new);
    }
    lines.skipped(depth, equal, "field");
}

fn field_diff(lines: &mut Lines, depth: usize, field: &Field, old: &Value, new: &Value) {
    let name = go_name(field.name);
    let nested = field.message().filter(|_| !old.is_null() && !new.is_null());
    match (nested, field.shape) {
        (Some(message), Shape::One) => {
            lines.same(depth, &format!("{name}: &core.{}{{", message.go_name()));
            message_diff(lines, depth + 1, message, old, new);
            lines.same(depth, "},");
        }
        (Some(message), Shape::List) => {
            lines.same(depth, &format!("{name}: []core.{}{{", message.go_name()));
            list_diff(lines, depth + 1, message, elements(old), elements(new));
            lines.same(depth, "},");
        }
        _ => {
            lines.push('-', depth, &format!("{name}: {},", go_value(old)));
            lines.push('+', depth, &format!("{name}: {},", go_value(new)));
        }
    }
}

fn list_diff(lines: &mut Lines, depth: usize, message: &Message, old: &[Value], new: &[Value]) {
    let mut equal = 0;
    for index in 0..old.len().max(new.len()) {
        match (old.get(index), new.get(index)) {
            (Some(old), Some(new)) if semantically_equal(old, new) => {
                equal += 1;
                continue;
            }
            (old, new) => {
                lines.skipped(depth, equal, "element");
                equal = 0;
                match (old, new) {
                    (Some(old), Some(new)) => {
                        lines.same(depth, "{");
                        message_diff(lines, depth + 1, message, old, new);
                        lines.same(depth, "},");
                    }
                    (Some(old), None) => lines.push('-', depth, &format!("{},", go_value(old))),
                    (None, Some(new)) => lines.push('+', depth, &format!("{},", go_value(new))),
                    (None, None) => {}
                }
            }
        }
    }
    lines.skipped(depth, equal, "element");
}

/// `hostname` as Go spells it: `Hostname`.
fn go_name(name: &str) -> String {
    let mut letters = name.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

fn go_value(value: &Value) -> String {
    match value {
        Value::Null => "nil".to_owned(),
        Value::String(text) => go_quote(text),
        Value::Array(list) => {
            let items: Vec<String> = list.iter().map(go_value).collect();
            format!("{{{}}}", items.join(", "))
        }
        Value::Object(map) => {
            let fields: Vec<String> = map
                .iter()
                .map(|(name, value)| format!("{}: {}", go_name(name), go_value(value)))
                .collect();
            format!("{{{}}}", fields.join(", "))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_differs_is_written_out() {
        let old =
            json!({"hostname": "a", "containers": [{"name": "a"}, {"name": "b", "image": "x"}]});
        let new = json!({"hostname": "b", "containers": [{"name": "a"}, {"name": "b", "image": "x", "tty": true}]});
        let diff = go_diff("api.core.v1.PodSpec", &old, &new);
        let changed: Vec<&str> = diff
            .lines()
            .filter(|line| line.starts_with(['-', '+']))
            .collect();
        assert_eq!(
            changed,
            [
                "- \t\t\tTty: nil,",
                "+ \t\t\tTty: true,",
                "- \tHostname: \"a\",",
                "+ \tHostname: \"b\","
            ]
        );
        assert!(diff.starts_with("  core.PodSpec{\n"));
        assert!(diff.contains("... // 1 identical element\n"));
    }
}
