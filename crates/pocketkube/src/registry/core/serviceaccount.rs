//! ServiceAccount: an identity for Pods.
//!
//! Mirrors `pkg/registry/core/serviceaccount/strategy.go` (v1.35). Tokens come from the `token`
//! subresource, whose handler is not part of this file.

use serde_json::{Value, json};

use crate::api::names::{self, NameRule};
use crate::api::tree::{elements_mut, length, text};
use crate::api::{GroupVersionKind, meta};
use crate::printers::{Column, TableDef, age_cell};
use crate::registry::{HookContext, ResourceDef, Strategy, Verb};

const ENFORCE_MOUNTABLE_SECRETS: &str = "kubernetes.io/enforce-mountable-secrets";

pub fn resource() -> ResourceDef {
    ResourceDef::namespaced(
        "",
        "v1",
        "ServiceAccount",
        "serviceaccounts",
        ServiceAccountStrategy,
    )
    .short_names(&["sa"])
    .table(table())
    .with_subresource(
        "token",
        GroupVersionKind::new("authentication.k8s.io", "v1", "TokenRequest"),
        &[Verb::Create],
    )
}

struct ServiceAccountStrategy;

impl Strategy for ServiceAccountStrategy {
    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn prepare_for_create(&self, object: &mut Value, _context: &HookContext<'_>) {
        keep_names_of_secrets(object);
    }

    fn prepare_for_update(&self, new: &mut Value, _old: &Value, _context: &HookContext<'_>) {
        keep_names_of_secrets(new);
    }

    fn warnings(&self, object: &Value, old: Option<&Value>) -> Vec<String> {
        let had_it =
            old.is_some_and(|old| meta::annotation(old, ENFORCE_MOUNTABLE_SECRETS).is_some());
        if had_it || meta::annotation(object, ENFORCE_MOUNTABLE_SECRETS).is_none() {
            return Vec::new();
        }
        vec![format!(
            "metadata.annotations[{ENFORCE_MOUNTABLE_SECRETS}]: deprecated in v1.32+; prefer separate namespaces to isolate access to mounted secrets"
        )]
    }
}

/// References to Secrets say their name and nothing else.
fn keep_names_of_secrets(object: &mut Value) {
    for reference in elements_mut(object, "secrets") {
        *reference = json!({"name": text(reference, "name")});
    }
}

fn table() -> TableDef {
    TableDef::new(
        vec![Column::name(), Column::text("Secrets"), Column::age()],
        |object, context| {
            vec![
                object["metadata"]["name"].clone(),
                json!(length(&object["secrets"])),
                json!(age_cell(object, context.now)),
            ]
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{prepared, row};

    #[test]
    fn secrets_are_referred_to_by_name() {
        let object = json!({"metadata": {"name": "a"}, "secrets": [{"name": "s", "kind": "Secret", "uid": "1"}]});
        let object = prepared(&ServiceAccountStrategy, object);
        assert_eq!(object["secrets"], json!([{"name": "s"}]));
        assert_eq!(row(&resource(), &object), ["a", "1", "<unknown>"]);
    }

    #[test]
    fn no_secrets_stay_no_secrets() {
        let object = json!({"metadata": {"name": "a"}});
        assert_eq!(prepared(&ServiceAccountStrategy, object.clone()), object);
    }
}
