//! Brings a Pod's status to the API, as a patch of what changed.
//!
//! Mirrors `pkg/kubelet/status/status_manager.go` and `pkg/util/pod` (v1.35).

use k8s_openapi::api::core::v1::{Pod, PodCondition, PodStatus};
use serde_json::{Map, Value, json};

use crate::api::StatusError;
use crate::client::{Client, Kind, Patch};

/// Remembers what it wrote, so that nothing is written twice.
#[derive(Debug, Default)]
pub struct StatusWriter {
    written: Option<PodStatus>,
    /// The kubelet's own conditions that somebody else has changed since, as the API has them:
    /// Pods of a node that was not heard of are marked as not ready.
    drifted: Vec<PodCondition>,
}

impl StatusWriter {
    pub fn starting_from(status: Option<&PodStatus>) -> Self {
        Self {
            written: status.cloned(),
            drifted: Vec::new(),
        }
    }

    /// The status as the API has it, as far as known.
    pub fn written(&self) -> PodStatus {
        self.written.clone().unwrap_or_default()
    }

    /// Takes over conditions that others have written meanwhile, and notes where they changed
    /// the kubelet's own: those are written again.
    pub fn learn(&mut self, pod: &Pod) {
        let theirs = pod
            .status
            .as_ref()
            .and_then(|status| status.conditions.as_ref());
        let (Some(own), Some(theirs)) = (&mut self.written, theirs) else {
            return;
        };
        self.drifted.clear();
        let conditions = own.conditions.get_or_insert_default();
        for condition in theirs {
            let known = conditions
                .iter_mut()
                .find(|own| own.type_ == condition.type_);
            match known {
                None => conditions.push(condition.clone()),
                Some(own) if !super::status::is_own(&condition.type_) => *own = condition.clone(),
                Some(own) if own.status != condition.status => self.drifted.push(condition.clone()),
                Some(_) => {}
            }
        }
    }

    /// The status as the API has it, with what others changed in it.
    fn found(&self) -> PodStatus {
        let mut status = self.written();
        for drifted in &self.drifted {
            let conditions = status.conditions.iter_mut().flatten();
            for own in conditions.filter(|own| own.type_ == drifted.type_) {
                *own = drifted.clone();
            }
        }
        status
    }

    /// Writes what differs from the last time. A Pod that is gone needs no status.
    pub async fn write(
        &mut self,
        client: &Client,
        pod: &Pod,
        status: PodStatus,
    ) -> Result<(), StatusError> {
        if self.drifted.is_empty() && self.written.as_ref() == Some(&status) {
            return Ok(());
        }
        let old = serde_json::to_value(self.found()).unwrap_or_default();
        let new = serde_json::to_value(&status).unwrap_or_default();
        let Some(changes) = difference(&old, &new) else {
            return Ok(());
        };
        let patch = json!({"metadata": {"uid": pod.uid()}, "status": changes});
        let patched = client
            .patch_status::<Pod>(pod.namespace(), pod.name(), Patch::Strategic(patch))
            .await;
        match patched {
            Ok(_) => {
                self.written = Some(status);
                self.drifted.clear();
            }
            Err(error) if error.is_not_found() || error.is_conflict() => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }
}

/// What to patch so that `old` becomes `new`: whole top-level fields, and conditions one by one,
/// which others write too.
fn difference(old: &Value, new: &Value) -> Option<Value> {
    let (old, new) = (old.as_object()?, new.as_object()?);
    let mut changes = Map::new();
    for (field, value) in new {
        if old.get(field) == Some(value) {
            continue;
        }
        if field == "conditions" {
            changes.extend(changed_conditions(old.get(field), value));
        } else if let ("podIPs", Value::Array(addresses)) = (field.as_str(), value) {
            // A merge would keep the addresses that the Pod had before.
            let mut whole = vec![json!({"$patch": "replace"})];
            whole.extend(addresses.iter().cloned());
            changes.insert(field.clone(), Value::Array(whole));
        } else {
            changes.insert(field.clone(), value.clone());
        }
    }
    for field in old.keys().filter(|field| !new.contains_key(*field)) {
        changes.insert(field.clone(), Value::Null);
    }
    (!changes.is_empty()).then_some(Value::Object(changes))
}

fn changed_conditions(old: Option<&Value>, new: &Value) -> Map<String, Value> {
    let before = old.and_then(Value::as_array).cloned().unwrap_or_default();
    let after = new.as_array().cloned().unwrap_or_default();
    let order: Vec<Value> = after
        .iter()
        .map(|own| json!({"type": own["type"]}))
        .collect();
    let changed = after.into_iter().filter(|own| !before.contains(own));
    let changed: Vec<Value> = changed
        .map(|mut own| {
            let former = before.iter().find(|former| former["type"] == own["type"]);
            for field in ["reason", "message"] {
                // A merge keeps what is not mentioned.
                if own[field].is_null() && former.is_some_and(|former| !former[field].is_null()) {
                    own[field] = Value::Null;
                } else if own[field].is_null()
                    && let Some(own) = own.as_object_mut()
                {
                    own.remove(field);
                }
            }
            own
        })
        .collect();
    Map::from_iter([
        (
            "$setElementOrder/conditions".to_owned(),
            Value::Array(order),
        ),
        ("conditions".to_owned(), Value::Array(changed)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(ready: &str) -> Pod {
        serde_json::from_value(json!({"status": {"phase": "Running", "conditions": [
            {"type": "Ready", "status": ready},
            {"type": "example.com/gate", "status": ready},
        ]}}))
        .unwrap()
    }

    #[test]
    fn an_own_condition_that_somebody_changed_is_written_again() {
        let mine = pod("True").status.unwrap();
        let mut writer = StatusWriter::starting_from(Some(&mine));
        writer.learn(&pod("False"));
        let status = |condition: usize, status: &PodStatus| {
            let conditions = status.conditions.clone().unwrap_or_default();
            conditions[condition].status.clone()
        };
        assert_eq!(status(0, &writer.written()), "True");
        assert_eq!(status(0, &writer.found()), "False");
        assert_eq!(status(1, &writer.written()), "False");
        writer.learn(&pod("True"));
        assert!(writer.drifted.is_empty());
    }

    #[test]
    fn an_address_takes_the_place_of_the_one_before() {
        let at = |ip: &str| json!({"podIPs": [{"ip": ip}]});
        let changes = difference(&at("10.244.1.3"), &at("10.244.1.4"));
        let expected = json!({"podIPs": [{"$patch": "replace"}, {"ip": "10.244.1.4"}]});
        assert_eq!(changes, Some(expected));
    }

    #[test]
    fn only_changed_fields_and_conditions_are_sent() {
        let old = json!({"phase": "Pending", "hostIP": "10.0.0.1", "conditions": [
            {"type": "PodScheduled", "status": "True"},
            {"type": "Ready", "status": "False", "reason": "ContainersNotReady"},
        ]});
        let new = json!({"phase": "Running", "hostIP": "10.0.0.1", "conditions": [
            {"type": "Ready", "status": "True"},
            {"type": "PodScheduled", "status": "True"},
        ]});
        let changes = difference(&old, &new).unwrap();
        assert_eq!(
            changes,
            json!({
                "phase": "Running",
                "$setElementOrder/conditions": [{"type": "Ready"}, {"type": "PodScheduled"}],
                "conditions": [{"type": "Ready", "status": "True", "reason": null}],
            })
        );
    }
}
