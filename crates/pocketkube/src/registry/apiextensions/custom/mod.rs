//! Rows of the resource table for what definitions define.

mod columns;
mod conversion;
mod rows;
mod strategy;

use serde_json::Value;

use crate::api::GroupResource;
use crate::api::tree::text;
use crate::registry::{Objects, Registry, ResourceTable};

use super::customresourcedefinition::{self as definitions, ESTABLISHED};

/// Serves what a definition defines as its present state says. Nothing changes where that is so
/// already.
pub fn serve(table: &ResourceTable, definition: &Value) {
    if is_served(table, definition) {
        return;
    }
    let (group, plural) = route(definition);
    table.replace(group, plural, rows::of(definition));
}

/// Whether the rows of a definition are of its present state.
pub fn is_served(table: &ResourceTable, definition: &Value) -> bool {
    let (group, plural) = route(definition);
    let state = rows::state(definition);
    let served = table.versions(group, plural);
    !served.is_empty()
        && served.iter().all(|row| {
            let custom = row.custom.as_ref();
            custom.is_some_and(|custom| custom.definition == state)
        })
}

/// Serves no longer what the definition `plural.group` defined.
pub fn withdraw(table: &ResourceTable, name: &str) {
    let Some((plural, group)) = name.split_once('.') else {
        return;
    };
    let mut served = table.versions(group, plural).into_iter();
    if served.any(|row| row.is_custom()) {
        table.replace(group, plural, Vec::new());
    }
}

/// Serves again what stored definitions define, when a cluster starts on a kept state.
pub fn restore(registry: &Registry) {
    let resource = GroupResource::new(super::GROUP, "customresourcedefinitions");
    for definition in Objects::list(registry, &resource, "") {
        if definitions::is_condition_true(definition.value(), ESTABLISHED) {
            serve(registry.resources(), definition.value());
        }
    }
}

fn route(definition: &Value) -> (&str, &str) {
    let spec = &definition["spec"];
    (text(spec, "group"), text(&spec["names"], "plural"))
}
