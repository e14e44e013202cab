//! Whether what there is is what was expected.

use serde_json::Value;

/// Where `found` lacks something of `expected`; `None` where it has everything. A list must hold,
/// for each expected element, one that has everything of it.
pub fn lack(expected: &Value, found: &Value, path: &str) -> Option<String> {
    match (expected, found) {
        (Value::Object(fields), _) => fields.iter().find_map(|(key, value)| {
            let below = format!("{path}.{key}");
            lack(value, found.get(key).unwrap_or(&Value::Null), &below)
        }),
        (Value::Array(elements), Value::Array(there)) => {
            let missing = elements
                .iter()
                .find(|own| !there.iter().any(|one| lack(own, one, path).is_none()));
            let is_empty = elements.is_empty() && !there.is_empty();
            (missing.is_some() || is_empty)
                .then(|| format!("{path} is {found}, expected was {expected}"))
        }
        (Value::String(pattern), Value::String(text)) if is_like(pattern, text) => None,
        _ if expected == found => None,
        _ => Some(format!("{path} is {found}, expected was {expected}")),
    }
}

/// Whether a text is as a pattern says, in which `*` stands for anything.
pub fn is_like(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let mut parts: Vec<&str> = parts.collect();
    let Some(last) = parts.pop() else {
        return rest.is_empty();
    };
    for part in parts {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

/// Compares lists of lines; says what they are where they differ.
pub fn differ(expected: &[String], found: &[String]) -> Option<String> {
    let same = expected.len() == found.len()
        && expected
            .iter()
            .zip(found)
            .all(|(own, line)| is_like(own, line));
    (!same).then(|| {
        format!(
            "expected:\n  {}\nfound:\n  {}",
            expected.join("\n  "),
            found.join("\n  ")
        )
    })
}

#[test]
fn a_star_stands_for_anything() {
    assert!(is_like("web-*", "web-abc") && is_like("*b*d", "abcd") && is_like("a", "a"));
    assert!(!is_like("web-*", "db-1") && !is_like("a", "ab") && !is_like("*a", "ab"));
}
