//! The `scale` subresource: the number of replicas of any kind that has one, as a Scale.
//!
//! Mirrors the `ScaleREST` types of `pkg/registry/apps/*/storage/storage.go` and
//! `apiextensions-apiserver/pkg/registry/customresource/etcd.go` (v1.35).

use async_trait::async_trait;
use serde_json::{Value, json};

use super::call::{PatchType, Reply};
use super::fields::{self, Ownership};
use super::request::Request;
use super::update::finish;
use crate::api::field::{Error, Path};
use crate::api::{Object, ObjectRef, StatusError, meta};
use crate::printers::{Column, TableDef, age_cell};
use crate::registry::{Admit, Change, ScalePaths, Verb};

/// Reads, replaces or patches the Scale of an object.
pub(super) async fn serve(
    request: &Request<'_>,
    paths: &ScalePaths,
) -> Result<(Reply, bool), StatusError> {
    let call = &request.call;
    let registry = request.server.registry();
    let object = match call.verb {
        Verb::Get => {
            registry
                .read(&request.resource, &call.namespace, &call.name)
                .await?
        }
        _ => {
            let admission: &dyn Admit = request;
            let change = Rescale { request, paths };
            registry
                .update(
                    &request.resource,
                    &call.namespace,
                    &call.name,
                    &change,
                    &request.write_context(),
                    admission,
                )
                .await?
        }
    };
    Ok((
        Reply::Object(Object::new(scale_of(object.value(), paths))),
        false,
    ))
}

/// How a Scale is shown, whatever it scales: `printScale` of `pkg/printers/internalversion`.
pub(super) fn table() -> TableDef {
    let columns = vec![
        Column::text("Name"),
        Column::integer("Desired"),
        Column::integer("Available"),
        Column::age(),
    ];
    TableDef::new(columns, |scale, context| {
        let count = |part: &str| scale[part]["replicas"].as_i64().unwrap_or(0);
        vec![
            scale["metadata"]["name"].clone(),
            json!(count("spec")),
            json!(count("status")),
            json!(age_cell(scale, context.now)),
        ]
    })
}

struct Rescale<'a> {
    request: &'a Request<'a>,
    paths: &'a ScalePaths,
}

#[async_trait]
impl Change for Rescale<'_> {
    async fn apply(&self, existing: &ObjectRef) -> Result<Value, StatusError> {
        let call = &self.request.call;
        let current = scale_of(existing.value(), self.paths);
        let mut wanted = match (call.verb, call.options.patch_type) {
            (Verb::Patch, PatchType::Apply) => fields::apply_scale(self.request, &current)?,
            (Verb::Patch, _) => {
                let patched = super::patch::patched(self.request, &current)?;
                super::patch::normalized(self.request, &patched)?
            }
            _ => call.body.clone(),
        };
        if call.options.patch_type != PatchType::Apply || call.verb != Verb::Patch {
            fields::own_scale(self.request, &mut wanted, &current);
        }
        let replicas = wanted["spec"]["replicas"].as_i64().unwrap_or(0);
        if replicas < 0 {
            let error = Error::invalid(
                Path::new("spec.replicas"),
                replicas,
                "must be greater than or equal to 0",
            );
            return Err(StatusError::invalid(
                "autoscaling",
                "Scale",
                &call.name,
                &[error],
            ));
        }
        let mut object = existing.to_value();
        set(&mut object, &self.paths.spec_replicas, json!(replicas));
        let version = &wanted["metadata"]["resourceVersion"];
        match version.as_str() {
            Some(version) => meta::set_text(&mut object, "resourceVersion", version),
            None => meta::remove(&mut object, "resourceVersion"),
        }
        if let Some(uid) = wanted["metadata"]["uid"].as_str() {
            meta::set_text(&mut object, "uid", uid);
        }
        fields::own_through_scale(self.request, &mut object, &wanted, self.paths);
        finish(self.request, &mut object, existing, Ownership::Settled).await?;
        Ok(object)
    }
}

/// Takes over what admission changed of an object's Scale.
pub(super) fn take_over(object: &mut Value, scale: &Value, paths: &ScalePaths) {
    let replicas = scale["spec"]["replicas"].as_i64().unwrap_or(0);
    if at(object, &paths.spec_replicas).as_i64().unwrap_or(0) != replicas {
        set(object, &paths.spec_replicas, json!(replicas));
    }
}

/// The Scale of an object.
pub(super) fn scale_of(object: &Value, paths: &ScalePaths) -> Value {
    let mut scale = json!({
        "kind": "Scale", "apiVersion": "autoscaling/v1",
        "metadata": {},
        "spec": {},
        "status": {"replicas": at(object, &paths.status_replicas).as_i64().unwrap_or(0)},
    });
    for field in [
        "name",
        "namespace",
        "uid",
        "resourceVersion",
        "creationTimestamp",
    ] {
        let value = &object["metadata"][field];
        if !value.is_null() {
            scale["metadata"][field] = value.clone();
        }
    }
    if let Some(owners) = fields::scale_owners(object, paths) {
        scale["metadata"]["managedFields"] = owners;
    }
    if let Some(replicas) = at(object, &paths.spec_replicas)
        .as_i64()
        .filter(|n| *n != 0)
    {
        scale["spec"]["replicas"] = json!(replicas);
    }
    if let Some(path) = &paths.selector {
        let selector = match at(object, path) {
            Value::String(text) => text.clone(),
            selector => super::selection::label_selector_text(selector),
        };
        if !selector.is_empty() {
            scale["status"]["selector"] = json!(selector);
        }
    }
    scale
}

fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.split('.').filter(|segment| !segment.is_empty())
}

fn at<'a>(object: &'a Value, path: &str) -> &'a Value {
    segments(path).fold(object, |value, segment| &value[segment])
}

fn set(object: &mut Value, path: &str, value: Value) {
    let slot = segments(path).fold(object, |parent, segment| {
        if !parent.is_object() {
            *parent = json!({});
        }
        &mut parent[segment]
    });
    *slot = value;
}
