//! What a controller is given: a client of its own identity, the shared informers, the clock.

use std::hash::Hash;
use std::sync::Arc;

use super::inventory::Inventory;
use crate::authentication::{ServiceAccountTokens, UserInfo};
use crate::client::{Client, EventRecorder, Informers, WorkQueue};
use crate::clock::Clock;
use crate::component_helpers::usage::PodMetrics;
use crate::outbound::Outbound;
use crate::registry::ResourceTable;
use crate::server::ClusterCertificates;
use crate::tasks::Tasks;

/// What controllers need to know about the cluster they run in.
#[derive(Clone)]
pub struct ControllerOptions {
    /// Every served resource, for the controllers that work on all of them.
    pub resources: Arc<ResourceTable>,
    /// The certificate (PEM) by which the API server is recognised.
    pub root_ca: String,
    /// What Pods use, where the cluster has nodes that know.
    pub metrics: Option<Arc<dyn PodMetrics>>,
    /// Signs tokens for Secrets; without it there are none.
    pub tokens: Option<Arc<ServiceAccountTokens>>,
    /// Signs certificates that were asked for; without it nobody does.
    pub certificates: Option<Arc<ClusterCertificates>>,
    /// The way to other API servers; without it nobody asks whether they are there.
    pub outbound: Option<Outbound>,
}

/// Everything a controller is built from; clones share it.
#[derive(Clone)]
pub struct ControllerContext {
    pub(super) client: Client,
    pub(super) informers: Informers,
    pub(super) clock: Clock,
    pub(super) tasks: Tasks,
    pub(super) options: ControllerOptions,
    inventory: Inventory,
}

impl ControllerContext {
    /// `client` must be allowed to read everything; each controller writes as an identity of its
    /// own.
    pub fn new(
        client: Client,
        informers: Informers,
        clock: Clock,
        tasks: Tasks,
        options: ControllerOptions,
    ) -> Self {
        let inventory = Inventory::new(
            client.clone(),
            clock.clone(),
            tasks.clone(),
            options.resources.clone(),
        );
        Self {
            client,
            informers,
            clock,
            tasks,
            options,
            inventory,
        }
    }

    /// The same for a controller that acts as a service account of `kube-system`.
    pub(super) fn acting_as(&self, service_account: &str) -> Self {
        let user = UserInfo::controller(service_account);
        Self {
            client: self.client.with_user(user),
            ..self.clone()
        }
    }

    /// The view of every object, to be started by whoever uses it.
    pub(super) fn inventory(&self) -> Inventory {
        self.inventory.clone()
    }

    pub(super) fn recorder(&self, component: &str) -> EventRecorder {
        let (client, clock) = (self.client.clone(), self.clock.clone());
        EventRecorder::new(client, clock, &self.tasks, component, "")
    }

    pub(super) fn queue<T: Clone + Eq + Hash + Ord>(&self) -> Arc<WorkQueue<T>> {
        Arc::new(WorkQueue::new(self.clock.clone()))
    }
}
