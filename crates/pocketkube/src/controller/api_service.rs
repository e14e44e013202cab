//! Whether the servers behind APIServices can be asked, and what they offer.
//!
//! Mirrors `kube-aggregator/pkg/controllers/status/remote/remote_available_controller.go` and
//! `pkg/apiserver/handler_discovery.go` (v1.35).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::Service;
use k8s_openapi::api::discovery::v1::EndpointSlice;
use k8s_openapi::kube_aggregator::pkg::apis::apiregistration::v1::{
    APIService, APIServiceCondition, APIServiceStatus, ServiceReference,
};
use serde_json::Value;

use super::conditions::{FALSE, TRUE};
use super::{Controller, ControllerContext, SyncError, run};
use crate::api::GroupVersion;
use crate::client::{Client, Kind, Lister, WorkQueue, time};
use crate::clock::Clock;
use crate::outbound::Outbound;

const AVAILABLE: &str = "Available";
const SERVICE_NAME_LABEL: &str = "kubernetes.io/service-name";
/// How often a server is asked whether it is still there.
const PERIOD: Duration = Duration::from_secs(30);
/// How soon one that did not answer is asked again.
const RETRY: Duration = Duration::from_secs(5);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);

struct Availability {
    api_services: Lister<APIService>,
    services: Lister<Service>,
    slices: Lister<EndpointSlice>,
    client: Client,
    clock: Clock,
    outbound: Outbound,
    queue: Arc<WorkQueue<String>>,
}

pub(super) fn start(context: ControllerContext) {
    let Some(outbound) = context.options.outbound.clone() else {
        return;
    };
    let api_services = context.informers.get::<APIService>();
    let services = context.informers.get::<Service>();
    let slices = context.informers.get::<EndpointSlice>();
    let queue = context.queue();
    let enqueue = queue.clone();
    api_services.subscribe(move |change| enqueue.add(change.object().name().to_owned()));
    let (lister, enqueue) = (api_services.lister(), queue.clone());
    let concerns = move |namespace: &str, name: &str| {
        for own in lister.list("") {
            if service_of(&own).is_some_and(|service| is_named(service, namespace, name)) {
                enqueue.add(own.name().to_owned());
            }
        }
    };
    let of_slice = concerns.clone();
    services.subscribe(move |change| concerns(change.object().namespace(), change.object().name()));
    slices.subscribe(move |change| {
        let slice = change.object();
        if let Some(service) = slice.labels().get(SERVICE_NAME_LABEL) {
            of_slice(slice.namespace(), service);
        }
    });
    let controller = Arc::new(Availability {
        api_services: api_services.lister(),
        services: services.lister(),
        slices: slices.lister(),
        client: context.client.clone(),
        clock: context.clock.clone(),
        outbound,
        queue: queue.clone(),
    });
    run(
        &context,
        "apiservice-availability-controller",
        (queue, 2),
        controller,
        async move {
            api_services.wait_synced().await;
            services.wait_synced().await;
            slices.wait_synced().await;
        },
    );
}

/// What was found out about a server.
struct Finding {
    status: &'static str,
    reason: &'static str,
    message: String,
    /// The APIResourceList that it answered with.
    resources: Option<Value>,
}

impl Finding {
    fn missing(reason: &'static str, message: String) -> Self {
        Self {
            status: FALSE,
            reason,
            message,
            resources: None,
        }
    }
}

#[async_trait]
impl Controller for Availability {
    type Key = String;

    async fn sync(&self, name: &String) -> Result<(), SyncError> {
        let Some(api_service) = self.api_services.get("", name) else {
            if let Some((version, group)) = name.split_once('.') {
                let gone = GroupVersion::new(group, version);
                self.outbound.remote_versions().remove(&gone);
            }
            return Ok(());
        };
        let version = group_version(&api_service);
        let Some(service) = service_of(&api_service) else {
            self.outbound.remote_versions().remove(&version);
            return self.settle(&api_service, local()).await;
        };
        let finding = match self.missing_part(service) {
            Some(finding) => finding,
            None => self.ask(&api_service, &version).await,
        };
        let is_available = finding.status == TRUE;
        let resources = finding.resources.clone();
        self.outbound
            .remote_versions()
            .set(&version, is_available, resources);
        if is_available {
            self.read_documents(&api_service, &version).await;
        }
        let again = if is_available { PERIOD } else { RETRY };
        self.queue.add_after(name.clone(), again);
        self.settle(&api_service, finding).await
    }
}

