//! The Leases of scheduler and controller manager: who leads, and since when.
//!
//! There is one of each, so nobody is ever elected; the Leases say what `kubectl get leases` shows
//! of any cluster. They are renewed every ten seconds of the cluster's time, where upstream does so
//! every two. Mirrors `client-go/tools/leaderelection` (v1.35).

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use serde_json::json;

use crate::api::StatusError;
use crate::api::meta::format_micro_time;
use crate::client::{Client, Patch};
use crate::clock::Clock;

const NAMESPACE: &str = "kube-system";
const LEASE_SECONDS: i32 = 15;
const RENEWAL: Duration = Duration::from_secs(10);

/// A component that leads from now on.
pub(crate) struct Leader {
    client: Client,
    /// The Lease's name, which is the component's.
    name: &'static str,
    identity: String,
}

impl Leader {
    /// `host` is the node that the component runs on, and `uid` tells its processes apart.
    pub(crate) fn new(client: Client, name: &'static str, host: &str, uid: &str) -> Self {
        Self {
            client,
            name,
            identity: format!("{host}_{uid}"),
        }
    }

    /// Takes the Lease, whoever held it.
    async fn acquire(&self, clock: &Clock) -> Result<(), StatusError> {
        let now = format_micro_time(clock.now());
        let spec = |transitions: i32| {
            json!({
                "holderIdentity": self.identity,
                "leaseDurationSeconds": LEASE_SECONDS,
                "acquireTime": now,
                "renewTime": now,
                "leaseTransitions": transitions,
            })
        };
        match self.client.get::<Lease>(NAMESPACE, self.name).await {
            Ok(held) => {
                let transitions = held.spec.and_then(|spec| spec.lease_transitions);
                let patch = json!({"spec": spec(transitions.unwrap_or(0).saturating_add(1))});
                self.patch(patch).await
            }
            Err(error) if error.is_not_found() => {
                let lease = json!({
                    "metadata": {"name": self.name, "namespace": NAMESPACE},
                    "spec": spec(0),
                });
                let lease: Lease = serde_json::from_value(lease)
                    .map_err(|error| StatusError::internal(format!("the Lease: {error}")))?;
                self.client.create(&lease).await.map(drop)
            }
            Err(error) => Err(error),
        }
    }

    async fn renew(&self, clock: &Clock) -> Result<(), StatusError> {
        let now = format_micro_time(clock.now());
        match self.patch(json!({"spec": {"renewTime": now}})).await {
            Err(error) if error.is_not_found() => self.acquire(clock).await,
            other => other,
        }
    }

    async fn patch(&self, patch: serde_json::Value) -> Result<(), StatusError> {
        let patch = Patch::Merge(patch);
        let patched = self.client.patch::<Lease>(NAMESPACE, self.name, patch);
        patched.await.map(drop)
    }
}

/// Keeps the leaders leading, for ever.
pub(crate) async fn lead(leaders: Vec<Leader>, clock: Clock) {
    for leader in &leaders {
        report(leader, leader.acquire(&clock).await);
    }
    loop {
        clock.sleep(RENEWAL).await;
        for leader in &leaders {
            report(leader, leader.renew(&clock).await);
        }
    }
}

fn report(leader: &Leader, outcome: Result<(), StatusError>) {
    if let Err(error) = outcome {
        tracing::debug!(%error, name = leader.name, "could not renew a leader's lease");
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::Value;

    use crate::Cluster;
    use crate::api::GroupResource;
    use crate::api::tree::text;
    use crate::registry::Objects;

    fn spec(cluster: &Cluster, name: &str) -> Value {
        let leases = GroupResource::new("coordination.k8s.io", "leases");
        let lease = Objects::get(cluster.server().registry(), &leases, "kube-system", name);
        lease.unwrap().value()["spec"].clone()
    }

    #[tokio::test(start_paused = true)]
    async fn leaders_hold_their_leases_and_renew_them_as_time_goes_by() {
        let cluster = Cluster::builder().nodes(1).start().await.unwrap();
        let clock = cluster.clock().clone();
        clock.sleep(Duration::from_secs(5)).await;
        for name in ["kube-scheduler", "kube-controller-manager"] {
            let first = spec(&cluster, name);
            let holder = text(&first, "holderIdentity");
            assert!(holder.starts_with("kubekata-control-plane_"), "{holder}");
            assert_eq!(first["leaseDurationSeconds"], 15);
            clock.sleep(Duration::from_secs(30)).await;
            let later = spec(&cluster, name);
            assert_eq!(later["holderIdentity"], first["holderIdentity"]);
            assert!(text(&later, "renewTime") > text(&first, "renewTime"));
            assert_eq!(later["acquireTime"], first["acquireTime"]);
        }
        let drivers = GroupResource::new("storage.k8s.io", "csinodes");
        let registry = cluster.server().registry();
        let node = Objects::get(registry, &drivers, "", "kubekata-control-plane").unwrap();
        assert_eq!(
            node.value()["metadata"]["ownerReferences"][0]["kind"],
            "Node"
        );
        assert!(cluster.shutdown().await.is_ok());
    }
}
