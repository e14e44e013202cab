//! PodTemplates: templates that stand by themselves.
//!
//! Mirrors `pkg/registry/core/podtemplate/strategy.go` (v1.35).

use serde_json::{Value, json};

use super::pod::template;
use crate::api::field::{ErrorList, Path};
use crate::api::meta::{self, map_at};
use crate::api::names::{self, NameRule};
use crate::api::validate::semantically_equal;
use crate::printers::{Column, RowContext, TableDef, container_cells, labels_cell};
use crate::registry::validation::Field;
use crate::registry::{HookContext, ResourceDef, Strategy};

pub fn resource() -> ResourceDef {
    let columns = vec![
        Column::name(),
        Column::text("Containers"),
        Column::text("Images"),
        Column::text("Pod Labels"),
    ];
    ResourceDef::namespaced("", "v1", "PodTemplate", "podtemplates", PodTemplateStrategy)
        .table(TableDef::new(columns, cells))
}

fn cells(object: &Value, _context: RowContext) -> Vec<Value> {
    let template = &object["template"];
    let [names, images] = container_cells(&template["spec"]["containers"]);
    vec![
        json!(meta::name(object)),
        json!(names),
        json!(images),
        json!(labels_cell(&template["metadata"]["labels"])),
    ]
}

struct PodTemplateStrategy;

impl Strategy for PodTemplateStrategy {
    fn default(&self, object: &mut Value) {
        map_at(object, "template");
        template::default(&mut object["template"]);
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        template::validate(&Field::new(&object["template"], "template"))
    }

    fn warnings(&self, object: &Value, _old: Option<&Value>) -> Vec<String> {
        template::warnings("", &object["template"], &Path::new("template"))
    }

    fn counts_generation(&self) -> bool {
        true
    }

    fn is_new_generation(&self, new: &Value, old: &Value) -> bool {
        !semantically_equal(&new["template"], &old["template"])
    }

    fn returns_deleted_object(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_shows_what_is_in_the_template() {
        let object = json!({"metadata": {"name": "t"}, "template": {
            "metadata": {"labels": {"app": "x"}},
            "spec": {"containers": [{"name": "a", "image": "b:1"}, {"name": "c", "image": "d:2"}]},
        }});
        let now = "2025-01-01T00:00:00Z".parse().unwrap();
        assert_eq!(
            cells(&object, RowContext { now }),
            ["t", "a,c", "b:1,d:2", "app=x"]
        );
    }
}
