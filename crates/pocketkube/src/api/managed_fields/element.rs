//! Path elements: how they are spelled in `fieldsV1` and in messages.

use serde_json::{Map, Value};

use super::types::{List, ListKind};
use crate::api::field::go_quote;

pub(super) fn of_field(name: &str) -> String {
    ["f:", name].concat()
}

/// The element that names an item of a list. The error is upstream's message.
pub(super) fn of_item(list: &List<'_>, item: &Value) -> Result<String, String> {
    match list.kind {
        ListKind::Atomic => Err("invalid indexing of non-associative list".to_owned()),
        ListKind::Set => of_set_item(item),
        ListKind::Keyed(keys) => {
            let Value::Object(map) = item else {
                return Err(match item {
                    Value::Null => "associative list with keys may not have a null element",
                    _ => "associative list with keys may not have non-map elements",
                }
                .to_owned());
            };
            let mut found = Map::new();
            for key in keys.iter() {
                let value = map
                    .get(key)
                    .cloned()
                    .or_else(|| list.element.default_of(key));
                let Some(value) = value else {
                    return Err(format!(
                        "associative list with keys has an element that omits key field {} (and doesn't have default value)",
                        go_quote(key)
                    ));
                };
                found.insert(key.to_owned(), value);
            }
            Ok(format!("k:{}", Value::Object(found)))
        }
    }
}

fn of_set_item(item: &Value) -> Result<String, String> {
    match item {
        Value::Object(_) => {
            Err("associative list without keys has an element that's a map type".to_owned())
        }
        Value::Array(_) => Err("not supported: associative list with lists as elements".to_owned()),
        Value::Null => {
            Err("associative list without keys has an element that's an explicit null".to_owned())
        }
        scalar => Ok(format!("v:{scalar}")),
    }
}

/// `.spec.containers[name="web"].image`
pub(super) fn show_path(path: &[String]) -> String {
    path.iter().map(|element| show(element)).collect()
}

pub(super) fn show(element: &str) -> String {
    let (kind, rest) = element.split_once(':').unwrap_or(("f", element));
    match kind {
        "k" => {
            let keys: Map<String, Value> = serde_json::from_str(rest).unwrap_or_default();
            let keys: Vec<String> = keys
                .iter()
                .map(|(key, value)| format!("{key}={value}"))
                .collect();
            format!("[{}]", keys.join(","))
        }
        "v" => format!("[={rest}]"),
        "i" => format!("[{rest}]"),
        _ => format!(".{rest}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_shown_as_upstream_shows_them() {
        let path = [
            "f:spec",
            "f:ports",
            r#"k:{"port":80,"protocol":"TCP"}"#,
            "f:name",
        ];
        assert_eq!(
            show_path(&path.map(str::to_owned)),
            ".spec.ports[port=80,protocol=\"TCP\"].name"
        );
        assert_eq!(show(r#"v:"a/b""#), "[=\"a/b\"]");
    }
}
