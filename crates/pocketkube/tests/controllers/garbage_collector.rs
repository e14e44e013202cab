//! What becomes of dependents when their owner is deleted.

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet};
use k8s_openapi::api::core::v1::{ConfigMap, Event, Pod};
use pocketkube::client::{DeleteOptions, Kind, Propagation};
use serde_json::{Value, json};

use super::{SECOND, World};

fn with(propagation: Propagation) -> DeleteOptions {
    DeleteOptions::default().propagation(propagation)
}

fn deployment() -> Value {
    json!({
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": "nginx"}]},
            },
        },
    })
}

#[tokio::test(start_paused = true)]
async fn dependents_follow_their_owner_in_the_background() {
    let world = World::new().await;
    world.given::<Deployment>(deployment()).await;
    world.pass(SECOND).await;
    assert_eq!(world.client.list::<Pod>("default").await.unwrap().len(), 3);
    world
        .delete::<Deployment>("default", "web", with(Propagation::Background))
        .await;
    world.pass(SECOND).await;
    assert!(
        world
            .client
            .list::<ReplicaSet>("default")
            .await
            .unwrap()
            .is_empty()
    );
    assert!(
        world
            .client
            .list::<Pod>("default")
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test(start_paused = true)]
async fn in_the_foreground_the_owner_goes_last() {
    let world = World::new().await;
    let owner = world.config_map("owner", &[]).await;
    let middle = world.config_map("middle", &[&owner]).await;
    world.config_map("leaf", &[&middle]).await;
    world
        .set_finalizers("default", "leaf", json!(["example.com/hold"]))
        .await;
    world.pass(SECOND).await;
    world
        .delete::<ConfigMap>("default", "owner", with(Propagation::Foreground))
        .await;
    world.pass(10 * SECOND).await;
    assert_eq!(world.config_maps().await, ["leaf", "middle", "owner"]);
    world.set_finalizers("default", "leaf", Value::Null).await;
    world.pass(SECOND).await;
    assert!(world.config_maps().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_dependent_that_does_not_block_is_not_waited_for() {
    let world = World::new().await;
    let owner = world.config_map("owner", &[]).await;
    let reference = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "name": "owner", "uid": owner.uid(),
    });
    world
        .given::<ConfigMap>(json!({"metadata": {
            "name": "slow", "namespace": "default", "ownerReferences": [reference],
            "finalizers": ["example.com/hold"],
        }}))
        .await;
    world.pass(SECOND).await;
    world
        .delete::<ConfigMap>("default", "owner", with(Propagation::Foreground))
        .await;
    world.pass(SECOND).await;
    assert_eq!(world.config_maps().await, ["slow"]);
    let slow: ConfigMap = world.find("default", "slow").await.unwrap();
    assert!(slow.is_terminating());
}

#[tokio::test(start_paused = true)]
async fn orphans_forget_their_owner_and_stay() {
    let world = World::new().await;
    let owner = world.config_map("owner", &[]).await;
    world.config_map("child", &[&owner]).await;
    world.pass(SECOND).await;
    world
        .delete::<ConfigMap>("default", "owner", with(Propagation::Orphan))
        .await;
    world.pass(SECOND).await;
    assert_eq!(world.config_maps().await, ["child"]);
    let child: ConfigMap = world.find("default", "child").await.unwrap();
    assert!(child.owners().is_empty());
}

#[tokio::test(start_paused = true)]
async fn one_owner_that_stays_keeps_a_dependent_and_the_other_is_forgotten() {
    let world = World::new().await;
    let first = world.config_map("first", &[]).await;
    let second = world.config_map("second", &[]).await;
    world.config_map("child", &[&first, &second]).await;
    world.pass(SECOND).await;
    world
        .delete::<ConfigMap>("default", "first", with(Propagation::Background))
        .await;
    world.pass(SECOND).await;
    let child: ConfigMap = world.find("default", "child").await.unwrap();
    assert_eq!(child.owners().len(), 1);
    assert_eq!(child.owners()[0].uid, second.uid());
}

#[tokio::test(start_paused = true)]
async fn an_owner_that_never_was_takes_its_dependent_along() {
    let world = World::new().await;
    let mut ghost = ConfigMap::default();
    ghost.metadata.name = Some("nobody".to_owned());
    ghost.metadata.uid = Some("11111111-2222-3333-4444-555555555555".to_owned());
    world.config_map("child", &[&ghost]).await;
    world.pass(SECOND).await;
    assert!(world.config_maps().await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_owner_in_another_namespace_is_no_owner() {
    let world = World::new().await;
    let elsewhere: ConfigMap = world
        .given(json!({"metadata": {"name": "owner", "namespace": "kube-public"}}))
        .await;
    world.pass(SECOND).await;
    world.config_map("child", &[&elsewhere]).await;
    world.pass(SECOND).await;
    assert!(world.config_maps().await.is_empty());
    let events = world.client.list::<Event>("default").await.unwrap();
    let reasons: Vec<_> = events
        .iter()
        .filter_map(|event| event.reason.as_deref())
        .collect();
    assert_eq!(reasons, ["OwnerRefInvalidNamespace"]);
}

#[tokio::test(start_paused = true)]
async fn objects_that_own_each_other_can_go_in_the_foreground() {
    let world = World::new().await;
    let first = world.config_map("first", &[]).await;
    let second = world.config_map("second", &[&first]).await;
    let patch = pocketkube::client::Patch::Merge(json!({"metadata": {"ownerReferences": [{
        "apiVersion": "v1", "kind": "ConfigMap", "name": "second", "uid": second.uid(),
        "blockOwnerDeletion": true,
    }]}}));
    world
        .client
        .patch::<ConfigMap>("default", "first", patch)
        .await
        .unwrap();
    world.pass(SECOND).await;
    world
        .delete::<ConfigMap>("default", "first", with(Propagation::Foreground))
        .await;
    world.pass(5 * SECOND).await;
    assert!(world.config_maps().await.is_empty());
}
