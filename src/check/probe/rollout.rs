//! `rollout`: a Deployment, StatefulSet or DaemonSet has rolled out what its template says.
//!
//! ```yaml
//! rollout: {name: web}
//! rollout: {kind: StatefulSet, name: db}
//! rollout: {name: web, revision: '>= 2'}
//! ```
//! True where `kubectl rollout status` would say so and end, in whose words it tells what is
//! missing (`kubectl/pkg/polymorphichelpers/rollout_status.go`). `revision` is a Deployment's.

use async_trait::async_trait;
use serde_json::Value;

use super::super::matcher::Matcher;
use super::super::scene::{Finding, Scene};
use super::super::target::{Target, title_of};
use super::super::verdict::Difference;
use super::object::take_matcher;
use super::{Probe, ProbeKind};
use crate::course::Fields;
use crate::sandbox::Watched;

pub(super) const KIND: ProbeKind = ProbeKind {
    name: "rollout",
    read,
};

const REVISION: &str = "/metadata/annotations/deployment.kubernetes.io~1revision";

#[derive(Debug)]
struct Rollout {
    target: Target,
    revision: Option<Matcher>,
}

fn read(mut fields: Fields<'_>) -> Option<Box<dyn Probe>> {
    let kind: Option<String> = fields.optional("kind");
    let kind = kind.unwrap_or_else(|| "Deployment".to_owned());
    if !["Deployment", "StatefulSet", "DaemonSet"].contains(&kind.as_str()) {
        fields.refuse("kind", "expected Deployment, StatefulSet or DaemonSet");
    }
    let target = Target::take_of_kind(&mut fields, &kind);
    let revision = take_matcher(&mut fields, "revision");
    if revision.is_some() && kind != "Deployment" {
        fields.refuse("revision", "only a Deployment counts its revisions");
    }
    fields.end();
    Some(Box::new(Rollout {
        target: target?,
        revision,
    }))
}

#[async_trait]
impl Probe for Rollout {
    async fn reads(&self, scene: &Scene) -> Vec<Watched> {
        self.target.reads(scene).await
    }

    fn title(&self) -> String {
        format!("the rollout of {}", self.target.title())
    }

    async fn judge(&self, scene: &Scene) -> Finding {
        let objects = match self.target.objects(scene).await {
            Ok(objects) => objects,
            Err(reason) => return Finding::unknown(reason),
        };
        if objects.is_empty() {
            let list = format!("kubectl get {}", self.target.kind.to_lowercase());
            return Finding::fails(self.target.title(), "it exists", "nothing").look(list);
        }
        let differences = objects.iter().flat_map(|object| self.compare(object));
        let look = match &self.target.name {
            Some(_) => format!("kubectl rollout status {}", self.target.arguments()),
            None => format!("kubectl get {}", self.target.arguments()),
        };
        Finding::of(differences.collect(), vec![look])
    }
}

impl Rollout {
    fn compare(&self, object: &Value) -> Vec<Difference> {
        let field = format!("rollout of {}", title_of(object));
        let missing = match object["kind"].as_str() {
            Some("StatefulSet") => missing_of_stateful_set(object),
            Some("DaemonSet") => missing_of_daemon_set(object),
            _ => missing_of_deployment(object),
        };
        let mut differences = Vec::new();
        if let Some(missing) = missing {
            differences.push(Difference::new(field, "complete", missing));
        }
        if let Some(revision) = &self.revision {
            let field = format!("revision of {}", title_of(object));
            let seen = object.pointer(REVISION).and_then(Value::as_str);
            let seen = seen.and_then(|seen| seen.parse::<i64>().ok());
            differences.extend(revision.differences(seen.map(Value::from).as_ref(), &field));
        }
        differences
    }
}

/// A number that is zero where it is not written.
fn number(object: &Value, pointer: &str) -> i64 {
    object
        .pointer(pointer)
        .and_then(Value::as_i64)
        .unwrap_or_default()
}

fn replicas(object: &Value) -> i64 {
    object
        .pointer("/spec/replicas")
        .and_then(Value::as_i64)
        .unwrap_or(1)
}

fn is_observed(object: &Value) -> bool {
    number(object, "/metadata/generation") <= number(object, "/status/observedGeneration")
}

