//! Gives Services of type LoadBalancer an address, as the controller of a cloud does.
//!
//! The addresses lie in the network of the nodes, where everything in the cluster reaches them.
//! Services with a class of their own wait for whoever serves that class. Mirrors
//! `staging/src/k8s.io/cloud-provider/controllers/service/controller.go` (v1.35).

use std::collections::{BTreeSet, HashMap};
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Service;
use parking_lot::Mutex;
use serde_json::json;

use super::{Controller, ControllerContext, SyncError, run};
use crate::client::{
    Change, Client, EventRecorder, EventType, Kind, Lister, ObjectKey, Patch, WorkQueue,
};
use crate::clock::Clock;

const COMPONENT: &str = "service-controller";
const FINALIZER: &str = "service.kubernetes.io/load-balancer-cleanup";
/// The addresses that there are, first and last.
const POOL: (Ipv4Addr, Ipv4Addr) = (
    Ipv4Addr::new(172, 18, 255, 200),
    Ipv4Addr::new(172, 18, 255, 250),
);
/// How long a balancer takes to be made; no cloud does it at once.
const CREATION: Duration = Duration::from_secs(3);

struct LoadBalancerController {
    services: Lister<Service>,
    client: Client,
    recorder: EventRecorder,
    /// Since when Services have waited for their balancer.
    waiting: Mutex<HashMap<ObjectKey, Timestamp>>,
    /// What was given to whom: the cache may be late.
    given: Mutex<HashMap<ObjectKey, Ipv4Addr>>,
    queue: Arc<WorkQueue<ObjectKey>>,
    clock: Clock,
}

pub(super) fn start(context: ControllerContext) {
    let services = context.informers.get::<Service>();
    let controller = Arc::new(LoadBalancerController {
        services: services.lister(),
        client: context.client.clone(),
        recorder: context.recorder(COMPONENT),
        waiting: Mutex::default(),
        given: Mutex::default(),
        queue: context.queue(),
        clock: context.clock.clone(),
    });
    let handler = controller.clone();
    services.subscribe(move |change| handler.service_changed(change));
    // One worker, so that no address is given twice.
    let queue = (controller.queue.clone(), 1);
    run(
        &context,
        "service-lb-controller",
        queue,
        controller,
        async move {
            services.wait_synced().await;
        },
    );
}

/// Whether a Service should have a balancer of ours.
fn wants(service: &Service) -> bool {
    let spec = service.spec.as_ref();
    !service.is_terminating()
        && spec.is_some_and(|spec| {
            spec.type_.as_deref() == Some("LoadBalancer") && spec.load_balancer_class.is_none()
        })
}

/// The address that a Service has.
fn address(service: &Service) -> Option<Ipv4Addr> {
    let balancer = service.status.as_ref()?.load_balancer.as_ref()?;
    let ip = balancer.ingress.as_ref()?.first()?.ip.as_ref()?;
    ip.parse().ok()
}

/// The address that a Service gets: the one it asks for, or the first that is free.
fn choose(service: &Service, taken: &BTreeSet<Ipv4Addr>) -> Option<Ipv4Addr> {
    let (first, last) = POOL;
    let mut pool = (u32::from(first)..=u32::from(last)).map(Ipv4Addr::from);
    let spec = service.spec.as_ref();
    let wished = spec.and_then(|spec| spec.load_balancer_ip.as_deref());
    match wished.filter(|wished| !wished.is_empty()) {
        Some(wished) => {
            let wished = wished.parse().ok()?;
            (pool.any(|own| own == wished) && !taken.contains(&wished)).then_some(wished)
        }
        None => pool.find(|own| !taken.contains(own)),
    }
}

impl LoadBalancerController {
    fn service_changed(&self, change: &Change<Service>) {
        let service = change.object();
        self.queue.add(service.key());
        let had_address = change.old().is_some_and(|old| address(old).is_some());
        if had_address || matches!(change, Change::Deleted(_)) {
            // Somebody may have waited for it.
            for other in self.services.all() {
                if wants(&other) && address(&other).is_none() {
                    self.queue.add(other.key());
                }
            }
        }
    }

    fn tell(&self, service: &Service, reason: &str, message: &str) {
        self.recorder
            .event(service, EventType::Normal, reason, message);
    }

    async fn ensure(&self, service: &Service) -> Result<(), SyncError> {
        let key = service.key();
        let now = self.clock.now();
        let is_new = !self.waiting.lock().contains_key(&key);
        if is_new {
            self.tell(service, "EnsuringLoadBalancer", "Ensuring load balancer");
        }
        let since = *self.waiting.lock().entry(key.clone()).or_insert(now);
        if !service.has_finalizer(FINALIZER) {
            self.set_finalizer(service, true).await?;
        }
        let waited = Duration::try_from(now.duration_since(since)).unwrap_or_default();
        if waited < CREATION {
            self.queue.add_after(key, CREATION - waited);
            return Ok(());
        }
        let taken = self.taken(&key);
        let Some(address) = choose(service, &taken) else {
            let message = "Error syncing load balancer: failed to ensure load balancer: \
                           no address is free";
            let warning = EventType::Warning;
            self.recorder
                .event(service, warning, "SyncLoadBalancerFailed", message);
            return Ok(());
        };
        self.given.lock().insert(key.clone(), address);
        let ingress = json!([{"ip": address.to_string(), "ipMode": "VIP"}]);
        self.set_status(service, json!({"ingress": ingress}))
            .await?;
        self.waiting.lock().remove(&key);
        self.tell(service, "EnsuredLoadBalancer", "Ensured load balancer");
        Ok(())
    }

