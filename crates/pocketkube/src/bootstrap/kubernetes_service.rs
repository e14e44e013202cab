//! The API server's own Service: whoever deletes it finds it made anew a little later.
//!
//! Mirrors `pkg/controlplane/controller/kubernetesservice` (v1.35).

use std::time::Duration;

use serde_json::Value;

use super::{Bootstrap, OBJECTS, documents};
use crate::api::meta;
use crate::clock::Clock;
use crate::endpoints::ApiServer;

const INTERVAL: Duration = Duration::from_secs(10);

/// Looks after the Service and its endpoints, for ever.
pub(crate) async fn keep_kubernetes_service(server: ApiServer, clock: Clock) {
    let own: Vec<Value> = documents(OBJECTS)
        .into_iter()
        .filter(|object| meta::namespace(object) == "default" && meta::name(object) == "kubernetes")
        .collect();
    Bootstrap::of_server(&server)
        .keep(&own, INTERVAL, &clock)
        .await;
}
