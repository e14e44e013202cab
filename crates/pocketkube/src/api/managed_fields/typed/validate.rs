//! Whether a value fits its type.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::api::managed_fields::element;
use crate::api::managed_fields::types::{Atom, List, ListKind, Scalar, TypeRef};

/// What of a value does not fit, as `.spec.foo: field not declared in schema`.
pub(in crate::api::managed_fields) fn validate(value: &Value, of: TypeRef<'_>) -> Vec<String> {
    let mut walk = Walk::default();
    walk.value(value, of);
    walk.errors
}

#[derive(Default)]
struct Walk {
    path: Vec<String>,
    errors: Vec<String>,
}

impl Walk {
    fn value(&mut self, value: &Value, of: TypeRef<'_>) {
        match (of.resolve(value), value) {
            (_, Value::Null) => {}
            (Atom::Scalar(scalar), value) => {
                if let Some(error) = wrong_scalar(scalar, value) {
                    self.fail(&error);
                }
            }
            (Atom::List(list), Value::Array(items)) => self.items(items, &list),
            (Atom::List(_), other) => self.fail(&format!("expected list, got &{{{other}}}")),
            (Atom::Map(map), Value::Object(entries)) => {
                for (key, value) in entries {
                    self.path.push(element::of_field(key));
                    match map.entry(key) {
                        Some(of) => self.value(value, of),
                        None => self.fail("field not declared in schema"),
                    }
                    self.path.pop();
                }
            }
            (Atom::Map(_), other) => self.fail(&format!("expected map, got &{{{other}}}")),
        }
    }

    fn items(&mut self, items: &[Value], list: &List<'_>) {
        let mut seen = BTreeSet::new();
        for (index, item) in items.iter().enumerate() {
            let element = match list.kind {
                ListKind::Atomic => format!("i:{index}"),
                _ => match element::of_item(list, item) {
                    Ok(element) => element,
                    Err(error) => return self.fail(&format!("element {index}: {error}")),
                },
            };
            if !seen.insert(element.clone()) {
                let shown = element::show(&element);
                self.fail(&format!("duplicate entries for key {shown}"));
            }
            self.path.push(element);
            self.value(item, list.element);
            self.path.pop();
        }
    }

    fn fail(&mut self, what: &str) {
        let place = element::show_path(&self.path);
        self.errors.push(match place.is_empty() {
            true => what.to_owned(),
            false => format!("{place}: {what}"),
        });
    }
}

fn wrong_scalar(scalar: Scalar, value: &Value) -> Option<String> {
    let go_type = match value {
        Value::Bool(_) => "bool",
        Value::Number(number) if number.is_f64() => "float64",
        Value::Number(_) => "int64",
        Value::String(_) => "string",
        Value::Array(_) => "[]interface {}",
        _ => "map[string]interface {}",
    };
    match scalar {
        Scalar::Number if !value.is_number() => {
            Some(format!("expected numeric (int or float), got {go_type}"))
        }
        Scalar::Text if !value.is_string() => Some(format!(
            "expected string, got &value.valueUnstructured{{Value:{value}}}"
        )),
        Scalar::Boolean if !value.is_boolean() => {
            Some(format!("expected boolean, got &{{{value}}}"))
        }
        Scalar::Any if value.is_array() || value.is_object() => {
            Some(format!("expected any scalar, got &{{{value}}}"))
        }
        _ => None,
    }
}
