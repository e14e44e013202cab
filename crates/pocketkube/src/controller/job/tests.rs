//! The Job loop against a fake API server, in virtual time.

use std::time::Duration;

use k8s_openapi::api::batch::v1::Job;
use k8s_openapi::api::core::v1::Pod;
use serde_json::{Value, json};

use super::outcome::status_of;
use super::tally::{INDEX, TRACKING};
use crate::client::fake::Harness;
use crate::client::{DeleteOptions, Kind, Patch};

const SECOND: Duration = Duration::from_secs(1);

fn cluster() -> Harness {
    let harness = Harness::new();
    super::start(harness.context());
    harness
}

async fn given_job(harness: &Harness, spec: Value) -> Job {
    let mut job = json!({
        "metadata": {"name": "work", "namespace": "default"},
        "spec": {
            "parallelism": 1, "backoffLimit": 6,
            "selector": {"matchLabels": {"job-name": "work"}},
            "template": {
                "metadata": {"labels": {"job-name": "work"}},
                "spec": {"restartPolicy": "Never", "containers": [{"name": "main"}]},
            },
        },
    });
    json_patch::merge(&mut job["spec"], &spec);
    let job = harness.given(job).await;
    harness.pass(SECOND).await;
    job
}

async fn job(harness: &Harness) -> Job {
    harness.get("default", "work").await
}

/// The names of the Pods that run or wait.
async fn active(harness: &Harness) -> Vec<String> {
    let pods: Vec<Pod> = harness.all().await;
    let active = pods.iter().filter(|pod| super::super::pod::is_active(pod));
    active.map(|pod| pod.name().to_owned()).collect()
}

/// Lets the one Pod that runs end with `code`.
async fn end(harness: &Harness, name: &str, code: i32) {
    let phase = if code == 0 { "Succeeded" } else { "Failed" };
    let finished = crate::api::meta::format_time(harness.clock.now());
    let patch = Patch::Merge(json!({"status": {"phase": phase, "containerStatuses": [{
        "name": "main", "image": "", "imageID": "", "ready": false, "restartCount": 0,
        "state": {"terminated": {"exitCode": code, "finishedAt": finished}},
    }]}}));
    let patched = harness.client.patch::<Pod>("default", name, patch);
    patched.await.expect("the pod can end");
    harness.pass(SECOND).await;
}

async fn end_one(harness: &Harness, code: i32) {
    let name = active(harness).await.remove(0);
    end(harness, &name, code).await;
}

fn counts(job: &Job) -> (Option<i32>, Option<i32>, Option<i32>) {
    let status = job.status.clone().unwrap();
    (status.active, status.succeeded, status.failed)
}

#[tokio::test(start_paused = true)]
async fn a_job_is_complete_when_enough_pods_have_succeeded() {
    let harness = cluster();
    given_job(&harness, json!({"completions": 3, "parallelism": 2})).await;
    assert_eq!(active(&harness).await.len(), 2);
    let pod: &Pod = &harness.all().await[0];
    assert_eq!(pod.metadata.finalizers, Some(vec![TRACKING.to_owned()]));
    end_one(&harness, 0).await;
    assert_eq!(counts(&job(&harness).await), (Some(2), Some(1), None));
    end_one(&harness, 0).await;
    assert_eq!(active(&harness).await.len(), 1);
    end_one(&harness, 0).await;
    let job = job(&harness).await;
    assert_eq!(counts(&job), (None, Some(3), None));
    let conditions = job.status.clone().unwrap().conditions.unwrap();
    let found: Vec<_> = conditions
        .iter()
        .map(|own| (own.type_.as_str(), own.reason.as_deref()))
        .collect();
    let reached = Some("CompletionsReached");
    assert_eq!(
        found,
        [("SuccessCriteriaMet", reached), ("Complete", reached)]
    );
    assert!(job.status.unwrap().completion_time.is_some());
    let pods: Vec<Pod> = harness.all().await;
    assert!(pods.len() == 3 && pods.iter().all(|pod| !pod.has_finalizer(TRACKING)));
    let events = harness.events().await;
    assert_eq!(
        events.last().map(String::as_str),
        Some("Normal Completed (1): Job completed")
    );
}

