//! Deployments and their ReplicaSets together, against a fake API server in virtual time.

use std::time::Duration;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use serde_json::{Value, json};

use super::super::simulation::deployment;
use super::super::{deployment as controller, replicaset};
use super::progress::conditions_of;
use crate::api::StatusError;
use crate::client::fake::Harness;
use crate::client::{Kind, Patch};

const SECOND: Duration = Duration::from_secs(1);

/// A cluster with both controllers, in which Pods become ready after two seconds.
fn cluster() -> Harness {
    let harness = Harness::new();
    controller::start(harness.context());
    replicaset::start_replica_sets(harness.context());
    harness
}

async fn change(harness: &Harness, patch: Value) {
    let patched = harness
        .client
        .patch::<Deployment>("default", "web", Patch::Merge(patch));
    patched.await.expect("the deployment can be patched");
}

fn image(image: &str) -> Value {
    json!({"spec": {"template": {"spec": {"containers": [{"name": "web", "image": image}]}}}})
}

async fn web(harness: &Harness) -> Deployment {
    harness.get("default", "web").await
}

/// `type=status reason` of every condition, in order of type.
async fn conditions(harness: &Harness) -> Vec<String> {
    let mut all: Vec<String> = conditions_of(&web(harness).await)
        .iter()
        .map(|own| {
            let reason = own.reason.as_deref().unwrap_or_default();
            format!("{}={} {reason}", own.type_, own.status)
        })
        .collect();
    all.sort();
    all
}

/// `image: wanted/available` of every ReplicaSet that wants Pods.
async fn sizes(harness: &Harness) -> Vec<String> {
    let sets: Vec<ReplicaSet> = harness.all().await;
    let mut sizes: Vec<String> = sets
        .iter()
        .filter(|set| super::numbers::wanted(set) > 0)
        .map(|set| {
            let size = super::numbers::size(set);
            let spec = set.spec.clone().unwrap().template.unwrap().spec.unwrap();
            let image = spec.containers[0].image.clone().unwrap();
            format!("{image}: {}/{}", size.wanted, size.available)
        })
        .collect();
    sizes.sort();
    sizes
}

