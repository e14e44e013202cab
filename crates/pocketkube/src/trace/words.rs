//! What a commit did, in few words; and which commits are not worth any.

use serde_json::Value;

use crate::storage::{Change, ChangeKind};

/// So many changed fields are named.
const MOST_FIELDS: usize = 3;
/// Longer texts are not shown.
const LONGEST_TEXT: usize = 40;

/// What somebody did.
pub(super) struct Words {
    pub did: &'static str,
    pub what: String,
}

impl Words {
    fn plain(did: &'static str) -> Self {
        let what = String::new();
        Self { did, what }
    }
}

/// `None` where a commit only keeps books.
pub(super) fn tell(kind: &str, change: &Change) -> Option<Words> {
    if &*change.origin.actor == "system:rewind" {
        return Some(Words::plain(match change.kind {
            ChangeKind::Deleted => "took away",
            ChangeKind::Created | ChangeKind::Updated => "brought back",
        }));
    }
    match (change.kind, &change.previous) {
        (ChangeKind::Created, _) => Some(Words::plain("created")),
        (ChangeKind::Deleted, _) => Some(Words::plain("deleted")),
        (ChangeKind::Updated, None) => None,
        // The trees are thrown away again: what is stored stays small.
        (ChangeKind::Updated, Some(old)) => {
            update(kind, &old.to_value(), &change.object.to_value())
        }
    }
}

fn update(kind: &str, old: &Value, new: &Value) -> Option<Words> {
    let is_leaving = |object: &Value| object["metadata"]["deletionTimestamp"].is_string();
    if !is_leaving(old) && is_leaving(new) {
        return Some(Words::plain("marked for deletion"));
    }
    if let (Value::Null, Value::String(node)) = (&old["spec"]["nodeName"], &new["spec"]["nodeName"])
    {
        let what = format!("to {node}");
        return Some(Words { did: "bound", what });
    }
    let what = changed_fields(old, new);
    if !what.is_empty() {
        let did = "changed";
        return Some(Words { did, what });
    }
    let what = state(kind, new)?;
    let did = "reported";
    (state(kind, old).as_ref() != Some(&what)).then_some(Words { did, what })
}

/// How an object does, for the kinds in which that makes others act.
fn state(kind: &str, object: &Value) -> Option<String> {
    let status = &object["status"];
    let is = |condition: &str| {
        let mut conditions = status["conditions"].as_array().into_iter().flatten();
        let found = conditions.find(|own| own["type"] == condition);
        found.map(|found| found["status"] == "True")
    };
    match kind {
        "pod" => Some(state_of_pod(status, is("Ready"), is("PodScheduled"))),
        "node" => Some(match is("Ready") {
            Some(true) => "Ready".to_owned(),
            _ => "NotReady".to_owned(),
        }),
        "job" => ["Complete", "Failed", "Suspended"]
            .into_iter()
            .find(|condition| is(condition) == Some(true))
            .map(str::to_owned),
        "persistentvolumeclaim" | "persistentvolume" | "namespace" => {
            status["phase"].as_str().map(str::to_owned)
        }
        _ => None,
    }
}

/// `Pending, unschedulable`, `Running, CrashLoopBackOff, 2 restarts`, `Running, ready`.
fn state_of_pod(status: &Value, is_ready: Option<bool>, is_scheduled: Option<bool>) -> String {
    let phase = status["reason"].as_str().or(status["phase"].as_str());
    let mut parts = vec![phase.unwrap_or("Pending").to_owned()];
    if is_scheduled == Some(false) {
        parts.push("unschedulable".to_owned());
    }
    let containers = || status["containerStatuses"].as_array().into_iter().flatten();
    let waiting = containers().find_map(|own| own["state"]["waiting"]["reason"].as_str());
    match waiting {
        None | Some("ContainerCreating" | "PodInitializing") => {}
        Some(reason) => parts.push(reason.to_owned()),
    }
    if is_ready == Some(true) {
        parts.push("ready".to_owned());
    }
    match containers()
        .filter_map(|own| own["restartCount"].as_u64())
        .sum()
    {
        0_u64 => {}
        1 => parts.push("1 restart".to_owned()),
        restarts => parts.push(format!("{restarts} restarts")),
    }
    parts.join(", ")
}

