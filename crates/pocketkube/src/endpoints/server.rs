//! The API server: everything a request meets on its way, wired together.

use std::sync::{Arc, OnceLock};

use crate::admission::Chain;
use crate::authentication::{Authenticators, ServiceAccountTokens};
use crate::authorization::Authorizer;
use crate::registry::Registry;
use crate::registry::core::pod::connect::NodeConnection;

use super::discovery::DiscoveryCache;
use super::filters::{Metrics, Overload};
use super::openapi::OpenApiCache;

/// The way of a request, ready to serve; clones share it.
#[derive(Clone)]
pub struct ApiServer {
    shared: Arc<Shared>,
}

struct Shared {
    parts: ApiServerParts,
    /// Set once the kubelets run; requests for logs and exec fail before.
    nodes: OnceLock<Arc<dyn NodeConnection>>,
    discovery: DiscoveryCache,
    openapi: OpenApiCache,
    metrics: Metrics,
    overload: Overload,
}

/// What an API server is made of.
pub struct ApiServerParts {
    pub registry: Registry,
    pub authenticators: Authenticators,
    pub tokens: Arc<ServiceAccountTokens>,
    pub authorizer: Arc<dyn Authorizer>,
    pub admission: Chain,
}

impl ApiServer {
    pub fn new(parts: ApiServerParts) -> Self {
        Self {
            shared: Arc::new(Shared {
                parts,
                nodes: OnceLock::new(),
                discovery: DiscoveryCache::default(),
                openapi: OpenApiCache::default(),
                metrics: Metrics::default(),
                overload: Overload::default(),
            }),
        }
    }

    pub fn registry(&self) -> &Registry {
        &self.shared.parts.registry
    }

    /// Hands over the way to the kubelets. Later calls change nothing.
    pub fn connect_nodes(&self, nodes: Arc<dyn NodeConnection>) {
        let _ = self.shared.nodes.set(nodes);
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

    pub(super) fn admission(&self) -> &Chain {
        &self.shared.parts.admission
    }

    pub(super) fn discovery(&self) -> &DiscoveryCache {
        &self.shared.discovery
    }

    pub(super) fn metrics(&self) -> &Metrics {
        &self.shared.metrics
    }

    pub(super) fn overload(&self) -> &Overload {
        &self.shared.overload
    }

    pub(super) fn openapi(&self) -> &OpenApiCache {
        &self.shared.openapi
    }
}
