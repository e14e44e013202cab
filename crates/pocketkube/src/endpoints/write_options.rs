//! The options of a write, as admission webhooks and policies see them.
//!
//! A patch shows the options of what it does: of an update, or of a creation. Mirrors
//! `patchToUpdateOptions` and `patchToCreateOptions` in
//! `apiserver/pkg/endpoints/handlers/patch.go` (v1.35).

use serde_json::{Value, json};

use super::call::Call;
use crate::admission::Operation;

const API_VERSION: &str = "meta.k8s.io/v1";

/// CreateOptions, UpdateOptions or DeleteOptions.
pub(super) fn of(call: &Call, operation: Operation) -> Value {
    let kind = match operation {
        Operation::Create => "CreateOptions",
        Operation::Update => "UpdateOptions",
        Operation::Delete => return deletion(call),
        Operation::Connect => return Value::Null,
    };
    let mut options = json!({"kind": kind, "apiVersion": API_VERSION});
    if call.options.dry_run {
        options["dryRun"] = json!(["All"]);
    }
    for (field, text) in [
        ("fieldManager", &call.options.field_manager),
        ("fieldValidation", &call.options.field_validation),
    ] {
        if !text.is_empty() {
            options[field] = json!(text);
        }
    }
    options
}

fn deletion(call: &Call) -> Value {
    let mut options = match &call.body {
        body @ Value::Object(_) => body.clone(),
        _ => json!({}),
    };
    options["kind"] = json!("DeleteOptions");
    options["apiVersion"] = json!(API_VERSION);
    if call.options.dry_run {
        options["dryRun"] = json!(["All"]);
    }
    options
}
