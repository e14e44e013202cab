//! Skipping ahead: what is due in a span of cluster time happens in it, in order.

use std::time::Duration;

use jiff::Timestamp;
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{Node, Pod};
use kube::api::{Api, ListParams, PostParams};
use pocketkube::Cluster;
use pocketkube::clock::Clock;
use serde_json::json;

const MINUTE: Duration = Duration::from_secs(60);

/// Its clock stands unless it is skipped.
async fn cluster() -> Cluster {
    let clock = Clock::starting_at("2026-01-02T03:00:30Z".parse().unwrap(), 1.0);
    let cluster = Cluster::builder().nodes(2).clock(clock).start().await;
    let cluster = cluster.unwrap();
    cluster.clock().pause();
    cluster
}

fn at(time: &str) -> Timestamp {
    format!("2026-01-02T{time}Z").parse().unwrap()
}

#[tokio::test]
async fn cron_jobs_fire_at_each_of_their_times() {
    let cluster = cluster().await;
    let cron_jobs: Api<CronJob> = Api::default_namespaced(cluster.client());
    let every_two_minutes = serde_json::from_value(json!({
        "metadata": {"name": "tick"},
        "spec": {
            "schedule": "*/2 * * * *",
            "successfulJobsHistoryLimit": 10,
            "jobTemplate": {"spec": {"template": {"spec": {
                "restartPolicy": "Never",
                "containers": [{"name": "tick", "image": "busybox:1.36", "command": ["true"]}],
            }}}},
        },
    }));
    let options = PostParams::default();
    let every_two_minutes = every_two_minutes.unwrap();
    cron_jobs
        .create(&options, &every_two_minutes)
        .await
        .unwrap();
    let before = cluster.clock().now();
    cluster.skip(10 * MINUTE).await;
    assert_eq!(cluster.clock().since(before), 10 * MINUTE);
    let jobs: Api<Job> = Api::default_namespaced(cluster.client());
    let jobs = jobs.list(&ListParams::default()).await.unwrap();
    let mut created: Vec<String> = jobs
        .iter()
        .map(|job| {
            let created = job.metadata.creation_timestamp.as_ref().unwrap();
            created.0.strftime("%H:%M:%S").to_string()
        })
        .collect();
    created.sort();
    let expected = ["03:02:00", "03:04:00", "03:06:00", "03:08:00", "03:10:00"];
    assert_eq!(created, expected);
    let done = jobs.iter().filter(|job| {
        let status = job.status.as_ref();
        status.is_some_and(|status| status.completion_time.is_some())
    });
    assert_eq!(done.count(), 5);
    cluster.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_container_that_keeps_dying_is_started_after_each_back_off() {
    let cluster = cluster().await;
    let pods: Api<Pod> = Api::default_namespaced(cluster.client());
    let pod = serde_json::from_value(json!({
        "metadata": {"name": "dies"},
        "spec": {"containers": [
            {"name": "dies", "image": "busybox:1.36", "command": ["sh", "-c", "exit 3"]},
        ]},
    }));
    pods.create(&PostParams::default(), &pod.unwrap())
        .await
        .unwrap();
    cluster.skip(10 * MINUTE).await;
    let pod = pods.get("dies").await.unwrap();
    let statuses = pod.status.unwrap().container_statuses.unwrap();
    // At once, then after 10, 20, 40, 80, 160 and 300 s (doubled up to five minutes).
    assert_eq!(statuses[0].restart_count, 6);
    cluster.shutdown().await.unwrap();
}

#[tokio::test]
async fn nodes_stay_ready_however_far_one_skips() {
    let cluster = cluster().await;
    let nodes: Api<Node> = Api::all(cluster.client());
    cluster.skip(60 * MINUTE).await;
    for node in nodes.list(&ListParams::default()).await.unwrap() {
        let conditions = node.status.unwrap().conditions.unwrap();
        let ready = conditions
            .iter()
            .find(|condition| condition.type_ == "Ready");
        let ready = ready.unwrap();
        assert_eq!(ready.status, "True");
        // Never lost on the way, either.
        let since = ready.last_transition_time.as_ref().unwrap().0;
        assert!(since < at("03:01:00"), "{since}");
        assert!(
            node.spec
                .unwrap()
                .taints
                .iter()
                .flatten()
                .all(|taint| { taint.key == "node-role.kubernetes.io/control-plane" })
        );
    }
    cluster.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_skip_that_is_given_up_stops_where_it_is() {
    let cluster = cluster().await;
    let before = cluster.clock().now();
    let skip = cluster.skip(60 * MINUTE);
    let steps = async {
        for _ in 0..200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        biased;
        () = skip => unreachable!("an hour takes more turns"),
        () = steps => {}
    }
    let passed = cluster.clock().since(before);
    assert!(passed < 60 * MINUTE);
    assert_eq!(cluster.clock().holds(), 0);
    cluster.shutdown().await.unwrap();
}

#[tokio::test]
async fn those_who_wait_are_known_by_name() {
    let cluster = cluster().await;
    cluster.skip(MINUTE).await;
    let next = cluster.next_timers(50);
    assert!(next.is_sorted_by_key(|timer| timer.due));
    let names: Vec<&str> = next.iter().map(|timer| timer.who.as_str()).collect();
    assert!(names.contains(&"heartbeats of nodes"), "{names:?}");
    cluster.shutdown().await.unwrap();
}

#[tokio::test]
async fn a_cluster_that_is_found_again_lives_on_in_the_time_that_it_had() {
    let folder = tempfile::tempdir().unwrap();
    let start = || async {
        let clock = Clock::starting_at(at("03:00:30"), 1.0);
        let builder = Cluster::builder().nodes(2).clock(clock);
        let state = Some(folder.path().to_owned());
        builder.state(state).start().await.unwrap()
    };
    let cluster = start().await;
    cluster.skip(60 * MINUTE).await;
    let left = cluster.clock().now();
    cluster.shutdown().await.unwrap();
    let cluster = start().await;
    assert!(cluster.clock().now() >= left);
    assert!(cluster.clock().since(left) < MINUTE);
    cluster.shutdown().await.unwrap();
}
