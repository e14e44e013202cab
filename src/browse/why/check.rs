//! Why a check does not hold: expected against seen, and who set the field that differs.

use serde_json::Value;

use super::super::document::{Document, Part, Tone};
use super::super::facts::{Facts, ago};
use super::super::owner;
use crate::check::{Difference, Verdict};
use crate::sandbox::Reference;

/// Everything about one verdict; `facts` are those of the object that the check is about, where it
/// is about one.
pub fn of_check(verdict: &Verdict, facts: Option<&Facts>) -> Document {
    let mut parts = vec![Part::heading(verdict.says.as_str())];
    if verdict.holds() {
        parts.push(Part::words(Tone::Good, "It holds."));
        return Document::of(parts);
    }
    if let Some(otherwise) = &verdict.otherwise {
        parts.push(Part::words(Tone::Plain, otherwise.as_str()));
    }
    for difference in &verdict.differences {
        parts.push(Part::Gap);
        parts.extend(side_by_side(difference));
        if let Some(facts) = facts {
            parts.extend(author(&facts.object, facts, &difference.field));
        }
    }
    if !verdict.look.is_empty() {
        parts.push(Part::Gap);
        let look = verdict.look.iter().map(|command| Part::Code {
            language: "sh",
            text: command.clone(),
        });
        parts.extend(look);
    }
    Document::of(parts)
}

/// The object that a check of a check file is about, where it names one.
pub fn subject_of_check(checks: &str, id: &str, namespace: &str) -> Option<Reference> {
    let document: Value = serde_yaml::from_str(checks).ok()?;
    let mut checks = document["checks"].as_array()?.iter();
    let check = checks.find(|check| check["id"] == id)?;
    named(check, namespace)
}

/// The first mapping in it that has a kind and a name.
fn named(value: &Value, namespace: &str) -> Option<Reference> {
    let text = |field: &str| value.get(field).and_then(Value::as_str);
    if let (Some(kind), Some(name)) = (text("kind"), text("name")) {
        let namespace = text("namespace").unwrap_or(namespace);
        return Some(Reference::new(
            text("apiVersion").unwrap_or_default(),
            kind,
            namespace,
            name,
        ));
    }
    match value {
        Value::Object(fields) => fields.values().find_map(|it| named(it, namespace)),
        Value::Array(items) => items.iter().find_map(|it| named(it, namespace)),
        _ => None,
    }
}

fn side_by_side(difference: &Difference) -> Vec<Part> {
    if difference.is_short() {
        return vec![
            Part::field("field", difference.field.as_str()),
            Part::toned(Tone::Good, "expected", difference.expected.as_str()),
            Part::toned(Tone::Bad, "seen", difference.seen.as_str()),
        ];
    }
    let lines = difference.diff().into_iter();
    vec![
        Part::field("field", difference.field.as_str()),
        Part::Diff(lines.map(|line| (line.sign, line.text)).collect()),
    ]
}

fn author(object: &Value, facts: &Facts, field: &str) -> Option<Part> {
    let owner = owner::of_field(object, field)?;
    let since = facts
        .seconds_since(&owner.time)
        .map(ago)
        .unwrap_or_default();
    let words = format!("{} ({}), {since} ago", owner.manager, owner.operation);
    Some(Part::field("set by", words))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::Outcome;
    use serde_json::json;

    #[test]
    fn the_object_of_a_check_is_the_one_it_names() {
        let checks = "checks:\n  - {id: a, says: A, object: {kind: Pod, labels: {app: web}}}\n  - {id: b, says: B, all: [{object: {kind: Deployment, name: web}}]}\n";
        let of = |id| subject_of_check(checks, id, "shop");
        assert_eq!(of("a"), None);
        assert_eq!(of("b"), Some(Reference::known("Deployment", "shop", "web")));
    }

    #[test]
    fn a_difference_names_who_set_the_field_and_when() {
        let verdict = Verdict {
            check: "replicas".to_owned(),
            says: "Three replicas run".to_owned(),
            outcome: Outcome::Fails,
            differences: vec![Difference::new("spec.replicas", "3", "1")],
            otherwise: None,
            look: Vec::new(),
        };
        let facts = Facts {
            object: json!({"spec": {"replicas": 1}, "metadata": {"managedFields": [
                {"manager": "kubectl", "operation": "Update", "time": "2026-01-01T00:00:00Z",
                 "fieldsV1": {"f:spec": {"f:replicas": {}}}}]}}),
            now: "2026-01-01T00:00:40Z".parse().expect("a time"),
            ..Facts::default()
        };
        let text = of_check(&verdict, Some(&facts)).text();
        assert!(text.contains("seen: 1"), "{text}");
        assert!(
            text.contains("set by: kubectl (Update), 40 s ago"),
            "{text}"
        );
    }
}
