//! Jobs: Pods that run to an end.
//!
//! Mirrors `pkg/registry/batch/job/strategy.go` and `pkg/apis/batch/v1/defaults.go` (v1.35).

mod status;
mod table;
mod template;
mod validation;

use serde_json::{Value, json};

use crate::api::field::ErrorList;
use crate::api::meta::{self, map_at};
use crate::api::names::{self, NameRule};
use crate::api::tree::{elements_mut, fill, fill_absent, integer, is_empty, restore, text};
use crate::api::validate::semantically_equal;
use crate::registry::apps::workload;
use crate::registry::core::pod;
use crate::registry::{HookContext, ResourceDef, SelectableField, Strategy};

pub(super) use validation::job_spec;

const LABELS: Labels = Labels {
    controller_uid: "batch.kubernetes.io/controller-uid",
    job_name: "batch.kubernetes.io/job-name",
    legacy_controller_uid: "controller-uid",
    legacy_job_name: "job-name",
};

/// Labels by which a Job finds its Pods.
struct Labels {
    controller_uid: &'static str,
    job_name: &'static str,
    legacy_controller_uid: &'static str,
    legacy_job_name: &'static str,
}

pub fn resource() -> ResourceDef {
    ResourceDef::namespaced("batch", "v1", "Job", "jobs", JobStrategy)
        .in_all()
        .table(table::table())
        .selectable(vec![SelectableField::new(
            "status.successful",
            |job: &Value| integer(&job["status"], "succeeded").to_string().into(),
        )])
        .with_status()
}

struct JobStrategy;

impl Strategy for JobStrategy {
    fn default(&self, job: &mut Value) {
        map_at(job, "spec");
        default_spec(&mut job["spec"]);
        inherit_labels(job);
    }

    fn name_rule(&self) -> NameRule {
        names::name_is_dns_subdomain
    }

    fn prepare_for_create(&self, job: &mut Value, _context: &HookContext<'_>) {
        job["status"] = json!({});
        if job["spec"]["manualSelector"] != true {
            generate_selector(job);
        }
        inherit_labels(job);
    }

    fn validate(&self, job: &Value, _context: &HookContext<'_>) -> ErrorList {
        validation::job(job)
    }

    fn prepare_for_update(&self, new: &mut Value, old: &Value, _context: &HookContext<'_>) {
        restore(new, old, "status");
    }

    fn validate_update(&self, new: &Value, old: &Value, _context: &HookContext<'_>) -> ErrorList {
        validation::update(new, old)
    }

    fn prepare_for_status_update(&self, new: &mut Value, old: &Value, _context: &HookContext<'_>) {
        restore(new, old, "spec");
    }

    fn validate_status_update(
        &self,
        new: &Value,
        old: &Value,
        _context: &HookContext<'_>,
    ) -> ErrorList {
        status::update(new, old)
    }

    fn warnings(&self, job: &Value, old: Option<&Value>) -> Vec<String> {
        let mut warnings: Vec<String> = hard_to_track(&job["spec"], "spec").into_iter().collect();
        warnings.extend(workload::warnings(job, old));
        warnings
    }

    fn counts_generation(&self) -> bool {
        true
    }

    fn is_new_generation(&self, new: &Value, old: &Value) -> bool {
        !semantically_equal(&new["spec"], &old["spec"])
    }

    /// Clients of old did not expect that deleting a Job deletes its Pods.
    fn orphans_dependents(&self) -> bool {
        true
    }
}

/// A Job with so many indexes that not all of those that failed may be remembered.
pub(super) fn hard_to_track(spec: &Value, path: &str) -> Option<String> {
    const MANY_COMPLETIONS: i64 = 100_000;
    const MANY_AT_ONCE: i64 = 10_000;
    let is_large = text(spec, "completionMode") == "Indexed"
        && integer(spec, "completions") > MANY_COMPLETIONS
        && integer(spec, "parallelism") > MANY_AT_ONCE;
    is_large.then(|| {
        format!(
            "{path}: In Indexed Jobs with a number of completions higher than 10^5 and a parallelism higher than 10^4, Kubernetes might not be able to track completedIndexes when a big number of indexes fail"
        )
    })
}

/// Fills in the spec of a Job.
fn default_spec(spec: &mut Value) {
    map_at(spec, "template");
    pod::template::default(&mut spec["template"]);
    if spec["completions"].is_null() && spec["parallelism"].is_null() {
        spec["completions"] = json!(1);
    }
    fill_absent(spec, "parallelism", 1);
    let backoff_limit = if spec["backoffLimitPerIndex"].is_null() {
        6
    } else {
        i32::MAX
    };
    fill_absent(spec, "backoffLimit", backoff_limit);
    fill_absent(spec, "completionMode", "NonIndexed");
    fill_absent(spec, "suspend", false);
    fill_absent(spec, "manualSelector", false);
    let replacement = if spec["podFailurePolicy"].is_null() {
        "TerminatingOrFailed"
    } else {
        "Failed"
    };
    fill_absent(spec, "podReplacementPolicy", replacement);
    if let Some(policy) = spec.get_mut("podFailurePolicy") {
        for rule in elements_mut(policy, "rules") {
            for pattern in elements_mut(rule, "onPodConditions") {
                fill(pattern, "status", "True");
            }
        }
    }
}

/// A Job without labels has those of its template.
fn inherit_labels(job: &mut Value) {
    let labels = job["spec"]["template"]["metadata"]["labels"].clone();
    if is_empty(&job["metadata"]["labels"]) && !is_empty(&labels) {
        job["metadata"]["labels"] = labels;
    }
}

/// Makes the selector and the labels that go with it, unless they are there. A client's own
/// values are left for validation to refuse.
fn generate_selector(job: &mut Value) {
    let (name, uid) = (meta::name(job).to_owned(), meta::uid(job).to_owned());
    let spec = &mut job["spec"];
    map_at(&mut spec["template"], "metadata");
    let labels = map_at(&mut spec["template"]["metadata"], "labels");
    for (label, value) in [
        (LABELS.legacy_job_name, &name),
        (LABELS.job_name, &name),
        (LABELS.legacy_controller_uid, &uid),
        (LABELS.controller_uid, &uid),
    ] {
        labels.entry(label).or_insert_with(|| json!(value));
    }
    map_at(spec, "selector");
    map_at(&mut spec["selector"], "matchLabels")
        .entry(LABELS.controller_uid)
        .or_insert_with(|| json!(uid));
}

#[cfg(test)]
mod tests;
