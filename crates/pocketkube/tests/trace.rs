//! The chain of cause: what a user's command brought about, through all loops.

use std::time::Duration;

use k8s_openapi::api::apps::v1::Deployment;
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, DeleteParams, ListParams, Patch, PatchParams, PostParams};
use pocketkube::clock::Clock;
use pocketkube::{Cluster, TraceError, Traced};
use serde_json::json;

const ADMIN: &str = "kubernetes-admin";

async fn cluster() -> Cluster {
    let clock = Clock::starting_at("2026-01-02T03:00:00Z".parse().unwrap(), 1.0);
    let cluster = Cluster::builder().nodes(2).clock(clock).start().await;
    let cluster = cluster.unwrap();
    cluster.clock().pause();
    cluster.skip(Duration::from_secs(10)).await;
    cluster
}

async fn deploy(cluster: &Cluster) -> Api<Deployment> {
    let deployments: Api<Deployment> = Api::default_namespaced(cluster.client());
    let web = serde_json::from_value(json!({
        "metadata": {"name": "web"},
        "spec": {
            "replicas": 2,
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {"containers": [{"name": "web", "image": "nginx:1.27"}]},
            },
        },
    }));
    let options = PostParams::default();
    deployments.create(&options, &web.unwrap()).await.unwrap();
    cluster.skip(Duration::from_secs(30)).await;
    deployments
}

/// Everything below `traced`, as `who did kind what`, with two spaces a level.
fn lines(traced: &[Traced], depth: usize, into: &mut Vec<String>) {
    for one in traced {
        let kind = one.object.split('/').next().unwrap_or_default();
        let line = format!(
            "{}{} {} {kind} {}",
            "  ".repeat(depth),
            one.who,
            one.did,
            one.what
        );
        into.push(line.trim_end().to_owned());
        lines(&one.then, depth + 1, into);
    }
}

fn shown(traced: &[Traced]) -> Vec<String> {
    let mut shown = Vec::new();
    lines(traced, 0, &mut shown);
    shown
}

#[track_caller]
fn assert_count(lines: &[String], line: &str, count: usize) {
    let found = lines.iter().filter(|own| *own == line).count();
    assert_eq!(found, count, "{line:?} in {lines:#?}");
}

#[tokio::test]
async fn a_deployment_leads_to_its_pods_through_every_loop() {
    let cluster = cluster().await;
    deploy(&cluster).await;
    let traced = cluster.trace("deploy", "default", "web").unwrap();
    assert_eq!(traced.len(), 1, "{:#?}", shown(&traced));
    let lines = shown(&traced);
    assert_eq!(lines[0], format!("{ADMIN} created deployment"));
    assert_count(&lines, "  Deployment controller created replicaset", 1);
    assert_count(&lines, "    ReplicaSet controller created pod", 2);
    assert_count(&lines, "      scheduler bound pod to kubekata-worker", 2);
    let running = "        kubelet on kubekata-worker reported pod Running, ready";
    assert_count(&lines, running, 2);
    cluster.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_pod_leads_back_to_whoever_wanted_it_and_not_to_its_siblings() {
    let cluster = cluster().await;
    deploy(&cluster).await;
    let pods: Api<Pod> = Api::default_namespaced(cluster.client());
    let pods = pods.list(&ListParams::default()).await.unwrap();
    let name = pods.items[0].metadata.name.clone().unwrap();
    let traced = cluster.trace("pod", "default", &name).unwrap();
    let lines = shown(&traced);
    assert_eq!(lines[0], format!("{ADMIN} created deployment"));
    assert_count(&lines, "    ReplicaSet controller created pod", 1);
    cluster.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_deletion_leads_to_the_end_of_all_that_belonged_to_it() {
    let cluster = cluster().await;
    let deployments = deploy(&cluster).await;
    let options = DeleteParams::background();
    deployments.delete("web", &options).await.unwrap();
    cluster.skip(Duration::from_secs(60)).await;
    let traced = cluster.trace("deployments.apps", "default", "web");
    let traced = traced.unwrap();
    let lines = shown(&traced[traced.len() - 1..]);
    assert_eq!(
        lines[0],
        format!("{ADMIN} deleted deployment"),
        "{lines:#?}"
    );
    assert_count(&lines, "  garbage collector deleted replicaset", 1);
    assert_count(&lines, "    garbage collector marked for deletion pod", 2);
    assert_count(&lines, "      kubelet on kubekata-worker deleted pod", 2);
    cluster.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_change_says_what_it_changed_and_the_timeline_shows_it_in_its_place() {
    let cluster = cluster().await;
    let deployments = deploy(&cluster).await;
    let three = json!({"spec": {"replicas": 3}});
    let params = PatchParams::default();
    let patch = Patch::Merge(three);
    deployments.patch("web", &params, &patch).await.unwrap();
    cluster.skip(Duration::from_secs(30)).await;
    let traced = cluster.trace("Deployment", "default", "web").unwrap();
    let scaling = &traced[traced.len() - 1];
    let lines = shown(std::slice::from_ref(scaling));
    assert_eq!(
        lines[0],
        format!("{ADMIN} changed deployment spec.replicas 2 → 3")
    );
    let scaled = "  Deployment controller changed replicaset spec.replicas 2 → 3";
    assert_count(&lines, scaled, 1);
    assert_count(&lines, "    ReplicaSet controller created pod", 1);

    let timeline = cluster.insight().timeline(1000);
    let place = timeline
        .iter()
        .position(|one| one.revision == scaling.revision);
    let after = &timeline[place.unwrap() + 1..];
    let replica_set = &scaling.then[0];
    assert!(after.iter().any(|one| {
        one.revision == replica_set.revision && one.because == Some(scaling.revision)
    }));
    assert!(timeline.is_sorted_by_key(|one| one.revision));
    assert_eq!(
        cluster.insight().timeline(3),
        timeline[timeline.len() - 3..]
    );
    cluster.shutdown().await.unwrap();
}

#[tokio::test]
async fn nothing_is_told_of_what_never_was() {
    let cluster = cluster().await;
    let unknown = cluster.trace("pod", "default", "nobody").unwrap_err();
    assert_eq!(
        unknown.to_string(),
        "nothing is remembered of pod/nobody in namespace default"
    );
    let kind = cluster.trace("gadget", "default", "nobody").unwrap_err();
    assert_eq!(kind, TraceError::NoSuchKind("gadget".to_owned()));
    cluster.shutdown().await.unwrap();
}
