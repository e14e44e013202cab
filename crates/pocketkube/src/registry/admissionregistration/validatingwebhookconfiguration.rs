//! ValidatingWebhookConfiguration: webhooks that may refuse what is written.
//!
//! Mirrors `pkg/registry/admissionregistration/validatingwebhookconfiguration` (v1.35).

use serde_json::Value;

use super::{CATEGORY, GROUP, webhooks};
use crate::api::field::ErrorList;
use crate::api::names::{self, NameRule};
use crate::registry::{HookContext, ResourceDef, Strategy};

pub fn resource() -> ResourceDef {
    ResourceDef::cluster(
        GROUP,
        "v1",
        "ValidatingWebhookConfiguration",
        "validatingwebhookconfigurations",
        ValidatingWebhookConfigurationStrategy,
    )
    .in_category(CATEGORY)
    .table(webhooks::table())
}

struct ValidatingWebhookConfigurationStrategy;

impl Strategy for ValidatingWebhookConfigurationStrategy {
    fn default(&self, object: &mut Value) {
        webhooks::default(object);
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        webhooks::validate(object)
    }

    fn validate_update(&self, new: &Value, old: &Value, _context: &HookContext<'_>) -> ErrorList {
        webhooks::validate_update(new, old)
    }

    fn counts_generation(&self) -> bool {
        true
    }

    fn is_new_generation(&self, new: &Value, old: &Value) -> bool {
        new["webhooks"] != old["webhooks"]
    }
}
