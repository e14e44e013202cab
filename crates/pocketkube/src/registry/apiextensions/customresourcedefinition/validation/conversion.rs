//! How versions are converted into each other.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::api::field::{Error, ErrorList, Path};
use crate::api::names::dns1035_label;
use crate::api::tree::{elements, strings, text};
use crate::api::validate::required_choice;

pub(super) fn validate(conversion: &Value, preserves_unknown: bool, path: &Path) -> ErrorList {
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
    if !client.is_object() {
        let why = "required when strategy is set to Webhook";
        errors.push(Error::required(client_path, why));
    } else if client["url"].is_string() == client["service"].is_object() {
        let why = "exactly one of url or service is required";
        errors.push(Error::required(client_path, why));
    } else if let Some(url) = client["url"].as_str() {
        if !url.starts_with("https://") {
            let why = "'https' is the only allowed URL scheme; desired format: https://host[/path]";
            errors.push(Error::invalid(client_path.child("url"), url, why));
        }
    } else {
        for field in ["namespace", "name"] {
            if text(&client["service"], field).is_empty() {
                let why = format!("service {field} is required");
                let path = client_path.child("service").child(field);
                errors.push(Error::required(path, &why));
            }
        }
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
