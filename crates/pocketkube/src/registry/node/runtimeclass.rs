//! RuntimeClass: which container runtime runs a Pod.
//!
//! Mirrors `pkg/registry/node/runtimeclass` and `pkg/apis/node/validation` (v1.35).

use serde_json::{Value, json};

use crate::api::field::{ErrorList, Path};
use crate::api::names::{self, NameRule};
use crate::api::tree::{entries, text};
use crate::api::validate::{by_rule, immutable_field, labels};
use crate::printers::{Column, TableDef, age_cell};
use crate::registry::core::node_labels;
use crate::registry::core::pod::validation::tolerations;
use crate::registry::core::resources::limits_only;
use crate::registry::validation::Field;
use crate::registry::{HookContext, ResourceDef, Strategy};

pub fn resource() -> ResourceDef {
    ResourceDef::cluster(
        "node.k8s.io",
        "v1",
        "RuntimeClass",
        "runtimeclasses",
        RuntimeClassStrategy,
    )
    .table(table())
}

struct RuntimeClassStrategy;

impl Strategy for RuntimeClassStrategy {
    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        let handler = text(object, "handler");
        let mut errors = by_rule(names::dns1123_label, handler, &Path::new("handler"));
        let overhead = &object["overhead"]["podFixed"];
        if !overhead.is_null() {
            errors.extend(limits_only(overhead, &Path::new("overhead.podFixed")));
        }
        let scheduling = Field::new(&object["scheduling"], "scheduling");
        let selector = scheduling.child("nodeSelector");
        errors.extend(labels(selector.value, &selector.path));
        errors.extend(tolerations(&scheduling.child("tolerations")));
        errors
    }

    fn validate_update(&self, new: &Value, old: &Value, context: &HookContext<'_>) -> ErrorList {
        let mut errors = self.validate(new, context);
        errors.extend(immutable_field(
            &new["handler"],
            &old["handler"],
            &Path::new("handler"),
        ));
        errors
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        // Upstream names the map as a whole.
        let path = Path::new("scheduling.nodeSelector");
        entries(&object["scheduling"]["nodeSelector"])
            .filter_map(|(label, _)| node_labels::warning(label, &path))
            .collect()
    }
}

fn table() -> TableDef {
    TableDef::new(
        vec![Column::name(), Column::text("Handler"), Column::age()],
        |object, context| {
            vec![
                object["metadata"]["name"].clone(),
                object["handler"].clone(),
                json!(age_cell(object, context.now)),
            ]
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{errors_on_create, errors_on_update, row};

    #[test]
    fn a_handler_is_a_label_and_stays() {
        let errors = errors_on_create(&RuntimeClassStrategy, json!({"handler": "Run_C"}));
        assert!(errors[0].starts_with("handler: Invalid value: \"Run_C\": a lowercase RFC 1123"));
        assert_eq!(
            errors_on_update(
                &RuntimeClassStrategy,
                json!({"handler": "b"}),
                json!({"handler": "a"})
            ),
            ["handler: Invalid value: \"b\": field is immutable"]
        );
    }

    #[test]
    fn the_row_names_the_handler() {
        let class = json!({"metadata": {"name": "gvisor"}, "handler": "runsc"});
        assert_eq!(row(&resource(), &class), ["gvisor", "runsc", "<unknown>"]);
    }
}
