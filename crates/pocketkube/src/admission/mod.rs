//! What happens to a write between authorization and storage.
//!
//! Mutating plugins run in order over the object as decoded; validating ones see it as it would be
//! stored. One plugin = one file and one row. Mirrors `apiserver/pkg/admission` and
//! `pkg/kubeapiserver/options/plugins.go` (v1.35).

mod attributes;
mod certificate_requester;
mod certificate_signers;
mod chain;
mod default_class;
mod default_toleration_seconds;
mod limit_ranger;
mod matching;
mod namespace_lifecycle;
mod node_restriction;
mod persistent_volume_claim_resize;
mod pod_security;
mod priority;
mod reinvocation;
mod request;
mod resource_quota;
mod role_escalation;
mod runtime_class;
mod service_account;
mod storage_object_in_use_protection;
mod validating_admission_policy;
mod webhook;

pub use attributes::{Attributes, Operation};
pub use chain::{Chain, Mutate, Validate};
pub use reinvocation::Reinvocation;

use std::sync::Arc;

use crate::authorization::Authorizer;
use crate::outbound::Outbound;
use crate::registry::Registry;

/// The plugins of a cluster, in their order.
pub fn default_chain(
    registry: &Registry,
    authorizer: &Arc<dyn Authorizer>,
    outbound: &Outbound,
) -> Chain {
    Chain {
        mutating: vec![
            Box::new(namespace_lifecycle::NamespaceLifecycle::new(
                registry.clone(),
            )),
            Box::new(limit_ranger::LimitRanger::new(registry.clone())),
            Box::new(node_restriction::NodeRestriction::new(registry.clone())),
            Box::new(service_account::ServiceAccount::new(registry.clone())),
            Box::new(priority::Priority::new(registry.clone())),
            Box::new(default_toleration_seconds::DefaultTolerationSeconds),
            Box::new(storage_object_in_use_protection::StorageObjectInUseProtection),
            Box::new(runtime_class::RuntimeClass::new(registry.clone())),
            Box::new(default_class::DefaultClass::new(registry.clone())),
            Box::new(certificate_requester::CertificateRequester),
            Box::new(role_escalation::RoleEscalation::new(
                registry.clone(),
                authorizer.clone(),
            )),
            Box::new(webhook::MutatingWebhooks::new(
                registry.clone(),
                outbound.clone(),
            )),
        ],
        validating: vec![
            Box::new(certificate_signers::CertificateSigners::new(
                authorizer.clone(),
            )),
            Box::new(limit_ranger::LimitRanger::new(registry.clone())),
            Box::new(pod_security::PodSecurity::new(registry.clone())),
            Box::new(
                persistent_volume_claim_resize::PersistentVolumeClaimResize::new(registry.clone()),
            ),
            Box::new(runtime_class::RuntimeClass::new(registry.clone())),
            Box::new(validating_admission_policy::ValidatingAdmissionPolicy::new(
                registry.clone(),
            )),
            Box::new(webhook::ValidatingWebhooks::new(
                registry.clone(),
                outbound.clone(),
            )),
            // Whatever else may refuse an object does so before it is charged.
            Box::new(resource_quota::ResourceQuota::new(registry.clone())),
        ],
    }
}
