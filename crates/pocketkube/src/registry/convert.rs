//! From the version in which a custom resource is stored to the one that is served, and back, where
//! a webhook converts.
//!
//! Everything between storage and the client works on the served version: strategies validate by
//! its schema, admission and columns see it. [`Convert`] is the seam to whoever asks the webhook.
//! Versions that differ in their name only are the business of
//! [`Conversion`](super::Conversion). Mirrors
//! `apiextensions-apiserver/pkg/apiserver/conversion/converter.go` (v1.35).

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::{Registry, ResourceDef};
use crate::api::{Object, ObjectRef, StatusError, meta};

/// How to reach the webhook that converts the objects of a definition.
#[derive(Debug)]
pub struct ConversionWebhook {
    /// As in the definition: a URL or a Service, and whom to trust.
    pub client_config: Value,
    /// The versions of the review that it understands, the preferred one first.
    pub review_versions: Vec<String>,
    /// The `apiVersion` in which objects are stored.
    pub stored_version: String,
}

/// Asks webhooks to convert.
#[async_trait]
pub trait Convert: Send + Sync {
    /// The objects in the version `to`, in the same order. None of them is in it yet.
    async fn convert(
        &self,
        webhook: &ConversionWebhook,
        objects: Vec<Value>,
        to: &str,
    ) -> Result<Vec<Value>, StatusError>;
}

impl Registry {
    /// Hands over who asks conversion webhooks. Later calls change nothing.
    pub fn connect_converter(&self, converter: Arc<dyn Convert>) {
        let _ = self.converter.set(converter);
    }

    /// One object as it is served, or `NotFound`.
    pub async fn read(
        &self,
        resource: &ResourceDef,
        namespace: &str,
        name: &str,
    ) -> Result<ObjectRef, StatusError> {
        let stored = self.get(resource, namespace, name)?;
        self.present(resource, stored).await
    }

    /// A stored object as it is served.
    pub async fn present(
        &self,
        resource: &ResourceDef,
        object: ObjectRef,
    ) -> Result<ObjectRef, StatusError> {
        if resource.conversion_webhook().is_none() {
            return Ok(object);
        }
        let mut presented = self.present_all(resource, vec![object]).await?;
        presented.pop().ok_or_else(lost)
    }

    /// Stored objects as they are served; the webhook is asked once about all that differ.
    pub async fn present_all(
        &self,
        resource: &ResourceDef,
        mut objects: Vec<ObjectRef>,
    ) -> Result<Vec<ObjectRef>, StatusError> {
        let (Some(custom), Some(webhook)) = (&resource.custom, resource.conversion_webhook())
        else {
            return Ok(objects);
        };
        let served = resource.group_version().to_string();
        let (places, stored): (Vec<usize>, Vec<Value>) = objects
            .iter()
            .enumerate()
            .filter(|(_, object)| is_other_version(object.value(), resource, &served))
            .map(|(place, object)| (place, object.to_value()))
            .unzip();
        let converted = self.convert(webhook, stored, &served).await?;
        for (place, value) in places.into_iter().zip(converted) {
            objects[place] = Object::new(value);
        }
        for object in &mut objects {
            if meta::api_version(object.value()) == served
                && !custom.schema.is_settled(object.value())
            {
                let mut value = object.to_value();
                custom.schema.prune(&mut value);
                custom.schema.default(&mut value);
                *object = Object::new(value);
            }
        }
        Ok(objects)
    }

    /// A tree in the version that `resource` serves.
    pub async fn present_value(
        &self,
        resource: &ResourceDef,
        value: Value,
    ) -> Result<Value, StatusError> {
        let served = resource.group_version().to_string();
        self.in_version(resource, value, &served).await
    }

    /// A tree in the version that is stored.
    pub(super) async fn in_stored_version(
        &self,
        resource: &ResourceDef,
        value: Value,
    ) -> Result<Value, StatusError> {
        match resource.conversion_webhook() {
            None => Ok(value),
            Some(webhook) => {
                self.in_version(resource, value, &webhook.stored_version)
                    .await
            }
        }
    }

    /// Whether an object is stored in the version in which it would be stored now.
    pub(super) fn is_stored_as_now(&self, resource: &ResourceDef, stored: &Value) -> bool {
        resource
            .conversion_webhook()
            .is_none_or(|webhook| meta::api_version(stored) == webhook.stored_version)
    }

    async fn in_version(
        &self,
        resource: &ResourceDef,
        value: Value,
        version: &str,
    ) -> Result<Value, StatusError> {
        let webhook = resource
            .conversion_webhook()
            .filter(|_| is_other_version(&value, resource, version));
        let Some(webhook) = webhook else {
            return Ok(value);
        };
        let mut converted = self.convert(webhook, vec![value], version).await?;
        converted.pop().ok_or_else(lost)
    }

    async fn convert(
        &self,
        webhook: &ConversionWebhook,
        objects: Vec<Value>,
        to: &str,
    ) -> Result<Vec<Value>, StatusError> {
        if objects.is_empty() {
            return Ok(objects);
        }
        match self.converter.get() {
            Some(converter) => converter.convert(webhook, objects, to).await,
            None => Err(StatusError::internal("nobody asks conversion webhooks")),
        }
    }
}

/// A Scale is no custom resource, though it is written through one.
fn is_other_version(value: &Value, resource: &ResourceDef, version: &str) -> bool {
    let own = meta::api_version(value);
    let group = own.split_once('/').map_or("", |(group, _)| group);
    group == resource.group && own != version
}

fn lost() -> StatusError {
    StatusError::internal("the converted object is missing")
}
