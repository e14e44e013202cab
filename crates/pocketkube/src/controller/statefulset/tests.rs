//! The StatefulSet loop against a fake API server, in virtual time.

use std::sync::Arc;
use std::time::Duration;

use k8s_openapi::api::apps::v1::{ControllerRevision, StatefulSet};
use k8s_openapi::api::core::v1::{PersistentVolumeClaim, Pod};
use parking_lot::Mutex;
use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use super::identity::revision_of;
use super::start;
use crate::client::fake::Harness;
use crate::client::{Change, DeleteOptions, Kind, Patch};

const SECOND: Duration = Duration::from_secs(1);

async fn cluster(spec: Value) -> Harness {
    let harness = Harness::new();
    start(harness.context());
    harness.run_pods(SECOND, "broken");
    let mut set = json!({
        "metadata": {"name": "db", "namespace": "default"},
        "spec": {
            "replicas": 3, "serviceName": "db", "revisionHistoryLimit": 2,
            "podManagementPolicy": "OrderedReady",
            "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
            "selector": {"matchLabels": {"app": "db"}},
            "template": {
                "metadata": {"labels": {"app": "db"}},
                "spec": {"containers": [{"name": "db", "image": "one"}]},
            },
        },
    });
    json_patch::merge(&mut set["spec"], &spec);
    harness.given::<StatefulSet>(set).await;
    harness
}

async fn change(harness: &Harness, spec: Value) {
    let patch = Patch::Merge(json!({"spec": spec}));
    let patched = harness.client.patch::<StatefulSet>("default", "db", patch);
    patched.await.expect("the set can be changed");
}

fn image(image: &str) -> Value {
    json!({"template": {"spec": {"containers": [{"name": "db", "image": image}]}}})
}

async fn names(harness: &Harness) -> Vec<String> {
    let pods: Vec<Pod> = harness.all().await;
    pods.iter().map(|pod| pod.name().to_owned()).collect()
}

async fn images(harness: &Harness) -> Vec<String> {
    let pods: Vec<Pod> = harness.all().await;
    let image = |pod: &Pod| pod.spec.as_ref()?.containers[0].image.clone();
    pods.iter().filter_map(image).collect()
}

#[tokio::test(start_paused = true)]
async fn pods_come_one_after_the_other_and_go_in_reverse() {
    let harness = cluster(json!({})).await;
    harness.pass(SECOND / 2).await;
    assert_eq!(names(&harness).await, ["db-0"]);
    harness.pass(SECOND).await;
    assert_eq!(names(&harness).await, ["db-0", "db-1"]);
    harness.pass(5 * SECOND).await;
    let pod: Pod = harness.get("default", "db-2").await;
    assert_eq!(pod.labels()["statefulset.kubernetes.io/pod-name"], "db-2");
    assert_eq!(pod.labels()["apps.kubernetes.io/pod-index"], "2");
    let spec = pod.spec.clone().unwrap();
    assert_eq!(spec.hostname.as_deref(), Some("db-2"));
    assert_eq!(spec.subdomain.as_deref(), Some("db"));
    let status = harness
        .get::<StatefulSet>("default", "db")
        .await
        .status
        .unwrap();
    assert_eq!((status.replicas, status.ready_replicas), (3, Some(3)));
    assert_eq!(status.current_revision.as_deref(), Some(revision_of(&pod)));

    harness.cluster.take_writes();
    change(&harness, json!({"replicas": 1})).await;
    harness.pass(5 * SECOND).await;
    let writes = harness.cluster.take_writes();
    let deletes: Vec<_> = writes
        .iter()
        .filter(|write| write.starts_with("delete"))
        .collect();
    assert_eq!(deletes[0], "delete pods default/db-2");
    assert_eq!(names(&harness).await, ["db-0"]);
    let events = harness.events().await;
    let told = "Normal SuccessfulDelete (1): delete Pod db-2 in StatefulSet db successful";
    assert!(events.contains(&told.to_owned()), "{events:?}");
}

#[tokio::test(start_paused = true)]
async fn parallel_pods_come_at_once() {
    let harness = cluster(json!({"podManagementPolicy": "Parallel"})).await;
    harness.pass(SECOND / 2).await;
    assert_eq!(names(&harness).await, ["db-0", "db-1", "db-2"]);
}

#[tokio::test(start_paused = true)]
async fn an_update_goes_from_the_highest_ordinal_down_to_the_partition() {
    let harness = cluster(json!({"updateStrategy": {"rollingUpdate": {"partition": 1}}})).await;
    harness.pass(6 * SECOND).await;
    change(&harness, image("two")).await;
    harness.pass(SECOND / 2).await;
    assert_eq!(images(&harness).await, ["one", "one", "two"]);
    harness.pass(5 * SECOND).await;
    assert_eq!(images(&harness).await, ["one", "two", "two"]);
    // A Pod below the partition comes back as it was.
    let now = DeleteOptions::default();
    let deleted = harness.client.delete::<Pod>("default", "db-0", &now);
    deleted.await.expect("it can be deleted");
    harness.pass(5 * SECOND).await;
    assert_eq!(images(&harness).await, ["one", "two", "two"]);
    change(
        &harness,
        json!({"updateStrategy": {"rollingUpdate": {"partition": 0}}}),
    )
    .await;
    harness.pass(5 * SECOND).await;
    assert_eq!(images(&harness).await, ["two", "two", "two"]);
    let status = harness
        .get::<StatefulSet>("default", "db")
        .await
        .status
        .unwrap();
    assert_eq!(status.current_revision, status.update_revision);
}

