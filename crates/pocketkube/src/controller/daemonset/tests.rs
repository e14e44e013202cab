//! The DaemonSet loop against a fake API server, in virtual time.

use std::time::Duration;

use k8s_openapi::api::apps::v1::{ControllerRevision, DaemonSet};
use k8s_openapi::api::core::v1::{Node, Pod};
use serde_json::{Value, json};

use super::placement::node_of;
use super::start;
use crate::client::fake::Harness;
use crate::client::{DeleteOptions, Kind, Patch};

const SECOND: Duration = Duration::from_secs(1);

async fn node(harness: &Harness, name: &str, spec: Value) {
    let node = json!({"metadata": {"name": name, "labels": {"name": name}}, "spec": spec});
    harness.given::<Node>(node).await;
}

async fn cluster(nodes: usize, spec: Value) -> Harness {
    let harness = Harness::new();
    start(harness.context());
    for number in 0..nodes {
        node(&harness, &format!("node-{number}"), json!({})).await;
    }
    let mut set = json!({
        "metadata": {"name": "agent", "namespace": "default"},
        "spec": {
            "selector": {"matchLabels": {"app": "agent"}},
            "revisionHistoryLimit": 10,
            "updateStrategy": {
                "type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 1, "maxSurge": 0},
            },
            "template": {
                "metadata": {"labels": {"app": "agent"}},
                "spec": {"containers": [{"name": "agent", "image": "one"}]},
            },
        },
    });
    json_patch::merge(&mut set["spec"], &spec);
    harness.given::<DaemonSet>(set).await;
    harness
}

/// Makes every Pod run on the node that it is meant for.
async fn run(harness: &Harness, broken: &str) {
    let pods: Vec<Pod> = harness.all().await;
    for pod in pods {
        let image = pod
            .spec
            .as_ref()
            .and_then(|spec| spec.containers[0].image.clone());
        if image.as_deref() == Some(broken) || super::pod::is_ready(&pod) {
            continue;
        }
        let now = crate::api::meta::format_time(harness.clock.now());
        let patch = Patch::Merge(json!({
            "spec": {"nodeName": node_of(&pod)},
            "status": {"phase": "Running", "conditions": [
                {"type": "Ready", "status": "True", "lastTransitionTime": now},
            ]},
        }));
        let patched = harness
            .client
            .patch::<Pod>("default", pod.name(), patch)
            .await;
        patched.expect("the pod can run");
    }
}

/// Lets Pods that are being deleted end.
async fn end(harness: &Harness) -> usize {
    let pods: Vec<Pod> = harness.all().await;
    let ending: Vec<_> = pods.iter().filter(|pod| pod.is_terminating()).collect();
    for pod in &ending {
        let now = DeleteOptions::default().grace_period(0);
        let deleted = harness.client.delete::<Pod>("default", pod.name(), &now);
        deleted.await.expect("the pod can end");
    }
    ending.len()
}

async fn change(harness: &Harness, spec: Value) {
    let patch = Patch::Merge(json!({"spec": spec}));
    let patched = harness.client.patch::<DaemonSet>("default", "agent", patch);
    patched.await.expect("the set can be changed");
    harness.pass(SECOND).await;
}

fn image(image: &str) -> Value {
    json!({"template": {"spec": {"containers": [{"name": "agent", "image": image}]}}})
}

async fn placed(harness: &Harness) -> Vec<String> {
    let pods: Vec<Pod> = harness.all().await;
    let mut placed: Vec<_> = pods
        .iter()
        .map(|pod| {
            let image = pod
                .spec
                .as_ref()
                .and_then(|spec| spec.containers[0].image.clone());
            format!(
                "{} {}",
                node_of(pod).unwrap_or_default(),
                image.unwrap_or_default()
            )
        })
        .collect();
    placed.sort();
    placed
}

#[tokio::test(start_paused = true)]
async fn every_node_that_fits_has_one_pod() {
    let selector = json!({"template": {"spec": {"nodeSelector": {"name": "node-1"}}}});
    let harness = cluster(3, selector).await;
    harness.pass(SECOND).await;
    assert_eq!(placed(&harness).await, ["node-1 one"]);
    change(
        &harness,
        json!({"template": {"spec": {"nodeSelector": null}}}),
    )
    .await;
    run(&harness, "").await;
    harness.pass(SECOND).await;
    assert_eq!(placed(&harness).await.len(), 3);
    let taint = json!({"taints": [{"key": "gpu", "effect": "NoSchedule"}]});
    node(&harness, "node-3", taint).await;
    node(
        &harness,
        "node-4",
        json!({"taints": [
            {"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"},
        ]}),
    )
    .await;
    harness.pass(SECOND).await;
    let placed = placed(&harness).await;
    assert_eq!(placed.len(), 4);
    assert_eq!(placed[3], "node-4 one");
    let status = harness
        .get::<DaemonSet>("default", "agent")
        .await
        .status
        .unwrap();
    assert_eq!(status.desired_number_scheduled, 4);
}

