//! How a namespace goes.

use k8s_openapi::api::core::v1::{ConfigMap, Namespace, Pod};
use pocketkube::client::{DeleteOptions, Kind};
use serde_json::{Value, json};

use super::{SECOND, World};

async fn world_with_shop() -> World {
    let world = World::new().await;
    world
        .given::<Namespace>(json!({"metadata": {"name": "shop"}}))
        .await;
    world.pass(SECOND).await;
    world
}

/// `type=status reason: message` of every condition.
fn conditions(namespace: &Namespace) -> Vec<String> {
    let status = namespace.status.clone().unwrap_or_default();
    let conditions = status.conditions.unwrap_or_default().into_iter();
    conditions
        .map(|own| {
            let text = |text: Option<String>| text.unwrap_or_default();
            format!(
                "{}={} {}: {}",
                own.type_,
                own.status,
                text(own.reason),
                text(own.message)
            )
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_namespace_goes_with_everything_in_it() {
    let world = world_with_shop().await;
    world
        .given::<ConfigMap>(json!({"metadata": {"name": "a", "namespace": "shop"}}))
        .await;
    world
        .given::<Pod>(json!({
            "metadata": {"name": "b", "namespace": "shop"},
            "spec": {"containers": [{"name": "c", "image": "nginx"}]},
        }))
        .await;
    world
        .delete::<Namespace>("", "shop", DeleteOptions::default())
        .await;
    world.pass(SECOND).await;
    assert!(world.find::<Namespace>("", "shop").await.is_none());
    assert!(
        world
            .client
            .list::<ConfigMap>("shop")
            .await
            .unwrap()
            .is_empty()
    );
    assert!(world.client.list::<Pod>("shop").await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn what_keeps_a_namespace_is_told_and_its_end_noticed_at_once() {
    let world = world_with_shop().await;
    let held = json!({"metadata": {
        "name": "hold", "namespace": "shop", "finalizers": ["example.com/hold"],
    }});
    world.given::<ConfigMap>(held).await;
    world
        .delete::<Namespace>("", "shop", DeleteOptions::default())
        .await;
    world.pass(SECOND).await;
    let shop: Namespace = world.find("", "shop").await.unwrap();
    assert_eq!(
        shop.status.as_ref().unwrap().phase.as_deref(),
        Some("Terminating")
    );
    assert_eq!(
        conditions(&shop),
        [
            "NamespaceDeletionDiscoveryFailure=False ResourcesDiscovered: All resources successfully discovered",
            "NamespaceDeletionGroupVersionParsingFailure=False ParsedGroupVersions: All legacy kube types successfully parsed",
            "NamespaceDeletionContentFailure=False ContentDeleted: All content successfully deleted, may be waiting on finalization",
            "NamespaceContentRemaining=True SomeResourcesRemain: Some resources are remaining: configmaps. has 1 resource instances",
            "NamespaceFinalizersRemaining=True SomeFinalizersRemain: Some content in the namespace has finalizers remaining: example.com/hold in 1 resource instances",
        ]
    );
    world.set_finalizers("shop", "hold", Value::Null).await;
    world.pass(SECOND).await;
    assert!(world.find::<Namespace>("", "shop").await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_deleted_namespace_can_be_made_anew() {
    let world = world_with_shop().await;
    let shop: Namespace = world.find("", "shop").await.unwrap();
    assert_eq!(shop.spec.unwrap().finalizers.unwrap(), ["kubernetes"]);
    world
        .delete::<Namespace>("", "shop", DeleteOptions::default())
        .await;
    world.pass(SECOND).await;
    world
        .given::<Namespace>(json!({"metadata": {"name": "shop"}}))
        .await;
    world.pass(SECOND).await;
    let again: Namespace = world.find("", "shop").await.unwrap();
    assert!(!again.is_terminating());
    let account = world.find::<k8s_openapi::api::core::v1::ServiceAccount>("shop", "default");
    assert!(
        account
            .await
            .is_some_and(|account| account.name() == "default")
    );
}