#[tokio::test(start_paused = true)]
async fn a_new_deployment_creates_pods_and_reports_that_it_has_progressed() {
    let harness = cluster();
    harness.run_pods(2 * SECOND, "broken");
    let stored: Deployment = harness.given(deployment(3, "nginx:1", json!({}))).await;
    harness.pass(SECOND).await;
    assert_eq!(
        conditions(&harness).await,
        [
            "Available=False MinimumReplicasUnavailable",
            "Progressing=True ReplicaSetUpdated"
        ]
    );
    harness.pass(5 * SECOND).await;
    let web = web(&harness).await;
    assert_eq!(
        web.annotation("deployment.kubernetes.io/revision"),
        Some("1")
    );
    let status = web.status.clone().unwrap();
    assert_eq!(status.available_replicas, Some(3));
    assert_eq!(status.unavailable_replicas, None);
    assert_eq!(status.terminating_replicas, Some(0));
    assert_eq!(status.observed_generation, Some(stored.generation()));
    assert_eq!(
        conditions(&harness).await,
        [
            "Available=True MinimumReplicasAvailable",
            "Progressing=True NewReplicaSetAvailable"
        ]
    );
    let set = &harness.all::<ReplicaSet>().await[0];
    let name = set.name();
    let messages: Vec<_> = conditions_of(&web)
        .iter()
        .filter_map(|own| own.message.clone())
        .collect();
    assert!(messages.contains(&format!("ReplicaSet {name:?} has successfully progressed.")));
    let events = harness.events().await;
    assert!(events.contains(&format!(
        "Normal ScalingReplicaSet (1): Scaled up replica set {name} from 0 to 3"
    )));
    let created = events
        .iter()
        .filter(|event| event.contains("Created pod: web-"));
    assert_eq!(created.count(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_settled_deployment_is_left_alone() {
    let harness = cluster();
    harness.run_pods(SECOND, "broken");
    harness
        .given::<Deployment>(deployment(3, "nginx:1", json!({})))
        .await;
    harness.pass(10 * SECOND).await;
    harness.cluster.take_writes();
    harness.pass(3600 * SECOND).await;
    change(
        &harness,
        json!({"metadata": {"labels": {"note": "touched"}}}),
    )
    .await;
    harness.pass(SECOND).await;
    assert_eq!(
        harness.cluster.take_writes(),
        ["patch deployments.apps default/web"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_new_image_rolls_out_within_surge_and_availability() {
    let harness = cluster();
    let census = harness.run_pods(2 * SECOND, "broken");
    harness
        .given::<Deployment>(deployment(10, "nginx:1", json!({})))
        .await;
    harness.pass(10 * SECOND).await;
    census.lock().reset();
    change(&harness, image("nginx:2")).await;
    harness.pass(60 * SECOND).await;
    assert_eq!(sizes(&harness).await, ["nginx:2: 10/10"]);
    assert_eq!(census.lock().extremes(), (13, 8));
    let web = web(&harness).await;
    assert_eq!(
        web.annotation("deployment.kubernetes.io/revision"),
        Some("2")
    );
}

#[tokio::test(start_paused = true)]
async fn going_back_to_an_earlier_template_reuses_its_replica_set() {
    let harness = cluster();
    harness.run_pods(SECOND, "broken");
    harness
        .given::<Deployment>(deployment(2, "nginx:1", json!({})))
        .await;
    harness.pass(10 * SECOND).await;
    change(&harness, image("nginx:2")).await;
    harness.pass(30 * SECOND).await;
    change(&harness, image("nginx:1")).await;
    harness.pass(30 * SECOND).await;
    assert_eq!(sizes(&harness).await, ["nginx:1: 2/2"]);
    let sets: Vec<ReplicaSet> = harness.all().await;
    let mut revisions: Vec<_> = sets.iter().map(super::revision::revision).collect();
    revisions.sort_unstable();
    assert_eq!(revisions, [2, 3]);
    let history = sets
        .iter()
        .find_map(|set| set.annotation("deployment.kubernetes.io/revision-history"));
    assert_eq!(history, Some("1"));
}

#[tokio::test(start_paused = true)]
async fn a_rollout_of_broken_pods_keeps_the_old_ones_and_times_out() {
    let harness = cluster();
    harness.run_pods(SECOND, "broken");
    harness
        .given::<Deployment>(deployment(4, "nginx:1", json!({})))
        .await;
    harness.pass(10 * SECOND).await;
    change(&harness, image("broken")).await;
    harness.pass(590 * SECOND).await;
    assert_eq!(sizes(&harness).await, ["broken: 2/0", "nginx:1: 3/3"]);
    assert!(
        conditions(&harness)
            .await
            .contains(&"Progressing=True ReplicaSetUpdated".to_owned())
    );
    harness.pass(20 * SECOND).await;
    assert_eq!(
        conditions(&harness).await,
        [
            "Available=True MinimumReplicasAvailable",
            "Progressing=False ProgressDeadlineExceeded"
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_paused_deployment_scales_but_does_not_roll_out() {
    let harness = cluster();
    harness.run_pods(SECOND, "broken");
    harness
        .given::<Deployment>(deployment(2, "nginx:1", json!({})))
        .await;
    harness.pass(10 * SECOND).await;
    change(&harness, json!({"spec": {"paused": true}})).await;
    change(&harness, image("nginx:2")).await;
    change(&harness, json!({"spec": {"replicas": 5}})).await;
    harness.pass(10 * SECOND).await;
    assert_eq!(sizes(&harness).await, ["nginx:1: 5/5"]);
    assert!(
        conditions(&harness)
            .await
            .contains(&"Progressing=Unknown DeploymentPaused".to_owned())
    );
    change(&harness, json!({"spec": {"paused": false}})).await;
    harness.pass(60 * SECOND).await;
    assert_eq!(sizes(&harness).await, ["nginx:2: 5/5"]);
}

#[tokio::test(start_paused = true)]
async fn recreate_ends_every_old_pod_before_the_first_new_one() {
    let harness = cluster();
    let census = harness.run_pods(SECOND, "broken");
    let recreate = json!({"spec": {"strategy": {"type": "Recreate", "rollingUpdate": null}}});
    harness
        .given::<Deployment>(deployment(3, "nginx:1", recreate))
        .await;
    harness.pass(10 * SECOND).await;
    census.lock().reset();
    change(&harness, image("nginx:2")).await;
    harness.pass(20 * SECOND).await;
    assert_eq!(sizes(&harness).await, ["nginx:2: 3/3"]);
    assert_eq!(census.lock().extremes(), (3, 0));
}

#[tokio::test(start_paused = true)]
async fn pods_count_as_available_only_after_their_min_ready_seconds() {
    let harness = cluster();
    harness.run_pods(SECOND, "broken");
    let slow = json!({"spec": {"minReadySeconds": 30}});
    harness
        .given::<Deployment>(deployment(2, "nginx:1", slow))
        .await;
    harness.pass(20 * SECOND).await;
    let status = web(&harness).await.status.unwrap();
    assert_eq!(
        (status.ready_replicas, status.available_replicas),
        (Some(2), None)
    );
    harness.pass(20 * SECOND).await;
    assert_eq!(
        web(&harness).await.status.unwrap().available_replicas,
        Some(2)
    );
}

#[tokio::test(start_paused = true)]
async fn only_as_many_old_replica_sets_are_kept_as_the_history_allows() {
    let harness = cluster();
    harness.run_pods(SECOND, "broken");
    let short = json!({"spec": {"revisionHistoryLimit": 1}});
    harness
        .given::<Deployment>(deployment(1, "nginx:1", short))
        .await;
    harness.pass(10 * SECOND).await;
    for version in 2..=4 {
        change(&harness, image(&format!("nginx:{version}"))).await;
        harness.pass(30 * SECOND).await;
    }
    let mut revisions: Vec<_> = harness
        .all::<ReplicaSet>()
        .await
        .iter()
        .map(super::revision::revision)
        .collect();
    revisions.sort_unstable();
    assert_eq!(revisions, [3, 4]);
}

#[tokio::test(start_paused = true)]
async fn a_taken_name_makes_the_deployment_use_another_hash() {
    let harness = cluster();
    harness.run_pods(SECOND, "broken");
    let template: Deployment = serde_json::from_value(deployment(1, "nginx:1", json!({}))).unwrap();
    let hash = super::super::template::hash(&template.spec.unwrap().template, None);
    let stranger = json!({
        "metadata": {"name": format!("web-{hash}"), "namespace": "default"},
        "spec": {"replicas": 0, "selector": {"matchLabels": {"a": "b"}}, "template": {}},
    });
    harness.given::<ReplicaSet>(stranger).await;
    harness
        .given::<Deployment>(deployment(1, "nginx:1", json!({})))
        .await;
    harness.pass(10 * SECOND).await;
    assert_eq!(sizes(&harness).await, ["nginx:1: 1/1"]);
    assert_eq!(web(&harness).await.status.unwrap().collision_count, Some(1));
}

#[tokio::test(start_paused = true)]
async fn a_replica_set_that_cannot_be_created_is_told_in_a_condition_and_an_event() {
    let harness = cluster();
    harness.cluster.refuse(|call| {
        let resource = &call.resource;
        (resource.resource == "replicasets" && call.verb == crate::registry::Verb::Create)
            .then(|| StatusError::forbidden(resource, "web", "not today"))
    });
    harness
        .given::<Deployment>(deployment(1, "nginx:1", json!({})))
        .await;
    harness.pass(SECOND).await;
    assert!(
        conditions(&harness)
            .await
            .contains(&"Progressing=False ReplicaSetCreateError".to_owned())
    );
    let events = harness.events().await;
    assert!(
        events[0].starts_with("Warning ReplicaSetCreateError"),
        "{events:?}"
    );
    harness.cluster.refuse_nothing();
    harness.run_pods(SECOND, "broken");
    harness.pass(20 * SECOND).await;
    assert_eq!(sizes(&harness).await, ["nginx:1: 1/1"]);
}

#[tokio::test(start_paused = true)]
async fn a_hundred_replicas_need_few_writes_each() {
    let harness = cluster();
    harness.run_pods(Duration::ZERO, "broken");
    harness
        .given::<Deployment>(deployment(100, "nginx:1", json!({})))
        .await;
    harness.pass(SECOND).await;
    assert_eq!(sizes(&harness).await, ["nginx:1: 100/100"]);
    let writes = harness.cluster.take_writes();
    let statuses = writes.iter().filter(|write| write.contains("/status"));
    assert!(statuses.count() < 60, "{writes:#?}");
}
