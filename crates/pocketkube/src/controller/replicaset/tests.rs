//! The ReplicaSet loop against a fake API server, in virtual time.

use std::time::Duration;

use k8s_openapi::api::apps::v1::ReplicaSet;
use k8s_openapi::api::core::v1::{Pod, ReplicationController};
use serde_json::{Value, json};

use super::{start_replica_sets, start_replication_controllers};
use crate::api::StatusError;
use crate::client::fake::Harness;
use crate::client::{DeleteOptions, Kind, Patch};
use crate::registry::Verb;

const SECOND: Duration = Duration::from_secs(1);

fn replica_set(replicas: i32) -> Value {
    json!({
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web", "tier": "front"}},
                "spec": {"containers": [{"name": "web", "image": "nginx"}]},
            },
        },
    })
}

fn orphan(name: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "default", "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "web", "image": "nginx"}]},
    })
}

fn cluster() -> Harness {
    let harness = Harness::new();
    start_replica_sets(harness.context());
    harness
}

async fn scale(harness: &Harness, replicas: i32) {
    let patch = Patch::Merge(json!({"spec": {"replicas": replicas}}));
    let patched = harness.client.patch::<ReplicaSet>("default", "web", patch);
    patched.await.expect("the replica set can be scaled");
}

async fn pods(harness: &Harness) -> Vec<Pod> {
    harness.all().await
}

#[tokio::test(start_paused = true)]
async fn pods_are_created_from_the_template_and_deleted_when_there_are_too_many() {
    let harness = cluster();
    harness.run_pods(SECOND, "broken");
    let set: ReplicaSet = harness.given(replica_set(3)).await;
    harness.pass(5 * SECOND).await;
    let all = pods(&harness).await;
    assert_eq!(all.len(), 3);
    for pod in &all {
        assert!(pod.name().starts_with("web-") && pod.is_controlled_by(set.uid()));
        assert_eq!(pod.labels().get("tier").map(String::as_str), Some("front"));
        assert_eq!(pod.owners()[0].block_owner_deletion, Some(true));
    }
    scale(&harness, 1).await;
    harness.pass(5 * SECOND).await;
    assert_eq!(pods(&harness).await.len(), 1);
    let status = harness
        .get::<ReplicaSet>("default", "web")
        .await
        .status
        .unwrap();
    assert_eq!(status.replicas, 1);
    assert_eq!(status.ready_replicas, Some(1));
    assert_eq!(status.fully_labeled_replicas, Some(1));
    assert_eq!(status.terminating_replicas, Some(0));
    assert_eq!(status.observed_generation, Some(2));
    let events = harness.events().await;
    let deleted = events
        .iter()
        .filter(|event| event.contains("SuccessfulDelete (1): Deleted pod: web-"));
    assert_eq!(deleted.count(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_matching_orphan_is_adopted_and_a_relabelled_pod_released() {
    let harness = cluster();
    harness.given::<Pod>(orphan("lonely")).await;
    let set: ReplicaSet = harness.given(replica_set(2)).await;
    harness.pass(SECOND).await;
    let lonely: Pod = harness.get("default", "lonely").await;
    assert!(lonely.is_controlled_by(set.uid()));
    assert_eq!(pods(&harness).await.len(), 2);

    let patch = Patch::Merge(json!({"metadata": {"labels": {"app": "debug"}}}));
    let patched = harness.client.patch::<Pod>("default", "lonely", patch);
    patched.await.expect("the pod can be relabelled");
    harness.pass(SECOND).await;
    let lonely: Pod = harness.get("default", "lonely").await;
    assert!(lonely.owners().is_empty());
    assert_eq!(pods(&harness).await.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn surplus_orphans_are_adopted_and_deleted() {
    let harness = cluster();
    for name in ["one", "two", "three"] {
        harness.given::<Pod>(orphan(name)).await;
    }
    harness.given::<ReplicaSet>(replica_set(1)).await;
    harness.pass(SECOND).await;
    assert_eq!(pods(&harness).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_deleted_pod_is_replaced() {
    let harness = cluster();
    harness.run_pods(SECOND, "broken");
    harness.given::<ReplicaSet>(replica_set(2)).await;
    harness.pass(5 * SECOND).await;
    let victim = pods(&harness).await[0].name().to_owned();
    let now = DeleteOptions::default();
    let deleted = harness.client.delete::<Pod>("default", &victim, &now);
    deleted.await.expect("the pod can be deleted");
    harness.pass(5 * SECOND).await;
    let names: Vec<_> = pods(&harness)
        .await
        .iter()
        .map(|pod| pod.name().to_owned())
        .collect();
    assert!(names.len() == 2 && !names.contains(&victim));
}

#[tokio::test(start_paused = true)]
async fn refused_pods_are_tried_slowly_and_told() {
    let harness = cluster();
    harness.cluster.refuse(|call| {
        (call.resource.resource == "pods" && call.verb == Verb::Create)
            .then(|| StatusError::forbidden(&call.resource, "web-x", "exceeded quota"))
    });
    harness.given::<ReplicaSet>(replica_set(50)).await;
    harness.pass(SECOND).await;
    let set: ReplicaSet = harness.get("default", "web").await;
    let condition = set.status.unwrap().conditions.unwrap().remove(0);
    assert_eq!(condition.type_, "ReplicaFailure");
    assert_eq!(condition.reason.as_deref(), Some("FailedCreate"));
    let message = r#"pods "web-x" is forbidden: exceeded quota"#;
    assert_eq!(condition.message.as_deref(), Some(message));
    let events = harness.events().await;
    let told = format!("): Error creating: {message}");
    assert!(
        events.len() == 1
            && events[0].starts_with("Warning FailedCreate (")
            && events[0].ends_with(&told)
    );

    harness.cluster.refuse_nothing();
    harness.pass(60 * SECOND).await;
    assert_eq!(pods(&harness).await.len(), 50);
    let set: ReplicaSet = harness.get("default", "web").await;
    assert_eq!(set.status.unwrap().conditions, None);
}

#[tokio::test(start_paused = true)]
async fn a_thousand_pods_take_one_create_each() {
    let harness = cluster();
    harness.given::<ReplicaSet>(replica_set(1000)).await;
    harness.pass(SECOND).await;
    let writes = harness.cluster.take_writes();
    let creates = writes
        .iter()
        .filter(|write| write.starts_with("create pods"));
    assert_eq!(creates.count(), 1000);
    assert_eq!(pods(&harness).await.len(), 1000);
}

#[tokio::test(start_paused = true)]
async fn a_replication_controller_works_alike() {
    let harness = Harness::new();
    start_replication_controllers(harness.context());
    harness.run_pods(SECOND, "broken");
    let mut controller = replica_set(2);
    controller["spec"]["selector"] = json!({"app": "web"});
    harness.given::<ReplicationController>(controller).await;
    harness.pass(5 * SECOND).await;
    let controller: ReplicationController = harness.get("default", "web").await;
    assert_eq!(controller.status.unwrap().available_replicas, Some(2));
    assert_eq!(
        pods(&harness).await[0].owners()[0].kind,
        "ReplicationController"
    );
}
