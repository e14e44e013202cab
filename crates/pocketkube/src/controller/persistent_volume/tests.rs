//! Claims and volumes against a fake API server, in virtual time.

use std::time::Duration;

use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, Pod};
use k8s_openapi::api::storage::v1::StorageClass;
use serde_json::{Value, json};

use super::super::{local_path_provisioner, volume_protection};
use super::start;
use crate::client::fake::Harness;
use crate::client::{DeleteOptions, Kind, Patch};
use crate::component_helpers::volume::SELECTED_NODE;

const SECOND: Duration = Duration::from_secs(1);

async fn cluster() -> Harness {
    let harness = Harness::new();
    start(harness.context());
    local_path_provisioner::start(harness.context());
    volume_protection::start_claims(harness.context());
    volume_protection::start_volumes(harness.context());
    harness
        .given::<StorageClass>(json!({
            "metadata": {"name": "standard"}, "provisioner": "rancher.io/local-path",
            "reclaimPolicy": "Delete", "volumeBindingMode": "WaitForFirstConsumer",
        }))
        .await;
    harness
}

async fn given_volume(harness: &Harness, name: &str, size: &str, spec: Value) {
    let mut volume = json!({
        "metadata": {"name": name, "finalizers": ["kubernetes.io/pv-protection"]},
        "spec": {
            "capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"],
            "storageClassName": "manual", "persistentVolumeReclaimPolicy": "Retain",
            "hostPath": {"path": "/data"},
        },
    });
    json_patch::merge(&mut volume["spec"], &spec);
    harness.given::<PersistentVolume>(volume).await;
}

async fn given_claim(harness: &Harness, name: &str, spec: Value) {
    let mut claim = json!({
        "metadata": {
            "name": name, "namespace": "shop", "finalizers": ["kubernetes.io/pvc-protection"],
        },
        "spec": {
            "accessModes": ["ReadWriteOnce"], "storageClassName": "manual",
            "resources": {"requests": {"storage": "1Gi"}},
        },
        "status": {"phase": "Pending"},
    });
    json_patch::merge(&mut claim["spec"], &spec);
    harness.given::<PersistentVolumeClaim>(claim).await;
    harness.pass(SECOND).await;
}

async fn claim(harness: &Harness, name: &str) -> (String, String) {
    let claim: PersistentVolumeClaim = harness.get("shop", name).await;
    let status = claim.status.clone().unwrap();
    let volume = claim.spec.unwrap().volume_name;
    (status.phase.unwrap(), volume.unwrap_or_default())
}

async fn phase(harness: &Harness, name: &str) -> String {
    let volume: PersistentVolume = harness.get("", name).await;
    volume.status.unwrap().phase.unwrap()
}

async fn delete_claim(harness: &Harness, name: &str) {
    let now = DeleteOptions::default();
    let deleted = harness
        .client
        .delete::<PersistentVolumeClaim>("shop", name, &now);
    deleted.await.expect("it can be deleted");
    harness.pass(SECOND).await;
}

#[tokio::test(start_paused = true)]
async fn a_claim_takes_the_smallest_volume_and_leaves_it_released() {
    let harness = cluster().await;
    given_volume(&harness, "big", "5Gi", json!({})).await;
    given_volume(&harness, "small", "1Gi", json!({})).await;
    given_claim(&harness, "data", json!({})).await;
    let bound = || ("Bound".to_owned(), "small".to_owned());
    assert_eq!(claim(&harness, "data").await, bound());
    assert_eq!(phase(&harness, "small").await, "Bound");
    assert_eq!(phase(&harness, "big").await, "Available");
    harness.cluster.take_writes();
    harness.pass(600 * SECOND).await;
    assert!(harness.cluster.take_writes().is_empty());

    delete_claim(&harness, "data").await;
    assert_eq!(phase(&harness, "small").await, "Released");
    given_claim(&harness, "again", json!({})).await;
    assert_eq!(claim(&harness, "again").await.1, "big");
}

#[tokio::test(start_paused = true)]
async fn two_claims_never_share_a_volume_whatever_comes_first() {
    let harness = cluster().await;
    for number in 0..5 {
        given_claim(&harness, &format!("early-{number}"), json!({})).await;
    }
    for number in 0..10 {
        given_volume(&harness, &format!("volume-{number}"), "1Gi", json!({})).await;
    }
    for number in 0..5 {
        given_claim(&harness, &format!("late-{number}"), json!({})).await;
    }
    harness.pass(10 * SECOND).await;
    let claims: Vec<PersistentVolumeClaim> = harness.all().await;
    let names: std::collections::BTreeSet<_> = claims
        .iter()
        .filter_map(|claim| claim.spec.clone()?.volume_name)
        .collect();
    assert_eq!(names.len(), 10);
}

