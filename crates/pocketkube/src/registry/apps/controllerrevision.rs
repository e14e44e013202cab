//! ControllerRevisions: the templates that StatefulSets and DaemonSets have had.
//!
//! Mirrors `pkg/registry/apps/controllerrevision/strategy.go` and `ValidateControllerRevision` in
//! `pkg/apis/apps/validation/validation.go` (v1.35).

use serde_json::{Value, json};

use crate::api::GroupVersion;
use crate::api::field::{ErrorList, Path};
use crate::api::meta;
use crate::api::names::{self, NameRule};
use crate::api::tree::{integer, text};
use crate::api::validate::immutable_field;
use crate::printers::{Column, RowContext, TableDef, age_cell};
use crate::registry::validation::Field;
use crate::registry::{HookContext, ResourceDef, Strategy};

pub fn resource() -> ResourceDef {
    let columns = vec![
        Column::name(),
        Column::text("Controller"),
        Column::integer("Revision"),
        Column::age(),
    ];
    ResourceDef::namespaced(
        "apps",
        "v1",
        "ControllerRevision",
        "controllerrevisions",
        ControllerRevisionStrategy,
    )
    .table(TableDef::new(columns, cells))
}

fn cells(revision: &Value, context: RowContext) -> Vec<Value> {
    vec![
        json!(meta::name(revision)),
        json!(controller(revision)),
        json!(integer(revision, "revision")),
        json!(age_cell(revision, context.now)),
    ]
}

/// `daemonset.apps/agent`
fn controller(revision: &Value) -> String {
    let Some(owner) = meta::controller_of(revision) else {
        return "<none>".to_owned();
    };
    let kind = text(owner, "kind").to_lowercase();
    let group = GroupVersion::parse(text(owner, "apiVersion")).group;
    let name = text(owner, "name");
    if group.is_empty() {
        format!("{kind}/{name}")
    } else {
        format!("{kind}.{group}/{name}")
    }
}

struct ControllerRevisionStrategy;

impl Strategy for ControllerRevisionStrategy {
    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn validate(&self, revision: &Value, _context: &HookContext<'_>) -> ErrorList {
        let mut errors = ErrorList::new();
        let data = Field::new(&revision["data"], "data");
        if !data.is_set() {
            errors.push(data.required("data is mandatory"));
        }
        errors.extend(Field::new(&revision["revision"], "revision").must_not_be_negative());
        errors
    }

    fn validate_update(&self, new: &Value, old: &Value, context: &HookContext<'_>) -> ErrorList {
        let mut errors = self.validate(new, context);
        let path = Path::new("data");
        errors.extend(immutable_field(&new["data"], &old["data"], &path));
        errors
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_controller_is_shown_with_its_group() {
        let mut revision = json!({"metadata": {"name": "ag-1", "ownerReferences": [
            {"apiVersion": "apps/v1", "kind": "DaemonSet", "name": "ag", "controller": true},
        ]}, "revision": 3});
        assert_eq!(controller(&revision), "daemonset.apps/ag");
        revision["metadata"]["ownerReferences"] = json!([]);
        assert_eq!(controller(&revision), "<none>");
    }
}
