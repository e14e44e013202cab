//! The `eviction` subresource: `kubectl drain` asks for a Pod to go.
//!
//! Which budget has a say and what it allows is [`pod::eviction`]'s business. Mirrors
//! `EvictionREST` in `pkg/registry/core/pod/storage/eviction.go` (v1.35).

use std::sync::Arc;

use async_trait::async_trait;
use serde_json::Value;

use super::call::{Call, CallOptions, Reply};
use super::request::Request;
use super::{delete, subresource, update};
use crate::api::{GroupResource, ObjectRef, StatusError, meta};
use crate::authentication::UserInfo;
use crate::registry::core::pod;
use crate::registry::core::pod::eviction::{self, Verdict};
use crate::registry::{Admit, Change, DeleteOptions, Objects, Unasked, Verb, WriteContext};

/// How often to begin anew where another writer was faster.
const ATTEMPTS: usize = 20;

/// Deletes the Pod, if no budget is against it.
pub(super) async fn evict(request: &Request<'_>) -> Result<(Reply, bool), StatusError> {
    let call = &request.call;
    if meta::name(&call.body) != call.name {
        return Err(StatusError::bad_request(
            "name in URL does not match name in Eviction object",
        ));
    }
    Admit::validate(request, Some(&call.body), None).await?;
    let options = &call.body["deleteOptions"];
    let eviction = Eviction {
        request,
        dry_run: call.options.dry_run || delete::is_dry_run(options),
        options: delete::options(options)?,
    };
    eviction.perform().await?;
    Ok(subresource::done())
}

struct Eviction<'a> {
    request: &'a Request<'a>,
    dry_run: bool,
    options: DeleteOptions,
}

impl Eviction<'_> {
    async fn perform(&self) -> Result<(), StatusError> {
        let Some(pod) = self.delete_unbudgeted().await? else {
            return Ok(());
        };
        let budgets = GroupResource::new("policy", "poddisruptionbudgets");
        let budgets = Objects::list(self.request.server.registry(), &budgets, pod.namespace());
        let mut options = self.options.clone();
        let pinned_for = match eviction::judge(pod.value(), &budgets)? {
            Verdict::Free => None,
            Verdict::FreeWhileUnready { budget } => {
                options.resource_version = pod.resource_version().to_string();
                Some(budget)
            }
            Verdict::Budget(budget) => {
                self.spend(budget, pod.name()).await?;
                None
            }
        };
        match (self.delete(&options).await, pinned_for) {
            // The Pod changed; perhaps it is ready now.
            (Err(error), Some(budget))
                if error.is_conflict() && self.options.resource_version.is_empty() =>
            {
                Err(eviction::still_processed(&budget))
            }
            (result, _) => result,
        }
    }

    /// Deletes the Pod if no budget can protect it; else returns it.
    async fn delete_unbudgeted(&self) -> Result<Option<ObjectRef>, StatusError> {
        let is_pinned = !self.options.resource_version.is_empty();
        let mut attempt = 1;
        loop {
            let pod = self.pod()?;
            if !eviction::ignores_budgets(pod.value()) {
                return Ok(Some(pod));
            }
            let mut options = self.options.clone();
            if !is_pinned && !eviction::is_ending(pod.value()) {
                // It must not begin to count while it is deleted.
                options.resource_version = pod.resource_version().to_string();
            }
            match self.delete(&options).await {
                Err(error) if error.is_conflict() && !is_pinned && attempt < ATTEMPTS => {
                    attempt += 1;
                }
                result => return result.map(|()| None),
            }
        }
    }

    fn pod(&self) -> Result<ObjectRef, StatusError> {
        let call = &self.request.call;
        let registry = self.request.server.registry();
        registry.get(&self.request.resource, &call.namespace, &call.name)
    }

    /// Takes one disruption from the budget, as the API server itself.
    async fn spend(&self, mut budget: ObjectRef, pod: &str) -> Result<(), StatusError> {
        let server = self.request.server;
        let apiserver = Arc::new(UserInfo::new("system:apiserver", &["system:masters"]));
        let mut attempt = 1;
        loop {
            let spent = eviction::spend(budget.value(), pod, server.registry().clock().now())?;
            if self.dry_run {
                return Ok(());
            }
            let call = Call {
                verb: Verb::Update,
                resource: GroupResource::new("policy", "poddisruptionbudgets"),
                version: "v1".to_owned(),
                namespace: budget.namespace().to_owned(),
                name: budget.name().to_owned(),
                subresource: "status".to_owned(),
                body: spent,
                options: CallOptions::default(),
            };
            let write = Request::new(server, &apiserver, call)?;
            match update::update(&write).await {
                Ok(_) => return Ok(()),
                Err(error) if error.is_conflict() && attempt < ATTEMPTS => attempt += 1,
                Err(error) => return Err(error),
            }
            let registry = server.registry();
            budget = registry.get(&write.resource, budget.namespace(), budget.name())?;
        }
    }

    /// Notes in the Pod why it goes, then deletes it.
    async fn delete(&self, options: &DeleteOptions) -> Result<(), StatusError> {
        let call = &self.request.call;
        let registry = self.request.server.registry();
        let resource = &self.request.resource;
        let context = WriteContext {
            subresource: "status".to_owned(),
            dry_run: self.dry_run,
            ..self.request.write_context()
        };
        let mut options = options.clone();
        if !self.dry_run {
            let mark = Mark {
                request: self.request,
                options: &options,
            };
            let marked = registry
                .update(
                    resource,
                    &call.namespace,
                    &call.name,
                    &mark,
                    &context,
                    &Unasked,
                )
                .await?;
            if !options.resource_version.is_empty() {
                options.resource_version = marked.resource_version().to_string();
            }
        }
        registry
            .delete(
                resource,
                &call.namespace,
                &call.name,
                &options,
                &context,
                &Unasked,
            )
            .await?;
        Ok(())
    }
}

/// The Pod gets its condition, if it still is the one that the eviction means.
struct Mark<'a> {
    request: &'a Request<'a>,
    options: &'a DeleteOptions,
}

#[async_trait]
impl Change for Mark<'_> {
    async fn apply(&self, existing: &ObjectRef) -> Result<Value, StatusError> {
        let conflict = |why: String| {
            let resource = self.request.resource.group_resource();
            Err(StatusError::conflict(&resource, existing.name(), &why))
        };
        let DeleteOptions {
            uid,
            resource_version,
            ..
        } = self.options;
        if !uid.is_empty() && uid != existing.uid() {
            return conflict(format!(
                "the UID in the precondition ({uid}) does not match the UID in record ({}). The object might have been deleted and then recreated",
                existing.uid()
            ));
        }
        let revision = existing.resource_version().to_string();
        if !resource_version.is_empty() && *resource_version != revision {
            return conflict(format!(
                "the ResourceVersion in the precondition ({resource_version}) does not match the ResourceVersion in record ({revision}). The object might have been modified"
            ));
        }
        let now = self.request.server.registry().clock().now();
        Ok(pod::eviction::marked(existing.value(), now))
    }
}
