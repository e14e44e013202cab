//! The rules that Jobs obey.
//!
//! Mirrors `ValidateJob` and `validateJobSpec` in `pkg/apis/batch/validation/validation.go`
//! (v1.35).

use serde_json::{Value, json};

use super::LABELS;
use super::template::{pod_failure_policy, success_policy, template_update};
use crate::api::field::{Error, ErrorList, Path};
use crate::api::meta;
use crate::api::names;
use crate::api::selector::LabelSelector;
use crate::api::tree::text;
use crate::api::validate::{domain_prefixed_path, immutable_field};
use crate::registry::core::pod;
use crate::registry::validation::Field;

const MAX_PARALLELISM_INDEXED: i64 = 100_000;
const MAX_FAILED_INDEXES: i64 = 100_000;
const MANY_COMPLETIONS: i64 = 100_000;
const MAX_PARALLELISM_MANY_COMPLETIONS: i64 = 10_000;
const MAX_MANAGED_BY: usize = 63;

/// A new Job.
pub fn job(job: &Value) -> ErrorList {
    let spec = Field::new(&job["spec"], "spec");
    let mut errors = generated_selector(job);
    errors.extend(whole_spec(&spec));
    errors.extend(pod_names(job));
    errors
}

/// A changed Job.
pub fn update(new: &Value, old: &Value) -> ErrorList {
    let (spec, old_spec) = (Field::new(&new["spec"], "spec"), &old["spec"]);
    let mut errors = whole_spec(&spec);
    errors.extend(completions_update(&spec, old_spec));
    let immutable = |field: &str| {
        immutable_field(
            &spec.value[field],
            &old_spec[field],
            &spec.path.child(field),
        )
    };
    errors.extend(immutable("selector"));
    errors.extend(template_update(&spec, old));
    for field in [
        "completionMode",
        "podFailurePolicy",
        "backoffLimitPerIndex",
        "managedBy",
        "successPolicy",
    ] {
        errors.extend(immutable(field));
    }
    errors
}

/// An Indexed Job may grow and shrink, with as many Pods at once as it has indexes.
fn completions_update(spec: &Field<'_>, old: &Value) -> ErrorList {
    let completions = spec.child("completions");
    let before = &old["completions"];
    if text(spec.value, "completionMode") != "Indexed" {
        return immutable_field(completions.value, before, &completions.path);
    }
    let changed = *completions.value != *before && completions.is_set();
    if changed && completions.value != spec.child("parallelism").value {
        return vec![completions.invalid("can only be modified in tandem with spec.parallelism")];
    }
    ErrorList::new()
}

fn whole_spec(spec: &Field<'_>) -> ErrorList {
    let mut errors = job_spec(spec);
    let selector = spec.child("selector");
    if selector.is_set() {
        errors.extend(selector.must_be_label_selector());
    } else {
        errors.push(selector.required(""));
    }
    let labels = spec.child("template").child("metadata").child("labels");
    let matches = LabelSelector::from_value(selector.value)
        .is_ok_and(|selector| !selector.matches(labels.value.as_object()));
    if matches {
        errors.push(labels.invalid("`selector` does not match template `labels`"));
    }
    errors
}

/// The selector is Kubernetes' own to make, unless the Job says otherwise.
fn generated_selector(job: &Value) -> ErrorList {
    let spec = &job["spec"];
    if spec["manualSelector"] == true || spec["selector"].is_null() {
        return ErrorList::new();
    }
    let (name, uid) = (meta::name(job), meta::uid(job));
    let expected = json!({
        (LABELS.legacy_controller_uid): uid,
        (LABELS.legacy_job_name): name,
        (LABELS.controller_uid): uid,
        (LABELS.job_name): name,
    });
    let metadata = Field::new(&spec["template"]["metadata"], "spec.template.metadata");
    let mut errors = ErrorList::new();
    for (label, value) in [
        (LABELS.legacy_controller_uid, uid),
        (LABELS.legacy_job_name, name),
        (LABELS.controller_uid, uid),
        (LABELS.job_name, name),
    ] {
        errors.extend(must_have_label(&metadata.child("labels"), label, value));
    }
    let selector = Field::new(&spec["selector"], "spec.selector");
    let is_own = LabelSelector::from_value(selector.value)
        .is_ok_and(|selector| !selector.matches(expected.as_object()));
    if is_own {
        errors.push(selector.invalid("`selector` not auto-generated"));
    }
    errors
}

fn must_have_label(labels: &Field<'_>, label: &str, value: &str) -> Option<Error> {
    let detail = format!("must be '{value}'");
    let path = labels.path.key(label);
    match labels.value[label].as_str() {
        None => Some(Error::required(path, &detail)),
        Some(other) if other != value => Some(Error::invalid(path, labels.value.clone(), &detail)),
        Some(_) => None,
    }
}

