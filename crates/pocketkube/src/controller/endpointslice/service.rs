//! The slices of Services with a selector, computed from the Pods behind them.
//!
//! Mirrors `pkg/controller/endpointslice/endpointslice_controller.go` and
//! `staging/src/k8s.io/endpointslice/{reconciler,utils}.go` (v1.35). Topology hints are given for
//! `spec.trafficDistribution` only, not for the older annotation.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::{Node, Pod, Service};
use k8s_openapi::api::discovery::v1::{
    Endpoint, EndpointConditions, EndpointHints, EndpointPort, EndpointSlice, ForNode, ForZone,
};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::packing::{Group, plan, port_keys};
use super::{apply, by_service, index_value, slice_labels};
use crate::client::{
    Change, Client, EventRecorder, EventType, Index, Kind, Lister, ObjectKey, controller_reference,
};
use crate::controller::service::{
    LAST_CHANGE, PodsOfServices, ServicesOfPods, TriggerTimes, addresses, belongs, find_port,
    hostname, is_headless, matters, selector, target_reference,
};
use crate::controller::{Controller, ControllerContext, SyncError, pod, run};

const WORKERS: usize = 5;
const MANAGER: &str = "endpointslice-controller.k8s.io";
const ZONE: &str = "topology.kubernetes.io/zone";

struct EndpointSliceController {
    services: Lister<Service>,
    nodes: Lister<Node>,
    slices: Index<EndpointSlice>,
    pods: PodsOfServices,
    trigger_times: TriggerTimes,
    client: Client,
    recorder: EventRecorder,
}

pub(in super::super) fn start(context: ControllerContext) {
    let services = context.informers.get::<Service>();
    let nodes = context.informers.get::<Node>();
    let slices = context.informers.get::<EndpointSlice>();
    let pods = context.informers.get::<Pod>();
    let queue = context.queue();
    let enqueue = queue.clone();
    services.subscribe(move |change| enqueue.add(change.object().key()));
    let enqueue = queue.clone();
    slices.subscribe(move |change| {
        let slice = change.object();
        let is_ours = slice
            .labels()
            .get(super::MANAGED_BY)
            .is_some_and(|own| own == MANAGER);
        if let Some(service) = slice.labels().get(super::SERVICE_NAME).filter(|_| is_ours)
            && !matches!(change, Change::Added(_))
        {
            enqueue.add(ObjectKey::new(slice.namespace(), service));
        }
    });
    let enqueue = queue.clone();
    let services_of = Arc::new(ServicesOfPods::new(&services.lister()));
    let of_pods = services_of.clone();
    pods.subscribe(move |change| {
        let new = change.object();
        if change.old().is_none_or(|old| matters(old, new)) {
            let pods = change.old().into_iter().chain([new]);
            pods.flat_map(|pod| of_pods.of(pod))
                .for_each(|key| enqueue.add(key));
        }
    });
    let enqueue = queue.clone();
    let by_node = pods.lister().by_node();
    nodes.subscribe(move |change| {
        // Pods of a node that isn't known are left out until it is.
        let zone = |node: &Arc<Node>| node.labels().get(ZONE).cloned();
        let node = change.object();
        if change.old().is_none_or(|old| zone(old) != zone(node)) {
            let pods = by_node.get(node.name());
            pods.iter()
                .flat_map(|pod| services_of.of(pod))
                .for_each(|key| enqueue.add(key));
        }
    });
    let controller = Arc::new(EndpointSliceController {
        services: services.lister(),
        nodes: nodes.lister(),
        slices: by_service(&slices.lister()),
        pods: PodsOfServices::new(&pods.lister()),
        trigger_times: TriggerTimes::default(),
        client: context.client.clone(),
        recorder: context.recorder("endpoint-slice-controller"),
    });
    run(
        &context,
        "endpointslice-controller",
        (queue, WORKERS),
        controller,
        async move {
            services.wait_synced().await;
            nodes.wait_synced().await;
            slices.wait_synced().await;
            pods.wait_synced().await;
        },
    );
}

