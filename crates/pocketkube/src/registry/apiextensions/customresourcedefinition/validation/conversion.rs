//! How versions are converted into each other.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::api::field::{Error, ErrorList, Path};
use crate::api::names::dns1035_label;
use crate::api::tree::{elements, is_empty, strings, text};
use crate::api::validate::required_choice;
use crate::registry::validation::{Field, webhook_client};

/// Whether the authorities of the webhook must be right already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Authorities {
    /// Tools fill them in later.
    MayBeWrong,
    MustBeRight,
}

impl Authorities {
    /// They may be wrong before the definition is established, and where they were wrong before.
    pub(super) fn of_change(old: &Value, is_established: bool) -> Self {
        let old = &old["spec"]["conversion"]["webhook"]["clientConfig"]["caBundle"];
        let was_wrong = !is_empty(old) && webhook_client::bundle_fault(text_of(old)).is_some();
        if !is_established || was_wrong {
            Self::MayBeWrong
        } else {
            Self::MustBeRight
        }
    }

    fn check(self, bundle: &Field<'_>) -> Option<Error> {
        if self == Self::MayBeWrong || bundle.is_empty() {
            return None;
        }
        webhook_client::bundle_fault(bundle.text()).map(|why| bundle.invalid(&why))
    }
}

fn text_of(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

pub(super) fn validate(
    conversion: &Value,
    preserves_unknown: bool,
    authorities: Authorities,
    path: &Path,
) -> ErrorList {
    let mut errors = ErrorList::new();
    if conversion.is_null() {
        return errors;
    }
    let strategy = text(conversion, "strategy");
    if strategy != "None" && preserves_unknown {
        let why = "must be None if spec.preserveUnknownFields is true";
        errors.push(Error::invalid(path.child("strategy"), strategy, why));
    }
    errors.extend(required_choice(
        strategy,
        &["None", "Webhook"],
        &path.child("strategy"),
    ));
    let webhook = &conversion["webhook"];
    let client = &webhook["clientConfig"];
    let (client_path, versions_path) = (
        path.child("webhookClientConfig"),
        path.child("conversionReviewVersions"),
    );
    let versions = &webhook["conversionReviewVersions"];
    if strategy != "Webhook" {
        let why = "should not be set when strategy is not set to Webhook";
        if client.is_object() {
            errors.push(Error::forbidden(client_path, why));
        }
        if !elements(versions).is_empty() {
            errors.push(Error::forbidden(versions_path, why));
        }
        return errors;
    }
    if client.is_object() {
        let field = Field::new(client, client_path.clone());
        errors.extend(webhook_client::validate(&field));
        errors.extend(authorities.check(&field.child("caBundle")));
    } else {
        let why = "required when strategy is set to Webhook";
        errors.push(Error::required(client_path, why));
    }
    errors.extend(review_versions(versions, &versions_path));
    errors
}

fn review_versions(versions: &Value, path: &Path) -> ErrorList {
    if elements(versions).is_empty() {
        return vec![Error::required(path.clone(), "")];
    }
    let mut errors = ErrorList::new();
    let mut seen = BTreeSet::new();
    for (index, version) in strings(versions).enumerate() {
        let path = path.index(index);
        if !seen.insert(version) {
            errors.push(Error::invalid(path, version, "duplicate version"));
            continue;
        }
        for fault in dns1035_label(version) {
            errors.push(Error::invalid(path.clone(), version, &fault));
        }
    }
    if !seen.contains("v1") && !seen.contains("v1beta1") {
        let why = "must include at least one of v1, v1beta1";
        errors.push(Error::invalid(path.clone(), versions.clone(), why));
    }
    errors
}
