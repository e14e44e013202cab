//! The API server's own Service: whoever deletes it finds it made anew a little later.
//!
//! Mirrors `pkg/controlplane/controller/kubernetesservice` (v1.35).

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;

use super::{Bootstrap, OBJECTS, documents};
use crate::api::meta;
use crate::authentication::UserInfo;
use crate::clock::Clock;
use crate::endpoints::ApiServer;

const INTERVAL: Duration = Duration::from_secs(10);

/// Looks after the Service and its endpoints, for ever.
pub(crate) async fn keep_kubernetes_service(server: ApiServer, clock: Clock) {
    let own: Vec<Value> = documents(OBJECTS)
        .into_iter()
        .filter(|object| meta::namespace(object) == "default" && meta::name(object) == "kubernetes")
        .collect();
    let bootstrap = Bootstrap {
        server: &server,
        user: Arc::new(UserInfo::new("system:apiserver", &["system:masters"])),
    };
    loop {
        clock.sleep(INTERVAL).await;
        for object in &own {
            if let Err(error) = bootstrap.ensure(object.clone()).await {
                tracing::warn!(%error, "could not restore the service of the API server");
            }
        }
    }
}
