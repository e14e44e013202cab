//! Measures how fast a large cluster schedules and runs Pods: `fleet NODES DEPLOYMENTS REPLICAS`.

#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "a measurement by hand, in real time"
)]

use std::time::Instant;

use k8s_openapi::api::apps::v1::Deployment;
use kube::Api;
use pocketkube::Cluster;
use serde_json::json;

#[tokio::main]
async fn main() {
    let args: Vec<usize> = std::env::args()
        .skip(1)
        .filter_map(|a| a.parse().ok())
        .collect();
    let (nodes, count, replicas) = (args[0], args[1], args[2]);
    let begun = Instant::now();
    let cluster = Cluster::builder()
        .nodes(nodes)
        .start()
        .await
        .expect("it starts");
    println!("start {:?} rss {}", begun.elapsed(), rss());
    let api: Api<Deployment> = Api::namespaced(cluster.client(), "default");
    let begun = Instant::now();
    for i in 0..count {
        let d = serde_json::from_value(json!({"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":format!("d{i}")},
            "spec":{"replicas":replicas,"selector":{"matchLabels":{"app":format!("d{i}")}},
            "template":{"metadata":{"labels":{"app":format!("d{i}")}},"spec":{"containers":[{"name":"c","image":"registry.k8s.io/pause:3.9"}]}}}})).unwrap();
        api.create(&Default::default(), &d).await.expect("created");
    }
    loop {
        tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        let list = api.list(&Default::default()).await.expect("list");
        let sum = |f: fn(&k8s_openapi::api::apps::v1::DeploymentStatus) -> Option<i32>| -> i32 {
            list.items
                .iter()
                .filter_map(|d| d.status.as_ref().and_then(f))
                .sum()
        };
        let ready = sum(|s| s.ready_replicas);
        println!(
            "{:?} replicas {} ready {ready} rss {}",
            begun.elapsed(),
            sum(|s| s.replicas),
            rss()
        );
        if ready as usize == count * replicas || begun.elapsed().as_secs() > 120 {
            break;
        }
    }
    println!(
        "{}",
        std::fs::read_to_string("/proc/self/stat")
            .map(|s| {
                let f: Vec<&str> = s.split(' ').collect();
                format!("utime {} stime {}", f[13], f[14])
            })
            .unwrap()
    );
}

fn rss() -> String {
    std::fs::read_to_string("/proc/self/status")
        .unwrap_or_default()
        .lines()
        .find(|l| l.starts_with("VmRSS"))
        .unwrap_or("")
        .to_owned()
}
