//! CustomResourceDefinition: a kind that defines kinds.
//!
//! Mirrors `apiextensions-apiserver/pkg/registry/customresourcedefinition` and
//! `apiextensions-apiserver/pkg/apis/apiextensions/v1/defaults.go` (v1.35).

mod validation;

use serde_json::{Value, json};

use super::{GROUP, keep_all_but_status};
use crate::api::field::ErrorList;
use crate::api::meta;
use crate::api::names::{self, NameRule};
use crate::api::tree::{elements, fill, fill_absent, restore, strings, text};
use crate::registry::{HookContext, ResourceDef, Strategy};

/// Conditions of a definition.
pub const ESTABLISHED: &str = "Established";
pub const NAMES_ACCEPTED: &str = "NamesAccepted";
pub const TERMINATING: &str = "Terminating";
pub const APPROVAL_POLICY_CONFORMANT: &str = "KubernetesAPIApprovalPolicyConformant";

/// Keeps a definition until its instances are gone.
pub const CLEANUP_FINALIZER: &str = "customresourcecleanup.apiextensions.k8s.io";

pub use validation::approval;

pub fn resource() -> ResourceDef {
    let resource = ResourceDef::cluster(
        GROUP,
        "v1",
        "CustomResourceDefinition",
        "customresourcedefinitions",
        DefinitionStrategy,
    );
    ResourceDef {
        categories: vec!["api-extensions".into()],
        ..resource.short_names(&["crd", "crds"]).with_status()
    }
}

/// A condition of a definition.
pub fn condition<'d>(definition: &'d Value, kind: &str) -> Option<&'d Value> {
    elements(&definition["status"]["conditions"])
        .iter()
        .find(|condition| condition["type"] == kind)
}

pub fn is_condition_true(definition: &Value, kind: &str) -> bool {
    condition(definition, kind).is_some_and(|condition| condition["status"] == "True")
}

/// Adds a condition or replaces the one of its type; the moment of transition stays where the
/// status does. Tells whether anything changed.
pub fn set_condition(definition: &mut Value, mut condition: Value) -> bool {
    let kind = text(&condition, "type").to_owned();
    let conditions = &mut definition["status"]["conditions"];
    if !conditions.is_array() {
        *conditions = json!([]);
    }
    let list = conditions.as_array_mut().expect("just made a list");
    match list.iter_mut().find(|own| own["type"] == kind.as_str()) {
        Some(own) => {
            if own["status"] == condition["status"] {
                condition["lastTransitionTime"] = own["lastTransitionTime"].clone();
            }
            let is_new = *own != condition;
            *own = condition;
            is_new
        }
        None => {
            list.push(condition);
            true
        }
    }
}

struct DefinitionStrategy;

impl Strategy for DefinitionStrategy {
    fn default(&self, definition: &mut Value) {
        let Some(spec) = definition.get_mut("spec").filter(|spec| spec.is_object()) else {
            return;
        };
        let kind = text(&spec["names"], "kind").to_owned();
        if spec["names"].is_object() && !kind.is_empty() {
            fill(&mut spec["names"], "singular", kind.to_lowercase());
            fill(&mut spec["names"], "listKind", format!("{kind}List"));
        }
        if spec["conversion"].is_null() {
            spec["conversion"] = json!({"strategy": "None"});
        }
        if let Some(service) = spec.pointer_mut("/conversion/webhook/clientConfig/service") {
            fill_absent(service, "port", 443);
        }
        add_stored_version(definition);
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn prepare_for_create(&self, definition: &mut Value, _context: &HookContext<'_>) {
        definition["status"] = json!({});
        add_stored_version(definition);
        normal_status(definition);
    }

    fn validate(&self, definition: &Value, _context: &HookContext<'_>) -> ErrorList {
        validation::new(definition)
    }

    fn prepare_for_update(&self, new: &mut Value, old: &Value, _context: &HookContext<'_>) {
        restore(new, old, "status");
        add_stored_version(new);
    }

    fn validate_update(&self, new: &Value, old: &Value, _context: &HookContext<'_>) -> ErrorList {
        validation::changed(new, old)
    }

    fn prepare_for_status_update(&self, new: &mut Value, old: &Value, _context: &HookContext<'_>) {
        keep_all_but_status(new, old);
    }

    fn validate_status_update(
        &self,
        new: &Value,
        _old: &Value,
        _context: &HookContext<'_>,
    ) -> ErrorList {
        validation::status(new)
    }

    fn counts_generation(&self) -> bool {
        true
    }

    /// The first DELETE always finds instances to ask for, so that it never removes at once.
    fn holds_deletion(&self, definition: &Value) -> bool {
        !meta::is_terminating(definition)
    }

    fn prepare_for_delete(&self, definition: &mut Value) {
        let now = definition["metadata"]["deletionTimestamp"].clone();
        let mut finalizers: Vec<Value> = meta::finalizers(definition).map(Value::from).collect();
        if !finalizers.iter().any(|own| own == CLEANUP_FINALIZER) {
            finalizers.push(CLEANUP_FINALIZER.into());
        }
        meta::metadata_mut(definition).insert("finalizers".into(), finalizers.into());
        let pending = json!({
            "type": TERMINATING, "status": "True", "lastTransitionTime": now,
            "reason": "InstanceDeletionPending",
            "message": "CustomResourceDefinition marked for deletion; CustomResource deletion will begin soon",
        });
        set_condition(definition, pending);
    }
}

/// Notes the version that objects are stored in from now on.
fn add_stored_version(definition: &mut Value) {
    let versions = elements(&definition["spec"]["versions"]).iter();
    let storage = versions
        .filter(|version| version["storage"] == true)
        .map(|version| text(version, "name").to_owned())
        .next();
    let Some(storage) = storage else {
        return;
    };
    let stored = &definition["status"]["storedVersions"];
    if strings(stored).any(|own| own == storage) {
        return;
    }
    if !definition["status"].is_object() {
        definition["status"] = json!({});
    }
    match definition["status"]["storedVersions"].as_array_mut() {
        Some(stored) => stored.push(storage.into()),
        None => definition["status"]["storedVersions"] = json!([storage]),
    }
    normal_status(definition);
}

/// Fields that the type always writes.
fn normal_status(definition: &mut Value) {
    let status = &mut definition["status"];
    fill_absent(status, "storedVersions", json!([]));
    if status["acceptedNames"].is_null() {
        status["acceptedNames"] = json!({"plural": "", "kind": ""});
    }
    if status["conditions"].is_null() {
        status["conditions"] = json!([]);
    }
}