#[async_trait]
impl Controller for EndpointSliceController {
    type Key = ObjectKey;

    async fn sync(&self, key: &ObjectKey) -> Result<(), SyncError> {
        let Some(service) = self.services.get_key(key) else {
            // The garbage collector takes the slices away with their owner.
            self.trigger_times.forget(key);
            return Ok(());
        };
        let Some(labels) = selector(&service) else {
            return Ok(());
        };
        let pods = self.pods.with_labels(&key.namespace, labels);
        let groups = groups(&service, &pods, &self.nodes);
        let existing = self
            .slices
            .get(&index_value(&key.namespace, &key.name, MANAGER));
        let trigger_time = self.trigger_times.take(&service, &pods).unwrap_or_default();
        let changed = [(LAST_CHANGE, trigger_time)];
        let plan = plan(&existing, &groups, &metadata(&service), &changed);
        let outcome = apply(&self.client, &plan).await;
        if let Err(error) = &outcome {
            let message = format!("Error updating Endpoint Slices for Service {key}: {error}");
            let reason = "FailedToUpdateEndpointSlices";
            self.recorder
                .event(&*service, EventType::Warning, reason, message);
        }
        outcome
    }
}

fn metadata(service: &Service) -> ObjectMeta {
    let headless = is_headless(service);
    ObjectMeta {
        generate_name: Some(format!("{}-", service.name())),
        namespace: Some(service.namespace().to_owned()),
        labels: Some(slice_labels(
            service.labels(),
            service.name(),
            MANAGER,
            headless,
        )),
        owner_references: Some(vec![controller_reference(service)]),
        ..ObjectMeta::default()
    }
}

/// The Service's endpoints by family and ports; an empty group for a family without any.
fn groups(service: &Service, pods: &[Arc<Pod>], nodes: &Lister<Node>) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for family in families(service) {
        let mut by_ports: BTreeMap<_, Group> = BTreeMap::new();
        for pod in pods.iter().filter(|pod| belongs(pod, true)) {
            let node = nodes.get("", pod::node_name(pod));
            let publish = publishes_not_ready(service);
            if (node.is_none() && !pod::node_name(pod).is_empty() && !publish)
                || address(pod, &family).is_none()
            {
                continue;
            }
            let ports = ports(service, pod);
            let group = by_ports.entry(port_keys(&ports)).or_insert_with(|| Group {
                address_type: family.clone(),
                ports,
                endpoints: Vec::new(),
            });
            group
                .endpoints
                .extend(endpoint(service, pod, &family, node.as_deref()));
        }
        if by_ports.is_empty() {
            groups.push(Group {
                address_type: family,
                ports: Vec::new(),
                endpoints: Vec::new(),
            });
        }
        groups.extend(by_ports.into_values());
    }
    groups
}

fn families(service: &Service) -> Vec<String> {
    let families = service
        .spec
        .as_ref()
        .and_then(|spec| spec.ip_families.clone());
    let families = families.unwrap_or_default();
    match families.is_empty() {
        true => vec!["IPv4".to_owned()],
        false => families,
    }
}

fn publishes_not_ready(service: &Service) -> bool {
    let spec = service.spec.as_ref();
    spec.and_then(|spec| spec.publish_not_ready_addresses) == Some(true)
}

fn address<'a>(pod: &'a Pod, family: &str) -> Option<&'a str> {
    let wants_v6 = family == "IPv6";
    let mut addresses = addresses(pod).into_iter();
    addresses.find(|address| address.contains(':') == wants_v6)
}

