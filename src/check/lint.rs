//! What checks need of a cluster is what their kata says it needs, so that it is passed over where
//! it could not be solved.

use serde_json::Value;

use crate::course::{Course, Document, Need, Problem, Problems};

/// The seed with which checks are tried out.
const SAMPLE_SEED: u64 = 1;

/// Every need that a kata's checks have and the kata does not say.
pub fn lint(course: &Course) -> Problems {
    let mut problems = Problems::default();
    for kata in course.katas.values() {
        let Ok(kata) = kata.instance(SAMPLE_SEED) else {
            continue;
        };
        let Ok(document) = Document::parse(&kata.checks.path, &kata.checks.text) else {
            continue;
        };
        for (need, used) in needs(&document.root.to_json()) {
            if !kata.sandbox.needs.contains(&need) {
                let message = format!("the checks use `{used}`: it needs `{}`", need.as_str());
                let file = format!("katas/{}/kata.yaml", kata.id);
                problems.push(Problem::new(file, message).in_field("sandbox.needs"));
            }
        }
    }
    problems
}

/// What a check file asks for, and by which word.
fn needs(value: &Value) -> Vec<(Need, &'static str)> {
    let mut found = Vec::new();
    collect(value, &mut found);
    found.sort_unstable();
    found.dedup_by_key(|(need, _)| *need);
    found
}

fn collect(value: &Value, found: &mut Vec<(Need, &'static str)>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, found)),
        Value::Object(fields) => {
            for (name, inner) in fields {
                let of_http = |field: &str| inner.get(field).is_some();
                match name.as_str() {
                    "exec" => found.push((Need::Exec, "exec")),
                    "dns" => found.push((Need::Exec, "dns")),
                    "http" if of_http("from") => found.push((Need::Exec, "http from a Pod")),
                    "chaos" => found.push((Need::Chaos, "chaos")),
                    "cut" => found.push((Need::Traffic, "cut")),
                    "then" if of_http("writes") => found.push((Need::Traffic, "writes")),
                    // What objects shall look like asks for nothing.
                    "match" => continue,
                    _ => {}
                }
                collect(inner, found);
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_checks_use_is_found_wherever_it_stands() {
        let checks = json!({"checks": [
            {"id": "a", "all": [{"dns": {"name": "web"}}, {"not": {"http": {"service": "web"}}}]},
            {"id": "b", "converges": {"attack": [{"cut": {}}], "then": {"writes": 0}}},
            {"id": "c", "object": {"kind": "Pod", "match": {"exec": {}, "chaos": {}}}},
        ]});
        let names: Vec<Need> = needs(&checks).into_iter().map(|(need, _)| need).collect();
        assert_eq!(names, [Need::Exec, Need::Traffic]);
    }
}
