//! The format of check files as a JSON schema, for editors: the probes that there are, and the
//! fields that each of them reads.

use serde_json::{Map, Value, json};

use super::probe::{PROBES, ProbeKind};
use crate::course::Fields;

/// The schema of `checks/<track>/<slug>.yaml`.
pub fn schema() -> Value {
    json!({
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "CheckFile",
        "description": "`checks/<track>/<slug>.yaml`",
        "type": "object",
        "required": ["format", "checks"],
        "additionalProperties": false,
        "properties": {
            "format": {"const": 1},
            "checks": {"type": "array", "items": check()},
        },
        "definitions": {"rule": rule()},
    })
}

const SPAN: &str = "^[0-9].*[a-z]$";

fn check() -> Value {
    let span = |says: &str| json!({"description": says, "type": "string", "pattern": SPAN});
    let text = |says: &str| json!({"description": says, "type": "string"});
    let mut properties = probes();
    for (name, schema) in [
        ("id", text("tasks, scene and wrong answers name it")),
        ("says", text("a sentence that is true when it holds")),
        ("within", span("it may take so long to become true")),
        ("holds", span("and must then stay true for so long")),
        (
            "otherwise",
            text("what the learner reads where it does not hold"),
        ),
        (
            "look",
            json!({"description": "commands that show it", "type": "array", "items": {"type": "string"}}),
        ),
    ] {
        properties.insert(name.to_owned(), schema);
    }
    json!({
        "type": "object",
        "required": ["id", "says"],
        "additionalProperties": false,
        "properties": properties,
        "oneOf": one_of(),
    })
}

/// What stands inside of a combination.
fn rule() -> Value {
    let mut properties = probes();
    let says = json!({"description": "what a formula means, in words", "type": "string"});
    properties.insert("says".to_owned(), says);
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": properties,
        "oneOf": one_of(),
    })
}

/// Every probe and every combination.
fn probes() -> Map<String, Value> {
    let rule = json!({"$ref": "#/definitions/rule"});
    let mut all: Map<String, Value> = PROBES
        .iter()
        .map(|kind| (kind.name.to_owned(), probe(kind)))
        .collect();
    for name in ["all", "any"] {
        all.insert(
            name.to_owned(),
            json!({"type": "array", "minItems": 1, "items": rule}),
        );
    }
    all.insert("not".to_owned(), rule);
    all
}

fn probe(kind: &ProbeKind) -> Value {
    let fields = Fields::asked_by(|fields| drop((kind.read)(fields)));
    let fields: Map<String, Value> = fields
        .into_iter()
        .map(|name| (name.to_owned(), Value::Bool(true)))
        .collect();
    json!({"type": "object", "properties": fields, "additionalProperties": false})
}

fn one_of() -> Vec<Value> {
    let names = PROBES
        .iter()
        .map(|kind| kind.name)
        .chain(["all", "any", "not"]);
    names.map(|name| json!({"required": [name]})).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::{self, Document, NodeValue};

    #[test]
    fn every_probe_of_the_course_has_only_fields_of_the_schema() {
        let schema = schema();
        let probes = &schema["definitions"]["rule"]["properties"];
        let course = course::embedded().unwrap_or_else(|problems| panic!("{problems}"));
        let mut seen = 0;
        for kata in course.katas.values() {
            let kata = kata
                .instance(1)
                .unwrap_or_else(|problems| panic!("{problems}"));
            let document = Document::parse(&kata.checks.path, &kata.checks.text);
            let document = document.unwrap_or_else(|problem| panic!("{problem}"));
            let Some(NodeValue::List(checks)) = document.root.get("checks").map(|it| &it.value)
            else {
                panic!("{} has no checks", kata.id);
            };
            for (kind, fields) in checks.iter().flat_map(|check| used(&check.to_json())) {
                let known = &probes[&kind]["properties"];
                for field in fields {
                    assert!(!known[&field].is_null(), "{}: {kind}.{field}", kata.id);
                    seen += 1;
                }
            }
        }
        assert!(seen > 200, "only {seen} fields were looked at");
    }

    /// The probes of a check, each with the fields that it uses.
    fn used(rule: &Value) -> Vec<(String, Vec<String>)> {
        let mut found = Vec::new();
        for (name, inner) in rule.as_object().into_iter().flatten() {
            match name.as_str() {
                "all" | "any" => {
                    found.extend(inner.as_array().into_iter().flatten().flat_map(used))
                }
                "not" => found.extend(used(inner)),
                name if PROBES.iter().any(|kind| kind.name == name) => {
                    let fields = inner.as_object().expect("a mapping").keys().cloned();
                    found.push((name.to_owned(), fields.collect()));
                }
                _ => {}
            }
        }
        found
    }
}
