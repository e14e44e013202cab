//! `metrics.k8s.io`: what nodes and Pods use, as `kubectl top` reads it.

use std::time::Duration;

use http::Request;
use serde_json::Value;

use super::support::World;

async fn get(world: &World, path: &str) -> Value {
    let path = format!("/apis/metrics.k8s.io/v1beta1/{path}");
    let request = Request::get(path).body(Vec::new()).unwrap();
    world.client.request(request).await.unwrap()
}

/// Billionths of a CPU: `995105799n`.
fn nanocores(usage: &Value) -> u64 {
    let cpu = usage["cpu"].as_str().unwrap();
    cpu.trim_end_matches('n').parse().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_busy_pod_shows_in_its_own_usage_and_in_that_of_its_node() {
    let world = World::new().await;
    world.script("busy", "Always", "while :; do :; done").await;
    world.script("idle", "Always", "sleep 3600").await;
    let busy = world.until_ready("busy").await;
    world.until_ready("idle").await;
    tokio::time::sleep(Duration::from_secs(30)).await;

    let pods = get(&world, "namespaces/default/pods").await;
    let names = pods["items"].as_array().unwrap().iter();
    let names: Vec<_> = names.map(|pod| &pod["metadata"]["name"]).collect();
    assert_eq!(names, ["busy", "idle"]);
    assert_eq!(pods["kind"], "PodMetricsList");
    let usage = |at: usize| nanocores(&pods["items"][at]["containers"][0]["usage"]);
    assert!(usage(0) > 500_000_000, "{pods:#}");
    assert!(usage(1) < 100_000_000, "{pods:#}");

    let node = busy["spec"]["nodeName"].as_str().unwrap();
    let node = get(&world, &format!("nodes/{node}")).await;
    assert!(nanocores(&node["usage"]) >= usage(0), "{node:#}");

    let none = get(&world, "pods?labelSelector=app%3Dnone").await;
    assert_eq!(none["items"], serde_json::json!([]));
    let one = get(&world, "pods?fieldSelector=metadata.name%3Dbusy").await;
    assert_eq!(one["items"].as_array().unwrap().len(), 1);
    let _ = world.cluster.shutdown().await;
}
