//! The ordered list of plugins.

use async_trait::async_trait;
use serde_json::Value;

use super::Attributes;
use crate::api::StatusError;

/// May change the object, or refuse the request.
#[async_trait]
pub trait Mutate: Send + Sync {
    /// `object` is null for a deletion. Sentences pushed to `warnings` reach the client.
    async fn mutate(
        &self,
        object: &mut Value,
        attributes: &Attributes<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<(), StatusError>;
}

/// May refuse the request.
#[async_trait]
pub trait Validate: Send + Sync {
    /// `object` is null for a deletion.
    async fn validate(
        &self,
        object: &Value,
        attributes: &Attributes<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<(), StatusError>;
}

/// All plugins of a cluster.
#[derive(Default)]
pub struct Chain {
    pub mutating: Vec<Box<dyn Mutate>>,
    pub validating: Vec<Box<dyn Validate>>,
}

impl Chain {
    /// Every mutating plugin in order; the first refusal ends it. Where a webhook has changed the
    /// object, all of them see it once more.
    pub async fn mutate(
        &self,
        object: &mut Value,
        attributes: &Attributes<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<(), StatusError> {
        self.mutate_once(object, attributes, warnings).await?;
        if attributes.reinvocation.begin_second_round() {
            self.mutate_once(object, attributes, warnings).await?;
        }
        Ok(())
    }

    async fn mutate_once(
        &self,
        object: &mut Value,
        attributes: &Attributes<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<(), StatusError> {
        for plugin in &self.mutating {
            plugin.mutate(object, attributes, warnings).await?;
        }
        Ok(())
    }

    /// Every validating plugin in order; the first refusal ends it.
    pub async fn validate(
        &self,
        object: &Value,
        attributes: &Attributes<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<(), StatusError> {
        for plugin in &self.validating {
            plugin.validate(object, attributes, warnings).await?;
        }
        Ok(())
    }
}