#[tokio::test(start_paused = true)]
async fn why_a_claim_is_pending_is_told() {
    let harness = cluster().await;
    given_claim(&harness, "classless", json!({"storageClassName": ""})).await;
    given_claim(&harness, "unknown", json!({"storageClassName": "gold"})).await;
    given_claim(&harness, "waiting", json!({"storageClassName": "standard"})).await;
    given_volume(&harness, "tiny", "1Mi", json!({})).await;
    given_claim(&harness, "mismatch", json!({"volumeName": "tiny"})).await;
    let events = harness.events().await;
    for told in [
        "Normal FailedBinding (1): no persistent volumes available for this claim and no storage class is set",
        "Warning ProvisioningFailed (1): storageclass.storage.k8s.io \"gold\" not found",
        "Normal WaitForFirstConsumer (1): waiting for first consumer to be created before binding",
        "Warning VolumeMismatch (1): Cannot bind to requested volume \"tiny\": requested PV is too small",
    ] {
        // Others count up when a volume comes that might have been theirs.
        let told = told.split_once(" (1)").unwrap();
        let found = |event: &&String| event.starts_with(told.0) && event.ends_with(told.1);
        assert!(
            events.iter().any(|event| found(&event)),
            "{told:?} in {events:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_volume_is_made_for_a_claim_whose_consumer_has_a_node_and_goes_with_it() {
    let harness = cluster().await;
    given_claim(&harness, "data", json!({"storageClassName": "standard"})).await;
    assert_eq!(claim(&harness, "data").await.0, "Pending");
    let patch = Patch::Merge(json!({"metadata": {"annotations": {SELECTED_NODE: "worker"}}}));
    let patched = harness
        .client
        .patch::<PersistentVolumeClaim>("shop", "data", patch);
    patched.await.expect("the scheduler can choose");
    harness.pass(SECOND).await;
    let (state, volume) = claim(&harness, "data").await;
    assert!(
        state == "Bound" && volume.starts_with("pvc-"),
        "{state} {volume}"
    );
    delete_claim(&harness, "data").await;
    assert!(harness.all::<PersistentVolume>().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_volume_grows_with_its_claim() {
    let harness = cluster().await;
    given_claim(&harness, "data", json!({"storageClassName": "standard"})).await;
    for change in [
        json!({"metadata": {"annotations": {SELECTED_NODE: "worker"}}}),
        json!({"spec": {"resources": {"requests": {"storage": "3Gi"}}}}),
    ] {
        let patch = Patch::Merge(change);
        let patched = harness
            .client
            .patch::<PersistentVolumeClaim>("shop", "data", patch);
        patched.await.expect("the claim can change");
        harness.pass(2 * SECOND).await;
    }
    let claim: PersistentVolumeClaim = harness.get("shop", "data").await;
    assert_eq!(claim.status.unwrap().capacity.unwrap()["storage"].0, "3Gi");
    let volumes: Vec<PersistentVolume> = harness.all().await;
    let capacity = volumes[0].spec.clone().unwrap().capacity.unwrap();
    assert_eq!(capacity["storage"].0, "3Gi");
}

#[tokio::test(start_paused = true)]
async fn what_is_in_use_is_not_deleted() {
    let harness = cluster().await;
    given_volume(&harness, "disk", "1Gi", json!({})).await;
    given_claim(&harness, "data", json!({})).await;
    harness
        .given::<Pod>(json!({
            "metadata": {"name": "user", "namespace": "shop"},
            "spec": {"nodeName": "worker", "containers": [], "volumes": [
                {"name": "v", "persistentVolumeClaim": {"claimName": "data"}},
            ]},
        }))
        .await;
    harness.pass(SECOND).await;
    delete_claim(&harness, "data").await;
    let kept: PersistentVolumeClaim = harness.get("shop", "data").await;
    assert!(kept.is_terminating());
    let now = DeleteOptions::default();
    let deleted = harness.client.delete::<PersistentVolume>("", "disk", &now);
    deleted.await.expect("it can be deleted");
    harness.pass(SECOND).await;
    assert_eq!(phase(&harness, "disk").await, "Bound");
    let now = DeleteOptions::default().grace_period(0);
    let deleted = harness.client.delete::<Pod>("shop", "user", &now);
    deleted.await.expect("it can be deleted");
    harness.pass(5 * SECOND).await;
    assert!(harness.all::<PersistentVolumeClaim>().await.is_empty());
    assert!(harness.all::<PersistentVolume>().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_claim_that_loses_its_volume_says_so() {
    let harness = cluster().await;
    given_volume(&harness, "disk", "1Gi", json!({})).await;
    given_claim(&harness, "data", json!({})).await;
    let patch = Patch::Merge(json!({"metadata": {"finalizers": null}}));
    let patched = harness.client.patch::<PersistentVolume>("", "disk", patch);
    patched.await.expect("somebody can force it");
    let now = DeleteOptions::default();
    let deleted = harness.client.delete::<PersistentVolume>("", "disk", &now);
    deleted.await.expect("it can be deleted");
    harness.pass(SECOND).await;
    assert_eq!(claim(&harness, "data").await.0, "Lost");
}