fn missing_of_deployment(object: &Value) -> Option<String> {
    if !is_observed(object) {
        return Some("the change was not observed yet".to_owned());
    }
    let conditions = object.pointer("/status/conditions");
    let mut conditions = conditions.and_then(Value::as_array).into_iter().flatten();
    if conditions
        .any(|it| it["type"] == "Progressing" && it["reason"] == "ProgressDeadlineExceeded")
    {
        return Some("exceeded its progress deadline".to_owned());
    }
    let updated = number(object, "/status/updatedReplicas");
    let available = number(object, "/status/availableReplicas");
    let old = number(object, "/status/replicas") - updated;
    if updated < replicas(object) {
        let wanted = replicas(object);
        return Some(format!(
            "{updated} out of {wanted} new replicas have been updated"
        ));
    }
    if old > 0 {
        return Some(format!("{old} old replicas are pending termination"));
    }
    (available < updated)
        .then(|| format!("{available} of {updated} updated replicas are available"))
}

fn missing_of_daemon_set(object: &Value) -> Option<String> {
    if !is_observed(object) {
        return Some("the change was not observed yet".to_owned());
    }
    let wanted = number(object, "/status/desiredNumberScheduled");
    let updated = number(object, "/status/updatedNumberScheduled");
    let available = number(object, "/status/numberAvailable");
    if updated < wanted {
        return Some(format!(
            "{updated} out of {wanted} new pods have been updated"
        ));
    }
    (available < wanted).then(|| format!("{available} of {wanted} updated pods are available"))
}

fn missing_of_stateful_set(object: &Value) -> Option<String> {
    if number(object, "/status/observedGeneration") == 0 || !is_observed(object) {
        return Some("the change was not observed yet".to_owned());
    }
    let wanted = replicas(object);
    let unready = wanted - number(object, "/status/readyReplicas");
    if unready > 0 {
        return Some(format!("{unready} pods are not ready"));
    }
    let partition = number(object, "/spec/updateStrategy/rollingUpdate/partition");
    let updated = number(object, "/status/updatedReplicas");
    if partition > 0 {
        let wanted = wanted - partition;
        return (updated < wanted)
            .then(|| format!("{updated} out of {wanted} new pods have been updated"));
    }
    let revision = |name: &str| Finding::text(object, name);
    let is_current = revision("/status/updateRevision") == revision("/status/currentRevision");
    (!is_current).then(|| format!("{updated} of {wanted} pods are at the new revision"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn deployment(observed: i64, counts: [i64; 3], reason: &str) -> Value {
        let [replicas, updated, available] = counts;
        json!({
            "kind": "Deployment",
            "metadata": {"name": "web", "generation": 2},
            "spec": {"replicas": 3},
            "status": {
                "observedGeneration": observed,
                "replicas": replicas,
                "updatedReplicas": updated,
                "availableReplicas": available,
                "conditions": [{"type": "Progressing", "reason": reason}],
            },
        })
    }

    #[test]
    fn a_deployment_is_told_what_kubectl_waits_for() {
        let cases = [
            (
                deployment(1, [3, 3, 3], ""),
                "the change was not observed yet",
            ),
            (
                deployment(2, [3, 1, 3], ""),
                "1 out of 3 new replicas have been updated",
            ),
            (
                deployment(2, [4, 3, 3], ""),
                "1 old replicas are pending termination",
            ),
            (
                deployment(2, [3, 3, 2], ""),
                "2 of 3 updated replicas are available",
            ),
            (
                deployment(2, [3, 1, 3], "ProgressDeadlineExceeded"),
                "exceeded its progress deadline",
            ),
        ];
        for (object, missing) in cases {
            assert_eq!(missing_of_deployment(&object).as_deref(), Some(missing));
        }
        let complete = deployment(2, [3, 3, 3], "NewReplicaSetAvailable");
        assert_eq!(missing_of_deployment(&complete), None);
    }

    #[test]
    fn a_stateful_set_is_complete_when_its_revisions_agree() {
        let object = |ready: i64, current: &str| {
            json!({
                "metadata": {"generation": 1},
                "spec": {"replicas": 2},
                "status": {
                    "observedGeneration": 1, "readyReplicas": ready, "updatedReplicas": 1,
                    "currentRevision": current, "updateRevision": "b",
                },
            })
        };
        let missing = |ready, current| missing_of_stateful_set(&object(ready, current));
        assert_eq!(missing(1, "b").as_deref(), Some("1 pods are not ready"));
        let half = missing(2, "a");
        assert_eq!(half.as_deref(), Some("1 of 2 pods are at the new revision"));
        assert_eq!(missing(2, "b"), None);
    }
}
