//! PersistentVolumeClaimResize: a claim grows only once it is bound, and where its class lets it.
//!
//! Mirrors `plugin/pkg/admission/storage/persistentvolume/resize/admission.go` (v1.35).

use async_trait::async_trait;
use serde_json::Value;

use super::{Attributes, Operation, Validate};
use crate::api::quantity::Quantity;
use crate::api::tree::text;
use crate::api::{GroupResource, StatusError};
use crate::registry::core::persistentvolumeclaim::class_of;
use crate::registry::{Objects, Registry, storage};

/// Judges claims that ask for more.
pub struct PersistentVolumeClaimResize {
    registry: Registry,
    classes: GroupResource,
}

impl PersistentVolumeClaimResize {
    pub fn new(registry: Registry) -> Self {
        Self {
            registry,
            classes: GroupResource::new(storage::GROUP, "storageclasses"),
        }
    }

    fn lets_grow(&self, class: &str) -> bool {
        Objects::get(&self.registry, &self.classes, "", class)
            .is_some_and(|class| class.value()["allowVolumeExpansion"] == true)
    }
}

fn size(claim: &Value) -> Quantity {
    Quantity::of_value(&claim["spec"]["resources"]["requests"]["storage"])
}

#[async_trait]
impl Validate for PersistentVolumeClaimResize {
    async fn validate(
        &self,
        object: &Value,
        attributes: &Attributes<'_>,
        _warnings: &mut Vec<String>,
    ) -> Result<(), StatusError> {
        let is_update = attributes.operation == Operation::Update
            && attributes.is("", "persistentvolumeclaims", "");
        let Some(old) = attributes.old.filter(|_| is_update) else {
            return Ok(());
        };
        if size(object) <= size(old) {
            return Ok(());
        }
        if text(&old["status"], "phase") != "Bound" {
            let why = "Only bound persistent volume claims can be expanded";
            return Err(attributes.forbidden(why));
        }
        let class = class_of(object);
        if class.is_empty() || class != class_of(old) || !self.lets_grow(class) {
            let why = "only dynamically provisioned pvc can be resized and the storageclass that provisions the pvc must support resize";
            return Err(attributes.forbidden(why));
        }
        Ok(())
    }
}
