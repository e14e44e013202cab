//! Rules that the metadata of every object obeys, on creation and on update.
//!
//! Pure functions over the JSON tree of `metadata`; they collect every mistake and change nothing.
//! What a kind asks for beyond this is the kind's own business. Mirrors
//! `apimachinery/pkg/api/validation/objectmeta.go` and
//! `apimachinery/pkg/apis/meta/v1/validation/validation.go` (v1.35).

use serde_json::Value;

use super::super::field::{Error, ErrorList, Path};
use super::super::names::{NameRule, NameUse};
use super::super::tree::text;
use super::parts::{
    annotations, built_in_finalizers, finalizers, labels, managed_fields, namespace,
    no_new_finalizers, owner_references,
};
use super::{immutable_field, invalid_each, not_negative};

/// Whether objects of a kind live in a namespace.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scope {
    Namespaced,
    Cluster,
}

/// The metadata of a new object of any kind, after its name was generated.
pub fn object_meta(metadata: &Value, scope: Scope, name_rule: NameRule, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let name = text(metadata, "name");
    let generate_name = text(metadata, "generateName");
    if !generate_name.is_empty() {
        let faults = name_rule(generate_name, NameUse::Prefix);
        invalid_each(
            &mut errors,
            path.child("generateName"),
            generate_name,
            faults,
        );
    }
    if name.is_empty() {
        errors.push(Error::required(
            path.child("name"),
            "name or generateName is required",
        ));
    } else {
        let faults = name_rule(name, NameUse::Whole);
        invalid_each(&mut errors, path.child("name"), name, faults);
    }
    errors.extend(namespace(text(metadata, "namespace"), scope, path));
    let generation = metadata["generation"].as_i64().unwrap_or(0);
    errors.extend(not_negative(generation, &path.child("generation")));
    errors.extend(labels(&metadata["labels"], &path.child("labels")));
    errors.extend(annotations(
        &metadata["annotations"],
        &path.child("annotations"),
    ));
    errors.extend(owner_references(
        &metadata["ownerReferences"],
        &path.child("ownerReferences"),
    ));
    errors.extend(finalizers(
        &metadata["finalizers"],
        &path.child("finalizers"),
    ));
    errors.extend(managed_fields(
        &metadata["managedFields"],
        &path.child("managedFields"),
    ));
    errors
}

/// [`object_meta`] for the kinds that Kubernetes itself brings: they also refuse finalizers
/// without a domain, except the standard ones.
pub fn built_in_object_meta(
    metadata: &Value,
    scope: Scope,
    name_rule: NameRule,
    path: &Path,
) -> ErrorList {
    let mut errors = object_meta(metadata, scope, name_rule, path);
    errors.extend(built_in_finalizers(
        &metadata["finalizers"],
        &path.child("finalizers"),
    ));
    errors
}

/// What may not change in the metadata of an object, and what must be right in its new form.
pub fn object_meta_update(new: &Value, old: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    if !text(old, "deletionTimestamp").is_empty() {
        errors.extend(no_new_finalizers(
            &new["finalizers"],
            &old["finalizers"],
            &path.child("finalizers"),
        ));
    }
    if text(new, "resourceVersion").is_empty() {
        errors.push(Error::invalid(
            path.child("resourceVersion"),
            "",
            "must be specified for an update",
        ));
    }
    let generation = new["generation"].as_i64().unwrap_or(0);
    if generation < old["generation"].as_i64().unwrap_or(0) {
        errors.push(Error::invalid(
            path.child("generation"),
            generation,
            "must not be decremented",
        ));
    }
    for field in ["name", "namespace", "uid"] {
        let (new, old) = (Value::from(text(new, field)), Value::from(text(old, field)));
        errors.extend(immutable_field(&new, &old, &path.child(field)));
    }
    for field in [
        "creationTimestamp",
        "deletionTimestamp",
        "deletionGracePeriodSeconds",
    ] {
        errors.extend(immutable_field(
            &new[field],
            &old[field],
            &path.child(field),
        ));
    }
    errors.extend(labels(&new["labels"], &path.child("labels")));
    errors.extend(annotations(&new["annotations"], &path.child("annotations")));
    errors.extend(owner_references(
        &new["ownerReferences"],
        &path.child("ownerReferences"),
    ));
    errors.extend(managed_fields(
        &new["managedFields"],
        &path.child("managedFields"),
    ));
    errors
}

