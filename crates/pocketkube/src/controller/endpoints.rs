//! Writes the Endpoints of every Service with a selector: one object with all addresses.
//!
//! Mirrors `pkg/controller/endpoint/endpoints_controller.go` (v1.35).

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::{
    EndpointAddress, EndpointPort, EndpointSubset, Endpoints, Pod, Service,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::pod_control::is_namespace_terminating;
use super::service::{
    LAST_CHANGE, PodsOfServices, ServicesOfPods, TriggerTimes, addresses, belongs, find_port,
    hostname, is_headless, matters, selector, target_reference,
};
use super::{Controller, ControllerContext, SyncError, pod, run};
use crate::client::{
    Change, Client, DeleteOptions, EventRecorder, EventType, Kind, Lister, ObjectKey,
};

const WORKERS: usize = 5;
/// How many addresses one object may hold.
const CAPACITY: usize = 1000;
const MANAGED_BY: (&str, &str) = ("endpoints.kubernetes.io/managed-by", "endpoint-controller");
const HEADLESS: &str = "service.kubernetes.io/headless";
const OVER_CAPACITY: (&str, &str) = ("endpoints.kubernetes.io/over-capacity", "truncated");

struct EndpointsController {
    services: Lister<Service>,
    endpoints: Lister<Endpoints>,
    pods: PodsOfServices,
    trigger_times: TriggerTimes,
    client: Client,
    recorder: EventRecorder,
}

pub(super) fn start(context: ControllerContext) {
    let services = context.informers.get::<Service>();
    let endpoints = context.informers.get::<Endpoints>();
    let pods = context.informers.get::<Pod>();
    let queue = context.queue();
    let enqueue = queue.clone();
    services.subscribe(move |change| enqueue.add(change.object().key()));
    let enqueue = queue.clone();
    endpoints.subscribe(move |change| {
        // Ours are put back when someone deletes them.
        if let Change::Deleted(endpoints) = change {
            enqueue.add(endpoints.key());
        }
    });
    let enqueue = queue.clone();
    let services_of = ServicesOfPods::new(&services.lister());
    pods.subscribe(move |change| {
        let new = change.object();
        if change.old().is_none_or(|old| matters(old, new)) {
            let pods = change.old().into_iter().chain([new]);
            pods.flat_map(|pod| services_of.of(pod))
                .for_each(|key| enqueue.add(key));
        }
    });
    let controller = Arc::new(EndpointsController {
        services: services.lister(),
        endpoints: endpoints.lister(),
        pods: PodsOfServices::new(&pods.lister()),
        trigger_times: TriggerTimes::default(),
        client: context.client.clone(),
        recorder: context.recorder("endpoint-controller"),
    });
    run(
        &context,
        "endpoint-controller",
        (queue, WORKERS),
        controller,
        async move {
            services.wait_synced().await;
            endpoints.wait_synced().await;
            pods.wait_synced().await;
        },
    );
}

#[async_trait]
impl Controller for EndpointsController {
    type Key = ObjectKey;

    async fn sync(&self, key: &ObjectKey) -> Result<(), SyncError> {
        let Some(service) = self.services.get_key(key) else {
            self.trigger_times.forget(key);
            return self.delete_left_over(key).await;
        };
        let Some(labels) = selector(&service) else {
            return Ok(());
        };
        let pods = self.pods.with_labels(&key.namespace, labels);
        let trigger_time = self.trigger_times.take(&service, &pods);
        let current = self.endpoints.get_key(key);
        let mut wanted = Endpoints {
            metadata: wanted_metadata(&service, current.as_deref()),
            subsets: subsets(&service, &pods),
        };
        truncate(&mut wanted);
        if current
            .as_ref()
            .is_some_and(|current| is_same(current, &wanted))
        {
            return Ok(());
        }
        let annotations = wanted.metadata.annotations.get_or_insert_default();
        match trigger_time {
            Some(moment) => annotations.insert(LAST_CHANGE.to_owned(), moment),
            None => annotations.remove(LAST_CHANGE),
        };
        self.write(&service, &wanted, current.is_none()).await
    }
}

impl EndpointsController {
    async fn write(
        &self,
        service: &Service,
        wanted: &Endpoints,
        is_new: bool,
    ) -> Result<(), SyncError> {
        let (outcome, verb, reason) = match is_new {
            true => (
                self.client.create(wanted).await,
                "create",
                "FailedToCreateEndpoint",
            ),
            false => (
                self.client.update(wanted).await,
                "update",
                "FailedToUpdateEndpoint",
            ),
        };
        let Err(error) = outcome else {
            return Ok(());
        };
        if is_new && is_namespace_terminating(&error) {
            return Ok(());
        }
        let key = service.key();
        let message = format!("Failed to {verb} endpoint for service {key}: {error}");
        self.recorder
            .event(service, EventType::Warning, reason, message);
        Err(error.into())
    }

    /// Deletes the Endpoints of a Service that is gone, whoever wrote them.
    async fn delete_left_over(&self, key: &ObjectKey) -> Result<(), SyncError> {
        if self.endpoints.get_key(key).is_none() {
            return Ok(());
        }
        let now = DeleteOptions::default();
        let deleted = self
            .client
            .delete::<Endpoints>(&key.namespace, &key.name, &now);
        match deleted.await {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

/// The Service's labels and the controller's own; annotations stay.
fn wanted_metadata(service: &Service, current: Option<&Endpoints>) -> ObjectMeta {
    let mut metadata = match current {
        Some(current) => current.metadata.clone(),
        None => ObjectMeta {
            name: Some(service.name().to_owned()),
            namespace: Some(service.namespace().to_owned()),
            ..ObjectMeta::default()
        },
    };
    let mut labels = service.labels().clone();
    match is_headless(service) {
        true => labels.insert(HEADLESS.to_owned(), String::new()),
        false => labels.remove(HEADLESS),
    };
    let (key, value) = MANAGED_BY;
    labels.insert(key.to_owned(), value.to_owned());
    metadata.labels = Some(labels);
    metadata
}

/// Addresses grouped by the ports that they have: Pods may resolve a named port differently.
fn subsets(service: &Service, pods: &[Arc<Pod>]) -> Option<Vec<EndpointSubset>> {
    let spec = service.spec.clone().unwrap_or_default();
    let publish_not_ready = spec.publish_not_ready_addresses == Some(true);
    let service_ports = spec.ports.unwrap_or_default();
    let mut by_ports: BTreeMap<Vec<PortKey>, EndpointSubset> = BTreeMap::new();
    for pod in pods.iter().filter(|pod| belongs(pod, publish_not_ready)) {
        let Some(address) = address(pod, service) else {
            continue;
        };
        let ports: Vec<EndpointPort> = service_ports
            .iter()
            .filter_map(|port| {
                Some(EndpointPort {
                    name: port.name.clone().filter(|name| !name.is_empty()),
                    port: find_port(pod, port)?,
                    protocol: port.protocol.clone(),
                    app_protocol: port.app_protocol.clone(),
                })
            })
            .collect();
        if ports.is_empty() && !(service_ports.is_empty() && is_headless(service)) {
            continue;
        }
        let key = ports.iter().map(port_key).collect();
        let subset = by_ports.entry(key).or_insert_with(|| EndpointSubset {
            ports: (!ports.is_empty()).then_some(ports),
            ..EndpointSubset::default()
        });
        let list = match publish_not_ready || pod::is_ready(pod) {
            true => &mut subset.addresses,
            false => &mut subset.not_ready_addresses,
        };
        list.get_or_insert_default().push(address);
    }
    let mut subsets: Vec<EndpointSubset> = by_ports.into_values().collect();
    for subset in &mut subsets {
        for list in [&mut subset.addresses, &mut subset.not_ready_addresses] {
            list.iter_mut()
                .for_each(|list| list.sort_by_key(address_order));
        }
    }
    (!subsets.is_empty()).then_some(subsets)
}

/// What tells ports apart: name, number, protocol, application protocol.
type PortKey = (Option<String>, i32, Option<String>, Option<String>);

fn port_key(port: &EndpointPort) -> PortKey {
    let (protocol, application) = (port.protocol.clone(), port.app_protocol.clone());
    (port.name.clone(), port.port, protocol, application)
}

/// In order of address and then of the Pod behind it.
fn address_order(address: &EndpointAddress) -> (Option<std::net::IpAddr>, String, String) {
    let target = address.target_ref.as_ref();
    let uid = target.and_then(|target| target.uid.clone());
    (
        address.ip.parse().ok(),
        address.ip.clone(),
        uid.unwrap_or_default(),
    )
}

/// The Pod's address of the Service's family; Endpoints know one family only.
fn address(pod: &Pod, service: &Service) -> Option<EndpointAddress> {
    let spec = service.spec.as_ref();
    let families = spec.and_then(|spec| spec.ip_families.as_ref());
    let wants_v6 = match families.and_then(|families| families.first()) {
        Some(family) => family == "IPv6",
        None => spec
            .and_then(|spec| spec.cluster_ip.as_deref())
            .is_some_and(|address| address.contains(':')),
    };
    let mut candidates = addresses(pod).into_iter();
    let ip = candidates.find(|address| address.contains(':') == wants_v6)?;
    let node = pod::node_name(pod);
    Some(EndpointAddress {
        ip: ip.to_owned(),
        hostname: hostname(pod, service),
        node_name: (!node.is_empty()).then(|| node.to_owned()),
        target_ref: Some(target_reference(pod)),
    })
}

/// Cuts an object down to its capacity, those that are ready first, and says so.
fn truncate(endpoints: &mut Endpoints) {
    let subsets = endpoints.subsets.iter().flatten();
    let total: usize = subsets
        .map(|subset| count(&subset.addresses) + count(&subset.not_ready_addresses))
        .sum();
    let annotations = endpoints.metadata.annotations.get_or_insert_default();
    let (key, value) = OVER_CAPACITY;
    if total <= CAPACITY {
        annotations.remove(key);
        return;
    }
    annotations.insert(key.to_owned(), value.to_owned());
    let mut room = CAPACITY;
    let subsets = endpoints.subsets.get_or_insert_default();
    for subset in subsets.iter_mut() {
        shorten(&mut subset.addresses, &mut room);
    }
    for subset in subsets.iter_mut() {
        shorten(&mut subset.not_ready_addresses, &mut room);
    }
}

fn count(list: &Option<Vec<EndpointAddress>>) -> usize {
    list.as_ref().map_or(0, Vec::len)
}

fn shorten(list: &mut Option<Vec<EndpointAddress>>, room: &mut usize) {
    if let Some(addresses) = list {
        addresses.truncate(*room);
        *room -= addresses.len();
        if addresses.is_empty() {
            *list = None;
        }
    }
}

/// Whether nothing but the trigger time would change.
fn is_same(current: &Endpoints, wanted: &Endpoints) -> bool {
    let empty = |subsets: &Option<Vec<EndpointSubset>>| subsets.clone().unwrap_or_default();
    current.labels() == wanted.labels()
        && empty(&current.subsets) == empty(&wanted.subsets)
        && current.annotation(OVER_CAPACITY.0) == wanted.annotation(OVER_CAPACITY.0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;
    use crate::client::Patch;
    use crate::client::fake::Harness;

    const SECOND: Duration = Duration::from_secs(1);

    fn pod(name: &str, ip: &str, change: Value) -> Value {
        let mut pod = json!({
            "metadata": {"name": name, "namespace": "default", "labels": {"app": "web"}},
            "spec": {"nodeName": "node-1", "containers": [
                {"name": "web", "ports": [{"name": "http", "containerPort": 8080}]},
            ]},
            "status": {"phase": "Running", "podIP": ip, "podIPs": [{"ip": ip}], "conditions": [
                {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-02T03:04:06Z"},
            ]},
        });
        json_patch::merge(&mut pod, &change);
        pod
    }

    fn service(change: Value) -> Value {
        let mut service = json!({
            "metadata": {"name": "web", "namespace": "default", "labels": {"tier": "front"}},
            "spec": {
                "type": "ClusterIP", "clusterIP": "10.96.0.10", "ipFamilies": ["IPv4"],
                "selector": {"app": "web"},
                "ports": [{"port": 80, "targetPort": "http", "protocol": "TCP"}],
            },
        });
        json_patch::merge(&mut service, &change);
        service
    }

    fn cluster() -> Harness {
        let harness = Harness::new();
        start(harness.context());
        harness
    }

    /// `ready addresses | not ready addresses : ports` of every subset.
    async fn shape(harness: &Harness) -> Vec<String> {
        let endpoints: Endpoints = harness.get("default", "web").await;
        let list = |list: Option<Vec<EndpointAddress>>| {
            let list = list.unwrap_or_default();
            let addresses = list.iter().map(|address| address.ip.clone());
            addresses.collect::<Vec<_>>().join(",")
        };
        let subsets = endpoints.subsets.unwrap_or_default().into_iter();
        subsets
            .map(|subset| {
                let ports = subset.ports.unwrap_or_default();
                let ports: Vec<_> = ports.iter().map(|port| port.port.to_string()).collect();
                let (ready, rest) = (list(subset.addresses), list(subset.not_ready_addresses));
                format!("{ready}|{rest}:{}", ports.join(","))
            })
            .collect()
    }

    #[tokio::test(start_paused = true)]
    async fn ready_and_other_pods_are_told_apart() {
        let harness = cluster();
        harness.given::<Service>(service(json!({}))).await;
        let not_ready = json!({"status": {"conditions": [{"type": "Ready", "status": "False"}]}});
        harness
            .given::<Pod>(pod("b", "10.244.1.10", json!({})))
            .await;
        harness
            .given::<Pod>(pod("a", "10.244.1.9", json!({})))
            .await;
        harness
            .given::<Pod>(pod("c", "10.244.1.11", not_ready))
            .await;
        harness
            .given::<Pod>(pod(
                "d",
                "10.244.1.12",
                json!({"status": {"phase": "Failed"}}),
            ))
            .await;
        harness
            .given::<Pod>(pod(
                "e",
                "10.244.1.13",
                json!({"metadata": {"labels": {"app": "x"}}}),
            ))
            .await;
        harness.pass(SECOND).await;
        assert_eq!(
            shape(&harness).await,
            ["10.244.1.9,10.244.1.10|10.244.1.11:8080"]
        );
        let endpoints: Endpoints = harness.get("default", "web").await;
        assert_eq!(endpoints.labels()["tier"], "front");
        assert_eq!(
            endpoints.labels()["endpoints.kubernetes.io/managed-by"],
            "endpoint-controller"
        );
        let subset = endpoints.subsets.unwrap().remove(0);
        let address = subset.addresses.unwrap().remove(0);
        assert_eq!(address.node_name.as_deref(), Some("node-1"));
        assert_eq!(address.target_ref.unwrap().name.as_deref(), Some("a"));

        let ready = json!({"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-02T03:04:09Z"});
        let patch = Patch::Merge(json!({"status": {"conditions": [ready]}}));
        harness
            .client
            .patch::<Pod>("default", "c", patch)
            .await
            .unwrap();
        harness.pass(SECOND).await;
        let endpoints: Endpoints = harness.get("default", "web").await;
        assert_eq!(
            endpoints.annotation(LAST_CHANGE),
            Some("2026-01-02T03:04:09Z")
        );
        assert_eq!(
            shape(&harness).await,
            ["10.244.1.9,10.244.1.10,10.244.1.11|:8080"]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_without_pods_has_an_empty_object() {
        let harness = cluster();
        harness.given::<Service>(service(json!({}))).await;
        harness.pass(SECOND).await;
        assert_eq!(shape(&harness).await, Vec::<String>::new());
        harness.cluster.take_writes();
        harness
            .given::<Pod>(pod("pending", "", json!({"status": null})))
            .await;
        harness.pass(SECOND).await;
        assert_eq!(
            harness.cluster.take_writes(),
            ["create pods default/pending"]
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_headless_service_may_publish_pods_before_they_are_ready() {
        let harness = cluster();
        let headless = json!({"spec": {
            "clusterIP": "None", "publishNotReadyAddresses": true, "ports": null,
        }});
        harness.given::<Service>(service(headless)).await;
        let named = json!({
            "spec": {"hostname": "db-0", "subdomain": "web"},
            "status": {"conditions": []},
        });
        harness.given::<Pod>(pod("db-0", "10.244.1.9", named)).await;
        harness.pass(SECOND).await;
        assert_eq!(shape(&harness).await, ["10.244.1.9|:"]);
        let endpoints: Endpoints = harness.get("default", "web").await;
        assert_eq!(endpoints.labels()["service.kubernetes.io/headless"], "");
        let address = endpoints
            .subsets
            .unwrap()
            .remove(0)
            .addresses
            .unwrap()
            .remove(0);
        assert_eq!(address.hostname.as_deref(), Some("db-0"));
    }

    #[tokio::test(start_paused = true)]
    async fn endpoints_go_with_their_service_and_others_are_left_alone() {
        let harness = cluster();
        harness.given::<Service>(service(json!({}))).await;
        harness
            .given::<Service>(service(
                json!({"metadata": {"name": "ext"}, "spec": {"selector": null}}),
            ))
            .await;
        harness
            .given::<Endpoints>(json!({"metadata": {"name": "ext", "namespace": "default"}}))
            .await;
        harness.pass(SECOND).await;
        for name in ["web", "ext"] {
            let now = DeleteOptions::default();
            harness
                .client
                .delete::<Service>("default", name, &now)
                .await
                .unwrap();
        }
        harness.pass(SECOND).await;
        assert!(harness.all::<Endpoints>().await.is_empty());
    }

    #[test]
    fn too_many_addresses_are_cut_off_and_marked() {
        let address = |number: usize| EndpointAddress {
            ip: format!(
                "10.{}.{}.{}",
                number / 65536,
                number / 256 % 256,
                number % 256
            ),
            ..EndpointAddress::default()
        };
        let mut endpoints = Endpoints {
            metadata: ObjectMeta::default(),
            subsets: Some(vec![EndpointSubset {
                addresses: Some((0..900).map(address).collect()),
                not_ready_addresses: Some((900..1200).map(address).collect()),
                ports: None,
            }]),
        };
        truncate(&mut endpoints);
        assert_eq!(endpoints.annotation(OVER_CAPACITY.0), Some("truncated"));
        let subset = endpoints.subsets.unwrap().remove(0);
        assert_eq!(
            (count(&subset.addresses), count(&subset.not_ready_addresses)),
            (900, 100)
        );
    }
}
