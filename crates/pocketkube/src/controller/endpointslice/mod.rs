//! Writes the EndpointSlices of Services: up to 100 endpoints each, one family of addresses each.
//!
//! [`service`] computes endpoints from Pods, [`mirror`] takes them from hand-written Endpoints;
//! [`packing`] spreads either over slices with few changes. Mirrors
//! `pkg/controller/{endpointslice,endpointslicemirroring}` and `staging/src/k8s.io/endpointslice`
//! (v1.35).

mod mirror;
mod packing;
mod service;

pub(super) use mirror::start as start_mirroring;
pub(super) use service::start;

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::discovery::v1::EndpointSlice;

use self::packing::Plan;
use super::SyncError;
use super::pod_control::is_namespace_terminating;
use crate::client::{Client, DeleteOptions, Index, Kind, Lister};

const SERVICE_NAME: &str = "kubernetes.io/service-name";
const MANAGED_BY: &str = "endpointslice.kubernetes.io/managed-by";
const HEADLESS: &str = "service.kubernetes.io/headless";

/// Slices by namespace, Service and who manages them.
fn by_service(slices: &Lister<EndpointSlice>) -> Index<EndpointSlice> {
    slices.index("service", |slice: &EndpointSlice| {
        let label = |key: &str| slice.labels().get(key).cloned().unwrap_or_default();
        vec![index_value(
            slice.namespace(),
            &label(SERVICE_NAME),
            &label(MANAGED_BY),
        )]
    })
}

fn index_value(namespace: &str, service: &str, manager: &str) -> String {
    format!("{namespace}\0{service}\0{manager}")
}

/// The labels of a Service's (or Endpoints') slices: its own, and those that say what they are.
fn slice_labels(
    own: &BTreeMap<String, String>,
    service: &str,
    manager: &str,
    is_headless: bool,
) -> BTreeMap<String, String> {
    let mut labels = own.clone();
    labels.remove(HEADLESS);
    if is_headless {
        labels.insert(HEADLESS.to_owned(), String::new());
    }
    labels.insert(SERVICE_NAME.to_owned(), service.to_owned());
    labels.insert(MANAGED_BY.to_owned(), manager.to_owned());
    labels
}

/// Carries a plan out.
async fn apply(client: &Client, plan: &Plan) -> Result<(), SyncError> {
    for slice in &plan.create {
        match client.create(slice).await {
            Err(error) if is_namespace_terminating(&error) => return Ok(()),
            outcome => outcome.map(drop)?,
        }
    }
    for slice in &plan.update {
        client.update(slice).await?;
    }
    delete(client, &plan.delete).await
}

async fn delete(client: &Client, slices: &[Arc<EndpointSlice>]) -> Result<(), SyncError> {
    for slice in slices {
        let options = DeleteOptions::of_uid(slice.uid());
        let deleted = client.delete::<EndpointSlice>(slice.namespace(), slice.name(), &options);
        match deleted.await {
            Err(error) if !error.is_not_found() => return Err(error.into()),
            _ => {}
        }
    }
    Ok(())
}