#[tokio::test(start_paused = true)]
async fn old_pods_are_replaced_one_at_a_time() {
    let harness = cluster(3, json!({})).await;
    harness.pass(SECOND).await;
    run(&harness, "").await;
    harness.pass(SECOND).await;
    change(&harness, image("two")).await;
    for round in 1..=3 {
        harness.pass(SECOND).await;
        assert_eq!(end(&harness).await, 1, "round {round}");
        harness.pass(SECOND).await;
        run(&harness, "").await;
    }
    harness.pass(SECOND).await;
    assert_eq!(end(&harness).await, 0);
    assert_eq!(
        placed(&harness).await,
        ["node-0 two", "node-1 two", "node-2 two"]
    );
    let status = harness
        .get::<DaemonSet>("default", "agent")
        .await
        .status
        .unwrap();
    assert_eq!(
        (status.updated_number_scheduled, status.number_available),
        (Some(3), Some(3))
    );
}

#[tokio::test(start_paused = true)]
async fn with_a_surge_the_new_pod_comes_before_the_old_one_goes() {
    let rolling =
        json!({"updateStrategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}});
    let harness = cluster(2, rolling).await;
    harness.pass(SECOND).await;
    run(&harness, "").await;
    harness.pass(SECOND).await;
    change(&harness, image("two")).await;
    assert_eq!(
        placed(&harness).await,
        ["node-0 one", "node-0 two", "node-1 one"]
    );
    assert_eq!(end(&harness).await, 0);
    run(&harness, "").await;
    harness.pass(SECOND).await;
    assert_eq!(end(&harness).await, 1);
    harness.pass(SECOND).await;
    run(&harness, "").await;
    harness.pass(SECOND).await;
    end(&harness).await;
    harness.pass(SECOND).await;
    assert_eq!(placed(&harness).await, ["node-0 two", "node-1 two"]);
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_surges_replaces_the_old_one_once_it_has_been_ready_for_long_enough() {
    let rolling = json!({
        "minReadySeconds": 20,
        "updateStrategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
    });
    let harness = cluster(1, rolling).await;
    harness.pass(SECOND).await;
    run(&harness, "").await;
    harness.pass(30 * SECOND).await;
    change(&harness, image("two")).await;
    run(&harness, "").await;
    harness.pass(15 * SECOND).await;
    assert_eq!(end(&harness).await, 0);
    assert_eq!(placed(&harness).await, ["node-0 one", "node-0 two"]);
    // Nothing but time tells the loop that the new Pod is available now.
    harness.pass(10 * SECOND).await;
    assert_eq!(end(&harness).await, 1);
    harness.pass(SECOND).await;
    assert_eq!(placed(&harness).await, ["node-0 two"]);
}

#[tokio::test(start_paused = true)]
async fn a_failed_pod_is_replaced_ever_later() {
    let harness = cluster(1, json!({})).await;
    harness.pass(SECOND).await;
    for _ in 0..4 {
        let pods: Vec<Pod> = harness.all().await;
        let patch = Patch::Merge(json!({"status": {"phase": "Failed"}}));
        let name = pods[0].name();
        let failed = harness.client.patch::<Pod>("default", name, patch).await;
        failed.expect("the pod can fail");
        harness.pass(SECOND / 2).await;
        end(&harness).await;
        harness.pass(SECOND / 10).await;
    }
    let events = harness.events().await;
    let told = events
        .iter()
        .filter(|event| event.contains("FailedDaemonPod"));
    // At once, and after a second; the third waits two more.
    assert_eq!(told.count(), 2);
    harness.pass(10 * SECOND).await;
    let pods: Vec<Pod> = harness.all().await;
    assert_ne!(super::pod::phase(&pods[0]), "Failed");
}

#[tokio::test(start_paused = true)]
async fn going_back_counts_the_old_revision_up() {
    let harness = cluster(0, json!({})).await;
    harness.pass(SECOND).await;
    change(&harness, image("two")).await;
    change(&harness, image("one")).await;
    let revisions: Vec<ControllerRevision> = harness.all().await;
    let mut numbers: Vec<_> = revisions.iter().map(|own| own.revision).collect();
    numbers.sort_unstable();
    assert_eq!(numbers, [2, 3]);
    harness.cluster.take_writes();
    harness.pass(600 * SECOND).await;
    assert!(harness.cluster.take_writes().is_empty());
}
