//! Going back: the whole cluster as it was, and on from there.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use http::Request;
use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::{ConfigMap, Node, Pod};
use k8s_openapi::apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition;
use kube::api::{
    Api, ApiResource, DeleteParams, DynamicObject, GroupVersionKind, ListParams, Patch,
    PatchParams, PostParams, WatchEvent, WatchParams,
};
use pocketkube::clock::Clock;
use pocketkube::{Cluster, RewindError, UndoError};
use serde_json::{Value, json};

const SECOND: Duration = Duration::from_secs(1);

/// Its clock stands unless it is skipped.
async fn cluster() -> Cluster {
    let clock = Clock::starting_at("2026-01-02T03:00:00Z".parse().unwrap(), 1.0);
    let cluster = Cluster::builder().nodes(2).clock(clock).start().await;
    let cluster = cluster.unwrap();
    cluster.clock().pause();
    cluster.skip(10 * SECOND).await;
    cluster
}

fn deployment(name: &str, replicas: u32) -> Value {
    json!({
        "apiVersion": "apps/v1", "kind": "Deployment",
        "metadata": {"name": name},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {
                    "terminationGracePeriodSeconds": 1,
                    "containers": [{"name": "web", "image": "nginx:1.27"}],
                },
            },
        },
    })
}

async fn deploy(cluster: &Cluster, name: &str, replicas: u32) {
    let deployments: Api<Deployment> = Api::default_namespaced(cluster.client());
    let deployment = serde_json::from_value(deployment(name, replicas)).unwrap();
    let options = PostParams::default();
    deployments.create(&options, &deployment).await.unwrap();
    cluster.skip(30 * SECOND).await;
}

/// `name ready restarts`, in order.
async fn pods(cluster: &Cluster, app: &str) -> Vec<(String, bool, i32)> {
    let pods: Api<Pod> = Api::default_namespaced(cluster.client());
    let own = ListParams::default().labels(&format!("app={app}"));
    let pods = pods.list(&own).await.unwrap().into_iter();
    pods.map(|pod| {
        let statuses = pod.status.unwrap_or_default().container_statuses;
        let statuses = statuses.unwrap_or_default();
        let ready = !statuses.is_empty() && statuses.iter().all(|own| own.ready);
        let restarts = statuses.iter().map(|own| own.restart_count).sum();
        (pod.metadata.name.unwrap(), ready, restarts)
    })
    .collect()
}

/// What kubectl sends, with what it says of itself.
async fn kubectl(cluster: &Cluster, command: &str, session: &str, request: (&str, &str, Value)) {
    let (method, path, body) = request;
    let content = match method {
        "PATCH" => "application/merge-patch+json",
        _ => "application/json",
    };
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("Content-Type", content)
        .header("Kubectl-Command", format!("kubectl {command}"))
        .header("Kubectl-Session", session)
        .body(body.to_string().into_bytes());
    let answer = cluster.client().request_text(request.unwrap()).await;
    answer.unwrap();
    cluster.skip(20 * SECOND).await;
}

#[tokio::test]
async fn a_deleted_deployment_is_back_with_its_pods_and_lives_on() {
    let cluster = cluster().await;
    deploy(&cluster, "bystander", 1).await;
    deploy(&cluster, "web", 2).await;
    let deployments: Api<Deployment> = Api::default_namespaced(cluster.client());
    let before = (
        deployments.get("web").await.unwrap().metadata.uid,
        pods(&cluster, "web").await,
    );
    let then = cluster.snapshot();
    let options = DeleteParams::background();
    deployments.delete("web", &options).await.unwrap();
    cluster.skip(60 * SECOND).await;
    assert!(pods(&cluster, "web").await.is_empty());

    let newest = cluster.snapshot();
    let rewound = cluster.rewind(then).await.unwrap();
    assert_eq!((rewound.to, rewound.from), (then, newest));
    assert!(cluster.snapshot() > newest);
    cluster.skip(60 * SECOND).await;
    let web = deployments.get("web").await.unwrap();
    assert_eq!(web.metadata.uid, before.0);
    assert_eq!(web.status.unwrap().ready_replicas, Some(2));
    // As after a boot of their node: the same Pods, their containers started once more.
    let expected: Vec<_> = before
        .1
        .into_iter()
        .map(|(name, ready, _)| (name, ready, 1))
        .collect();
    assert_eq!(pods(&cluster, "web").await, expected);
    let bystander = pods(&cluster, "bystander").await;
    assert_eq!((bystander[0].1, bystander[0].2), (true, 0));

    // The loops go on.
    let three = Patch::Merge(json!({"spec": {"replicas": 3}}));
    let params = PatchParams::default();
    deployments.patch("web", &params, &three).await.unwrap();
    cluster.skip(30 * SECOND).await;
    let web = pods(&cluster, "web").await;
    assert_eq!(web.iter().filter(|pod| pod.1).count(), 3, "{web:?}");
    cluster.shutdown().await.unwrap();
}

