//! `allOf`, `anyOf`, `oneOf` and `not`.
//!
//! Mirrors `kube-openapi/pkg/validation/validate/schema_props.go`.

use serde_json::Value;

use super::super::Node;
use super::{Findings, check, name};
use crate::api::field::{Error, Path, go_quote};

pub(super) fn check_one(value: &Value, old: Option<&Value>, node: &Node, path: &Path) -> Findings {
    let mut found = Findings::default();
    check(value, old, node, path, &mut found);
    found
}

pub(super) fn check_junctors(
    value: &Value,
    old: Option<&Value>,
    node: &Node,
    path: &Path,
    found: &mut Findings,
) {
    let Some(checks) = &node.checks else {
        return;
    };
    if !checks.any_of.is_empty() {
        let results = alternatives(value, &checks.any_of, path);
        if results.iter().all(|result| !result.errors.is_empty()) {
            found.push(composite(path, "must validate at least one schema (anyOf)"));
            explain(results, found);
        }
    }
    if !checks.one_of.is_empty() {
        let results = alternatives(value, &checks.one_of, path);
        let valid = results.iter().filter(|result| result.errors.is_empty());
        match valid.count() {
            1 => {}
            0 => {
                let why = "must validate one and only one schema (oneOf). Found none valid";
                found.push(composite(path, why));
                explain(results, found);
            }
            many => {
                let why = format!(
                    "must validate one and only one schema (oneOf). Found {many} valid alternatives"
                );
                found.push(composite(path, &why));
            }
        }
    }
    if !checks.all_of.is_empty() {
        let mut valid = 0;
        for schema in &checks.all_of {
            let result = check_one(value, old, schema, path);
            valid += usize::from(result.errors.is_empty());
            found.merge(result);
        }
        if valid != checks.all_of.len() {
            let end = if valid == 0 { ". None validated" } else { "" };
            let why = format!("must validate all the schemas (allOf){end}");
            found.push(composite(path, &why));
        }
    }
    if let Some(not) = &checks.not
        && check_one(value, None, not, path).errors.is_empty()
    {
        found.push(composite(path, "must not validate the schema (not)"));
    }
}

fn alternatives(value: &Value, schemas: &[Node], path: &Path) -> Vec<Findings> {
    let each = schemas.iter();
    each.map(|schema| check_one(value, None, schema, path))
        .collect()
}

/// The mistakes of the alternative that came nearest.
fn explain(results: Vec<Findings>, found: &mut Findings) {
    let mut best: Option<Findings> = None;
    for result in results {
        if best
            .as_ref()
            .is_none_or(|best| result.visited > best.visited)
        {
            best = Some(result);
        }
    }
    if let Some(best) = best {
        found.merge(best);
    }
}

/// Such a mistake has no field of its own.
fn composite(path: &Path, why: &str) -> Error {
    let detail = format!("{} {why}", go_quote(name(path)));
    Error::invalid(Path::default(), "", &detail)
}
