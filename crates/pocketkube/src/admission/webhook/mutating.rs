//! MutatingAdmissionWebhook: one webhook after the other, each seeing what those before it did.
//!
//! Mirrors `mutatingDispatcher.Dispatch` in `plugin/webhook/mutating/dispatcher.go` (v1.35).

use async_trait::async_trait;
use serde_json::Value;

use super::super::matching::is_exempt;
use super::super::{Attributes, Mutate};
use super::call::{ask, settle};
use super::invocation::Invocation;
use super::patch::{default, patched};
use super::review::Purpose;
use super::source::{Source, Webhook};
use crate::api::StatusError;
use crate::outbound::Outbound;
use crate::registry::Registry;

/// The plugin, with the configurations that it has read.
pub struct MutatingWebhooks {
    registry: Registry,
    outbound: Outbound,
    source: Source,
}

impl MutatingWebhooks {
    pub fn new(registry: Registry, outbound: Outbound) -> Self {
        Self {
            registry,
            outbound,
            source: Source::new("mutatingwebhookconfigurations"),
        }
    }

    async fn call(
        &self,
        webhook: &Webhook,
        object: &mut Value,
        attributes: &Attributes<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<(), StatusError> {
        let Some(invocation) = Invocation::of(webhook, object, attributes, &self.registry).await?
        else {
            return Ok(());
        };
        if attributes.reinvocation.passes_over(&webhook.id) {
            return Ok(());
        }
        let purpose = Purpose::Mutating;
        let answer = ask(
            &self.outbound,
            webhook,
            &invocation,
            attributes,
            purpose,
            warnings,
        )
        .await;
        let outcome =
            answer.and_then(|response| patched(webhook, &response, &invocation, attributes));
        let settled = match outcome {
            Ok(Some(changed)) => {
                attributes.reinvocation.changed();
                let own = attributes.resource;
                *object = self.registry.present_value(own, changed).await?;
                default(object, attributes);
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(failure) => settle(webhook, failure),
        };
        if webhook.wants_reinvocation {
            attributes.reinvocation.called(&webhook.id);
        }
        settled
    }
}

#[async_trait]
impl Mutate for MutatingWebhooks {
    async fn mutate(
        &self,
        object: &mut Value,
        attributes: &Attributes<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<(), StatusError> {
        let webhooks = self.source.webhooks(&self.registry);
        if webhooks.is_empty() || is_exempt(attributes) {
            return Ok(());
        }
        attributes.reinvocation.enter_webhooks(object);
        for webhook in &webhooks {
            self.call(webhook, object, attributes, warnings).await?;
        }
        attributes.reinvocation.leave_webhooks(object);
        Ok(())
    }
}