#[tokio::test]
async fn pods_that_were_not_there_yet_are_gone_and_their_containers_with_them() {
    let cluster = cluster().await;
    let then = cluster.snapshot();
    deploy(&cluster, "web", 2).await;
    cluster.rewind(then).await.unwrap();
    cluster.skip(30 * SECOND).await;
    assert!(pods(&cluster, "web").await.is_empty());
    deploy(&cluster, "web", 1).await;
    let web = pods(&cluster, "web").await;
    assert_eq!(web.iter().filter(|pod| pod.1).count(), 1, "{web:?}");
    cluster.shutdown().await.unwrap();
}

#[tokio::test]
async fn watches_go_on_and_see_new_revisions_only() {
    let cluster = cluster().await;
    let maps: Api<ConfigMap> = Api::default_namespaced(cluster.client());
    let map = |name: &str, data: &str| {
        serde_json::from_value::<ConfigMap>(json!({
            "metadata": {"name": name}, "data": {"k": data},
        }))
        .unwrap()
    };
    let options = PostParams::default();
    maps.create(&options, &map("changed", "1")).await.unwrap();
    maps.create(&options, &map("deleted", "1")).await.unwrap();
    let then = cluster.snapshot();
    maps.replace("changed", &options, &map("changed", "2"))
        .await
        .unwrap();
    maps.delete("deleted", &DeleteParams::default())
        .await
        .unwrap();
    maps.create(&options, &map("new", "1")).await.unwrap();
    let now = cluster.snapshot();
    let (params, from) = (WatchParams::default(), now.to_string());
    let watch = maps.watch(&params, &from).await.unwrap();
    cluster.rewind(then).await.unwrap();
    let seen: Vec<_> = watch.take(3).try_collect().await.unwrap();
    let mut last = now;
    let mut seen: Vec<String> = seen
        .into_iter()
        .map(|event| {
            let (what, object) = match event {
                WatchEvent::Added(object) => ("added", object),
                WatchEvent::Modified(object) => ("modified", object),
                WatchEvent::Deleted(object) => ("deleted", object),
                other => panic!("{other:?}"),
            };
            let revision: u64 = object.metadata.resource_version.unwrap().parse().unwrap();
            assert!(revision > last);
            last = revision;
            format!("{what} {}", object.metadata.name.unwrap())
        })
        .collect();
    seen.sort();
    assert_eq!(seen, ["added deleted", "deleted new", "modified changed"]);
    assert_eq!(maps.get("changed").await.unwrap().data.unwrap()["k"], "1");
    cluster.shutdown().await.unwrap();
}

