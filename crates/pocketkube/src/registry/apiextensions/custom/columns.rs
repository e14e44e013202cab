//! Printer columns: what `kubectl get` shows of a custom resource.
//!
//! Mirrors `apiextensions-apiserver/pkg/registry/customresource/tableconvertor` (v1.35).

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::api::jsonpath::JsonPath;
use crate::api::meta;
use crate::api::tree::{integer, text};
use crate::printers::{Column, RowContext, TableDef, since_cell};

struct Cell {
    path: Option<JsonPath>,
    column_type: String,
}

pub(super) fn table(definitions: &[Value]) -> TableDef {
    let age = [json!({
        "name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp",
        "description": "CreationTimestamp is a timestamp representing the server time when this object was created. It is not guaranteed to be set in happens-before order across separate operations. Clients may not set this value. It is represented in RFC3339 form and is in UTC.\n\nPopulated by the system. Read-only. Null for lists. More info: https://git.k8s.io/community/contributors/devel/sig-architecture/api-conventions.md#metadata",
    })];
    let can_be_read = |definition: &Value| JsonPath::parse(text(definition, "jsonPath")).is_ok();
    let definitions = match definitions {
        [] => &age,
        some if some.iter().all(can_be_read) => some,
        // As upstream, which prints as if there were no columns.
        _ => &age[..],
    };
    let mut columns = vec![Column::name()];
    columns.extend(definitions.iter().map(column));
    let cells: Vec<Cell> = definitions
        .iter()
        .map(|definition| Cell {
            path: JsonPath::parse(text(definition, "jsonPath")).ok(),
            column_type: text(definition, "type").to_owned(),
        })
        .collect();
    TableDef::new(columns, move |object, context| {
        let mut row = vec![json!(meta::name(object))];
        row.extend(cells.iter().map(|cell| cell.show(object, context)));
        row
    })
}

fn column(definition: &Value) -> Column {
    let path = text(definition, "jsonPath");
    let description = match text(definition, "description") {
        "" => format!("Custom resource definition column (in JSONPath format): {path}"),
        description => description.to_owned(),
    };
    let name = text(definition, "name").to_owned();
    Column {
        column_type: text(definition, "type").to_owned().into(),
        format: text(definition, "format").to_owned().into(),
        priority: i32::try_from(integer(definition, "priority")).unwrap_or_default(),
        ..Column::text(name).described(description)
    }
}

impl Cell {
    /// The first value that the path finds, if it is of the column's type.
    fn show(&self, object: &Value, context: RowContext) -> Value {
        let found = self.path.as_ref().map(|path| path.find(object));
        let Some(value) = found.and_then(|found| found.first().copied()) else {
            return Value::Null;
        };
        match self.column_type.as_str() {
            "integer" => value.as_i64().map_or_else(
                || {
                    value
                        .as_f64()
                        .map_or(Value::Null, |n| json!(n.trunc() as i64))
                },
                Value::from,
            ),
            "number" => value.as_f64().map_or(Value::Null, |_| value.clone()),
            "boolean" => value.as_bool().map_or(Value::Null, Value::from),
            "date" => match value.as_str() {
                Some(text) => match text.parse::<Timestamp>() {
                    Ok(time) => since_cell(Some(time), context.now).into(),
                    Err(_) => "<invalid>".into(),
                },
                None => Value::Null,
            },
            _ => match value {
                Value::String(text) => text.clone().into(),
                Value::Null => "<nil>".into(),
                other => other.to_string().into(),
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(definitions: &[Value], object: &Value) -> Vec<Value> {
        let now = "2025-01-01T00:05:00Z".parse().unwrap();
        table(definitions).cells(object, RowContext { now })
    }

    #[test]
    fn without_columns_the_age_is_shown() {
        let object =
            json!({"metadata": {"name": "a", "creationTimestamp": "2025-01-01T00:00:00Z"}});
        assert_eq!(row(&[], &object), [json!("a"), json!("5m")]);
    }

    #[test]
    fn a_path_that_cannot_be_read_makes_all_columns_vanish() {
        let columns = [
            json!({"name": "X", "type": "string", "jsonPath": ".spec.x"}),
            json!({"name": "Y", "type": "string", "jsonPath": ".spec[.y"}),
        ];
        let object = json!({"metadata": {"name": "a", "creationTimestamp": "2025-01-01T00:00:00Z"}, "spec": {"x": "y"}});
        assert_eq!(row(&columns, &object), [json!("a"), json!("5m")]);
    }

    #[test]
    fn cells_are_of_their_columns_type_or_empty() {
        let column = |kind: &str, path: &str| json!({"name": "X", "type": kind, "jsonPath": path});
        let object = json!({"metadata": {"name": "a"}, "spec": {
            "size": 3, "on": true, "list": ["a", "b"], "ratio": 0.5, "text": "3",
        }});
        let definitions = [
            column("integer", ".spec.size"),
            column("integer", ".spec.text"),
            column("boolean", ".spec.on"),
            column("string", ".spec.list"),
            column("string", ".spec.size"),
            column("number", ".spec.ratio"),
            column("string", ".spec.absent"),
        ];
        let expected = json!(["a", 3, null, true, "[\"a\",\"b\"]", "3", 0.5, null]);
        assert_eq!(json!(row(&definitions, &object)), expected);
    }
}