/// What somebody wants otherwise now: `spec.replicas 1 → 3`.
fn changed_fields(old: &Value, new: &Value) -> String {
    let mut changed = Vec::new();
    let fields = new.as_object().into_iter().chain(old.as_object());
    let mut tops: Vec<&str> = fields
        .flat_map(|own| own.keys())
        .map(String::as_str)
        .collect();
    tops.sort_unstable();
    tops.dedup();
    for top in tops {
        match top {
            "status" | "apiVersion" => {}
            "metadata" => {
                for own in ["labels", "finalizers", "ownerReferences"] {
                    let path = format!("metadata.{own}");
                    compare(&path, &old[top][own], &new[top][own], &mut changed);
                }
            }
            _ => compare(top, &old[top], &new[top], &mut changed),
        }
    }
    if changed.len() > MOST_FIELDS {
        let more = changed.len() - MOST_FIELDS;
        changed.truncate(MOST_FIELDS);
        changed.push(format!("{more} more"));
    }
    changed.join(", ")
}

fn compare(path: &str, old: &Value, new: &Value, changed: &mut Vec<String>) {
    if old == new {
        return;
    }
    match (old, new) {
        (Value::Object(before), Value::Object(after)) => {
            let mut names: Vec<&String> = before.keys().chain(after.keys()).collect();
            names.sort_unstable();
            names.dedup();
            for name in names {
                compare(&format!("{path}.{name}"), &old[name], &new[name], changed);
            }
        }
        (Value::Array(before), Value::Array(after)) if have_same_names(before, after) => {
            for (before, after) in before.iter().zip(after) {
                let name = before["name"].as_str().unwrap_or_default();
                compare(&format!("{path}[{name}]"), before, after, changed);
            }
        }
        _ => changed.push(difference(path, old, new)),
    }
}

/// Whether two lists hold the same things in the same order, by their names.
fn have_same_names(before: &[Value], after: &[Value]) -> bool {
    before.len() == after.len()
        && before
            .iter()
            .zip(after)
            .all(|(before, after)| before["name"].is_string() && before["name"] == after["name"])
}

/// Values are shown only of what is wanted: a Secret's data stays what it is.
fn difference(path: &str, old: &Value, new: &Value) -> String {
    let short = |value: &Value| match value {
        Value::Null => Some("none".to_owned()),
        Value::Number(_) | Value::Bool(_) => Some(value.to_string()),
        Value::String(text) if text.len() <= LONGEST_TEXT => Some(text.clone()),
        _ => None,
    };
    let is_told = path.starts_with("spec.") || path.starts_with("metadata.labels.");
    match (short(old), short(new)) {
        (Some(old), Some(new)) if is_told => format!("{path} {old} → {new}"),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(kind: &str, old: Value, new: Value, expected: &str) {
        let words = update(kind, &old, &new);
        let words = words.map(|words| format!("{} {}", words.did, words.what));
        assert_eq!(words.unwrap_or_default(), expected);
    }

    #[test]
    fn a_change_is_told_by_the_fields_that_are_wanted_otherwise() {
        let with = |replicas: u32, image: &str| {
            let containers = json!([{"name": "web", "image": image}]);
            json!({
                "spec": {"replicas": replicas, "template": {"spec": {"containers": containers}}},
                "status": {"replicas": replicas},
                "metadata": {"resourceVersion": replicas},
            })
        };
        let more = "changed spec.replicas 1 → 3";
        check("deployment", with(1, "a"), with(3, "a"), more);
        let newer = "changed spec.template.spec.containers[web].image a → b";
        check("deployment", with(1, "a"), with(1, "b"), newer);
    }

    #[test]
    fn what_only_keeps_books_is_not_told() {
        let counting = |ready: u32| json!({"spec": {}, "status": {"readyReplicas": ready}});
        check("deployment", counting(1), counting(2), "");
    }

    #[test]
    fn a_secret_keeps_its_values() {
        let holding = |password: &str| json!({"data": {"password": password}});
        let changed = "changed data.password";
        check("secret", holding("b25l"), holding("dHdv"), changed);
    }

    #[test]
    fn a_pod_is_told_by_how_it_does() {
        let bound = json!({"spec": {"nodeName": "n"}, "status": {"phase": "Pending"}});
        let unbound = json!({"spec": {}, "status": {"phase": "Pending"}});
        check("pod", unbound, bound.clone(), "bound to n");
        let running = |restarts: u32, waiting: Value| {
            json!({"spec": {"nodeName": "n"}, "status": {
                "phase": "Running",
                "containerStatuses": [{"restartCount": restarts, "state": {"waiting": waiting}}],
            }})
        };
        let up = running(0, Value::Null);
        check("pod", bound, up.clone(), "reported Running");
        let failing = running(2, json!({"reason": "CrashLoopBackOff"}));
        let reported = "reported Running, CrashLoopBackOff, 2 restarts";
        check("pod", up, failing, reported);
    }
}