/// [`object_meta_update`] for the kinds that Kubernetes itself brings.
pub fn built_in_object_meta_update(new: &Value, old: &Value, path: &Path) -> ErrorList {
    let mut errors = object_meta_update(new, old, path);
    errors.extend(built_in_finalizers(
        &new["finalizers"],
        &path.child("finalizers"),
    ));
    errors
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::parts::*;
    use super::*;
    use crate::api::names;

    fn check(metadata: Value, wanted: &[&str]) {
        let errors = built_in_object_meta(
            &metadata,
            Scope::Namespaced,
            names::name_is_dns_label,
            &Path::new("metadata"),
        );
        let found: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(found, wanted);
    }

    fn check_update(new: Value, old: Value, wanted: &[&str]) {
        let errors = object_meta_update(&new, &old, &Path::new("metadata"));
        let found: Vec<String> = errors.iter().map(ToString::to_string).collect();
        assert_eq!(found, wanted);
    }

    #[test]
    fn plain_metadata_is_fine() {
        check(
            json!({"name": "web", "namespace": "default", "labels": {"app": "web", "a.b/c": ""},
                "annotations": {"Example.com/X": "anything"}, "finalizers": ["orphan", "a.b/c"],
                "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "r", "uid": "1", "controller": true}],
                "managedFields": [{"operation": "Apply", "manager": "me", "fieldsType": "FieldsV1"}]}),
            &[],
        );
    }

    #[test]
    fn name_and_namespace_are_required() {
        check(
            json!({}),
            &[
                "metadata.name: Required value: name or generateName is required",
                "metadata.namespace: Required value",
            ],
        );
    }

    #[test]
    fn cluster_scoped_objects_have_no_namespace() {
        let metadata = json!({"name": "n", "namespace": "default"});
        let errors = object_meta(
            &metadata,
            Scope::Cluster,
            names::name_is_dns_label,
            &"metadata".into(),
        );
        assert_eq!(
            errors[0].to_string(),
            "metadata.namespace: Forbidden: not allowed on this type"
        );
    }

    #[test]
    fn finalizers_are_standard_or_qualified() {
        check(
            json!({"name": "a", "namespace": "b", "finalizers": ["keep"]}),
            &[
                "metadata.finalizers[0]: Invalid value: \"keep\": name is neither a standard finalizer name nor is it fully qualified",
            ],
        );
        check(
            json!({"name": "a", "namespace": "b", "finalizers": ["orphan", "foregroundDeletion"]}),
            &[
                "metadata.finalizers: Invalid value: [\"orphan\",\"foregroundDeletion\"]: finalizer foregroundDeletion and orphan cannot be both set",
            ],
        );
    }

    #[test]
    fn owners_are_complete_and_one_controls() {
        check(
            json!({"name": "a", "namespace": "b", "ownerReferences": [{"apiVersion": "v1", "kind": "Pod", "name": "", "uid": ""}]}),
            &[
                "metadata.ownerReferences.name: Invalid value: \"\": must not be empty",
                "metadata.ownerReferences.uid: Invalid value: \"\": must not be empty",
            ],
        );
        check(
            json!({"name": "a", "namespace": "b", "ownerReferences": [{"apiVersion": "a/b/c", "kind": "Pod", "name": "p", "uid": "1"}]}),
            &[
                "metadata.ownerReferences.apiVersion: Invalid value: \"a/b/c\": version must not be empty",
            ],
        );
        let owner = |name| json!({"apiVersion": "v1", "kind": "Pod", "name": name, "uid": "1", "controller": true});
        let errors = owner_references(&json!([owner("a"), owner("b")]), &"o".into());
        assert!(errors[0].detail.ends_with("references for Pod/a and Pod/b"));
    }

    #[test]
    fn annotations_have_a_total_size() {
        let big = "x".repeat(ANNOTATIONS_SIZE_LIMIT);
        check(
            json!({"name": "a", "namespace": "b", "annotations": {"k": big}}),
            &["metadata.annotations: Too long: may not be more than 262144 bytes"],
        );
    }

    #[test]
    fn identity_does_not_change_on_update() {
        let old = json!({"name": "a", "namespace": "b", "uid": "1", "resourceVersion": "1", "creationTimestamp": "2024-01-01T00:00:00Z"});
        check_update(old.clone(), old.clone(), &[]);
        let mut new = old.clone();
        new["uid"] = json!("2");
        check_update(
            new,
            old.clone(),
            &["metadata.uid: Invalid value: \"2\": field is immutable"],
        );
        let mut new = old.clone();
        new["resourceVersion"] = json!("");
        check_update(
            new,
            old,
            &["metadata.resourceVersion: Invalid value: \"\": must be specified for an update"],
        );
    }

    #[test]
    fn a_dying_object_gets_no_new_finalizers() {
        let old = json!({"name": "a", "resourceVersion": "1", "deletionTimestamp": "2024-01-01T00:00:00Z", "finalizers": ["a/b"]});
        let mut new = old.clone();
        new["finalizers"] = json!(["a/b", "c/d"]);
        check_update(
            new,
            old,
            &[
                "metadata.finalizers: Forbidden: no new finalizers can be added if the object is being deleted, found new finalizers []string{\"c/d\"}",
            ],
        );
    }
}
