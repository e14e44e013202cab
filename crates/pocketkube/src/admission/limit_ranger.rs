//! LimitRanger: containers get the namespace's defaults, and what a container, Pod or claim asks
//! for stays between its limits.
//!
//! Mirrors `plugin/pkg/admission/limitranger/admission.go` (v1.35).

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{Attributes, Mutate, Operation, Validate};
use crate::api::quantity::Quantity;
use crate::api::tree::{elements, elements_mut, entries, text};
use crate::api::{GroupResource, ObjectRef, StatusError, meta};
use crate::registry::core::limitrange::{CLAIM, CONTAINER, POD};
use crate::registry::core::pod::resources::{Amounts, Ask, listed, pod_amounts};
use crate::registry::{Objects, Registry};

const ANNOTATION: &str = "kubernetes.io/limit-ranger";

/// Applies every LimitRange of a namespace.
pub struct LimitRanger {
    registry: Registry,
    ranges: GroupResource,
}

impl LimitRanger {
    pub fn new(registry: Registry) -> Self {
        Self {
            registry,
            ranges: GroupResource::new("", "limitranges"),
        }
    }

    /// The ranges that have a say; none about what is being deleted.
    fn ranges(&self, attributes: &Attributes<'_>) -> Vec<ObjectRef> {
        if attributes.old.is_some_and(meta::is_terminating) {
            return Vec::new();
        }
        Objects::list(&self.registry, &self.ranges, attributes.namespace)
    }
}

/// Containers never change but by a resize.
fn is_about_pod(attributes: &Attributes<'_>) -> bool {
    match attributes.operation {
        Operation::Create => attributes.is("", "pods", ""),
        Operation::Update => attributes.is("", "pods", "resize"),
        _ => false,
    }
}

fn is_about_claim(attributes: &Attributes<'_>) -> bool {
    matches!(attributes.operation, Operation::Create | Operation::Update)
        && attributes.is("", "persistentvolumeclaims", "")
}

#[async_trait]
impl Mutate for LimitRanger {
    async fn mutate(
        &self,
        object: &mut Value,
        attributes: &Attributes<'_>,
        _warnings: &mut Vec<String>,
    ) -> Result<(), StatusError> {
        if is_about_pod(attributes) {
            for range in self.ranges(attributes) {
                fill_defaults(object, &range.value()["spec"]["limits"]);
            }
        }
        Ok(())
    }
}

#[async_trait]
impl Validate for LimitRanger {
    async fn validate(
        &self,
        object: &Value,
        attributes: &Attributes<'_>,
        _warnings: &mut Vec<String>,
    ) -> Result<(), StatusError> {
        let faults_of: fn(&Value, &Value) -> Vec<String> = if is_about_pod(attributes) {
            pod_faults
        } else if is_about_claim(attributes) {
            claim_faults
        } else {
            return Ok(());
        };
        for range in self.ranges(attributes) {
            let faults = faults_of(object, &range.value()["spec"]["limits"]);
            if let Some(why) = together(faults) {
                return Err(attributes.forbidden(&why));
            }
        }
        Ok(())
    }
}

/// Several mistakes as upstream joins them, each once.
fn together(mut faults: Vec<String>) -> Option<String> {
    let mut seen = Vec::new();
    faults.retain(|fault| {
        let is_new = !seen.contains(fault);
        seen.push(fault.clone());
        is_new
    });
    match faults.as_slice() {
        [] => None,
        [fault] => Some(fault.clone()),
        several => Some(format!("[{}]", several.join(", "))),
    }
}

// === Defaults ===

/// Gives containers what they don't ask for themselves, and notes that in the Pod.
fn fill_defaults(pod: &mut Value, limits: &Value) {
    let mut notes = Vec::new();
    for (list, what) in [
        ("containers", "container"),
        ("initContainers", "init container"),
    ] {
        for container in elements_mut(&mut pod["spec"], list) {
            let name = text(container, "name").to_owned();
            for (from, to, ask) in [
                ("defaultRequest", "requests", "request"),
                ("default", "limits", "limit"),
            ] {
                let given = fill(container, to, limits, from);
                if !given.is_empty() {
                    notes.push(format!("{} {ask} for {what} {name}", given.join(", ")));
                }
            }
        }
    }
    if !notes.is_empty() {
        let note = format!("LimitRanger plugin set: {}", notes.join("; "));
        let metadata = meta::metadata_mut(pod);
        let annotations = metadata.entry("annotations").or_insert_with(|| json!({}));
        annotations[ANNOTATION] = json!(note);
    }
}

