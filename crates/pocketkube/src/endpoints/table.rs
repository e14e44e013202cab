//! Objects as `meta.k8s.io/v1` Tables.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::served;
use crate::api::ObjectRef;
use crate::printers::{RowContext, TableDef};
use crate::registry::ResourceDef;

/// What each row carries besides its cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IncludeObject {
    None,
    #[default]
    Metadata,
    Object,
}

/// What a table shows of its objects.
pub struct Form<'a> {
    pub resource: &'a ResourceDef,
    /// Mostly the kind's own.
    pub columns: &'a TableDef,
    pub include: IncludeObject,
    pub now: Timestamp,
}

/// A table with a row for each of `objects`.
pub fn table<'a>(form: &Form<'_>, objects: impl IntoIterator<Item = &'a ObjectRef>) -> Value {
    let columns: Vec<Value> = form
        .columns
        .columns
        .iter()
        .map(|column| {
            json!({
                "name": column.name, "type": column.column_type, "format": column.format,
                "description": column.description, "priority": column.priority,
            })
        })
        .collect();
    let rows: Vec<Value> = objects
        .into_iter()
        .map(|object| {
            let context = RowContext { now: form.now };
            let cells = form.columns.cells(object.value(), context);
            let object = match form.include {
                IncludeObject::None => Value::Null,
                IncludeObject::Metadata => partial_metadata(object.value()),
                IncludeObject::Object => served::value(form.resource, object.value()).into_owned(),
            };
            json!({"cells": cells, "object": object})
        })
        .collect();
    json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {},
        "columnDefinitions": columns, "rows": rows,
    })
}

/// An object reduced to its metadata.
pub fn partial_metadata(object: &Value) -> Value {
    json!({
        "kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
        "metadata": object["metadata"],
    })
}
