//! Slices for Endpoints that somebody wrote by hand, for a Service without a selector.
//!
//! Mirrors `pkg/controller/endpointslicemirroring` (v1.35).

use std::sync::Arc;

use async_trait::async_trait;
use k8s_openapi::api::core::v1::{EndpointAddress, EndpointSubset, Endpoints, Service};
use k8s_openapi::api::discovery::v1::{Endpoint, EndpointConditions, EndpointPort, EndpointSlice};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::packing::{Group, plan, port_keys};
use super::{apply, by_service, delete, index_value, slice_labels};
use crate::client::{Client, Index, Kind, Lister, ObjectKey, controller_reference};
use crate::controller::service::selector;
use crate::controller::{Controller, ControllerContext, SyncError, run};

const WORKERS: usize = 2;
const MANAGER: &str = "endpointslicemirroring-controller.k8s.io";
/// Endpoints with this label are not mirrored.
const SKIP: &str = "endpointslice.kubernetes.io/skip-mirror";
/// Nor are those that serve as a lock.
const LEADER: &str = "control-plane.alpha.kubernetes.io/leader";
/// How many addresses of one subset are mirrored.
const PER_SUBSET: usize = 1000;

struct MirroringController {
    services: Lister<Service>,
    endpoints: Lister<Endpoints>,
    slices: Index<EndpointSlice>,
    client: Client,
}

pub(in super::super) fn start(context: ControllerContext) {
    let services = context.informers.get::<Service>();
    let endpoints = context.informers.get::<Endpoints>();
    let slices = context.informers.get::<EndpointSlice>();
    let queue = context.queue();
    let enqueue = queue.clone();
    services.subscribe(move |change| enqueue.add(change.object().key()));
    let enqueue = queue.clone();
    endpoints.subscribe(move |change| enqueue.add(change.object().key()));
    let enqueue = queue.clone();
    slices.subscribe(move |change| {
        let slice = change.object();
        let is_ours = slice
            .labels()
            .get(super::MANAGED_BY)
            .is_some_and(|own| own == MANAGER);
        if let Some(service) = slice.labels().get(super::SERVICE_NAME).filter(|_| is_ours) {
            enqueue.add(ObjectKey::new(slice.namespace(), service));
        }
    });
    let controller = Arc::new(MirroringController {
        services: services.lister(),
        endpoints: endpoints.lister(),
        slices: by_service(&slices.lister()),
        client: context.client.clone(),
    });
    let name = "endpointslice-mirroring-controller";
    run(&context, name, (queue, WORKERS), controller, async move {
        services.wait_synced().await;
        endpoints.wait_synced().await;
        slices.wait_synced().await;
    });
}

#[async_trait]
impl Controller for MirroringController {
    type Key = ObjectKey;

    async fn sync(&self, key: &ObjectKey) -> Result<(), SyncError> {
        let existing = self
            .slices
            .get(&index_value(&key.namespace, &key.name, MANAGER));
        let service = self.services.get_key(key);
        let endpoints = self.endpoints.get_key(key).filter(|own| is_mirrored(own));
        let (Some(service), Some(endpoints)) = (service, endpoints) else {
            return delete(&self.client, &existing).await;
        };
        // The slices of other Services are computed from their Pods.
        let has_selector = selector(&service).is_some();
        if has_selector {
            return delete(&self.client, &existing).await;
        }
        let groups = groups(&endpoints);
        let plan = plan(&existing, &groups, &metadata(&endpoints), &[]);
        apply(&self.client, &plan).await
    }
}

fn is_mirrored(endpoints: &Endpoints) -> bool {
    let skipped = endpoints
        .labels()
        .get(SKIP)
        .is_some_and(|value| value == "true");
    !skipped && endpoints.annotation(LEADER).is_none()
}