/// Fills one list of a container and returns the names of what was missing.
fn fill(container: &mut Value, list: &str, limits: &Value, from: &str) -> Vec<String> {
    let mut given = Vec::new();
    let ranges = elements(limits)
        .iter()
        .filter(|limit| text(limit, "type") == CONTAINER);
    for (resource, amount) in ranges.flat_map(|limit| entries(&limit[from])) {
        let resources = meta::map_at(container, "resources");
        let slots = resources.entry(list).or_insert_with(|| json!({}));
        if slots[resource.as_str()].is_null() {
            slots[resource.as_str()] = amount.clone();
            given.push(resource.clone());
        }
    }
    given.sort_unstable();
    given
}

// === Limits ===

/// Whatever asks for something within limits.
struct Asking<'a> {
    kind: &'a str,
    requests: Amounts,
    limits: Amounts,
}

fn pod_faults(pod: &Value, ranges: &Value) -> Vec<String> {
    let spec = &pod["spec"];
    let mut faults = Vec::new();
    for range in elements(ranges) {
        match text(range, "type") {
            CONTAINER => {
                let init_containers = elements(&spec["initContainers"]);
                for container in elements(&spec["containers"]).iter().chain(init_containers) {
                    let resources = &container["resources"];
                    let asking = Asking {
                        kind: CONTAINER,
                        requests: listed(resources, Ask::Requests),
                        limits: listed(resources, Ask::Limits),
                    };
                    faults.extend(asking.faults(range));
                }
            }
            POD => {
                let asking = Asking {
                    kind: POD,
                    requests: pod_amounts(spec, Ask::Requests),
                    limits: pod_amounts(spec, Ask::Limits),
                };
                faults.extend(asking.faults(range));
            }
            _ => {}
        }
    }
    faults
}

/// Of a claim only requests are looked at.
fn claim_faults(claim: &Value, ranges: &Value) -> Vec<String> {
    let asking = Asking {
        kind: CLAIM,
        requests: listed(&claim["spec"]["resources"], Ask::Requests),
        limits: Amounts::new(),
    };
    elements(ranges)
        .iter()
        .filter(|range| text(range, "type") == CLAIM)
        .flat_map(|range| {
            let too_little = bounds(range, "min").filter_map(|bound| asking.below(&bound));
            let too_much = bounds(range, "max").filter_map(|bound| asking.requests_above(&bound));
            too_little.chain(too_much).collect::<Vec<_>>()
        })
        .collect()
}

/// One row of a LimitRange: a resource and how much of it.
struct Bound<'a> {
    resource: &'a str,
    amount: Quantity,
}

fn bounds<'a>(range: &'a Value, list: &str) -> impl Iterator<Item = Bound<'a>> {
    entries(&range[list]).map(|(resource, amount)| Bound {
        resource,
        amount: Quantity::of_value(amount),
    })
}

