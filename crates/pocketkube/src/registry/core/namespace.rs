//! Namespace: exists until its content is gone.
//!
//! `spec.finalizers` keeps a deleted namespace alive; the `finalize` subresource is the only way
//! to change it. Mirrors `pkg/registry/core/namespace` (v1.35).

use serde_json::{Value, json};

use crate::api::field::{Error, ErrorList, Path};
use crate::api::names::{self, NameRule};
use crate::api::tree::{elements, fill, restore, strings, text};
use crate::api::validate::{built_in_finalizers, by_rule, finalizers};
use crate::api::{GroupVersionKind, meta};
use crate::printers::{Column, TableDef, age_cell};
use crate::registry::{HookContext, ResourceDef, SelectableField, Strategy, Verb};

/// Keeps a namespace until its content is deleted.
pub const KUBERNETES_FINALIZER: &str = "kubernetes";
/// Carries the namespace's own name, for selectors.
pub const NAME_LABEL: &str = "kubernetes.io/metadata.name";
pub const FINALIZE: &str = "finalize";
pub const ACTIVE: &str = "Active";
pub const TERMINATING: &str = "Terminating";

const VERBS: &[Verb] = &[
    Verb::Create,
    Verb::Delete,
    Verb::Get,
    Verb::List,
    Verb::Patch,
    Verb::Update,
    Verb::Watch,
];

pub fn resource() -> ResourceDef {
    ResourceDef::cluster("", "v1", "Namespace", "namespaces", NamespaceStrategy)
        .short_names(&["ns"])
        .verbs(VERBS)
        .table(table())
        .selectable(vec![SelectableField::at("status.phase")])
        .with_status()
        .with_subresource(
            FINALIZE,
            GroupVersionKind::new("", "v1", "Namespace"),
            &[Verb::Update],
        )
}

struct NamespaceStrategy;

impl Strategy for NamespaceStrategy {
    fn default(&self, object: &mut Value) {
        let name = meta::name(object).to_owned();
        // A name that is too long is told once, not again as the value of a label.
        if !name.is_empty() && names::label_value(&name).is_empty() {
            let labels = meta::map_at(&mut object["metadata"], "labels");
            labels.insert(NAME_LABEL.to_owned(), name.into());
        }
        fill(&mut object["status"], "phase", ACTIVE);
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_dns_label
    }

    fn prepare_for_create(&self, object: &mut Value, _context: &HookContext<'_>) {
        // A generated name is known only now.
        self.default(object);
        object["status"] = json!({"phase": ACTIVE});
        let listed = &object["spec"]["finalizers"];
        if !strings(listed).any(|name| name == KUBERNETES_FINALIZER) {
            let mut finalizers = elements(listed).to_vec();
            finalizers.push(KUBERNETES_FINALIZER.into());
            object["spec"]["finalizers"] = finalizers.into();
        }
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        validate_finalizers(object)
    }

    fn prepare_for_update(&self, new: &mut Value, old: &Value, context: &HookContext<'_>) {
        if context.subresource != FINALIZE {
            restore(new, old, "spec");
        }
        restore(new, old, "status");
    }

    fn validate_update(&self, new: &Value, _old: &Value, context: &HookContext<'_>) -> ErrorList {
        if context.subresource == FINALIZE {
            return each_finalizer(new);
        }
        ErrorList::new()
    }

    fn validate_status_update(
        &self,
        new: &Value,
        _old: &Value,
        _context: &HookContext<'_>,
    ) -> ErrorList {
        let (phase, why) = if meta::is_terminating(new) {
            (
                TERMINATING,
                "may only be 'Terminating' if `deletionTimestamp` is not empty",
            )
        } else {
            (
                ACTIVE,
                "may only be 'Active' if `deletionTimestamp` is empty",
            )
        };
        let found = text(&new["status"], "phase");
        if found == phase {
            return ErrorList::new();
        }
        vec![Error::invalid(Path::new("status.Phase"), found, why)]
    }

    fn holds_deletion(&self, object: &Value) -> bool {
        !elements(&object["spec"]["finalizers"]).is_empty()
    }

    fn prepare_for_delete(&self, object: &mut Value) {
        object["status"]["phase"] = TERMINATING.into();
    }
}

