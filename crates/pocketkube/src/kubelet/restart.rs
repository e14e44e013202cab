//! Pods whose objects were brought back from an earlier time: their workers end, and new ones find
//! them as a machine does that has booted.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;

use super::pod_worker::PodEvent;
use super::{Change, Kubelet, Kubelets};
use crate::client::Kind;

/// How long a worker may take to end, in machine time.
const PATIENCE: Duration = Duration::from_secs(2);

impl Kubelets {
    /// Ends whatever works on the Pod of this uid, without telling anybody.
    pub async fn abandon_pod(&self, uid: &str) {
        let holders: Vec<Arc<Kubelet>> = {
            let kubelets = self.kubelets.read();
            let own = kubelets.values().filter(|kubelet| kubelet.has(uid));
            own.cloned().collect()
        };
        for kubelet in holders {
            let Some(handle) = kubelet.pods.lock().remove(uid) else {
                continue;
            };
            self.lose_interest(uid, &handle);
            let _ = handle.events.send(PodEvent::Lost);
            if tokio::time::timeout(PATIENCE, handle.events.closed())
                .await
                .is_err()
            {
                tracing::warn!(uid, "the worker of a pod does not end");
            }
        }
    }

    /// Has the node of a Pod take it on as it is now, where nobody works on it.
    pub fn resume_pod(self: &Arc<Self>, pod: Pod) {
        if pod.uid().is_empty() {
            return;
        }
        self.pod_changed(&Change::Added(Arc::new(pod)));
    }
}
