//! What the Job controller may report.
//!
//! Mirrors `ValidateJobStatusUpdate` in `pkg/apis/batch/validation/validation.go` and its options in
//! `pkg/registry/batch/job/strategy.go`: a rule that guards a part of the status is asked only when
//! that part changes (v1.35).

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::Value;

use super::table::has_condition;
use super::template::without_value;
use crate::api::field::{Error, ErrorList};
use crate::api::tree::{integer, length, text};
use crate::registry::validation::Field;

pub fn update(new: &Value, old: &Value) -> ErrorList {
    let status = Field::new(&new["status"], "status");
    let before = &old["status"];
    let mut errors = counters(&status);
    errors.extend(conditions(&status, before, new));
    errors.extend(times(&status, before, new));
    errors.extend(completed_indexes(&status, before, new));
    errors.extend(failed_indexes(&status, before, new));
    errors.extend(ready(&status, before));
    errors
}

fn counters(status: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    for counter in ["active", "succeeded", "failed", "ready", "terminating"] {
        errors.extend(status.child(counter).must_not_be_negative());
    }
    let uncounted = status.child("uncountedTerminatedPods");
    let mut seen = BTreeSet::new();
    for list in ["succeeded", "failed"] {
        for uid in uncounted.child(list).items() {
            if uid.is_empty() {
                errors.push(uid.invalid_text("must not be empty"));
            } else if !seen.insert(uid.text()) {
                errors.push(uid.duplicate());
            }
        }
    }
    errors
}

fn conditions(status: &Field<'_>, before: &Value, job: &Value) -> ErrorList {
    let mut details: Vec<String> = Vec::new();
    let now = |condition| has_condition(status.value, condition);
    let was = |condition| has_condition(before, condition);
    let newly = |condition| now(condition) && !was(condition);
    for condition in ["Failed", "Complete", "FailureTarget", "SuccessCriteriaMet"] {
        if was(condition) && !now(condition) {
            let terminal = if condition == "SuccessCriteriaMet" {
                ""
            } else {
                "terminal "
            };
            details.push(format!(
                "cannot disable the {terminal}{condition}=True condition"
            ));
        }
    }
    let mut refuse = |is_wrong: bool, detail: &str| {
        if is_wrong {
            details.push(detail.to_owned());
        }
    };
    refuse(
        now("Complete") && now("Failed"),
        "cannot set Complete=True and Failed=true conditions",
    );
    refuse(
        now("Complete") && now("FailureTarget"),
        "cannot set Complete=True and FailureTarget=true conditions",
    );
    refuse(
        newly("Failed") && !now("FailureTarget"),
        "cannot set Failed=True condition without the FailureTarget=true condition",
    );
    refuse(
        newly("Complete") && !now("SuccessCriteriaMet"),
        "cannot set Complete=True condition without the SuccessCriteriaMet=true condition",
    );
    refuse(
        now("SuccessCriteriaMet") && now("Failed"),
        "cannot set SuccessCriteriaMet=True and Failed=true conditions",
    );
    refuse(
        now("SuccessCriteriaMet") && now("FailureTarget"),
        "cannot set SuccessCriteriaMet=True and FailureTarget=true conditions",
    );
    let spec = &job["spec"];
    refuse(
        was("Complete") && newly("SuccessCriteriaMet"),
        "cannot set SuccessCriteriaMet=True for Job already has Complete=true conditions",
    );
    refuse(
        text(spec, "completionMode") == "Indexed"
            && spec["successPolicy"].is_object()
            && newly("Complete")
            && !now("SuccessCriteriaMet"),
        "cannot set Complete=True for Job with SuccessPolicy unless SuccessCriteriaMet=True",
    );
    let field = status.child("conditions");
    let mut errors: ErrorList = details
        .iter()
        .map(|detail| without_value(field.invalid(detail)))
        .collect();
    if newly("Complete") || newly("Failed") {
        errors.extend(finished(status));
    }
    errors
}

/// A finished Job has no Pods any more, and has been started.
fn finished(status: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    for counter in ["active", "terminating"] {
        let counter_field = status.child(counter);
        if counter_field.integer() > 0 {
            errors.push(counter_field.invalid(&format!("{counter}>0 is invalid for finished job")));
        }
    }
    let start = status.child("startTime");
    if start.is_empty() {
        errors.push(start.required("startTime is required for finished job"));
    }
    let uncounted = status.child("uncountedTerminatedPods");
    if ["succeeded", "failed"]
        .iter()
        .any(|list| length(&uncounted.value[*list]) > 0)
    {
        let detail = "uncountedTerminatedPods needs to be empty for finished job";
        errors.push(uncounted.invalid(detail));
    }
    errors
}