impl Availability {
    /// What stands between the APIService and a server that could be asked.
    fn missing_part(&self, reference: &ServiceReference) -> Option<Finding> {
        let namespace = reference.namespace.as_deref().unwrap_or_default();
        let name = reference.name.as_deref().unwrap_or_default();
        let port = reference.port.unwrap_or(443);
        let Some(service) = self.services.get(namespace, name) else {
            let why = format!("service/{name} in {namespace:?} is not present");
            return Some(Finding::missing("ServiceNotFound", why));
        };
        let spec = service.spec.clone().unwrap_or_default();
        if spec.type_.as_deref() != Some("ClusterIP") {
            return None;
        }
        let ports = spec.ports.unwrap_or_default();
        let Some(own) = ports.iter().find(|own| own.port == port) else {
            let why = format!("service/{name} in {namespace:?} is not listening on port {port}");
            return Some(Finding::missing("ServicePortError", why));
        };
        let port_name = own.name.clone().unwrap_or_default();
        let slices = self.slices.list(namespace).into_iter();
        let slices: Vec<_> = slices
            .filter(|slice| {
                slice.labels().get(SERVICE_NAME_LABEL).map(String::as_str) == Some(name)
            })
            .collect();
        if slices.is_empty() {
            let why = format!("cannot find endpointslices for service/{name} in {namespace:?}");
            return Some(Finding::missing("EndpointsNotFound", why));
        }
        if slices.iter().any(|slice| is_active(slice, &port_name)) {
            return None;
        }
        let why = format!(
            "endpoints for service/{name} in {namespace:?} have no addresses with port name {port_name:?}"
        );
        Some(Finding::missing("MissingEndpoints", why))
    }

    /// Reads the server's own list of what it serves.
    async fn ask(&self, api_service: &APIService, version: &GroupVersion) -> Finding {
        let path = format!("/apis/{version}");
        let failed = |url: &str, why: &str| {
            let message = format!("failing or missing response from {url}: {why}");
            Finding::missing("FailedDiscoveryCheck", message)
        };
        let spec = serde_json::to_value(&api_service.spec).unwrap_or_default();
        let target = match self.outbound.target_of(&spec) {
            Ok(target) => target,
            Err(error) => return failed(&path, &error.to_string()),
        };
        let url = format!("https://{}{path}", target.authority());
        match self
            .outbound
            .read_as_aggregator(&target, &path, PATIENCE)
            .await
        {
            Err(why) => failed(&url, &format!("Get {url:?}: {why}")),
            Ok((status, _)) if !(200..300).contains(&status) => {
                failed(&url, &format!("bad status from {url}: {status}"))
            }
            Ok((_, body)) => Finding {
                status: TRUE,
                reason: "Passed",
                message: "all checks passed".to_owned(),
                resources: serde_json::from_slice(&body).ok(),
            },
        }
    }

    /// Reads what the server says of its types. One that says nothing is as available as before.
    async fn read_documents(&self, api_service: &APIService, version: &GroupVersion) {
        let remote = self.outbound.remote_versions();
        let spec = serde_json::to_value(&api_service.spec).unwrap_or_default();
        let (Ok(target), Some(known)) = (self.outbound.target_of(&spec), remote.get(version))
        else {
            return;
        };
        let documents = self
            .outbound
            .read_documents(&target, version, &known.documents, PATIENCE)
            .await;
        remote.set_documents(version, documents);
    }

    /// Writes the condition where it is another one than before.
    async fn settle(&self, api_service: &APIService, finding: Finding) -> Result<(), SyncError> {
        let conditions = api_service
            .status
            .as_ref()
            .and_then(|status| status.conditions.clone())
            .unwrap_or_default();
        let before = conditions.iter().find(|own| own.type_ == AVAILABLE);
        let is_same = before.is_some_and(|own| {
            own.status == finding.status
                && own.reason.as_deref() == Some(finding.reason)
                && own.message.as_deref() == Some(&finding.message)
        });
        if is_same {
            return Ok(());
        }
        let since = before
            .filter(|own| own.status == finding.status)
            .and_then(|own| own.last_transition_time.clone());
        let condition = APIServiceCondition {
            type_: AVAILABLE.to_owned(),
            status: finding.status.to_owned(),
            reason: Some(finding.reason.to_owned()),
            message: Some(finding.message),
            last_transition_time: Some(since.unwrap_or_else(|| time(self.clock.now()))),
        };
        let mut others = conditions;
        others.retain(|own| own.type_ != AVAILABLE);
        others.push(condition);
        let mut changed = api_service.clone();
        changed.status = Some(APIServiceStatus {
            conditions: Some(others),
        });
        self.client.update_status(&changed).await?;
        Ok(())
    }
}

fn local() -> Finding {
    Finding {
        status: TRUE,
        reason: "Local",
        message: "Local APIServices are always available".to_owned(),
        resources: None,
    }
}

fn service_of(api_service: &APIService) -> Option<&ServiceReference> {
    api_service.spec.as_ref()?.service.as_ref()
}

fn is_named(service: &ServiceReference, namespace: &str, name: &str) -> bool {
    service.namespace.as_deref() == Some(namespace) && service.name.as_deref() == Some(name)
}

fn group_version(api_service: &APIService) -> GroupVersion {
    let spec = api_service.spec.clone().unwrap_or_default();
    let group = spec.group.unwrap_or_default();
    GroupVersion::new(&group, &spec.version.unwrap_or_default())
}

/// Whether a slice has the port and somebody to answer at it.
fn is_active(slice: &EndpointSlice, port: &str) -> bool {
    let mut ports = slice.ports.iter().flatten();
    let has_port = ports.any(|own| own.name.as_deref().unwrap_or_default() == port);
    let is_ready = slice.endpoints.iter().any(|endpoint| {
        let ready = endpoint.conditions.as_ref().and_then(|own| own.ready);
        ready != Some(false) && !endpoint.addresses.is_empty()
    });
    has_port && is_ready
}
