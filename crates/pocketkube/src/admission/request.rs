//! The request as `admission.k8s.io/v1` describes it, to expressions and to webhooks.
//!
//! Mirrors `CreateV1AdmissionReview` in `apiserver/pkg/admission/plugin/webhook/request` and
//! `CreateAdmissionRequest` in `apiserver/pkg/admission/plugin/cel` (v1.35).

use serde_json::{Value, json};

use super::Attributes;
use super::attributes::kind_of;
use crate::api::GroupVersionKind;
use crate::registry::ResourceDef;

/// Everything but the objects. `form` is the resource as the reader wants to see it.
pub(super) fn describe(attributes: &Attributes<'_>, form: &ResourceDef) -> Value {
    let mut request = json!({
        "kind": kind(&kind_of(form, attributes.subresource)),
        "resource": resource(form),
        "requestKind": kind(&attributes.kind()),
        "requestResource": resource(attributes.resource),
        "operation": attributes.operation.as_str(),
        "userInfo": attributes.user.to_value(),
        "dryRun": attributes.dry_run,
        "options": attributes.options,
    });
    // A namespace is in itself, so to speak.
    let namespace = match attributes.resource.plural.as_ref() {
        "namespaces" if attributes.resource.group.is_empty() => attributes.name,
        _ => attributes.namespace,
    };
    for (field, text) in [
        ("subResource", attributes.subresource),
        ("requestSubResource", attributes.subresource),
        ("name", attributes.name),
        ("namespace", namespace),
    ] {
        if !text.is_empty() {
            request[field] = json!(text);
        }
    }
    request
}

fn kind(kind: &GroupVersionKind) -> Value {
    json!({"group": kind.group, "version": kind.version, "kind": kind.kind})
}

fn resource(row: &ResourceDef) -> Value {
    json!({"group": row.group, "version": row.version, "resource": row.plural})
}
