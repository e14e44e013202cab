//! The CronJob loop against a fake API server, in virtual time.

use std::time::Duration;

use k8s_openapi::api::batch::v1::{CronJob, Job};
use serde_json::{Value, json};

use super::start;
use crate::client::fake::Harness;
use crate::client::{Kind, Patch};

const SECOND: Duration = Duration::from_secs(1);
const MINUTE: Duration = Duration::from_secs(60);

async fn cluster(spec: Value) -> Harness {
    let harness = Harness::new();
    start(harness.context());
    let mut cron_job = json!({
        "metadata": {"name": "tick", "namespace": "default"},
        "spec": {
            "schedule": "* * * * *", "concurrencyPolicy": "Allow", "suspend": false,
            "successfulJobsHistoryLimit": 3, "failedJobsHistoryLimit": 1,
            "jobTemplate": {
                "metadata": {"labels": {"app": "tick"}},
                "spec": {"template": {"spec": {"containers": []}}},
            },
        },
    });
    json_patch::merge(&mut cron_job["spec"], &spec);
    harness.given::<CronJob>(cron_job).await;
    harness.pass(SECOND).await;
    harness
}

async fn jobs(harness: &Harness) -> Vec<String> {
    let jobs: Vec<Job> = harness.all().await;
    jobs.iter().map(|job| job.name().to_owned()).collect()
}

async fn end(harness: &Harness, name: &str, condition: &str) {
    let now = crate::api::meta::format_time(harness.clock.now());
    let mut status = json!({
        "startTime": now,
        "conditions": [{"type": condition, "status": "True", "lastTransitionTime": now}],
    });
    if condition == "Complete" {
        status["completionTime"] = json!(now);
    }
    let patch = Patch::Merge(json!({"status": status}));
    let patched = harness.client.patch::<Job>("default", name, patch).await;
    patched.expect("the job can end");
    harness.pass(SECOND).await;
}

async fn active(harness: &Harness) -> usize {
    let cron_job: CronJob = harness.get("default", "tick").await;
    let active = cron_job.status.and_then(|status| status.active);
    active.map_or(0, |active| active.len())
}

#[tokio::test(start_paused = true)]
async fn a_job_starts_whenever_the_schedule_comes_round() {
    // The clock begins at 03:04:05.
    let harness = cluster(json!({})).await;
    assert!(jobs(&harness).await.is_empty());
    harness.pass(MINUTE).await;
    let found: Vec<Job> = harness.all().await;
    assert_eq!(found.len(), 1);
    let job = &found[0];
    assert_eq!(job.name(), "tick-29455385");
    assert_eq!(job.labels()["app"], "tick");
    assert_eq!(
        job.annotation("batch.kubernetes.io/cronjob-scheduled-timestamp"),
        Some("2026-01-02T03:05:00Z")
    );
    harness.pass(2 * MINUTE).await;
    assert_eq!((jobs(&harness).await.len(), active(&harness).await), (3, 3));
    let events = harness.events().await;
    assert!(events.contains(&"Normal SuccessfulCreate (1): Created job tick-29455385".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn only_so_many_ended_jobs_are_kept() {
    let harness = cluster(json!({"successfulJobsHistoryLimit": 2})).await;
    for _ in 0..4 {
        harness.pass(MINUTE).await;
        let newest = jobs(&harness).await.pop().expect("a job");
        end(&harness, &newest, "Complete").await;
    }
    assert_eq!((jobs(&harness).await.len(), active(&harness).await), (2, 0));
    let cron_job: CronJob = harness.get("default", "tick").await;
    assert!(cron_job.status.unwrap().last_successful_time.is_some());
    let events = harness.events().await;
    let saw = "Normal SawCompletedJob (1): Saw completed job: tick-29455385, condition: Complete";
    assert!(events.contains(&saw.to_owned()), "{events:?}");
}

#[tokio::test(start_paused = true)]
async fn a_policy_may_forbid_a_second_job_or_replace_the_first() {
    let forbidding = cluster(json!({"concurrencyPolicy": "Forbid"})).await;
    forbidding.pass(3 * MINUTE).await;
    assert_eq!(jobs(&forbidding).await, ["tick-29455385"]);
    end(&forbidding, "tick-29455385", "Complete").await;
    assert_eq!(active(&forbidding).await, 1);

    let replacing = cluster(json!({"concurrencyPolicy": "Replace"})).await;
    replacing.pass(3 * MINUTE).await;
    assert_eq!(
        (jobs(&replacing).await.len(), active(&replacing).await),
        (1, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn a_time_that_is_too_long_ago_is_missed() {
    let harness = cluster(json!({"startingDeadlineSeconds": 20, "suspend": true})).await;
    harness.pass(2 * MINUTE + 30 * SECOND).await;
    let patch = Patch::Merge(json!({"spec": {"suspend": false}}));
    let patched = harness.client.patch::<CronJob>("default", "tick", patch);
    patched.await.expect("it can be resumed");
    harness.pass(SECOND).await;
    assert!(jobs(&harness).await.is_empty());
    harness.pass(MINUTE).await;
    assert_eq!(jobs(&harness).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_idle_cron_job_is_looked_at_once_a_period() {
    let harness = cluster(json!({"schedule": "0 0 1 1 *"})).await;
    harness.cluster.take_writes();
    harness.pass(600 * MINUTE).await;
    assert!(harness.cluster.take_writes().is_empty());
}
