//! Evictions through the whole API server: a Pod goes unless its disruption budget is against it.

use k8s_openapi::api::core::v1::Pod;
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use kube::Api;
use kube::api::{DeleteParams, EvictParams, Patch, PatchParams, PostParams};
use pocketkube::Cluster;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

fn object<K: DeserializeOwned>(value: Value) -> K {
    serde_json::from_value(value).unwrap()
}

async fn run(pods: &Api<Pod>, name: &str) {
    let pod = object(json!({
        "metadata": {"name": name, "labels": {"app": "web"}},
        "spec": {"containers": [{"name": "main", "image": "nginx:1.25"}]},
    }));
    pods.create(&PostParams::default(), &pod).await.unwrap();
    let status = json!({"status": {
        "phase": "Running",
        "conditions": [{"type": "Ready", "status": "True"}],
    }});
    let parameters = PatchParams::default();
    pods.patch_status(name, &parameters, &Patch::Merge(status))
        .await
        .unwrap();
}

fn code(result: Result<impl Sized, kube::Error>) -> u16 {
    match result {
        Err(kube::Error::Api(status)) => status.code,
        Err(other) => panic!("{other}"),
        Ok(_) => 201,
    }
}

#[tokio::test(start_paused = true)]
async fn a_pod_is_evicted_when_no_budget_is_against_it() {
    let cluster = Cluster::builder().nodes(0).start().await.unwrap();
    let pods: Api<Pod> = Api::namespaced(cluster.client(), "default");
    let budgets: Api<PodDisruptionBudget> = Api::namespaced(cluster.client(), "default");
    let parameters = EvictParams::default();

    run(&pods, "web").await;
    let budget = object(json!({
        "metadata": {"name": "all-of-them"},
        "spec": {"maxUnavailable": 0, "selector": {"matchLabels": {"app": "web"}}},
    }));
    budgets
        .create(&PostParams::default(), &budget)
        .await
        .unwrap();
    assert_eq!(code(pods.evict("web", &parameters).await), 429);
    assert!(pods.get_opt("web").await.unwrap().is_some());

    budgets
        .delete("all-of-them", &DeleteParams::default())
        .await
        .unwrap();
    assert_eq!(code(pods.evict("web", &parameters).await), 201);
    assert!(pods.get_opt("web").await.unwrap().is_none());
    assert_eq!(code(pods.evict("web", &parameters).await), 404);
    cluster.shutdown().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_dry_run_evicts_nothing() {
    let cluster = Cluster::builder().nodes(0).start().await.unwrap();
    let pods: Api<Pod> = Api::namespaced(cluster.client(), "default");
    run(&pods, "web").await;
    let parameters = EvictParams {
        post_options: PostParams {
            dry_run: true,
            field_manager: None,
        },
        ..EvictParams::default()
    };
    assert_eq!(code(pods.evict("web", &parameters).await), 201);
    let pod = pods.get("web").await.unwrap();
    let conditions = pod.status.unwrap().conditions.unwrap();
    assert!(
        conditions
            .iter()
            .all(|condition| condition.type_ != "DisruptionTarget")
    );
    cluster.shutdown().await.unwrap();
}