#[tokio::test(start_paused = true)]
async fn an_update_that_fails_stops_at_the_first_pod() {
    let harness = cluster(json!({})).await;
    harness.pass(6 * SECOND).await;
    change(&harness, image("broken")).await;
    harness.pass(60 * SECOND).await;
    assert_eq!(images(&harness).await, ["one", "one", "broken"]);
}

#[tokio::test(start_paused = true)]
async fn going_back_counts_the_old_revision_up() {
    let harness = cluster(json!({})).await;
    harness.pass(6 * SECOND).await;
    for name in ["two", "three", "four", "one"] {
        change(&harness, image(name)).await;
        harness.pass(10 * SECOND).await;
    }
    let revisions: Vec<ControllerRevision> = harness.all().await;
    let mut numbers: Vec<_> = revisions.iter().map(|own| own.revision).collect();
    numbers.sort_unstable();
    // Two of the history, and the one in use.
    assert_eq!(numbers, [3, 4, 5]);
    assert_eq!(images(&harness).await, ["one", "one", "one"]);
}

#[tokio::test(start_paused = true)]
async fn claims_come_before_their_pods_and_stay_unless_the_policy_says_otherwise() {
    let templates =
        json!([{"metadata": {"name": "data"}, "spec": {"accessModes": ["ReadWriteOnce"]}}]);
    let harness = cluster(json!({"replicas": 2, "volumeClaimTemplates": templates})).await;
    harness.pass(5 * SECOND).await;
    let claims: Vec<PersistentVolumeClaim> = harness.all().await;
    let found: Vec<_> = claims.iter().map(|claim| claim.name()).collect();
    assert_eq!(found, ["data-db-0", "data-db-1"]);
    assert_eq!(claims[0].labels()["app"], "db");
    let pod: Pod = harness.get("default", "db-1").await;
    let volumes = pod.spec.clone().unwrap().volumes.unwrap();
    let source = volumes[0].persistent_volume_claim.as_ref().unwrap();
    assert_eq!(source.claim_name, "data-db-1");
    assert!(claims.iter().all(|claim| claim.owners().is_empty()));

    let policy = json!({"whenDeleted": "Delete", "whenScaled": "Delete"});
    change(
        &harness,
        json!({"persistentVolumeClaimRetentionPolicy": policy}),
    )
    .await;
    harness.pass(2 * SECOND).await;
    let claim: PersistentVolumeClaim = harness.get("default", "data-db-1").await;
    assert_eq!(claim.owners()[0].kind, "StatefulSet");
    change(&harness, json!({"replicas": 1})).await;
    harness.pass(5 * SECOND).await;
    let claim: PersistentVolumeClaim = harness.get("default", "data-db-1").await;
    assert_eq!(claim.owners()[0].kind, "Pod");
    let kept: PersistentVolumeClaim = harness.get("default", "data-db-0").await;
    assert_eq!(kept.owners()[0].kind, "StatefulSet");
}

#[tokio::test(start_paused = true)]
async fn a_settled_set_writes_nothing() {
    let harness = cluster(json!({})).await;
    harness.pass(10 * SECOND).await;
    harness.cluster.take_writes();
    harness.pass(600 * SECOND).await;
    assert!(harness.cluster.take_writes().is_empty());
}

/// The invariants of an ordered set, watched over every change of its Pods.
fn watch_order(harness: &Harness) -> Arc<Mutex<Vec<String>>> {
    let broken = Arc::new(Mutex::new(Vec::new()));
    let (seen, alive) = (
        broken.clone(),
        Mutex::new(std::collections::BTreeSet::new()),
    );
    harness.informers.get::<Pod>().subscribe(move |change| {
        let name = change.object().name().to_owned();
        let mut alive = alive.lock();
        match change {
            Change::Added(_) => {
                let ordinal: u32 = name[3..].parse().expect("an ordinal");
                let has_lower = (0..ordinal).all(|lower| alive.contains(&format!("db-{lower}")));
                if !alive.insert(name.clone()) || !has_lower {
                    seen.lock().push(format!("{name} came among {alive:?}"));
                }
            }
            Change::Deleted(_) => {
                alive.remove(&name);
            }
            Change::Updated { .. } => {}
        }
    });
    broken
}

#[tokio::test(start_paused = true)]
async fn no_ordinal_is_ever_skipped_or_doubled_whatever_happens() {
    for seed in 0..25 {
        let mut random = StdRng::seed_from_u64(seed);
        let harness = cluster(json!({})).await;
        let broken = watch_order(&harness);
        for _ in 0..20 {
            match random.random_range(0..5) {
                0 => change(&harness, json!({"replicas": random.random_range(0..6)})).await,
                1 => {
                    change(
                        &harness,
                        image(["one", "two", "three"][random.random_range(0..3)]),
                    )
                    .await
                }
                2 => {
                    let pods = names(&harness).await;
                    if !pods.is_empty() {
                        let name = &pods[random.random_range(0..pods.len())];
                        let now = DeleteOptions::default();
                        let _ = harness.client.delete::<Pod>("default", name, &now).await;
                    }
                }
                // A second controller, as after a restart whose predecessor still lives.
                3 if random.random_bool(0.2) => start(harness.context()),
                _ => {}
            }
            harness
                .pass(Duration::from_millis(random.random_range(0..3000)))
                .await;
        }
        change(&harness, json!({"replicas": 2})).await;
        harness.pass(60 * SECOND).await;
        assert_eq!(names(&harness).await, ["db-0", "db-1"], "seed {seed}");
        assert_eq!(*broken.lock(), Vec::<String>::new(), "seed {seed}");
    }
}
