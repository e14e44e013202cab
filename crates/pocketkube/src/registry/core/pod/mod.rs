//! Pods: what the API server knows about them.
//!
//! The life of a Pod on its node is the kubelet's business. Mirrors `pkg/registry/core/pod`,
//! `pkg/apis/core/v1/defaults.go` and the Pod part of `pkg/apis/core/validation/validation.go`
//! (v1.35).

pub mod binding;
pub mod connect;
pub mod defaults;
pub mod eviction;
pub mod resources;
pub mod template;
pub mod validation;
pub mod warnings;

mod conditions;
mod diff;
mod strategy;
mod table;

use serde_json::Value;

pub(crate) use diff::go_diff;

use crate::api::GroupVersionKind;
use crate::registry::{ResourceDef, SelectableField, Verb};

pub fn resource() -> ResourceDef {
    /// Connections: the endpoints serve GET and POST.
    const CONNECT: &[Verb] = &[];
    const ANY_METHOD: &[Verb] = &[
        Verb::Create,
        Verb::Delete,
        Verb::Get,
        Verb::Patch,
        Verb::Update,
    ];
    const CHANGE: &[Verb] = &[Verb::Get, Verb::Patch, Verb::Update];
    let core = |kind: &str| GroupVersionKind::new("", "v1", kind);
    ResourceDef::namespaced("", "v1", "Pod", "pods", strategy::PodStrategy)
        .short_names(&["po"])
        .in_all()
        .table(table::table())
        .selectable(selectable_fields())
        .with_status()
        .with_subresource("attach", core("PodAttachOptions"), CONNECT)
        .with_subresource("binding", core("Binding"), &[Verb::Create])
        .with_subresource("ephemeralcontainers", core("Pod"), CHANGE)
        .with_subresource(
            "eviction",
            GroupVersionKind::new("policy", "v1", "Eviction"),
            &[Verb::Create],
        )
        .with_subresource("exec", core("PodExecOptions"), CONNECT)
        .with_subresource("log", core("Pod"), &[Verb::Get])
        .with_subresource("portforward", core("PodPortForwardOptions"), CONNECT)
        .with_subresource("proxy", core("PodProxyOptions"), ANY_METHOD)
        .with_subresource("resize", core("Pod"), CHANGE)
}

fn selectable_fields() -> Vec<SelectableField> {
    let mut fields: Vec<SelectableField> = [
        "spec.nodeName",
        "spec.restartPolicy",
        "spec.schedulerName",
        "spec.serviceAccountName",
        "status.phase",
        "status.podIP",
        "status.nominatedNodeName",
    ]
    .into_iter()
    .map(SelectableField::at)
    .collect();
    fields.push(SelectableField::new("spec.hostNetwork", |pod: &Value| {
        pod["spec"]["hostNetwork"]
            .as_bool()
            .unwrap_or(false)
            .to_string()
            .into()
    }));
    fields
}
