//! The API server: everything a request meets on its way, wired together.

use std::sync::{Arc, OnceLock};

use crate::admission::Chain;
use crate::api::ObjectRef;
use crate::authentication::{Authenticators, ServiceAccountTokens};
use crate::authorization::Authorizer;
use crate::outbound::Outbound;
use crate::registry::core::pod::connect::NodeConnection;
use crate::registry::metrics::UsageSource;
use crate::registry::{Registry, ResourceDef, metrics};

use super::asked::{Asked, AskedLog};
use super::discovery::DiscoveryCache;
use super::filters::{FlowControl, Metrics};
use super::openapi::OpenApiCache;
use super::traffic::{Traffic, Users};

/// The way of a request, ready to serve; clones share it.
#[derive(Clone)]
pub struct ApiServer {
    shared: Arc<Shared>,
}

struct Shared {
    parts: ApiServerParts,
    /// Set once the kubelets run; requests for logs and exec fail before.
    nodes: OnceLock<Arc<dyn NodeConnection>>,
    /// Set once the kubelets run; nobody uses anything before.
    usage: OnceLock<Arc<dyn UsageSource>>,
    discovery: DiscoveryCache,
    openapi: OpenApiCache,
    metrics: Metrics,
    flow_control: FlowControl,
    users: Users,
    asked: AskedLog,
}

/// What an API server is made of.
pub struct ApiServerParts {
    pub registry: Registry,
    pub authenticators: Authenticators,
    pub tokens: Arc<ServiceAccountTokens>,
    pub authorizer: Arc<dyn Authorizer>,
    pub admission: Chain,
    /// The way to servers that the API server asks.
    pub outbound: Outbound,
}

impl ApiServer {
    pub fn new(parts: ApiServerParts) -> Self {
        let flow_control = FlowControl::new(parts.registry.storage().clone());
        Self {
            shared: Arc::new(Shared {
                parts,
                nodes: OnceLock::new(),
                usage: OnceLock::new(),
                discovery: DiscoveryCache::default(),
                openapi: OpenApiCache::default(),
                metrics: Metrics::default(),
                flow_control,
                users: Users::default(),
                asked: AskedLog::default(),
            }),
        }
    }

    pub fn registry(&self) -> &Registry {
        &self.shared.parts.registry
    }

    /// Hands over the way to the kubelets. Later calls change nothing.
    pub fn connect_nodes(&self, nodes: Arc<dyn NodeConnection>) {
        self.shared.parts.outbound.connect_nodes(nodes.clone());
        let _ = self.shared.nodes.set(nodes);
    }

    /// Hands over who answers for `metrics.k8s.io`. Later calls change nothing.
    pub fn connect_usage(&self, usage: Arc<dyn UsageSource>) {
        let _ = self.shared.usage.set(usage);
    }

    /// The objects of a resource that is computed rather than stored; `None` for all others.
    pub(super) fn computed(
        &self,
        resource: &ResourceDef,
        namespace: &str,
    ) -> Option<Vec<ObjectRef>> {
        if resource.group != metrics::GROUP {
            return None;
        }
        let usage = self.shared.usage.get();
        let mut objects = usage.map_or_else(Vec::new, |usage| match resource.plural.as_ref() {
            "nodes" => usage.nodes(),
            _ => usage.pods(namespace),
        });
        objects.sort_by(|a, b| (a.namespace(), a.name()).cmp(&(b.namespace(), b.name())));
        Some(objects)
    }

    /// What a user has asked over HTTP so far.
    pub fn traffic(&self, user: &str) -> Traffic {
        self.users().named(user).traffic()
    }

    /// What was asked over HTTP lately, after the request of this number.
    pub fn asked_since(&self, number: u64) -> Vec<Arc<Asked>> {
        self.shared.asked.since(number)
    }

    pub(super) fn asked(&self) -> &AskedLog {
        &self.shared.asked
    }

    /// Breaks the watches of one user, and nobody else's.
    pub fn cut_watches_of(&self, user: &str) {
        self.users().named(user).cut_watches();
    }

    pub(super) fn users(&self) -> &Users {
        &self.shared.users
    }

    pub(super) fn nodes(&self) -> Option<&Arc<dyn NodeConnection>> {
        self.shared.nodes.get()
    }

    pub(super) fn authenticators(&self) -> &Authenticators {
        &self.shared.parts.authenticators
    }

    pub(super) fn tokens(&self) -> &ServiceAccountTokens {
        &self.shared.parts.tokens
    }

    pub(super) fn authorizer(&self) -> &dyn Authorizer {
        self.shared.parts.authorizer.as_ref()
    }

    pub(super) fn outbound(&self) -> &Outbound {
        &self.shared.parts.outbound
    }

    pub(super) fn admission(&self) -> &Chain {
        &self.shared.parts.admission
    }

    pub(super) fn discovery(&self) -> &DiscoveryCache {
        &self.shared.discovery
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    /// Breaks every watch over HTTP in the middle, as a network does that fails.
    pub fn cut_watches(&self) {
        self.users().cut_watches();
    }

    pub(super) fn flow_control(&self) -> &FlowControl {
        &self.shared.flow_control
    }

    pub(super) fn openapi(&self) -> &OpenApiCache {
        &self.shared.openapi
    }
}
