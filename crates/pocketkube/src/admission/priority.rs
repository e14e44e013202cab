//! Priority: the number behind a Pod's priority class.
//!
//! Mirrors `plugin/pkg/admission/priority/admission.go` (v1.35).

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{Attributes, Mutate, Operation};
use crate::api::{GroupResource, ObjectRef, StatusError, meta, tree};
use crate::registry::{Objects, Registry};

/// Resolves `priorityClassName` of new Pods.
pub struct Priority {
    registry: Registry,
    classes: GroupResource,
}

impl Priority {
    pub fn new(registry: Registry) -> Self {
        Self {
            registry,
            classes: GroupResource::new("scheduling.k8s.io", "priorityclasses"),
        }
    }

    /// The default class with the lowest value, where there is one.
    fn default_class(&self) -> Option<ObjectRef> {
        Objects::list(&self.registry, &self.classes, "")
            .into_iter()
            .filter(|class| class.value()["globalDefault"] == true)
            .min_by_key(|class| tree::integer(class.value(), "value"))
    }

    fn class_of(&self, pod: &Value, name: &str) -> Result<Option<ObjectRef>, StatusError> {
        if name.is_empty() {
            return Ok(self.default_class());
        }
        match Objects::get(&self.registry, &self.classes, "", name) {
            Some(class) => Ok(Some(class)),
            None => {
                let why = format!("no PriorityClass with name {name} was found");
                let pods = GroupResource::new("", "pods");
                Err(StatusError::forbidden(&pods, meta::name(pod), &why))
            }
        }
    }
}

#[async_trait]
impl Mutate for Priority {
    async fn mutate(
        &self,
        object: &mut Value,
        attributes: &Attributes<'_>,
        _warnings: &mut Vec<String>,
    ) -> Result<(), StatusError> {
        if attributes.operation != Operation::Create || !attributes.is("", "pods", "") {
            return Ok(());
        }
        let name = tree::text(&object["spec"], "priorityClassName").to_owned();
        let class = self.class_of(object, &name)?;
        let class = class.as_ref().map(|class| class.value());
        let value = class.map_or(0, |class| tree::integer(class, "value"));
        let policy = class
            .map(|class| tree::text(class, "preemptionPolicy"))
            .filter(|policy| !policy.is_empty())
            .unwrap_or("PreemptLowerPriority");
        let pod = meta::name(object).to_owned();
        let refuse = |why: &str| {
            let pods = GroupResource::new("", "pods");
            Err(StatusError::forbidden(&pods, &pod, why))
        };
        if object["spec"]["priority"]
            .as_i64()
            .is_some_and(|set| set != value)
        {
            return refuse(&format!(
                "the integer value of priority ({}) must not be provided in pod spec; priority admission controller computed {value} from the given PriorityClass name",
                object["spec"]["priority"]
            ));
        }
        let set = tree::text(&object["spec"], "preemptionPolicy");
        if !set.is_empty() && set != policy {
            return refuse(&format!(
                "the string value of PreemptionPolicy ({set}) must not be provided in pod spec; priority admission controller computed {policy} from the given PriorityClass name"
            ));
        }
        let spec = meta::map_at(object, "spec");
        if let Some(class) = class {
            spec.insert("priorityClassName".into(), json!(meta::name(class)));
        }
        spec.insert("priority".into(), json!(value));
        spec.insert("preemptionPolicy".into(), json!(policy));
        Ok(())
    }
}
