//! What RoleBindings and ClusterRoleBindings have in common: who gets which role.
//!
//! Mirrors `pkg/apis/rbac/v1/defaults.go` and `pkg/apis/rbac/validation/validation.go` (v1.35).

use serde_json::{Value, json};

use super::GROUP;
use crate::api::field::{Error, ErrorList, Path};
use crate::api::names::{self, NameUse};
use crate::api::tree::{elements, elements_mut, fill, text};
use crate::api::validate::{by_rule, choice};
use crate::printers::{Column, TableDef, age_cell};
use crate::registry::Scope;

/// Roles and people are of the RBAC group unless the client says otherwise.
pub(super) fn set_defaults(binding: &mut Value) {
    if binding["roleRef"].is_object() {
        fill(&mut binding["roleRef"], "apiGroup", GROUP);
    }
    for subject in elements_mut(binding, "subjects") {
        if ["User", "Group"].contains(&text(subject, "kind")) {
            fill(subject, "apiGroup", GROUP);
        }
    }
}

/// Every mistake in a binding that lives in `scope` and may refer to roles of some `kinds`.
pub(super) fn validate(binding: &Value, scope: Scope, kinds: &[&str]) -> ErrorList {
    let mut errors = validate_role(&binding["roleRef"], kinds, &Path::new("roleRef"));
    for (index, subject) in elements(&binding["subjects"]).iter().enumerate() {
        let path = Path::new("subjects").index(index);
        errors.extend(validate_subject(subject, scope, &path));
    }
    errors
}

/// The role of a binding cannot be changed: who may bind it was decided when it was made.
pub(super) fn validate_same_role(new: &Value, old: &Value) -> ErrorList {
    if new["roleRef"] == old["roleRef"] {
        return ErrorList::new();
    }
    vec![Error::invalid(
        Path::new("roleRef"),
        new["roleRef"].clone(),
        "cannot change roleRef",
    )]
}

fn validate_role(reference: &Value, kinds: &[&str], path: &Path) -> ErrorList {
    let mut errors = choice(
        text(reference, "apiGroup"),
        &[GROUP],
        &path.child("apiGroup"),
    );
    errors.extend(choice(text(reference, "kind"), kinds, &path.child("kind")));
    match text(reference, "name") {
        "" => errors.push(Error::required(path.child("name"), "")),
        name => errors.extend(by_rule(names::path_segment_name, name, &path.child("name"))),
    }
    errors
}

fn validate_subject(subject: &Value, scope: Scope, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let name = text(subject, "name");
    let name_path = path.child("name");
    if name.is_empty() {
        errors.push(Error::required(name_path.clone(), ""));
    }
    let group = text(subject, "apiGroup");
    let group_path = path.child("apiGroup");
    match text(subject, "kind") {
        "ServiceAccount" => {
            if !name.is_empty() {
                let rule = |name: &str| names::name_is_dns_subdomain(name, NameUse::Whole);
                errors.extend(by_rule(rule, name, &name_path));
            }
            errors.extend(choice(group, &[""], &group_path));
            if scope == Scope::Cluster && text(subject, "namespace").is_empty() {
                errors.push(Error::required(path.child("namespace"), ""));
            }
        }
        kind @ ("User" | "Group") => {
            if name.is_empty() {
                let why = format!("{} name cannot be empty", kind.to_lowercase());
                errors.push(Error::invalid(name_path, "", &why));
            }
            errors.extend(choice(group, &[GROUP], &group_path));
        }
        kind => errors.push(Error::not_supported(
            path.child("kind"),
            kind,
            &["ServiceAccount", "User", "Group"],
        )),
    }
    errors
}

pub(super) fn table() -> TableDef {
    TableDef::new(
        vec![
            Column::name(),
            Column::text("Role"),
            Column::age(),
            Column::text("Users").wide(),
            Column::text("Groups").wide(),
            Column::text("ServiceAccounts").wide(),
        ],
        |object, context| {
            let role = &object["roleRef"];
            vec![
                object["metadata"]["name"].clone(),
                json!(format!("{}/{}", text(role, "kind"), text(role, "name"))),
                json!(age_cell(object, context.now)),
                json!(subjects(object, "User")),
                json!(subjects(object, "Group")),
                json!(subjects(object, "ServiceAccount")),
            ]
        },
    )
}

fn subjects(binding: &Value, kind: &str) -> String {
    let names: Vec<String> = elements(&binding["subjects"])
        .iter()
        .filter(|subject| text(subject, "kind") == kind)
        .map(|subject| match kind {
            "ServiceAccount" => {
                format!("{}/{}", text(subject, "namespace"), text(subject, "name"))
            }
            _ => text(subject, "name").to_owned(),
        })
        .collect();
    names.join(", ")
}
