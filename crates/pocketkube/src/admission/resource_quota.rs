//! ResourceQuota: a new object is charged to the quotas of its namespace, or refused.
//!
//! What is used stands in each quota's status and is changed there before the object is stored,
//! so that writers at the same time cannot exceed a quota together. Where the object then is not
//! stored after all, the quota controller corrects the number. Mirrors
//! `apiserver/pkg/admission/plugin/resourcequota` (v1.35).

use async_trait::async_trait;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::{Attributes, Operation, Validate};
use crate::api::{GroupResource, ObjectRef, StatusError, meta};
use crate::registry::core::resourcequota::evaluator::{Amounts, Evaluator, amounts};
use crate::registry::{Change, Objects, Registry, Unasked, WriteContext};

/// Charges quotas.
pub struct ResourceQuota {
    registry: Registry,
    quotas: GroupResource,
}

impl ResourceQuota {
    pub fn new(registry: Registry) -> Self {
        Self {
            registry,
            quotas: GroupResource::new("", "resourcequotas"),
        }
    }

    async fn charge(&self, request: &Request<'_>, quota: &str) -> Result<(), StatusError> {
        let resources = self.registry.resources();
        let Some(resource) = resources.by_route("", "v1", "resourcequotas") else {
            return Ok(());
        };
        let context = WriteContext {
            user: "system:apiserver".into(),
            dry_run: false,
            subresource: "status".to_owned(),
            command: None,
        };
        let namespace = request.attributes.namespace;
        let charged = self
            .registry
            .update(&resource, namespace, quota, request, &context, &Unasked)
            .await;
        match charged {
            // A quota that is gone limits nothing.
            Err(error) if error.is_not_found() => Ok(()),
            charged => charged.map(drop),
        }
    }
}

#[async_trait]
impl Validate for ResourceQuota {
    async fn validate(
        &self,
        object: &Value,
        attributes: &Attributes<'_>,
        _warnings: &mut Vec<String>,
    ) -> Result<(), StatusError> {
        if attributes.namespace.is_empty() || attributes.operation == Operation::Delete {
            return Ok(());
        }
        let quotas = Objects::list(&self.registry, &self.quotas, attributes.namespace);
        if quotas.is_empty() {
            return Ok(());
        }
        let resource = attributes.resource.group_resource();
        let evaluator = match Evaluator::of(&resource) {
            Some(evaluator) if handles(&evaluator, attributes) => evaluator,
            _ => return Ok(()),
        };
        let request = Request {
            evaluator,
            object,
            attributes,
            now: self.registry.clock().now(),
        };
        // Nothing is charged anywhere before all of them have agreed.
        let mut charged = Vec::new();
        for quota in &quotas {
            if request.charged(quota.value())?.is_some() {
                charged.push(quota.name());
            }
        }
        if !attributes.dry_run {
            for quota in charged {
                self.charge(&request, quota).await?;
            }
        }
        Ok(())
    }
}

/// Whether the request can change what is used.
fn handles(evaluator: &Evaluator, attributes: &Attributes<'_>) -> bool {
    if attributes.resource.is_question {
        return false;
    }
    match (attributes.operation, attributes.subresource) {
        (Operation::Create, "") => true,
        (Operation::Update, "resize") => *evaluator == Evaluator::Pods,
        (Operation::Update, "") => {
            matches!(evaluator, Evaluator::Services | Evaluator::Claims)
        }
        (Operation::Update, "status") => *evaluator == Evaluator::Claims,
        _ => false,
    }
}

/// What somebody wants to store.
struct Request<'a> {
    evaluator: Evaluator,
    object: &'a Value,
    attributes: &'a Attributes<'a>,
    now: Timestamp,
}

impl Request<'_> {
    /// What a quota has used once this is stored; `None` where it changes nothing. Fails with
    /// `Forbidden` where that would be too much.
    fn charged(&self, quota: &Value) -> Result<Option<Amounts>, StatusError> {
        let refuse = |why: String| Err(self.attributes.forbidden(&why));
        let name = meta::name(quota);
        let hard = amounts(&quota["status"]["hard"]);
        let used = amounts(&quota["status"]["used"]);
        let tracked = self.evaluator.tracked(&quota["status"]["hard"]);
        if tracked.is_empty() || !self.evaluator.is_in_scope(&quota["spec"], self.object) {
            return Ok(None);
        }
        if let Some(why) = self.evaluator.unspecified(&tracked, self.object) {
            return refuse(format!("failed quota: {name}: {why}"));
        }
        if tracked.iter().any(|resource| !used.contains_key(*resource)) {
            let tracked = tracked.join(",");
            return refuse(format!(
                "status unknown for quota: {name}, resources: {tracked}"
            ));
        }
        let usage = self.evaluator.usage(self.object, self.now);
        let negative: Vec<&str> = usage
            .iter()
            .filter(|(_, amount)| amount.is_negative())
            .map(|(resource, _)| resource.as_str())
            .collect();
        if !negative.is_empty() {
            let negative = negative.join(",");
            return refuse(format!(
                "quota usage is negative for resource(s): {negative}"
            ));
        }
        let mut requested = self.beyond_old(usage, quota);
        requested.retain(|resource, amount| !amount.is_zero() && hard.contains_key(resource));
        if requested.is_empty() {
            return Ok(None);
        }
        let mut after = used.clone();
        for (resource, amount) in &requested {
            *after.entry(resource.clone()).or_default() += amount;
        }
        let exceeded: Vec<&String> = requested
            .keys()
            .filter(|resource| after.get(*resource) > hard.get(*resource))
            .collect();
        // A status only tells what has happened already.
        if !exceeded.is_empty() && self.attributes.subresource != "status" {
            let shown = |amounts: &Amounts| show(amounts, &exceeded);
            return refuse(format!(
                "exceeded quota: {name}, requested: {}, used: {}, limited: {}",
                shown(&requested),
                shown(&used),
                shown(&hard),
            ));
        }
        Ok(Some(after))
    }

    /// What the object takes beyond its state before, where the quota counted that too.
    fn beyond_old(&self, usage: Amounts, quota: &Value) -> Amounts {
        let old = match self.attributes.old {
            Some(old) if self.evaluator.is_in_scope(&quota["spec"], old) => old,
            _ => return usage,
        };
        let before = self.evaluator.usage(old, self.now);
        let mut beyond = usage;
        for (resource, amount) in &mut beyond {
            if let Some(before) = before.get(resource) {
                *amount = if *amount > *before {
                    &*amount - before
                } else {
                    Default::default()
                };
            }
        }
        beyond
    }
}

fn show(amounts: &Amounts, names: &[&String]) -> String {
    let shown: Vec<String> = names
        .iter()
        .filter_map(|name| Some(format!("{name}={}", amounts.get(*name)?)))
        .collect();
    shown.join(",")
}

/// Charges one quota as it is at that moment.
#[async_trait]
impl Change for Request<'_> {
    async fn apply(&self, quota: &ObjectRef) -> Result<Value, StatusError> {
        let mut changed = quota.to_value();
        if let Some(used) = self.charged(quota.value())? {
            for (resource, amount) in used {
                changed["status"]["used"][resource] = json!(amount.to_string());
            }
        }
        Ok(changed)
    }
}