impl Asking<'_> {
    fn faults(&self, range: &Value) -> Vec<String> {
        let too_little = bounds(range, "min").filter_map(|bound| self.below(&bound));
        let too_much = bounds(range, "max").filter_map(|bound| self.above(&bound));
        let too_far = bounds(range, "maxLimitRequestRatio").filter_map(|bound| self.apart(&bound));
        too_little.chain(too_much).chain(too_far).collect()
    }

    fn below(&self, bound: &Bound<'_>) -> Option<String> {
        let Bound { resource, amount } = bound;
        let rule = format!("minimum {resource} usage per {} is {amount}", self.kind);
        let Some(request) = self.requests.get(*resource) else {
            return Some(format!("{rule}.  No request is specified"));
        };
        if request < amount {
            return Some(format!("{rule}, but request is {request}"));
        }
        let limit = self.limits.get(*resource).filter(|limit| *limit < amount)?;
        Some(format!("{rule}, but limit is {limit}"))
    }

    fn above(&self, bound: &Bound<'_>) -> Option<String> {
        let Bound { resource, amount } = bound;
        let rule = format!("maximum {resource} usage per {} is {amount}", self.kind);
        let Some(limit) = self.limits.get(*resource) else {
            return Some(format!("{rule}.  No limit is specified"));
        };
        if limit > amount {
            return Some(format!("{rule}, but limit is {limit}"));
        }
        let request = self
            .requests
            .get(*resource)
            .filter(|request| *request > amount)?;
        Some(format!("{rule}, but request is {request}"))
    }

    fn requests_above(&self, bound: &Bound<'_>) -> Option<String> {
        let Bound { resource, amount } = bound;
        let rule = format!("maximum {resource} usage per {} is {amount}", self.kind);
        match self.requests.get(*resource) {
            None => Some(format!("{rule}.  No request is specified")),
            Some(request) if request > amount => Some(format!("{rule}, but request is {request}")),
            Some(_) => None,
        }
    }

    /// Whether a limit is too many times the request.
    fn apart(&self, bound: &Bound<'_>) -> Option<String> {
        let Bound { resource, amount } = bound;
        let rule = format!(
            "{resource} max limit to request ratio per {} is {amount}",
            self.kind
        );
        let set = |amounts: &Amounts| amounts.get(*resource).filter(|own| !own.is_zero()).cloned();
        let Some(request) = set(&self.requests) else {
            return Some(format!(
                "{rule}, but no request is specified or request is 0"
            ));
        };
        let Some(limit) = set(&self.limits) else {
            return Some(format!("{rule}, but no limit is specified or limit is 0"));
        };
        let ratio = limit.as_f64() / request.as_f64();
        (ratio > amount.as_f64()).then(|| format!("{rule}, but provided ratio is {ratio:.6}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(containers: Value) -> Value {
        json!({"metadata": {}, "spec": {"containers": containers}})
    }

    #[test]
    fn containers_get_the_defaults_that_they_miss_and_the_pod_says_so() {
        let mut pod = pod(json!([
            {"name": "a"},
            {"name": "b", "resources": {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}},
        ]));
        let limits = json!([{
            "type": "Container",
            "default": {"cpu": "500m", "memory": "128Mi"},
            "defaultRequest": {"cpu": "100m"},
        }]);
        fill_defaults(&mut pod, &limits);
        assert_eq!(
            pod["spec"]["containers"][0]["resources"],
            json!({"limits": {"cpu": "500m", "memory": "128Mi"}, "requests": {"cpu": "100m"}})
        );
        assert_eq!(
            pod["metadata"]["annotations"][ANNOTATION],
            "LimitRanger plugin set: cpu request for container a; cpu, memory limit for container a; memory limit for container b"
        );
    }

    #[test]
    fn a_container_stays_between_its_limits() {
        let range = |limits: Value| {
            let mut range = limits;
            range["type"] = json!("Container");
            json!([range])
        };
        let asking = pod(json!([{"name": "a", "resources": {
            "requests": {"cpu": "100m"}, "limits": {"cpu": "1"},
        }}]));
        for (limits, expected) in [
            (
                json!({"min": {"cpu": "200m"}}),
                "minimum cpu usage per Container is 200m, but request is 100m",
            ),
            (
                json!({"min": {"memory": "1Gi"}}),
                "minimum memory usage per Container is 1Gi.  No request is specified",
            ),
            (
                json!({"max": {"cpu": "500m"}}),
                "maximum cpu usage per Container is 500m, but limit is 1",
            ),
            (
                json!({"max": {"memory": "1Gi"}}),
                "maximum memory usage per Container is 1Gi.  No limit is specified",
            ),
            (
                json!({"maxLimitRequestRatio": {"cpu": "3"}}),
                "cpu max limit to request ratio per Container is 3, but provided ratio is 10.000000",
            ),
            (
                json!({"maxLimitRequestRatio": {"memory": "3"}}),
                "memory max limit to request ratio per Container is 3, but no request is specified or request is 0",
            ),
        ] {
            assert_eq!(pod_faults(&asking, &range(limits)), [expected]);
        }
        assert!(pod_faults(&asking, &range(json!({"max": {"cpu": "1"}}))).is_empty());
    }

    #[test]
    fn a_pod_is_judged_by_its_containers_together() {
        let asking = pod(json!([
            {"resources": {"limits": {"cpu": "300m"}}}, {"resources": {"limits": {"cpu": "300m"}}},
        ]));
        let ranges = json!([{"type": "Pod", "max": {"cpu": "500m"}}]);
        assert_eq!(
            pod_faults(&asking, &ranges),
            ["maximum cpu usage per Pod is 500m, but limit is 600m"]
        );
    }

    #[test]
    fn several_mistakes_are_told_together_and_once() {
        let text = |texts: &[&str]| texts.iter().map(ToString::to_string).collect();
        assert_eq!(together(text(&["a", "b", "a"])).as_deref(), Some("[a, b]"));
        assert_eq!(together(text(&["a", "a"])).as_deref(), Some("a"));
        assert_eq!(together(vec![]), None);
    }
}