fn metadata(endpoints: &Endpoints) -> ObjectMeta {
    let mut annotations = endpoints.annotations().clone();
    annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
    annotations.remove("endpoints.kubernetes.io/last-change-trigger-time");
    let name = endpoints.name();
    ObjectMeta {
        generate_name: Some(format!("{name}-")),
        namespace: Some(endpoints.namespace().to_owned()),
        labels: Some(slice_labels(endpoints.labels(), name, MANAGER, false)),
        annotations: Some(annotations),
        owner_references: Some(vec![controller_reference(endpoints)]),
        ..ObjectMeta::default()
    }
}

fn groups(endpoints: &Endpoints) -> Vec<Group> {
    let mut groups: Vec<Group> = Vec::new();
    for subset in endpoints.subsets.iter().flatten() {
        let ports = ports(subset);
        let ready = addresses(&subset.addresses, true);
        let all = ready.chain(addresses(&subset.not_ready_addresses, false));
        for endpoint in all.take(PER_SUBSET) {
            let address_type = match endpoint.addresses[0].contains(':') {
                true => "IPv6",
                false => "IPv4",
            };
            let same = groups.iter_mut().find(|group| {
                group.address_type == address_type && port_keys(&group.ports) == port_keys(&ports)
            });
            match same {
                Some(group) => group.endpoints.push(endpoint),
                None => groups.push(Group {
                    address_type: address_type.to_owned(),
                    ports: ports.clone(),
                    endpoints: vec![endpoint],
                }),
            }
        }
    }
    groups
}

fn ports(subset: &EndpointSubset) -> Vec<EndpointPort> {
    let ports = subset.ports.iter().flatten();
    ports
        .map(|port| EndpointPort {
            name: Some(port.name.clone().unwrap_or_default()),
            port: Some(port.port),
            protocol: port.protocol.clone(),
            app_protocol: port.app_protocol.clone(),
        })
        .collect()
}

fn addresses(
    list: &Option<Vec<EndpointAddress>>,
    ready: bool,
) -> impl Iterator<Item = Endpoint> + '_ {
    list.iter().flatten().map(move |address| Endpoint {
        addresses: vec![address.ip.clone()],
        conditions: Some(EndpointConditions {
            ready: Some(ready),
            ..EndpointConditions::default()
        }),
        hostname: address.hostname.clone(),
        node_name: address.node_name.clone(),
        target_ref: address.target_ref.clone(),
        ..Endpoint::default()
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;
    use crate::client::Patch;
    use crate::client::fake::Harness;

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test(start_paused = true)]
    async fn hand_written_endpoints_are_mirrored_while_their_service_selects_nothing() {
        let harness = Harness::new();
        start(harness.context());
        let service = json!({
            "metadata": {"name": "ext", "namespace": "default"}, "spec": {"ports": [{"port": 80}]},
        });
        harness.given::<Service>(service).await;
        let endpoints = json!({
            "metadata": {"name": "ext", "namespace": "default"},
            "subsets": [{
                "addresses": [{"ip": "203.0.113.5"}], "notReadyAddresses": [{"ip": "203.0.113.6"}],
                "ports": [{"port": 8080, "protocol": "TCP"}],
            }],
        });
        harness.given::<Endpoints>(endpoints).await;
        harness.pass(SECOND).await;
        let slice = &harness.all::<EndpointSlice>().await[0];
        let found: Vec<_> = slice
            .endpoints
            .iter()
            .map(|endpoint| {
                (
                    endpoint.addresses[0].as_str(),
                    endpoint.conditions.clone().unwrap().ready,
                )
            })
            .collect();
        assert_eq!(
            found,
            [("203.0.113.5", Some(true)), ("203.0.113.6", Some(false))]
        );
        assert_eq!(slice.labels()[super::super::MANAGED_BY], MANAGER);

        let selecting = Patch::Merge(json!({"spec": {"selector": {"app": "web"}}}));
        harness
            .client
            .patch::<Service>("default", "ext", selecting)
            .await
            .unwrap();
        harness.pass(SECOND).await;
        assert!(harness.all::<EndpointSlice>().await.is_empty());
    }
}
