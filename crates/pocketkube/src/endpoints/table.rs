//! Objects as `meta.k8s.io/v1` Tables.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::served;
use crate::api::ObjectRef;
use crate::printers::RowContext;
use crate::registry::ResourceDef;

/// What each row carries besides its cells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IncludeObject {
    None,
    #[default]
    Metadata,
    Object,
}

/// A table of `objects` with the columns of their kind.
pub fn table<'a>(
    resource: &ResourceDef,
    objects: impl IntoIterator<Item = &'a ObjectRef>,
    include: IncludeObject,
    now: Timestamp,
) -> Value {
    let columns: Vec<Value> = resource
        .table
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
            let cells = resource.table.cells(object.value(), RowContext { now });
            let object = match include {
                IncludeObject::None => Value::Null,
                IncludeObject::Metadata => partial_metadata(object.value()),
                IncludeObject::Object => served::value(resource, object.value()).into_owned(),
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