#[tokio::test]
async fn what_users_did_to_a_node_is_taken_back_and_the_node_stays_as_it_is() {
    let cluster = cluster().await;
    let nodes: Api<Node> = Api::all(cluster.client());
    let then = cluster.snapshot();
    nodes.cordon("kubekata-worker").await.unwrap();
    let label = Patch::Merge(json!({"metadata": {"labels": {"disk": "ssd"}}}));
    let params = PatchParams::default();
    nodes
        .patch("kubekata-worker", &params, &label)
        .await
        .unwrap();
    cluster.skip(600 * SECOND).await;
    cluster.rewind(then).await.unwrap();
    let node = nodes.get("kubekata-worker").await.unwrap();
    let spec = node.spec.unwrap();
    assert!(spec.unschedulable.is_none() && spec.taints.is_none());
    assert!(!node.metadata.labels.unwrap().contains_key("disk"));
    cluster.skip(120 * SECOND).await;
    let conditions = nodes
        .get("kubekata-worker")
        .await
        .unwrap()
        .status
        .unwrap()
        .conditions;
    let ready = conditions
        .unwrap()
        .into_iter()
        .find(|own| own.type_ == "Ready");
    assert_eq!(ready.unwrap().status, "True");
    cluster.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_definition_comes_and_goes_with_its_objects() {
    let cluster = cluster().await;
    let definitions: Api<CustomResourceDefinition> = Api::all(cluster.client());
    let definition = serde_json::from_value(json!({
        "metadata": {"name": "gadgets.example.com"},
        "spec": {
            "group": "example.com", "scope": "Namespaced",
            "names": {"kind": "Gadget", "plural": "gadgets", "singular": "gadget"},
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {
                "openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": true},
            }}],
        },
    }));
    let without = cluster.snapshot();
    let options = PostParams::default();
    definitions
        .create(&options, &definition.unwrap())
        .await
        .unwrap();
    cluster.skip(10 * SECOND).await;
    let kind = GroupVersionKind::gvk("example.com", "v1", "Gadget");
    let kind = ApiResource::from_gvk(&kind);
    let gadgets: Api<DynamicObject> = Api::default_namespaced_with(cluster.client(), &kind);
    let gadget = DynamicObject::new("one", &kind);
    gadgets.create(&options, &gadget).await.unwrap();
    let with = cluster.snapshot();

    cluster.rewind(without).await.unwrap();
    assert!(
        definitions
            .get_opt("gadgets.example.com")
            .await
            .unwrap()
            .is_none()
    );
    assert!(gadgets.list(&ListParams::default()).await.is_err());
    cluster.skip(10 * SECOND).await;
    cluster.rewind(with).await.unwrap();
    assert!(gadgets.get_opt("one").await.unwrap().is_some());
    cluster.skip(10 * SECOND).await;
    assert!(gadgets.get_opt("one").await.unwrap().is_some());
    cluster.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_users_commands_are_taken_back_one_after_the_other() {
    let cluster = cluster().await;
    let create = (
        "POST",
        "/apis/apps/v1/namespaces/default/deployments",
        deployment("web", 1),
    );
    kubectl(&cluster, "apply", "a", create).await;
    let name = json!({"name": "settings"});
    let map = json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": name});
    let create = ("POST", "/api/v1/namespaces/default/configmaps", map);
    kubectl(&cluster, "apply", "a", create).await;
    let path = "/apis/apps/v1/namespaces/default/deployments/web";
    let three = json!({"spec": {"replicas": 3}});
    kubectl(&cluster, "scale", "b", ("PATCH", path, three)).await;
    assert_eq!(pods(&cluster, "web").await.len(), 3);

    let undone = cluster.rewinder().undo().await.unwrap();
    assert_eq!(undone.undone.as_deref(), Some("kubectl scale"));
    cluster.skip(60 * SECOND).await;
    let web = pods(&cluster, "web").await;
    assert_eq!(web.iter().map(|pod| pod.1).collect::<Vec<_>>(), [true]);

    let undone = cluster.rewinder().undo().await.unwrap();
    assert_eq!(undone.undone.as_deref(), Some("kubectl apply"));
    cluster.skip(60 * SECOND).await;
    assert!(pods(&cluster, "web").await.is_empty());
    let maps: Api<ConfigMap> = Api::default_namespaced(cluster.client());
    assert!(maps.get_opt("settings").await.unwrap().is_none());
    let nothing = cluster.rewinder().undo().await.unwrap_err();
    assert_eq!(nothing, UndoError::Nothing);
    cluster.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_moment_is_gone_back_to_by_the_clusters_time() {
    let cluster = cluster().await;
    deploy(&cluster, "web", 1).await;
    cluster.skip(300 * SECOND).await;
    let five_minutes_ago = cluster
        .clock()
        .now()
        .checked_sub(jiff::SignedDuration::from_mins(5));
    deploy(&cluster, "late", 1).await;
    let rewinder = cluster.rewinder();
    let then = rewinder.at(five_minutes_ago.unwrap()).unwrap();
    cluster.rewind(then).await.unwrap();
    cluster.skip(60 * SECOND).await;
    assert!(pods(&cluster, "late").await.is_empty());
    assert_eq!(pods(&cluster, "web").await.len(), 1);
    let future = cluster.snapshot() + 1;
    let refused = cluster.rewind(future).await.unwrap_err();
    assert!(matches!(refused, RewindError::ToCome { .. }), "{refused}");
    let refused = cluster.rewind(1).await.unwrap_err();
    assert!(
        matches!(refused, RewindError::Forgotten { .. }),
        "{refused}"
    );
    cluster.shutdown().await.unwrap();
}