/// Pods of an Indexed Job are called after it and their index.
fn pod_names(job: &Value) -> Option<Error> {
    let spec = &job["spec"];
    let completions = spec["completions"].as_i64().filter(|number| *number > 0)?;
    if text(spec, "completionMode") != "Indexed" {
        return None;
    }
    let name = meta::name(job);
    let longest = format!("{name}-{}", completions - 1);
    (!names::dns1123_label(&longest).is_empty()).then(|| {
        let detail = format!("will not able to create pod with invalid DNS label: {longest}");
        Error::invalid(Path::new("metadata.name"), name, &detail)
    })
}

/// The spec of a Job or of a CronJob's template, but for its selector.
pub fn job_spec(spec: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    for number in [
        "parallelism",
        "completions",
        "activeDeadlineSeconds",
        "backoffLimit",
        "ttlSecondsAfterFinished",
        "backoffLimitPerIndex",
        "maxFailedIndexes",
    ] {
        errors.extend(spec.child(number).must_not_be_negative());
    }
    let per_index = spec.child("backoffLimitPerIndex");
    if spec.child("maxFailedIndexes").is_set() && !per_index.is_set() {
        errors.push(per_index.required("when maxFailedIndexes is specified"));
    }
    errors.extend(managed_by(&spec.child("managedBy")));
    let mode = spec.child("completionMode");
    if mode.is_set() {
        errors.extend(mode.must_be_one_of(&["Indexed", "NonIndexed"]));
    }
    match mode.text() {
        "Indexed" => errors.extend(indexed(spec)),
        "" | "NonIndexed" => {
            for field in ["backoffLimitPerIndex", "maxFailedIndexes"] {
                let field = spec.child(field);
                if field.is_set() {
                    errors.push(field.invalid("requires indexed completion mode"));
                }
            }
        }
        _ => {}
    }
    errors.extend(pod_failure_policy(spec));
    errors.extend(success_policy(spec));
    errors.extend(pod_replacement_policy(spec));
    errors.extend(pod::template::validate(&spec.child("template")));
    errors.extend(restart_policy(spec));
    errors
}

fn managed_by(field: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    if !field.is_set() {
        return errors;
    }
    errors.extend(domain_prefixed_path(field.text(), &field.path));
    if field.text().len() > MAX_MANAGED_BY {
        errors.push(Error::too_long(field.path.clone(), MAX_MANAGED_BY));
    }
    errors
}

fn indexed(spec: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let [completions, parallelism, failed] =
        ["completions", "parallelism", "maxFailedIndexes"].map(|name| spec.child(name));
    if !completions.is_set() {
        errors.push(completions.required("when completion mode is Indexed"));
    }
    if parallelism.integer() > MAX_PARALLELISM_INDEXED {
        errors.push(parallelism.invalid(&format!(
            "must be less than or equal to {MAX_PARALLELISM_INDEXED} when completion mode is Indexed"
        )));
    }
    if completions.is_set() && failed.integer() > completions.integer() {
        errors.push(failed.invalid("must be less than or equal to completions"));
    }
    if failed.integer() > MAX_FAILED_INDEXES {
        errors.push(failed.invalid(&format!(
            "must be less than or equal to {MAX_FAILED_INDEXES}"
        )));
    }
    let is_large = completions.integer() > MANY_COMPLETIONS;
    if is_large && spec.child("backoffLimitPerIndex").is_set() {
        if !failed.is_set() {
            errors.push(failed.required(&format!(
                "must be specified when completions is above {MANY_COMPLETIONS}"
            )));
        }
        for field in [&parallelism, &failed] {
            if field.integer() > MAX_PARALLELISM_MANY_COMPLETIONS {
                errors.push(field.invalid(&format!(
                    "must be less than or equal to {MAX_PARALLELISM_MANY_COMPLETIONS} when completions are above {MANY_COMPLETIONS} and used with backoff limit per index"
                )));
            }
        }
    }
    errors
}

fn pod_replacement_policy(spec: &Field<'_>) -> Option<Error> {
    let policy = spec.child("podReplacementPolicy");
    if !policy.is_set() {
        return None;
    }
    if spec.child("podFailurePolicy").is_set() {
        policy.must_be_one_of(&["Failed"])
    } else {
        policy.must_be_one_of(&["Failed", "TerminatingOrFailed"])
    }
}

/// Pods of a Job come to an end.
fn restart_policy(spec: &Field<'_>) -> Option<Error> {
    let policy = spec.child("template").child("spec").child("restartPolicy");
    match policy.text() {
        "" | "Always" => Some(policy.required("valid values: \"OnFailure\", \"Never\"")),
        "OnFailure" if spec.child("podFailurePolicy").is_set() => {
            Some(policy.invalid("only \"Never\" is supported when podFailurePolicy is specified"))
        }
        _ => policy.must_be_one_of(&["OnFailure", "Never"]),
    }
}