/// Each mistake stands at the list as a whole, as upstream has it.
fn validate_finalizers(object: &Value) -> ErrorList {
    let listed = &object["spec"]["finalizers"];
    let path = Path::new("spec.finalizers");
    let mut errors = finalizers(listed, &path);
    for mut error in built_in_finalizers(listed, &path) {
        error.path = path.clone();
        errors.push(error);
    }
    errors
}

/// The same, each mistake at its own place in the list.
fn each_finalizer(object: &Value) -> ErrorList {
    let path = Path::new("spec.finalizers");
    let mut errors = ErrorList::new();
    for (index, name) in strings(&object["spec"]["finalizers"]).enumerate() {
        errors.extend(by_rule(names::qualified_name, name, &path.index(index)));
    }
    errors.extend(built_in_finalizers(&object["spec"]["finalizers"], &path));
    errors
}

fn table() -> TableDef {
    TableDef::new(
        vec![Column::name(), Column::text("Status"), Column::age()],
        |object, context| {
            vec![
                object["metadata"]["name"].clone(),
                text(&object["status"], "phase").into(),
                json!(age_cell(object, context.now)),
            ]
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{StoredObjects, errors_on_create, prepared, row};

    fn namespace() -> Value {
        prepared(&NamespaceStrategy, json!({"metadata": {"name": "a"}}))
    }

    #[test]
    fn a_new_namespace_is_active_labelled_and_held() {
        assert_eq!(
            namespace(),
            json!({
                "metadata": {"name": "a", "labels": {"kubernetes.io/metadata.name": "a"}},
                "spec": {"finalizers": ["kubernetes"]},
                "status": {"phase": "Active"},
            })
        );
        assert!(NamespaceStrategy.holds_deletion(&namespace()));
        assert_eq!(row(&resource(), &namespace()), ["a", "Active", "<unknown>"]);
    }

    #[test]
    fn only_finalize_changes_the_finalizers() {
        let stored = StoredObjects::default();
        let mut context = stored.context();
        let old = namespace();
        let mut emptied = old.clone();
        emptied["spec"] = json!({});

        let mut new = emptied.clone();
        NamespaceStrategy.prepare_for_update(&mut new, &old, &context);
        assert_eq!(new, old);

        context.subresource = FINALIZE;
        let mut new = emptied.clone();
        NamespaceStrategy.prepare_for_update(&mut new, &old, &context);
        assert!(!NamespaceStrategy.holds_deletion(&new));
    }

    #[test]
    fn the_phase_follows_the_deletion() {
        let stored = StoredObjects::default();
        let mut object = namespace();
        NamespaceStrategy.prepare_for_delete(&mut object);
        let errors = NamespaceStrategy.validate_status_update(&object, &object, &stored.context());
        assert_eq!(
            errors[0].to_string(),
            "status.Phase: Invalid value: \"Terminating\": may only be 'Active' if `deletionTimestamp` is empty"
        );
        object["metadata"]["deletionTimestamp"] = json!("2025-01-01T00:00:00Z");
        let errors = NamespaceStrategy.validate_status_update(&object, &object, &stored.context());
        assert!(errors.is_empty());
    }

    #[test]
    fn finalizers_of_others_are_qualified() {
        assert_eq!(
            errors_on_create(
                &NamespaceStrategy,
                json!({"metadata": {"name": "a"}, "spec": {"finalizers": ["keep", "a.b/c"]}})
            ),
            [
                "spec.finalizers: Invalid value: \"keep\": name is neither a standard finalizer name nor is it fully qualified"
            ]
        );
    }

    #[test]
    fn finalizers_are_checked_where_they_are_changed() {
        let stored = StoredObjects::default();
        let mut context = stored.context();
        let mut wrong = namespace();
        wrong["spec"]["finalizers"] = json!(["kubernetes", "mine"]);
        let told = |context: &HookContext<'_>| {
            let errors = NamespaceStrategy.validate_update(&wrong, &namespace(), context);
            errors.iter().map(ToString::to_string).collect::<Vec<_>>()
        };
        assert_eq!(told(&context), [""; 0]);
        context.subresource = FINALIZE;
        let errors = told(&context);
        assert_eq!(errors.len(), 1);
        assert!(errors[0].starts_with("spec.finalizers"), "{errors:?}");
    }
}
