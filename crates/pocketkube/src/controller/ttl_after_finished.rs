//! Deletes a Job some time after it has ended, where its spec says so.
//!
//! Mirrors `pkg/controller/ttlafterfinished/ttlafterfinished_controller.go` (v1.35).

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use k8s_openapi::api::batch::v1::Job;

use super::job::finished_at;
use super::{Controller, ControllerContext, SyncError, run};
use crate::client::{
    Change, Client, DeleteOptions, Kind, Lister, ObjectKey, Propagation, WorkQueue,
};
use crate::clock::Clock;

const WORKERS: usize = 1;

struct TtlAfterFinished {
    jobs: Lister<Job>,
    client: Client,
    queue: Arc<WorkQueue<ObjectKey>>,
    clock: Clock,
}

pub(super) fn start(context: ControllerContext) {
    let jobs = context.informers.get::<Job>();
    let controller = Arc::new(TtlAfterFinished {
        jobs: jobs.lister(),
        client: context.client.clone(),
        queue: context.queue(),
        clock: context.clock.clone(),
    });
    let queue = controller.queue.clone();
    jobs.subscribe(move |change| {
        if !matches!(change, Change::Deleted(_)) && expiry(change.object()).is_some() {
            queue.add(change.object().key());
        }
    });
    let queue = (controller.queue.clone(), WORKERS);
    let name = "ttl-after-finished-controller";
    run(&context, name, queue, controller, async move {
        jobs.wait_synced().await;
    });
}

/// When a Job's time is over, for one that has ended and is to be deleted.
fn expiry(job: &Job) -> Option<Timestamp> {
    let ttl = job.spec.as_ref()?.ttl_seconds_after_finished?;
    if job.is_terminating() {
        return None;
    }
    let ended = finished_at(job)?;
    ended
        .checked_add(SignedDuration::from_secs(ttl.into()))
        .ok()
}

#[async_trait]
impl Controller for TtlAfterFinished {
    type Key = ObjectKey;

    async fn sync(&self, key: &ObjectKey) -> Result<(), SyncError> {
        let Some(expiry) = self.jobs.get_key(key).and_then(|job| expiry(&job)) else {
            return Ok(());
        };
        let now = self.clock.now();
        if let Ok(left) = Duration::try_from(expiry.duration_since(now))
            && !left.is_zero()
        {
            self.queue.add_after(key.clone(), left);
            return Ok(());
        }
        // The time may have been made longer since the cache was filled.
        let fresh = self.client.find::<Job>(&key.namespace, &key.name).await?;
        let Some(fresh) = fresh.filter(|job| self::expiry(job).is_some_and(|time| time <= now))
        else {
            return Ok(());
        };
        let options = DeleteOptions::of_uid(fresh.uid()).propagation(Propagation::Foreground);
        let deleted = self
            .client
            .delete::<Job>(&key.namespace, &key.name, &options);
        match deleted.await {
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::client::fake::Harness;

    #[tokio::test(start_paused = true)]
    async fn an_ended_job_goes_when_its_time_is_over() {
        let harness = Harness::new();
        start(harness.context());
        let ended = crate::api::meta::format_time(harness.clock.now());
        for (name, ttl) in [("short", json!(30)), ("kept", json!(null))] {
            let job = json!({
                "metadata": {"name": name, "namespace": "default"},
                "spec": {"template": {}, "ttlSecondsAfterFinished": ttl},
                "status": {"conditions": [
                    {"type": "Complete", "status": "True", "lastTransitionTime": ended},
                ]},
            });
            harness.given::<Job>(job).await;
        }
        harness.pass(Duration::from_secs(28)).await;
        assert_eq!(harness.all::<Job>().await.len(), 2);
        harness.pass(Duration::from_secs(4)).await;
        let left: Vec<Job> = harness.all().await;
        let left: Vec<_> = left.iter().filter(|job| !job.is_terminating()).collect();
        assert_eq!(left.len(), 1);
        assert_eq!(left[0].name(), "kept");
    }
}