#[tokio::test(start_paused = true)]
async fn failed_pods_are_replaced_ever_later_until_the_limit() {
    let harness = cluster();
    given_job(&harness, json!({"completions": 1, "backoffLimit": 2})).await;
    end_one(&harness, 1).await;
    harness.pass(8 * SECOND).await;
    assert!(active(&harness).await.is_empty());
    harness.pass(2 * SECOND).await;
    end_one(&harness, 1).await;
    harness.pass(18 * SECOND).await;
    assert!(active(&harness).await.is_empty());
    harness.pass(2 * SECOND).await;
    end_one(&harness, 1).await;
    harness.pass(100 * SECOND).await;
    let job = job(&harness).await;
    assert_eq!(counts(&job), (None, None, Some(3)));
    assert_eq!(status_of(&job, "Failed"), "True");
    let events = harness.events().await;
    let told = "Warning BackoffLimitExceeded (1): Job has reached the specified backoff limit";
    assert_eq!(events.last().map(String::as_str), Some(told));
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_made_anew_does_not_wait_for_the_failures_of_the_last_one() {
    let harness = cluster();
    given_job(&harness, json!({"completions": 1})).await;
    end_one(&harness, 1).await;
    harness.pass(10 * SECOND).await;
    end_one(&harness, 1).await;
    assert!(active(&harness).await.is_empty());
    let now = DeleteOptions::default();
    let deleted = harness.client.delete::<Job>("default", "work", &now);
    deleted.await.expect("the job can be deleted");
    given_job(&harness, json!({"completions": 1})).await;
    assert_eq!(active(&harness).await.len(), 1);
    end_one(&harness, 1).await;
    harness.pass(10 * SECOND).await;
    assert_eq!(active(&harness).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_job_past_its_deadline_loses_its_pods() {
    let harness = cluster();
    given_job(
        &harness,
        json!({"completions": 1, "activeDeadlineSeconds": 30}),
    )
    .await;
    harness.pass(28 * SECOND).await;
    assert_eq!(active(&harness).await.len(), 1);
    harness.pass(3 * SECOND).await;
    assert!(harness.all::<Pod>().await.is_empty());
    let job = job(&harness).await;
    let failed = job.status.clone().unwrap().conditions.unwrap();
    let failed = failed.iter().find(|own| own.type_ == "Failed").unwrap();
    assert_eq!(failed.reason.as_deref(), Some("DeadlineExceeded"));
    assert_eq!(job.status.unwrap().terminating, Some(0));
}

#[tokio::test(start_paused = true)]
async fn a_suspended_job_runs_nothing_until_it_is_resumed() {
    let harness = cluster();
    given_job(&harness, json!({"completions": 1, "suspend": true})).await;
    assert!(active(&harness).await.is_empty());
    assert_eq!(status_of(&job(&harness).await, "Suspended"), "True");
    let patch = Patch::Merge(json!({"spec": {"suspend": false}}));
    harness
        .client
        .patch::<Job>("default", "work", patch)
        .await
        .unwrap();
    harness.pass(SECOND).await;
    assert_eq!(active(&harness).await.len(), 1);
    assert_eq!(status_of(&job(&harness).await, "Suspended"), "False");
    let events = harness.events().await;
    assert!(events.contains(&"Normal Suspended (1): Job suspended".to_owned()));
    assert!(events.contains(&"Normal Resumed (1): Job resumed".to_owned()));
}

#[tokio::test(start_paused = true)]
async fn an_indexed_job_runs_every_index_once() {
    let harness = cluster();
    let spec = json!({"completions": 4, "parallelism": 3, "completionMode": "Indexed"});
    given_job(&harness, spec).await;
    let names = active(&harness).await;
    assert_eq!(names.len(), 3);
    let pod: Pod = harness.get("default", &names[1]).await;
    assert_eq!(pod.annotation(INDEX), Some("1"));
    let spec = pod.spec.clone().unwrap();
    assert_eq!(spec.hostname.as_deref(), Some("work-1"));
    assert_eq!(
        spec.containers[0].env.as_ref().unwrap()[0].name,
        "JOB_COMPLETION_INDEX"
    );
    for name in &names {
        end(&harness, name, 0).await;
    }
    assert_eq!(
        job(&harness)
            .await
            .status
            .unwrap()
            .completed_indexes
            .as_deref(),
        Some("0-2")
    );
    end_one(&harness, 0).await;
    let job = job(&harness).await;
    assert_eq!(counts(&job), (None, Some(4), None));
    assert_eq!(status_of(&job, "Complete"), "True");
}

#[tokio::test(start_paused = true)]
async fn an_index_may_fail_for_itself() {
    let harness = cluster();
    let spec = json!({
        "completions": 2, "parallelism": 2, "completionMode": "Indexed",
        "backoffLimitPerIndex": 1, "backoffLimit": 2147483647,
    });
    given_job(&harness, spec).await;
    let names = active(&harness).await;
    end(&harness, &names[0], 0).await;
    end(&harness, &names[1], 1).await;
    harness.pass(10 * SECOND).await;
    end_one(&harness, 1).await;
    harness.pass(60 * SECOND).await;
    let job = job(&harness).await;
    let status = job.status.clone().unwrap();
    assert_eq!(status.completed_indexes.as_deref(), Some("0"));
    assert_eq!(status.failed_indexes.as_deref(), Some("1"));
    let failed = status.conditions.unwrap();
    let failed = failed.iter().find(|own| own.type_ == "Failed").unwrap();
    assert_eq!(failed.reason.as_deref(), Some("FailedIndexes"));
}

#[tokio::test(start_paused = true)]
async fn a_success_policy_ends_a_job_early() {
    let harness = cluster();
    let spec = json!({
        "completions": 3, "parallelism": 3, "completionMode": "Indexed",
        "successPolicy": {"rules": [{"succeededIndexes": "0"}]},
    });
    given_job(&harness, spec).await;
    let leader = active(&harness).await.remove(0);
    end(&harness, &leader, 0).await;
    let job = job(&harness).await;
    assert_eq!(status_of(&job, "Complete"), "True");
    assert!(active(&harness).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn pods_are_let_go_when_their_job_is_deleted() {
    let harness = cluster();
    given_job(&harness, json!({"completions": 1})).await;
    let now = DeleteOptions::default();
    harness
        .client
        .delete::<Job>("default", "work", &now)
        .await
        .unwrap();
    harness.pass(SECOND).await;
    let pods: Vec<Pod> = harness.all().await;
    assert!(pods.iter().all(|pod| !pod.has_finalizer(TRACKING)));
}

#[tokio::test(start_paused = true)]
async fn a_finished_job_is_left_alone() {
    let harness = cluster();
    given_job(&harness, json!({"completions": 1})).await;
    end_one(&harness, 0).await;
    harness.cluster.take_writes();
    let patch = Patch::Merge(json!({"metadata": {"labels": {"a": "b"}}}));
    harness
        .client
        .patch::<Job>("default", "work", patch)
        .await
        .unwrap();
    harness.pass(600 * SECOND).await;
    assert_eq!(
        harness.cluster.take_writes(),
        ["patch jobs.batch default/work"]
    );
}
