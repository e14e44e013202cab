//! Quotas through the whole API server: writers at the same time cannot exceed one together.

use std::sync::atomic::{AtomicUsize, Ordering};

use k8s_openapi::api::core::v1::{ResourceQuota, Secret};
use kube::Api;
use kube::api::PostParams;
use kube::runtime::wait::await_condition;
use pocketkube::Cluster;
use serde_json::json;

const ALLOWED: usize = 5;
const WRITERS: usize = 4;

fn is_counted(quota: Option<&ResourceQuota>) -> bool {
    let status = quota.and_then(|quota| quota.status.as_ref());
    status.is_some_and(|status| status.used.is_some())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn writers_at_the_same_time_cannot_exceed_a_quota_together() {
    let cluster = Cluster::builder().nodes(0).start().await.unwrap();
    let client = cluster.client();
    let quotas: Api<ResourceQuota> = Api::namespaced(client.clone(), "default");
    let hard = json!({"count/secrets": ALLOWED.to_string()});
    let quota = json!({"metadata": {"name": "q"}, "spec": {"hard": hard}});
    let quota = serde_json::from_value(quota).unwrap();
    quotas.create(&PostParams::default(), &quota).await.unwrap();
    await_condition(quotas.clone(), "q", is_counted)
        .await
        .unwrap();

    let created = AtomicUsize::new(0);
    let runtime = tokio::runtime::Handle::current();
    tokio::task::block_in_place(|| {
        std::thread::scope(|scope| {
            for writer in 0..WRITERS {
                let (created, runtime, client) = (&created, &runtime, client.clone());
                scope.spawn(move || {
                    for round in 0..ALLOWED {
                        let name = format!("secret-{writer}-{round}");
                        if runtime.block_on(create(&client, &name)) {
                            created.fetch_add(1, Ordering::Relaxed);
                        }
                    }
                });
            }
        });
    });
    assert_eq!(created.load(Ordering::Relaxed), ALLOWED);
    let quota = quotas.get("q").await.unwrap();
    let used = quota.status.unwrap().used.unwrap();
    assert_eq!(used["count/secrets"].0, ALLOWED.to_string());
    cluster.shutdown().await.unwrap();
}

/// Whether the quota let the Secret be.
async fn create(client: &kube::Client, name: &str) -> bool {
    let secrets: Api<Secret> = Api::namespaced(client.clone(), "default");
    let secret = serde_json::from_value(json!({"metadata": {"name": name}})).unwrap();
    match secrets.create(&PostParams::default(), &secret).await {
        Ok(_) => true,
        Err(kube::Error::Api(status)) => {
            let expected = format!(
                "secrets \"{name}\" is forbidden: exceeded quota: q, requested: count/secrets=1, used: count/secrets={ALLOWED}, limited: count/secrets={ALLOWED}"
            );
            assert_eq!((status.code, status.message), (403, expected));
            false
        }
        Err(other) => panic!("{other}"),
    }
}
