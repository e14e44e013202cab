//! DefaultStorageClass and DefaultIngressClass: what names no class gets the one marked default.
//!
//! Mirrors `plugin/pkg/admission/storage/storageclass/setdefault` and
//! `plugin/pkg/admission/network/defaultingressclass` (v1.35).

use async_trait::async_trait;
use serde_json::{Value, json};

use super::{Attributes, Mutate, Operation};
use crate::api::{GroupResource, ObjectRef, StatusError, meta};
use crate::registry::core::persistentvolumeclaim;
use crate::registry::networking::{self, ingress, ingressclass};
use crate::registry::storage::{self, storageclass};
use crate::registry::{Objects, Registry};

/// Gives new claims and Ingresses their default class.
pub struct DefaultClass {
    registry: Registry,
}

impl DefaultClass {
    pub fn new(registry: Registry) -> Self {
        Self { registry }
    }

    /// The name of the default among the classes of a kind: the newest, should there be several.
    fn default_of(&self, group: &str, plural: &str, is_default: IsDefault) -> Option<String> {
        let classes = Objects::list(&self.registry, &GroupResource::new(group, plural), "");
        newest_default(&classes, is_default)
    }
}

type IsDefault = fn(&Value) -> bool;

fn newest_default(classes: &[ObjectRef], is_default: IsDefault) -> Option<String> {
    classes
        .iter()
        .filter(|class| is_default(class.value()))
        .max_by(|one, other| {
            let created = |class: &ObjectRef| meta::timestamp(class.value(), "creationTimestamp");
            // Of two of the same second, the first in the alphabet.
            created(one)
                .cmp(&created(other))
                .then_with(|| other.name().cmp(one.name()))
        })
        .map(|class| class.name().to_owned())
}

fn is_default_ingress_class(class: &Value) -> bool {
    meta::annotation(class, ingressclass::IS_DEFAULT) == Some("true")
}

#[async_trait]
impl Mutate for DefaultClass {
    async fn mutate(
        &self,
        object: &mut Value,
        attributes: &Attributes<'_>,
        _warnings: &mut Vec<String>,
    ) -> Result<(), StatusError> {
        if attributes.operation != Operation::Create {
            return Ok(());
        }
        if attributes.is("", "persistentvolumeclaims", "")
            && object["spec"]["storageClassName"].is_null()
            && meta::annotation(object, persistentvolumeclaim::CLASS_ANNOTATION).is_none()
            && let Some(class) =
                self.default_of(storage::GROUP, "storageclasses", storageclass::is_default)
        {
            object["spec"]["storageClassName"] = json!(class);
        }
        if attributes.is(networking::GROUP, "ingresses", "")
            && object["spec"]["ingressClassName"].is_null()
            && meta::annotation(object, ingress::CLASS_ANNOTATION).is_none()
            && let Some(class) = self.default_of(
                networking::GROUP,
                "ingressclasses",
                is_default_ingress_class,
            )
        {
            object["spec"]["ingressClassName"] = json!(class);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::Object;

    #[test]
    fn the_newest_default_wins() {
        let class = |name: &str, created: &str, is_default: &str| {
            Object::new(json!({"metadata": {
                "name": name, "creationTimestamp": created,
                "annotations": {storageclass::IS_DEFAULT: is_default},
            }}))
        };
        let classes = [
            class("old", "2024-01-01T00:00:00Z", "true"),
            class("b", "2025-01-01T00:00:00Z", "true"),
            class("a", "2025-01-01T00:00:00Z", "true"),
            class("newest", "2026-01-01T00:00:00Z", "false"),
        ];
        let found = newest_default(&classes, storageclass::is_default);
        assert_eq!(found.as_deref(), Some("a"));
        assert_eq!(
            newest_default(&classes[3..], storageclass::is_default),
            None
        );
    }
}