fn ports(service: &Service, pod: &Pod) -> Vec<EndpointPort> {
    let ports = service
        .spec
        .iter()
        .flat_map(|spec| spec.ports.iter().flatten());
    ports
        .filter_map(|port| {
            Some(EndpointPort {
                // Unlike in Services, the unnamed port is named by the empty string.
                name: Some(port.name.clone().unwrap_or_default()),
                port: Some(find_port(pod, port)?),
                protocol: Some(port.protocol.clone().unwrap_or_else(|| "TCP".to_owned())),
                app_protocol: port.app_protocol.clone(),
            })
        })
        .collect()
}

fn endpoint(service: &Service, pod: &Pod, family: &str, node: Option<&Node>) -> Option<Endpoint> {
    let address = address(pod, family)?;
    let serving = pod::is_ready(pod);
    let terminating = pod.is_terminating();
    let ready = publishes_not_ready(service) || (serving && !terminating);
    let node_name = pod::node_name(pod);
    let zone = node.and_then(|node| node.labels().get(ZONE).cloned());
    Some(Endpoint {
        addresses: vec![address.to_owned()],
        conditions: Some(EndpointConditions {
            ready: Some(ready),
            serving: Some(serving),
            terminating: Some(terminating),
        }),
        hints: zone
            .as_ref()
            .filter(|_| ready)
            .and_then(|zone| hints(service, zone, node_name)),
        hostname: hostname(pod, service),
        node_name: (!node_name.is_empty()).then(|| node_name.to_owned()),
        target_ref: Some(target_reference(pod)),
        zone,
        ..Endpoint::default()
    })
}

