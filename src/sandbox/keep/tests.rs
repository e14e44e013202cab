use pocketkube::Cluster;
use serde_json::json;

use super::*;
use crate::course::{self, KataInstance};
use crate::sandbox::{Resource, reset, seed};

fn kata(id: &str) -> KataInstance {
    let course = course::embedded().unwrap_or_else(|problems| panic!("{problems}"));
    course
        .find(id)
        .expect("it is there")
        .instance(7)
        .expect("it fits")
}

async fn names(cluster: &Cluster, kind: &str, namespace: &str) -> Vec<String> {
    let resource = Resource::known(kind, None).expect("it is known");
    let api = resource.api(&cluster.client(), Some(namespace));
    let list = api.list(&Default::default()).await.expect("it lists");
    list.into_iter()
        .filter_map(|object| object.metadata.name)
        .collect()
}

async fn make(cluster: &Cluster, object: Value) -> kube::core::DynamicObject {
    let kind = object["kind"].as_str().expect("a kind").to_owned();
    let namespace = object["metadata"]["namespace"].as_str().map(str::to_owned);
    let resource = Resource::known(&kind, None).expect("it is known");
    let api = resource.api(&cluster.client(), namespace.as_deref());
    let object = serde_json::from_value(object).expect("an object");
    api.create(&Default::default(), &object)
        .await
        .expect("it is created")
}

#[tokio::test(start_paused = true)]
async fn what_a_reset_took_away_comes_back_with_its_history_and_owners() {
    let cluster = Cluster::start().await.expect("it starts");
    let client = cluster.client();
    let kata = kata("pods/first-pod");
    seed::seed(&client, &kata).await.expect("the scene is set");
    let space = kata.namespace().to_owned();
    let owner = make(
        &cluster,
        json!({"apiVersion": "v1", "kind": "ConfigMap",
               "metadata": {"name": "mine", "namespace": space}, "data": {"a": "b"}}),
    )
    .await;
    make(
        &cluster,
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {
            "name": "child", "namespace": space, "ownerReferences": [{"apiVersion": "v1",
            "kind": "ConfigMap", "name": "mine", "uid": owner.metadata.uid}]}}),
    )
    .await;
    make(
        &cluster,
        json!({"apiVersion": "apps/v1", "kind": "Deployment",
               "metadata": {"name": "web", "namespace": space},
               "spec": {"replicas": 2, "selector": {"matchLabels": {"app": "web"}},
                        "template": {"metadata": {"labels": {"app": "web"}},
                                     "spec": {"containers": [{"name": "web", "image": "nginx:1.27"}]}}}}),
    )
    .await;
    cluster.skip(std::time::Duration::from_secs(30)).await;
    let sets = names(&cluster, "ReplicaSet", &space).await;
    let kept = keep(&client, &kata).await.expect("it is kept");
    let folder = tempfile::tempdir().expect("a folder");
    let places = Places::open(Some(folder.path())).expect("places");
    kept.save(&places, &kata.id).expect("it is written");

    reset::remove(&client, &kata).await.expect("it goes");
    seed::seed(&client, &kata)
        .await
        .expect("the scene is set anew");
    assert!(names(&cluster, "Deployment", &space).await.is_empty());

    let kept = Kept::load(&places, &kata.id)
        .expect("it reads")
        .expect("it is there");
    reset::remove(&client, &kata).await.expect("it goes");
    let refused = put_back(&client, &kept).await.expect("it comes back");
    assert_eq!(refused, Vec::<String>::new());
    cluster.skip(std::time::Duration::from_secs(30)).await;
    assert_eq!(names(&cluster, "ReplicaSet", &space).await, sets);
    assert_eq!(names(&cluster, "Pod", &space).await.len(), 2);
    let maps = names(&cluster, "ConfigMap", &space).await;
    assert!(maps.contains(&"child".to_owned()), "{maps:?}");
    assert!(seed::stands(&client, &kata).await.expect("it says"));
    Kept::forget(&places, &kata.id).expect("it is forgotten");
    assert_eq!(Kept::load(&places, &kata.id).expect("it reads"), None);
    cluster.shutdown().await.expect("it ends");
}

#[test]
fn what_controllers_make_again_is_not_kept() {
    let pod = |owners: Value| {
        json!({"apiVersion": "v1", "kind": "Pod", "metadata": {
            "name": "a", "uid": "1", "ownerReferences": owners, "resourceVersion": "5"},
            "spec": {"nodeName": "n"}, "status": {"phase": "Running"}})
    };
    assert_eq!(
        strip::for_creation(pod(json!([{"controller": true}]))),
        None
    );
    let bare = strip::for_creation(pod(json!([]))).expect("it is kept");
    assert_eq!(bare["spec"], json!({}));
    assert_eq!(bare["metadata"].get("resourceVersion"), None);
    assert_eq!(bare.get("status"), None);
}

#[test]
fn what_is_leaving_is_kept_only_where_something_holds_it_back() {
    let object = |finalizers: Value| {
        json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {
            "name": "a", "deletionTimestamp": "2026-01-01T00:00:00Z", "finalizers": finalizers}})
    };
    assert!(strip::for_creation(object(json!(["a.b/c"]))).is_some());
    let mut free = object(json!([]));
    free["metadata"]
        .as_object_mut()
        .expect("an object")
        .remove("finalizers");
    assert_eq!(strip::for_creation(free), None);
}
