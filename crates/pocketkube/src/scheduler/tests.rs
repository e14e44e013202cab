//! The scheduler at work on a fake cluster.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Node, Pod};
use serde_json::{Value, json};

use super::*;
use crate::client::fake::Harness;

async fn scheduler_with_nodes(nodes: &[(&str, Value)]) -> (Harness, Decisions) {
    let harness = Harness::new();
    for (name, spec) in nodes {
        harness
            .given::<Node>(testing::node(name, spec.clone()))
            .await;
    }
    let Harness {
        client,
        informers,
        clock,
        tasks,
        ..
    } = &harness;
    let decisions = start(client, informers, clock, tasks);
    (harness, decisions)
}

async fn given_pod(harness: &Harness, name: &str, spec: Value) -> Pod {
    let metadata = json!({"name": name, "namespace": "default"});
    harness
        .given(json!({"metadata": metadata, "spec": spec}))
        .await
}

fn asking(cpu: &str, priority: i32) -> Value {
    json!({"priority": priority,
        "containers": [{"name": "c", "resources": {"requests": {"cpu": cpu}}}]})
}

/// Binds as the API server would, which the fake doesn't.
async fn confirm(harness: &Harness, name: &str, node: &str) {
    let mut pod: Pod = harness.get("default", name).await;
    pod.spec.get_or_insert_default().node_name = Some(node.to_owned());
    harness.client.update(&pod).await.unwrap();
}

const MOMENT: Duration = Duration::from_millis(50);

#[tokio::test(start_paused = true)]
async fn a_pod_that_fits_is_bound_and_an_event_says_where() {
    let (harness, _) = scheduler_with_nodes(&[("worker", json!({}))]).await;
    given_pod(&harness, "web", asking("1", 0)).await;
    harness.pass(MOMENT).await;
    let writes = harness.cluster.take_writes();
    assert!(
        writes.contains(&"create pods/binding default/web".to_owned()),
        "{writes:?}"
    );
    assert_eq!(
        harness.events().await,
        ["Normal Scheduled (1): Successfully assigned default/web to worker"]
    );
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_fits_nowhere_says_why_and_goes_on_when_a_node_comes() {
    let (harness, decisions) = scheduler_with_nodes(&[("small", json!({}))]).await;
    let pod = given_pod(&harness, "big", asking("8", 0)).await;
    harness.pass(MOMENT).await;
    let message = "0/1 nodes are available: 1 Insufficient cpu. preemption: 0/1 nodes are \
                   available: 1 Preemption is not helpful for scheduling.";
    let refused: Pod = harness.get("default", "big").await;
    let conditions = refused.status.unwrap().conditions.unwrap();
    assert_eq!(conditions[0].reason.as_deref(), Some("Unschedulable"));
    assert_eq!(conditions[0].message.as_deref(), Some(message));
    assert_eq!(
        harness.events().await,
        [format!("Warning FailedScheduling (1): {message}")]
    );
    let decision = decisions.find("default", "big").unwrap();
    assert_eq!(
        (&decision.node, decision.message.as_str()),
        (&None, message)
    );
    let small = &decision.nodes[0];
    assert_eq!(small.node, "small");
    assert_eq!(small.refusals[0].plugin, "NodeResourcesFit");

    let mut large = testing::node("large", json!({}));
    large["status"]["allocatable"]["cpu"] = json!("16");
    harness.given::<Node>(large).await;
    harness.pass(MOMENT).await;
    let events = harness.events().await;
    assert_eq!(
        events.last().unwrap(),
        "Normal Scheduled (1): Successfully assigned default/big to large"
    );
    let decision = decisions.get(pod.uid()).unwrap();
    assert_eq!(decision.node.as_deref(), Some("large"));
    assert_eq!(decision.nodes.len(), 2, "{decision:?}");
}

#[tokio::test(start_paused = true)]
async fn a_gated_pod_waits_until_its_gates_are_gone() {
    let (harness, _) = scheduler_with_nodes(&[("worker", json!({}))]).await;
    let spec = json!({"containers": [{"name": "c"}], "schedulingGates": [{"name": "later"}]});
    let mut pod = given_pod(&harness, "gated", spec).await;
    harness.pass(MOMENT).await;
    assert!(harness.events().await.is_empty());
    pod.spec.as_mut().unwrap().scheduling_gates = None;
    harness.client.update(&pod).await.unwrap();
    harness.pass(MOMENT).await;
    assert_eq!(harness.events().await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn pods_of_other_schedulers_are_left_alone() {
    let (harness, _) = scheduler_with_nodes(&[("worker", json!({}))]).await;
    let spec = json!({"containers": [{"name": "c"}], "schedulerName": "custom"});
    given_pod(&harness, "foreign", spec).await;
    harness.pass(MOMENT).await;
    assert!(harness.events().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_important_pod_takes_the_place_of_a_lesser_one() {
    let (harness, _) = scheduler_with_nodes(&[("worker", json!({}))]).await;
    given_pod(&harness, "lesser", asking("3", 0)).await;
    harness.pass(MOMENT).await;
    confirm(&harness, "lesser", "worker").await;
    harness.pass(MOMENT).await;
    given_pod(&harness, "important", asking("3", 1000)).await;
    harness.pass(MOMENT).await;
    let lesser: Pod = harness.get("default", "lesser").await;
    assert!(lesser.is_terminating());
    let important: Pod = harness.get("default", "important").await;
    let nominated = important.status.unwrap().nominated_node_name;
    assert_eq!(nominated.as_deref(), Some("worker"));
    let gone = crate::client::DeleteOptions::default().grace_period(0);
    harness
        .client
        .delete::<Pod>("default", "lesser", &gone)
        .await
        .unwrap();
    harness.pass(MOMENT).await;
    let events = harness.events().await;
    assert_eq!(
        events.last().unwrap(),
        "Normal Scheduled (1): Successfully assigned default/important to worker"
    );
    let refusals = events
        .iter()
        .filter(|event| event.contains("FailedScheduling"));
    assert_eq!(refusals.count(), 1, "{events:?}");
}

#[tokio::test(start_paused = true)]
async fn a_binding_that_fails_is_tried_again_after_a_while() {
    let (harness, _) = scheduler_with_nodes(&[("worker", json!({}))]).await;
    harness.cluster.refuse(|call| {
        let is_binding = call.subresource == "binding";
        is_binding.then(|| crate::api::StatusError::internal("no"))
    });
    given_pod(&harness, "web", asking("1", 0)).await;
    harness.pass(MOMENT).await;
    assert_eq!(
        harness.events().await,
        ["Warning FailedScheduling (1): binding rejected: Internal error occurred: no"]
    );
    harness.cluster.refuse_nothing();
    harness.pass(Duration::from_secs(2)).await;
    assert_eq!(harness.events().await.len(), 2);
}
