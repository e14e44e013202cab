//! RuntimeClass: a Pod that names one pays its overhead and goes where it runs.
//!
//! Mirrors `plugin/pkg/admission/runtimeclass/admission.go` (v1.35).

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{Attributes, Mutate, Operation, Validate};
use crate::api::tree::{elements, entries, is_empty, text};
use crate::api::validate::semantically_equal;
use crate::api::{GroupResource, ObjectRef, StatusError, meta};
use crate::registry::{Objects, Registry};

/// Fills in what a Pod's runtime class asks for.
pub struct RuntimeClass {
    registry: Registry,
    classes: GroupResource,
}

impl RuntimeClass {
    pub fn new(registry: Registry) -> Self {
        Self {
            registry,
            classes: GroupResource::new("node.k8s.io", "runtimeclasses"),
        }
    }

    /// The class that the Pod names, if any.
    fn class_of(
        &self,
        pod: &Value,
        attributes: &Attributes<'_>,
    ) -> Result<Option<ObjectRef>, StatusError> {
        let name = text(&pod["spec"], "runtimeClassName");
        if name.is_empty() {
            return Ok(None);
        }
        match Objects::get(&self.registry, &self.classes, "", name) {
            Some(class) => Ok(Some(class)),
            None => {
                Err(attributes.forbidden(&format!("pod rejected: RuntimeClass {name:?} not found")))
            }
        }
    }
}

fn is_new_pod(attributes: &Attributes<'_>) -> bool {
    attributes.operation == Operation::Create && attributes.is("", "pods", "")
}

const OTHER_OVERHEAD: &str =
    "pod rejected: Pod's Overhead doesn't match RuntimeClass's defined Overhead";

#[async_trait]
impl Mutate for RuntimeClass {
    async fn mutate(
        &self,
        object: &mut Value,
        attributes: &Attributes<'_>,
        _warnings: &mut Vec<String>,
    ) -> Result<(), StatusError> {
        if !is_new_pod(attributes) {
            return Ok(());
        }
        let Some(class) = self.class_of(object, attributes)? else {
            return Ok(());
        };
        fill(object, class.value()).map_err(|why| attributes.forbidden(&why))
    }
}

#[async_trait]
impl Validate for RuntimeClass {
    async fn validate(
        &self,
        object: &Value,
        attributes: &Attributes<'_>,
        _warnings: &mut Vec<String>,
    ) -> Result<(), StatusError> {
        if !is_new_pod(attributes) {
            return Ok(());
        }
        let class = self.class_of(object, attributes)?;
        let of_class = class
            .as_ref()
            .map(|class| &class.value()["overhead"]["podFixed"]);
        let of_pod = &object["spec"]["overhead"];
        match of_class.filter(|overhead| !overhead.is_null()) {
            Some(overhead) if !semantically_equal(overhead, of_pod) => {
                Err(attributes.forbidden(OTHER_OVERHEAD))
            }
            None if !is_empty(of_pod) => Err(attributes.forbidden(
                "pod rejected: Pod Overhead set without corresponding RuntimeClass defined Overhead",
            )),
            _ => Ok(()),
        }
    }
}

/// Writes the class's overhead, node selector and tolerations into the Pod. The error is the
/// reason why they contradict the Pod's own.
fn fill(pod: &mut Value, class: &Value) -> Result<(), String> {
    let spec = &mut pod["spec"];
    let overhead = &class["overhead"]["podFixed"];
    if !overhead.is_null() {
        if !is_empty(&spec["overhead"]) && !semantically_equal(overhead, &spec["overhead"]) {
            return Err(OTHER_OVERHEAD.to_owned());
        }
        spec["overhead"] = overhead.clone();
    }
    let scheduling = &class["scheduling"];
    for (key, value) in entries(&scheduling["nodeSelector"]) {
        let value = value.as_str().unwrap_or_default();
        let selector = meta::map_at(spec, "nodeSelector");
        let own = selector.get(key).and_then(Value::as_str);
        if let Some(own) = own.filter(|own| *own != value) {
            return Err(format!(
                "conflict: runtimeClass.scheduling.nodeSelector[{key}] = {value}; pod.spec.nodeSelector[{key}] = {own}"
            ));
        }
        selector.insert(key.clone(), json!(value));
    }
    let missing: Vec<Value> = elements(&scheduling["tolerations"])
        .iter()
        .filter(|toleration| !elements(&spec["tolerations"]).contains(toleration))
        .cloned()
        .collect();
    if !missing.is_empty() {
        let mut tolerations = elements(&spec["tolerations"]).to_vec();
        tolerations.extend(missing);
        spec["tolerations"] = Value::Array(tolerations);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pod_gets_what_its_class_asks_for() {
        let class = json!({
            "overhead": {"podFixed": {"cpu": "250m"}},
            "scheduling": {
                "nodeSelector": {"runtime": "gvisor"},
                "tolerations": [{"key": "sandboxed", "operator": "Exists"}],
            },
        });
        let mut pod = json!({"spec": {"nodeSelector": {"zone": "a"}}});
        fill(&mut pod, &class).unwrap();
        fill(&mut pod, &class).unwrap();
        assert_eq!(
            pod["spec"],
            json!({
                "overhead": {"cpu": "250m"},
                "nodeSelector": {"zone": "a", "runtime": "gvisor"},
                "tolerations": [{"key": "sandboxed", "operator": "Exists"}],
            })
        );
    }

    #[test]
    fn a_pod_must_not_contradict_its_class() {
        let class = json!({
            "overhead": {"podFixed": {"cpu": "250m"}},
            "scheduling": {"nodeSelector": {"runtime": "gvisor"}},
        });
        let mut pod = json!({"spec": {"nodeSelector": {"runtime": "runc"}}});
        assert_eq!(
            fill(&mut pod, &class).unwrap_err(),
            "conflict: runtimeClass.scheduling.nodeSelector[runtime] = gvisor; pod.spec.nodeSelector[runtime] = runc"
        );
        let mut pod = json!({"spec": {"overhead": {"cpu": "1"}}});
        assert_eq!(fill(&mut pod, &class).unwrap_err(), OTHER_OVERHEAD);
    }
}