/// Who should prefer an endpoint, if the Service's traffic is to stay close.
fn hints(service: &Service, zone: &str, node: &str) -> Option<EndpointHints> {
    let distribution = service.spec.as_ref()?.traffic_distribution.as_deref()?;
    let for_nodes = vec![ForNode {
        name: node.to_owned(),
    }];
    let for_zones = vec![ForZone {
        name: zone.to_owned(),
    }];
    match distribution {
        "PreferClose" | "PreferSameZone" => Some(EndpointHints {
            for_zones: Some(for_zones),
            ..EndpointHints::default()
        }),
        "PreferSameNode" => Some(EndpointHints {
            for_nodes: Some(for_nodes),
            for_zones: Some(for_zones),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::{Value, json};

    use super::*;
    use crate::client::Patch;
    use crate::client::fake::Harness;

    const SECOND: Duration = Duration::from_secs(1);

    async fn cluster() -> Harness {
        let harness = Harness::new();
        start(harness.context());
        let node = json!({"metadata": {"name": "node-1", "labels": {ZONE: "zone-a"}}});
        harness.given::<Node>(node).await;
        harness
    }

    fn service(change: Value) -> Value {
        let mut service = json!({
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {
                "clusterIP": "10.96.0.10", "ipFamilies": ["IPv4"], "selector": {"app": "web"},
                "ports": [{"port": 80, "targetPort": 8080, "protocol": "TCP"}],
            },
        });
        json_patch::merge(&mut service, &change);
        service
    }

    fn pod(name: &str, addresses: Value, change: Value) -> Value {
        let mut pod = json!({
            "metadata": {"name": name, "namespace": "default", "labels": {"app": "web"}},
            "spec": {"nodeName": "node-1", "containers": [{"name": "web"}]},
            "status": {"phase": "Running", "podIPs": addresses, "conditions": [
                {"type": "Ready", "status": "True", "lastTransitionTime": "2026-01-02T03:04:06Z"},
            ]},
        });
        json_patch::merge(&mut pod, &change);
        pod
    }

    async fn slices(harness: &Harness) -> Vec<EndpointSlice> {
        let mut slices: Vec<EndpointSlice> = harness.all().await;
        slices.sort_by_key(|slice| slice.address_type.clone());
        slices
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_gets_a_slice_that_follows_its_pods() {
        let harness = cluster().await;
        let service: Service = harness.given(service(json!({}))).await;
        harness.pass(SECOND).await;
        let empty = &slices(&harness).await[0];
        assert!(empty.endpoints.is_empty() && empty.name().starts_with("web-"));
        assert!(empty.is_controlled_by(service.uid()));
        assert_eq!(empty.labels()["kubernetes.io/service-name"], "web");
        assert_eq!(
            empty.labels()["endpointslice.kubernetes.io/managed-by"],
            MANAGER
        );

        harness
            .given::<Pod>(pod("a", json!([{"ip": "10.244.1.9"}]), json!({})))
            .await;
        harness.pass(SECOND).await;
        let all = slices(&harness).await;
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].annotation(LAST_CHANGE), Some("2026-01-02T03:04:06Z"));
        let port = &all[0].ports.as_ref().unwrap()[0];
        assert_eq!((port.name.as_deref(), port.port), (Some(""), Some(8080)));
        let endpoint = &all[0].endpoints[0];
        assert_eq!(endpoint.addresses, ["10.244.1.9"]);
        assert_eq!(endpoint.zone.as_deref(), Some("zone-a"));
        assert_eq!(endpoint.node_name.as_deref(), Some("node-1"));
        let conditions = endpoint.conditions.clone().unwrap();
        assert_eq!(
            (conditions.ready, conditions.serving, conditions.terminating),
            (Some(true), Some(true), Some(false))
        );

        let finalizer = Patch::Merge(json!({"metadata": {"finalizers": ["example.com/hold"]}}));
        harness
            .client
            .patch::<Pod>("default", "a", finalizer)
            .await
            .unwrap();
        let now = crate::client::DeleteOptions::default();
        harness
            .client
            .delete::<Pod>("default", "a", &now)
            .await
            .unwrap();
        harness.pass(SECOND).await;
        let conditions = slices(&harness).await[0].endpoints[0]
            .conditions
            .clone()
            .unwrap();
        assert_eq!(
            (conditions.ready, conditions.serving, conditions.terminating),
            (Some(false), Some(true), Some(true))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn each_family_has_slices_of_its_own() {
        let harness = cluster().await;
        let both =
            json!({"spec": {"ipFamilies": ["IPv4", "IPv6"], "trafficDistribution": "PreferClose"}});
        harness.given::<Service>(service(both)).await;
        let addresses = json!([{"ip": "10.244.1.9"}, {"ip": "fd00::9"}]);
        harness.given::<Pod>(pod("a", addresses, json!({}))).await;
        harness.pass(SECOND).await;
        let slices = slices(&harness).await;
        let found: Vec<_> = slices
            .iter()
            .map(|slice| {
                (
                    slice.address_type.as_str(),
                    slice.endpoints[0].addresses[0].as_str(),
                )
            })
            .collect();
        assert_eq!(found, [("IPv4", "10.244.1.9"), ("IPv6", "fd00::9")]);
        let hints = slices[0].endpoints[0].hints.clone().unwrap();
        assert_eq!(hints.for_zones.unwrap()[0].name, "zone-a");
    }

    #[tokio::test(start_paused = true)]
    async fn a_deleted_slice_is_put_back_and_a_settled_service_left_alone() {
        let harness = cluster().await;
        harness.given::<Service>(service(json!({}))).await;
        harness
            .given::<Pod>(pod("a", json!([{"ip": "10.244.1.9"}]), json!({})))
            .await;
        harness.pass(SECOND).await;
        let name = slices(&harness).await[0].name().to_owned();
        let now = crate::client::DeleteOptions::default();
        harness
            .client
            .delete::<EndpointSlice>("default", &name, &now)
            .await
            .unwrap();
        harness.pass(SECOND).await;
        assert_eq!(slices(&harness).await[0].endpoints.len(), 1);
        harness.cluster.take_writes();
        let unrelated = Patch::Merge(json!({"metadata": {"annotations": {"a": "b"}}}));
        harness
            .client
            .patch::<Pod>("default", "a", unrelated)
            .await
            .unwrap();
        harness.pass(SECOND).await;
        assert_eq!(harness.cluster.take_writes(), ["patch pods default/a"]);
    }
}
