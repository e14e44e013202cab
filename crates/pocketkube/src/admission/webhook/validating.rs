//! ValidatingAdmissionWebhook: all webhooks are asked at once about the object as it would be
//! stored.
//!
//! Where several refuse, the first in order is heard; upstream it is the fastest. Mirrors
//! `validatingDispatcher.Dispatch` in `plugin/webhook/validating/dispatcher.go` (v1.35).

use async_trait::async_trait;
use futures::future::join_all;
use serde_json::Value;

use super::super::matching::is_exempt;
use super::super::{Attributes, Validate};
use super::call::{ask, settle};
use super::invocation::Invocation;
use super::review::Purpose;
use super::source::Source;
use crate::api::StatusError;
use crate::outbound::Outbound;
use crate::registry::Registry;

/// The plugin, with the configurations that it has read.
pub struct ValidatingWebhooks {
    registry: Registry,
    outbound: Outbound,
    source: Source,
}

impl ValidatingWebhooks {
    pub fn new(registry: Registry, outbound: Outbound) -> Self {
        Self {
            registry,
            outbound,
            source: Source::new("validatingwebhookconfigurations"),
        }
    }
}

#[async_trait]
impl Validate for ValidatingWebhooks {
    async fn validate(
        &self,
        object: &Value,
        attributes: &Attributes<'_>,
        warnings: &mut Vec<String>,
    ) -> Result<(), StatusError> {
        let webhooks = self.source.webhooks(&self.registry);
        if webhooks.is_empty() || is_exempt(attributes) {
            return Ok(());
        }
        let mut invocations = Vec::new();
        for webhook in &webhooks {
            if let Some(own) = Invocation::of(webhook, object, attributes, &self.registry).await? {
                invocations.push((webhook, own));
            }
        }
        let calls = invocations.iter().map(|(webhook, invocation)| async move {
            let mut said = Vec::new();
            let purpose = Purpose::Validating;
            let answer = ask(
                &self.outbound,
                webhook,
                invocation,
                attributes,
                purpose,
                &mut said,
            )
            .await;
            let settled = match answer {
                Ok(_) => Ok(()),
                Err(failure) => settle(webhook, failure),
            };
            (settled, said)
        });
        let answers = join_all(calls).await;
        let mut outcome = Ok(());
        for (settled, said) in answers {
            warnings.extend(said);
            outcome = outcome.and(settled);
        }
        outcome
    }
}
