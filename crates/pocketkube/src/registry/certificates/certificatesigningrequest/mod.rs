//! CertificateSigningRequest: a wish for a certificate, its approval and the certificate.
//!
//! The spec never changes; conditions of approval come through `approval`, the certificate through
//! `status`. Mirrors `pkg/registry/certificates/certificates` (v1.35).

mod validation;

use std::time::Duration;

use serde_json::{Value, json};

use super::GROUP;
use crate::api::field::ErrorList;
use crate::api::names::{self, NameRule};
use crate::api::tree::{elements, elements_mut, fill, is_empty, restore, text};
use crate::api::{GroupVersionKind, meta};
use crate::printers::{Column, RowContext, TableDef, age_cell, human_duration};
use crate::registry::{HookContext, ResourceDef, SelectableField, Strategy, Verb};

pub const APPROVAL: &str = "approval";
pub const APPROVED: &str = "Approved";
pub const DENIED: &str = "Denied";
pub const FAILED: &str = "Failed";

pub fn resource() -> ResourceDef {
    let kind = GroupVersionKind::new(GROUP, "v1", "CertificateSigningRequest");
    ResourceDef::cluster(
        GROUP,
        "v1",
        "CertificateSigningRequest",
        "certificatesigningrequests",
        CertificateSigningRequestStrategy,
    )
    .short_names(&["csr"])
    .table(table())
    .selectable(vec![SelectableField::at("spec.signerName")])
    .with_status()
    .with_subresource(APPROVAL, kind, &[Verb::Get, Verb::Patch, Verb::Update])
}

struct CertificateSigningRequestStrategy;

impl Strategy for CertificateSigningRequestStrategy {
    fn name_rule(&self) -> NameRule {
        names::name_is_path_segment
    }

    /// The requester's groups were filled in on the way here: only their name is known now.
    fn prepare_for_create(&self, object: &mut Value, context: &HookContext<'_>) {
        object["spec"]["username"] = json!(context.user);
        object["status"] = json!({});
    }

    fn validate(&self, object: &Value, _context: &HookContext<'_>) -> ErrorList {
        validation::validate(object)
    }

    fn prepare_for_update(&self, new: &mut Value, old: &Value, context: &HookContext<'_>) {
        restore(new, old, "spec");
        if context.subresource == APPROVAL {
            let conditions = json!({"conditions": new["status"]["conditions"]});
            restore(new, old, "status");
            restore_conditions(new, &conditions);
            set_times(new, old, context);
        } else {
            restore(new, old, "status");
        }
    }

    fn validate_update(&self, new: &Value, old: &Value, context: &HookContext<'_>) -> ErrorList {
        validation::validate_update(new, old, context.subresource)
    }

    fn prepare_for_status_update(&self, new: &mut Value, old: &Value, context: &HookContext<'_>) {
        restore(new, old, "spec");
        set_times(new, old, context);
    }

    fn validate_status_update(
        &self,
        new: &Value,
        old: &Value,
        context: &HookContext<'_>,
    ) -> ErrorList {
        validation::validate_update(new, old, context.subresource)
    }
}

fn restore_conditions(object: &mut Value, from: &Value) {
    if object["status"].is_null() {
        object["status"] = json!({});
    }
    restore(&mut object["status"], from, "conditions");
}

/// Conditions know when they came and when they changed.
fn set_times(new: &mut Value, old: &Value, context: &HookContext<'_>) {
    let now = meta::format_time(context.now);
    let Some(status) = new.get_mut("status") else {
        return;
    };
    for condition in elements_mut(status, "conditions") {
        let before = elements(&old["status"]["conditions"])
            .iter()
            .find(|other| other["type"] == condition["type"]);
        fill(condition, "lastUpdateTime", now.as_str());
        let transition = match before {
            Some(before) if before["status"] == condition["status"] => {
                text(before, "lastTransitionTime")
            }
            _ => &now,
        };
        fill(condition, "lastTransitionTime", transition);
    }
}

fn table() -> TableDef {
    TableDef::new(
        vec![
            Column::name(),
            Column::age(),
            Column::text("SignerName"),
            Column::text("Requestor"),
            Column::text("RequestedDuration"),
            Column::text("Condition"),
        ],
        cells,
    )
}

fn cells(request: &Value, context: RowContext) -> Vec<Value> {
    let spec = &request["spec"];
    let seconds = spec["expirationSeconds"]
        .as_i64()
        .and_then(|seconds| u64::try_from(seconds).ok());
    let duration = seconds.map_or_else(
        || "<none>".to_owned(),
        |seconds| human_duration(Duration::from_secs(seconds)),
    );
    vec![
        request["metadata"]["name"].clone(),
        json!(age_cell(request, context.now)),
        json!(text(spec, "signerName")),
        json!(text(spec, "username")),
        json!(duration),
        json!(condition(&request["status"])),
    ]
}

/// `Approved,Issued`.
fn condition(status: &Value) -> String {
    let has = |wanted: &str| {
        elements(&status["conditions"])
            .iter()
            .any(|condition| text(condition, "type") == wanted)
    };
    let mut words = vec![if has(DENIED) {
        DENIED
    } else if has(APPROVED) {
        APPROVED
    } else {
        "Pending"
    }];
    if has(FAILED) {
        words.push(FAILED);
    }
    if !is_empty(&status["certificate"]) {
        words.push("Issued");
    }
    words.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::testing::{StoredObjects, row};

    #[test]
    fn the_requester_cannot_be_chosen_nor_the_approval() {
        let mut object = json!({
            "spec": {"username": "root"},
            "status": {"conditions": [{"type": "Approved"}]},
        });
        let stored = StoredObjects::default();
        CertificateSigningRequestStrategy.prepare_for_create(&mut object, &stored.context());
        assert_eq!(object, json!({"spec": {"username": "admin"}, "status": {}}));
    }

    #[test]
    fn approval_changes_conditions_only() {
        let stored = StoredObjects::default();
        let mut context = stored.context();
        context.subresource = APPROVAL;
        let old = json!({"spec": {"signerName": "a"}, "status": {"certificate": "x"}});
        let mut new = json!({
            "spec": {"signerName": "b"},
            "status": {"certificate": "y", "conditions": [{"type": "Approved", "status": "True"}]},
        });
        CertificateSigningRequestStrategy.prepare_for_update(&mut new, &old, &context);
        assert_eq!(new["spec"], old["spec"]);
        assert_eq!(new["status"]["certificate"], "x");
        assert_eq!(
            new["status"]["conditions"],
            json!([{
                "type": "Approved", "status": "True",
                "lastUpdateTime": "2025-01-01T00:00:00Z", "lastTransitionTime": "2025-01-01T00:00:00Z",
            }])
        );
    }

    #[test]
    fn the_row_shows_who_asked_and_how_far_it_is() {
        let mut request = json!({
            "metadata": {"name": "r"},
            "spec": {"signerName": "a.b/c", "username": "eve", "expirationSeconds": 3600},
        });
        assert_eq!(
            row(&resource(), &request),
            ["r", "<unknown>", "a.b/c", "eve", "60m", "Pending"]
        );
        request["status"] = json!({"conditions": [{"type": "Approved"}], "certificate": "x"});
        assert_eq!(row(&resource(), &request)[5], "Approved,Issued");
    }
}