    /// The addresses that others have.
    fn taken(&self, key: &ObjectKey) -> BTreeSet<Ipv4Addr> {
        let services = self.services.all();
        let others = services.iter().filter(|other| other.key() != *key);
        let mut taken: BTreeSet<_> = others.filter_map(|other| address(other)).collect();
        let given = self.given.lock();
        let others = given.iter().filter(|(other, _)| *other != key);
        taken.extend(others.map(|(_, address)| *address));
        taken
    }

    fn forget(&self, key: &ObjectKey) {
        self.waiting.lock().remove(key);
        self.given.lock().remove(key);
    }

    async fn remove(&self, service: &Service) -> Result<(), SyncError> {
        self.forget(&service.key());
        if !service.has_finalizer(FINALIZER) {
            return Ok(());
        }
        self.tell(service, "DeletingLoadBalancer", "Deleting load balancer");
        let mut cleared = service.clone();
        if address(service).is_some() {
            match self.set_status(service, json!({"ingress": null})).await? {
                Some(patched) => cleared = patched,
                None => return Ok(()),
            }
        }
        self.set_finalizer(&cleared, false).await?;
        self.tell(service, "DeletedLoadBalancer", "Deleted load balancer");
        Ok(())
    }

    async fn set_status(
        &self,
        service: &Service,
        balancer: serde_json::Value,
    ) -> Result<Option<Service>, SyncError> {
        let patch = Patch::Merge(json!({"status": {"loadBalancer": balancer}}));
        let (namespace, name) = (service.namespace(), service.name());
        let patched = self.client.patch_status::<Service>(namespace, name, patch);
        ignore_missing(patched.await)
    }

    async fn set_finalizer(
        &self,
        service: &Service,
        is_wanted: bool,
    ) -> Result<Option<Service>, SyncError> {
        let mut finalizers = service.meta().finalizers.clone().unwrap_or_default();
        finalizers.retain(|own| own != FINALIZER);
        if is_wanted {
            finalizers.push(FINALIZER.to_owned());
        }
        let patch = Patch::Merge(json!({"metadata": {
            "resourceVersion": service.resource_version(), "finalizers": finalizers,
        }}));
        let (namespace, name) = (service.namespace(), service.name());
        ignore_missing(self.client.patch::<Service>(namespace, name, patch).await)
    }
}

/// The Service as it was written; `None` where it is gone.
fn ignore_missing(
    outcome: Result<Service, crate::api::StatusError>,
) -> Result<Option<Service>, SyncError> {
    match outcome {
        Ok(service) => Ok(Some(service)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[async_trait]
impl Controller for LoadBalancerController {
    type Key = ObjectKey;

    async fn sync(&self, key: &ObjectKey) -> Result<(), SyncError> {
        let Some(service) = self.services.get_key(key) else {
            self.forget(key);
            return Ok(());
        };
        match (wants(&service), address(&service)) {
            (true, None) => self.ensure(&service).await,
            (true, Some(_)) => Ok(()),
            (false, _) => self.remove(&service).await,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::DeleteOptions;
    use crate::client::fake::Harness;

    const SECOND: Duration = Duration::from_secs(1);

    async fn given(harness: &Harness, name: &str, spec: serde_json::Value) {
        let mut service = json!({
            "metadata": {"name": name, "namespace": "default"},
            "spec": {"type": "LoadBalancer"},
        });
        json_patch::merge(&mut service["spec"], &spec);
        harness.given::<Service>(service).await;
    }

    async fn found(harness: &Harness, name: &str) -> Option<String> {
        let service: Service = harness.get("default", name).await;
        address(&service).map(|address| address.to_string())
    }

    #[tokio::test(start_paused = true)]
    async fn a_service_gets_an_address_of_its_own_after_a_while() {
        let harness = Harness::new();
        start(harness.context());
        given(&harness, "one", json!({})).await;
        given(&harness, "two", json!({})).await;
        given(
            &harness,
            "other",
            json!({"loadBalancerClass": "example.com/own"}),
        )
        .await;
        harness.pass(2 * SECOND).await;
        assert_eq!(found(&harness, "one").await, None);
        harness.pass(2 * SECOND).await;
        assert_eq!(
            found(&harness, "one").await.as_deref(),
            Some("172.18.255.200")
        );
        assert_eq!(
            found(&harness, "two").await.as_deref(),
            Some("172.18.255.201")
        );
        assert_eq!(found(&harness, "other").await, None);
        harness.cluster.take_writes();
        harness.pass(600 * SECOND).await;
        assert!(harness.cluster.take_writes().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn an_address_is_free_again_when_its_service_goes_or_changes_its_type() {
        let harness = Harness::new();
        start(harness.context());
        let wish = json!({"loadBalancerIP": "172.18.255.210"});
        given(&harness, "first", wish.clone()).await;
        harness.pass(4 * SECOND).await;
        given(&harness, "second", wish).await;
        harness.pass(10 * SECOND).await;
        assert_eq!(found(&harness, "second").await, None);
        let patch = Patch::Merge(json!({"spec": {"type": "ClusterIP"}}));
        let patched = harness.client.patch::<Service>("default", "first", patch);
        patched.await.expect("the type can change");
        harness.pass(5 * SECOND).await;
        assert_eq!(found(&harness, "first").await, None);
        let second = found(&harness, "second").await;
        assert_eq!(second.as_deref(), Some("172.18.255.210"));
        let now = DeleteOptions::default();
        let deleted = harness.client.delete::<Service>("default", "second", &now);
        deleted.await.expect("it can be deleted");
        harness.pass(SECOND).await;
        let left: Vec<Service> = harness.all().await;
        assert_eq!(left.len(), 1);
        let events = harness.events().await;
        let told = "Normal EnsuredLoadBalancer (1): Ensured load balancer";
        assert!(events.contains(&told.to_owned()), "{events:?}");
    }
}
