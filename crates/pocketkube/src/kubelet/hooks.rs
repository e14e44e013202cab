//! Lifecycle hooks: what a container asks for after its start and before its stop.
//!
//! Mirrors `pkg/kubelet/lifecycle/handlers.go` (v1.35).

use std::time::Duration;

use k8s_openapi::api::core::v1::LifecycleHandler;

use super::probe::{self, Attempt, Prospect};
use super::prober::Target;

/// How long an HTTP hook may take.
const HTTP_TIMEOUT: Duration = Duration::from_secs(30);

/// Runs a hook to its end. Fails with what went wrong.
pub async fn run(handler: &LifecycleHandler, target: &Target) -> Result<(), String> {
    let prospect = Prospect {
        network: &target.node.network,
        clock: &target.node.clock,
        timeout: HTTP_TIMEOUT,
        ip: target.ip,
        container: &target.spec,
    };
    let attempt = if let Some(action) = &handler.exec {
        probe::exec(action, &target.container, &target.node.clock, None).await
    } else if let Some(action) = &handler.http_get {
        probe::http_get(action, prospect).await
    } else if let Some(action) = &handler.tcp_socket {
        probe::tcp(action, prospect).await
    } else if let Some(sleep) = &handler.sleep {
        let seconds = u64::try_from(sleep.seconds).unwrap_or_default();
        target.node.clock.sleep(Duration::from_secs(seconds)).await;
        Attempt::Succeeded
    } else {
        Attempt::Succeeded
    };
    match attempt {
        Attempt::Succeeded => Ok(()),
        Attempt::Failed(error) | Attempt::Errored(error) => Err(error),
    }
}