fn times(status: &Field<'_>, before: &Value, job: &Value) -> ErrorList {
    let mut errors = ErrorList::new();
    let (start, end) = (status.child("startTime"), status.child("completionTime"));
    let is_complete = has_condition(status.value, "Complete");
    if end.is_set() && !is_complete && before["completionTime"].is_null() {
        let detail = "cannot set completionTime when there is no Complete=True condition";
        errors.push(end.invalid(detail));
    }
    if !end.is_set() && is_complete && !has_condition(before, "Complete") {
        errors.push(end.required("completionTime is required for Complete jobs"));
    }
    let moment = |field: &Field<'_>| field.text().parse::<Timestamp>().ok();
    if let (Some(start), Some(ended)) = (moment(&start), moment(&end))
        && ended < start
    {
        errors.push(end.invalid("completionTime cannot be set before startTime"));
    }
    if end.is_set() && !before["completionTime"].is_null() && *end.value != before["completionTime"]
    {
        errors.push(end.invalid("completionTime cannot be mutated"));
    }
    let is_suspended = job["spec"]["suspend"] == true;
    if !before["startTime"].is_null() && *start.value != before["startTime"] && !is_suspended {
        errors.push(start.required("startTime cannot be removed for unsuspended job"));
    }
    for (counter, name) in [("failed", "failed"), ("succeeded", "succeeded")] {
        let field = status.child(counter);
        if field.integer() < integer(before, counter) && !is_suspended {
            errors.push(field.invalid(&format!("cannot decrease the {name} counter")));
        }
    }
    errors
}

fn completed_indexes(status: &Field<'_>, before: &Value, job: &Value) -> ErrorList {
    let completed = status.child("completedIndexes");
    let mut errors = ErrorList::new();
    if completed.is_empty() || *completed.value == before["completedIndexes"] {
        return errors;
    }
    let spec = &job["spec"];
    if text(spec, "completionMode") != "Indexed" {
        let detail = "cannot set non-empty completedIndexes when non-indexed completion mode";
        errors.push(completed.invalid(detail));
    }
    if let Some(completions) = spec["completions"].as_i64()
        && let Err(why) = indexes(completed.text(), completions)
    {
        errors.push(completed.invalid(&format!("error parsing completedIndexes: {why}")));
    }
    errors
}

fn failed_indexes(status: &Field<'_>, before: &Value, job: &Value) -> ErrorList {
    let (failed, completed) = (
        status.child("failedIndexes"),
        status.child("completedIndexes"),
    );
    let mut errors = ErrorList::new();
    let is_new = *failed.value != before["failedIndexes"];
    if !failed.is_set() || !is_new && *completed.value == before["completedIndexes"] {
        return errors;
    }
    let spec = &job["spec"];
    let has_limit = !spec["backoffLimitPerIndex"].is_null();
    let completions = spec["completions"].as_i64();
    if let Some(completions) = completions
        && is_new
        && has_limit
        && let Err(why) = indexes(failed.text(), completions)
    {
        errors.push(failed.invalid(&format!("error parsing failedIndexes: {why}")));
    }
    if is_new && !has_limit {
        let detail = "cannot set non-null failedIndexes when backoffLimitPerIndex is null";
        errors.push(failed.invalid(detail));
    }
    if let Some(completions) = completions
        && let Ok(done) = intervals(completed.text(), completions)
        && let Ok(lost) = intervals(failed.text(), completions)
        && let Some(index) = first_common(&done, &lost)
    {
        let detail = format!("failedIndexes and completedIndexes overlap at index: {index}");
        errors.push(failed.invalid(&detail));
    }
    errors
}

fn ready(status: &Field<'_>, before: &Value) -> Option<Error> {
    let ready = status.child("ready");
    let active = integer(status.value, "active");
    let changes = *ready.value != before["ready"] || active != integer(before, "active");
    let is_more = changes && ready.is_set() && ready.integer() > active;
    is_more.then(|| ready.invalid("cannot set more ready pods than active"))
}

/// The lowest index that both lists of intervals hold.
fn first_common(left: &[(i64, i64)], right: &[(i64, i64)]) -> Option<i64> {
    left.iter()
        .flat_map(|left| {
            right.iter().filter_map(move |right| {
                let first = left.0.max(right.0);
                (first <= left.1.min(right.1)).then_some(first)
            })
        })
        .min()
}

/// How many indexes a text such as `1,3-5` names; each is below `completions`.
pub fn indexes(words: &str, completions: i64) -> Result<i64, String> {
    let intervals = intervals(words, completions)?;
    Ok(intervals.iter().map(|(first, end)| end - first + 1).sum())
}

fn intervals(words: &str, completions: i64) -> Result<Vec<(i64, i64)>, String> {
    let mut intervals = Vec::new();
    if words.is_empty() {
        return Ok(intervals);
    }
    let mut last: Option<i64> = None;
    for interval in words.split(',') {
        let (first, end) = interval_of(interval, completions)?;
        if let Some(last) = last.filter(|last| *last >= first) {
            return Err(format!(
                "non-increasing order, previous: {last}, current: {first}"
            ));
        }
        intervals.push((first, end));
        last = Some(end);
    }
    Ok(intervals)
}

fn interval_of(interval: &str, completions: i64) -> Result<(i64, i64), String> {
    let number = |word: &str| -> Result<i64, String> {
        let number: i64 = word
            .parse()
            .map_err(|_| format!("cannot convert string to integer for index: {word:?}"))?;
        if number >= completions {
            return Err(format!("too large index: {word:?}"));
        }
        Ok(number)
    };
    match interval.split('-').collect::<Vec<_>>().as_slice() {
        [only] => number(only).map(|only| (only, only)),
        [first, last] => {
            let (first, last) = (number(first)?, number(last)?);
            if first >= last {
                return Err(format!(
                    "non-increasing order, previous: {first}, current: {last}"
                ));
            }
            Ok((first, last))
        }
        _ => Err(format!(
            "the fragment {interval:?} violates the requirement that an index interval can have at most two parts separated by '-'"
        )),
    }
}
