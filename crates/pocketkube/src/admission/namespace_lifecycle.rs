//! NamespaceLifecycle: nothing is created in a namespace that is missing or going, and the
//! namespaces that the cluster needs stay.
//!
//! Mirrors `apiserver/pkg/admission/plugin/namespace/lifecycle/admission.go` (v1.35).

use async_trait::async_trait;
use serde_json::Value;

use super::{Attributes, Mutate, Operation};
use crate::api::status::{Cause, Details};
use crate::api::{GroupResource, StatusError, meta};
use crate::registry::{Objects, Registry};

const IMMORTAL: [&str; 3] = ["default", "kube-system", "kube-public"];

/// Watches over the life of namespaces.
pub struct NamespaceLifecycle {
    registry: Registry,
    namespaces: GroupResource,
}

impl NamespaceLifecycle {
    pub fn new(registry: Registry) -> Self {
        Self {
            registry,
            namespaces: GroupResource::new("", "namespaces"),
        }
    }
}

#[async_trait]
impl Mutate for NamespaceLifecycle {
    async fn mutate(
        &self,
        _object: &mut Value,
        attributes: &Attributes<'_>,
        _warnings: &mut Vec<String>,
    ) -> Result<(), StatusError> {
        let resource = attributes.resource.group_resource();
        if resource == self.namespaces {
            let is_immortal = IMMORTAL.contains(&attributes.name);
            if attributes.operation == Operation::Delete && is_immortal {
                let why = "this namespace may not be deleted";
                return Err(StatusError::forbidden(&resource, attributes.name, why));
            }
            return Ok(());
        }
        // Reviews ask about a namespace; they need none.
        let is_review = attributes.resource.group == "authorization.k8s.io";
        if attributes.operation != Operation::Create
            || !attributes.resource.is_namespaced()
            || is_review
        {
            return Ok(());
        }
        let Some(namespace) =
            Objects::get(&self.registry, &self.namespaces, "", attributes.namespace)
        else {
            return Err(StatusError::not_found(
                &self.namespaces,
                attributes.namespace,
            ));
        };
        if !meta::is_terminating(namespace.value()) {
            return Ok(());
        }
        let why = format!(
            "unable to create new content in namespace {} because it is being terminated",
            attributes.namespace
        );
        let mut refusal = StatusError::forbidden(&resource, attributes.name, &why);
        let details = refusal.details.get_or_insert_default();
        add_cause(details, attributes.namespace);
        Err(refusal)
    }
}

fn add_cause(details: &mut Details, namespace: &str) {
    details.causes.push(Cause {
        reason: "NamespaceTerminating".to_owned(),
        message: format!("namespace {namespace} is being terminated"),
        field: "metadata.namespace".to_owned(),
    });
}
