//! IngressClass: which controller serves an Ingress.
//!
//! Mirrors `pkg/registry/networking/ingressclass` and `pkg/apis/networking` (v1.35).

use serde_json::{Value, json};

use super::GROUP;
use crate::api::field::{Error, ErrorList, Path};
use crate::api::names::{self, NameRule};
use crate::api::tree::{fill, text};
use crate::api::validate::{by_rule, choice, domain_prefixed_path, immutable_field};
use crate::printers::{Column, TableDef, age_cell};
use crate::registry::{HookContext, ResourceDef, Strategy};

/// Marks the class that Ingresses without one get.
pub const IS_DEFAULT: &str = "ingressclass.kubernetes.io/is-default-class";
const MAX_CONTROLLER: usize = 250;

pub fn resource() -> ResourceDef {
    ResourceDef::cluster(
        GROUP,
        "v1",
        "IngressClass",
        "ingressclasses",
        IngressClassStrategy,
    )
    .table(table())
}

struct IngressClassStrategy;

impl Strategy for IngressClassStrategy {
    fn default(&self, object: &mut Value) {
        if object["spec"]["parameters"].is_object() {
            fill(&mut object["spec"]["parameters"], "scope", "Cluster");
        }
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        let (spec, path) = (&object["spec"], Path::new("spec"));
        let mut errors = validate_controller(text(spec, "controller"), &path.child("controller"));
        if !spec["parameters"].is_null() {
            errors.extend(validate_parameters(
                &spec["parameters"],
                &path.child("parameters"),
            ));
        }
        errors
    }

    fn validate_update(&self, new: &Value, old: &Value, context: &HookContext<'_>) -> ErrorList {
        let mut errors = immutable_field(
            &new["spec"]["controller"],
            &old["spec"]["controller"],
            &Path::new("spec.controller"),
        );
        errors.extend(self.validate(new, context));
        errors
    }

    fn counts_generation(&self) -> bool {
        true
    }
}

fn validate_controller(controller: &str, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    if controller.len() > MAX_CONTROLLER {
        errors.push(Error::too_long(path.clone(), MAX_CONTROLLER));
    }
    errors.extend(domain_prefixed_path(controller, path));
    errors
}

fn validate_parameters(parameters: &Value, path: &Path) -> ErrorList {
    let mut errors = validate_reference(parameters, path);
    let scope = text(parameters, "scope");
    let namespace = parameters["namespace"].as_str();
    let namespace_path = path.child("namespace");
    match (scope, namespace) {
        ("Namespace", None) => errors.push(Error::required(
            namespace_path,
            "`parameters.scope` is set to 'Namespace'",
        )),
        ("Namespace", Some(namespace)) => {
            errors.extend(by_rule(names::dns1123_label, namespace, &namespace_path));
        }
        ("Cluster", Some(_)) => errors.push(Error::forbidden(
            namespace_path,
            "`parameters.scope` is set to 'Cluster'",
        )),
        _ => errors.extend(choice(
            scope,
            &["Cluster", "Namespace"],
            &path.child("scope"),
        )),
    }
    errors
}

/// A reference to an object of any group, by kind and name.
pub(super) fn validate_reference(reference: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    if let Some(group) = reference["apiGroup"].as_str() {
        let path = path.child("apiGroup");
        errors.extend(by_rule(names::dns1123_subdomain, group, &path));
    }
    for field in ["kind", "name"] {
        match text(reference, field) {
            "" => {
                let why = format!("{field} is required");
                errors.push(Error::required(path.child(field), &why));
            }
            value => errors.extend(by_rule(names::path_segment_name, value, &path.child(field))),
        }
    }
    errors
}

fn table() -> TableDef {
    TableDef::new(
        vec![
            Column::name(),
            Column::text("Controller"),
            Column::text("Parameters"),
            Column::age(),
        ],
        |object, context| {
            vec![
                object["metadata"]["name"].clone(),
                json!(text(&object["spec"], "controller")),
                json!(parameters(&object["spec"]["parameters"])),
                json!(age_cell(object, context.now)),
            ]
        },
    )
}

/// `Parameters.example.com/name`.
fn parameters(parameters: &Value) -> String {
    if parameters.is_null() {
        return "<none>".to_owned();
    }
    let (kind, name) = (text(parameters, "kind"), text(parameters, "name"));
    match parameters["apiGroup"].as_str() {
        Some(group) => format!("{kind}.{group}/{name}"),
        None => format!("{kind}/{name}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{errors_on_create, errors_on_update, row};

    #[test]
    fn a_controller_is_a_path_below_a_domain() {
        let errors = |controller: &str| {
            errors_on_create(
                &IngressClassStrategy,
                json!({"spec": {"controller": controller}}),
            )
        };
        assert!(errors("example.com/ingress").is_empty());
        assert_eq!(errors(""), ["spec.controller: Required value"]);
        assert_eq!(
            errors("ingress"),
            [
                "spec.controller: Invalid value: \"ingress\": must be a domain-prefixed path (such as \"acme.io/foo\")"
            ]
        );
    }

    #[test]
    fn parameters_are_cluster_wide_unless_told() {
        let class =
            |parameters: Value| json!({"spec": {"controller": "a.b/c", "parameters": parameters}});
        let complete = json!({"kind": "P", "name": "x"});
        assert!(errors_on_create(&IngressClassStrategy, class(complete)).is_empty());
        assert_eq!(
            errors_on_create(
                &IngressClassStrategy,
                class(json!({"kind": "P", "scope": "Namespace"}))
            ),
            [
                "spec.parameters.name: Required value: name is required",
                "spec.parameters.namespace: Required value: `parameters.scope` is set to 'Namespace'",
            ]
        );
    }

    #[test]
    fn the_controller_stays() {
        let class = |controller: &str| json!({"spec": {"controller": controller}});
        assert_eq!(
            errors_on_update(&IngressClassStrategy, class("a.b/d"), class("a.b/c")),
            ["spec.controller: Invalid value: \"a.b/d\": field is immutable"]
        );
    }

    #[test]
    fn the_row_shows_controller_and_parameters() {
        let class = json!({
            "metadata": {"name": "fast"},
            "spec": {"controller": "a.b/c", "parameters": {"apiGroup": "x.y", "kind": "P", "name": "n"}},
        });
        assert_eq!(
            row(&resource(), &class),
            ["fast", "a.b/c", "P.x.y/n", "<unknown>"]
        );
    }
}
