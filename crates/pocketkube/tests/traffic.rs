//! Who asks how much, and watches that are broken off.

use futures::StreamExt;
use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::api::core::v1::ConfigMap;
use kube::api::{PostParams, WatchParams};
use kube::{Api, Client};
use pocketkube::Cluster;
use pocketkube::authentication::UserInfo;
use serde_json::{Value, json};

async fn world() -> (Cluster, Client) {
    let cluster = Cluster::builder().nodes(0).start().await.unwrap();
    let jane = cluster.client_as(UserInfo::new("jane", &["system:masters"]));
    (cluster, jane)
}

fn named<T: serde::de::DeserializeOwned>(name: &str) -> T {
    let object: Value = json!({"metadata": {"name": name}});
    serde_json::from_value(object).unwrap()
}

#[tokio::test]
async fn what_a_user_asks_is_counted_and_leases_and_dry_runs_are_no_writes() {
    let (cluster, jane) = world().await;
    let maps: Api<ConfigMap> = Api::default_namespaced(jane.clone());
    let leases: Api<Lease> = Api::default_namespaced(jane);
    assert_eq!(cluster.server().traffic("jane").requests, 0);
    let create = PostParams::default();
    maps.create(&create, &named("a")).await.unwrap();
    leases.create(&create, &named("a")).await.unwrap();
    let dry_run = PostParams {
        dry_run: true,
        ..PostParams::default()
    };
    maps.create(&dry_run, &named("b")).await.unwrap();
    maps.get("a").await.unwrap();
    maps.create(&create, &named("a")).await.unwrap_err();
    let traffic = cluster.server().traffic("jane");
    assert_eq!((traffic.requests, traffic.writes), (5, 2));
    assert_eq!(cluster.server().traffic("somebody else").requests, 0);
}

#[tokio::test]
async fn a_watch_that_is_cut_breaks_off_and_the_next_one_goes_on() {
    let (cluster, jane) = world().await;
    let maps: Api<ConfigMap> = Api::default_namespaced(jane);
    let mut watch = maps
        .watch(&WatchParams::default(), "0")
        .await
        .unwrap()
        .boxed();
    cluster.server().cut_watches_of("jane");
    loop {
        match watch.next().await {
            Some(Ok(_)) => {}
            Some(Err(_)) => break,
            None => panic!("it ended as if all were well"),
        }
    }
    maps.create(&PostParams::default(), &named("a"))
        .await
        .unwrap();
    let mut watch = maps
        .watch(&WatchParams::default(), "0")
        .await
        .unwrap()
        .boxed();
    assert!(watch.next().await.unwrap().is_ok());
}
