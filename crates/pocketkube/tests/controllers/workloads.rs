//! Workloads and their storage in a whole cluster with nodes.

use k8s_openapi::api::apps::v1::{DaemonSet, StatefulSet};
use k8s_openapi::api::batch::v1::{CronJob, Job};
use k8s_openapi::api::core::v1::{PersistentVolume, PersistentVolumeClaim, Pod};
use k8s_openapi::api::policy::v1::PodDisruptionBudget;
use pocketkube::client::{DeleteOptions, Kind, Propagation};
use serde_json::{Value, json};

use super::{SECOND, World};

fn claim(name: &str) -> Value {
    json!({
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "accessModes": ["ReadWriteOnce"], "resources": {"requests": {"storage": "1Gi"}},
        },
    })
}

fn template(labels: &Value, container: Value) -> Value {
    let mut container = container;
    container["name"] = json!("main");
    json!({
        "metadata": {"labels": labels},
        "spec": {"restartPolicy": "Always", "containers": [container]},
    })
}

fn phase(pod: &Pod) -> String {
    let status = pod.status.clone().unwrap_or_default();
    status.phase.unwrap_or_default()
}

#[tokio::test(start_paused = true)]
async fn a_claim_is_bound_where_its_first_pod_runs_and_the_volume_goes_with_it() {
    let world = World::with_nodes(3).await;
    world.given::<PersistentVolumeClaim>(claim("data")).await;
    world.pass(2 * SECOND).await;
    let waiting: PersistentVolumeClaim = world.find("default", "data").await.unwrap();
    assert_eq!(waiting.status.unwrap().phase.as_deref(), Some("Pending"));
    world
        .given::<Pod>(json!({
            "metadata": {"name": "user", "namespace": "default"},
            "spec": {
                "containers": [{"name": "main", "image": "nginx:1.25",
                    "volumeMounts": [{"name": "d", "mountPath": "/data"}]}],
                "volumes": [{"name": "d", "persistentVolumeClaim": {"claimName": "data"}}],
            },
        }))
        .await;
    world.pass(30 * SECOND).await;
    let pod: Pod = world.find("default", "user").await.unwrap();
    assert_eq!(phase(&pod), "Running");
    let volumes = world.client.list::<PersistentVolume>("").await.unwrap();
    let node = pod.spec.unwrap().node_name.unwrap();
    let affinity = volumes[0].spec.clone().unwrap().node_affinity.unwrap();
    let terms = affinity.required.unwrap().node_selector_terms;
    let names = terms[0].match_expressions.clone().unwrap()[0]
        .values
        .clone();
    assert_eq!(names, Some(vec![node]));

    let now = || DeleteOptions::default();
    world
        .delete::<PersistentVolumeClaim>("default", "data", now())
        .await;
    world.pass(5 * SECOND).await;
    let kept: PersistentVolumeClaim = world.find("default", "data").await.unwrap();
    assert!(kept.is_terminating());
    world.delete::<Pod>("default", "user", now()).await;
    world.pass(60 * SECOND).await;
    let claims = world.client.list::<PersistentVolumeClaim>("default").await;
    assert!(claims.unwrap().is_empty());
    let volumes = world.client.list::<PersistentVolume>("").await.unwrap();
    assert!(volumes.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_stateful_set_comes_up_with_its_claims_in_order() {
    let world = World::with_nodes(3).await;
    let labels = json!({"app": "db"});
    let mut template = template(
        &labels,
        json!({"image": "nginx:1.25",
        "volumeMounts": [{"name": "data", "mountPath": "/data"}]}),
    );
    template["spec"]["terminationGracePeriodSeconds"] = json!(1);
    world
        .given::<StatefulSet>(json!({
            "metadata": {"name": "db", "namespace": "default"},
            "spec": {
                "replicas": 2, "serviceName": "db", "selector": {"matchLabels": labels},
                "template": template,
                "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": claim("")["spec"]}],
            },
        }))
        .await;
    world.pass(60 * SECOND).await;
    let set: StatefulSet = world.find("default", "db").await.unwrap();
    assert_eq!(set.status.unwrap().available_replicas, Some(2));
    let claims = world.client.list::<PersistentVolumeClaim>("default").await;
    let names: Vec<_> = claims
        .unwrap()
        .iter()
        .map(|claim| claim.name().to_owned())
        .collect();
    assert_eq!(names, ["data-db-0", "data-db-1"]);
}

#[tokio::test(start_paused = true)]
async fn a_daemon_runs_on_every_worker() {
    let world = World::with_nodes(3).await;
    let labels = json!({"app": "agent"});
    world
        .given::<DaemonSet>(json!({
            "metadata": {"name": "agent", "namespace": "default"},
            "spec": {
                "selector": {"matchLabels": labels},
                "template": template(&labels, json!({"image": "nginx:1.25"})),
            },
        }))
        .await;
    world.pass(30 * SECOND).await;
    let set: DaemonSet = world.find("default", "agent").await.unwrap();
    let status = set.status.unwrap();
    // The control plane is tainted.
    assert_eq!(
        (status.desired_number_scheduled, status.number_available),
        (2, Some(2))
    );
}

fn job_spec(command: &[&str]) -> Value {
    json!({"backoffLimit": 1, "template": {"spec": {
        "restartPolicy": "Never",
        "containers": [{"name": "main", "image": "busybox:1.36", "command": command}],
    }}})
}

fn conditions(job: &Job) -> Vec<String> {
    let conditions = job.status.clone().unwrap_or_default().conditions;
    let conditions = conditions.unwrap_or_default().into_iter();
    conditions.map(|own| own.type_).collect()
}

#[tokio::test(start_paused = true)]
async fn jobs_end_as_their_pods_do() {
    let world = World::with_nodes(2).await;
    for (name, command) in [("good", ["true"]), ("bad", ["false"])] {
        let metadata = json!({"name": name, "namespace": "default"});
        let job = json!({"metadata": metadata, "spec": job_spec(&command)});
        world.given::<Job>(job).await;
    }
    world.pass(120 * SECOND).await;
    let good: Job = world.find("default", "good").await.unwrap();
    assert_eq!(conditions(&good), ["SuccessCriteriaMet", "Complete"]);
    let bad: Job = world.find("default", "bad").await.unwrap();
    assert_eq!(conditions(&bad), ["FailureTarget", "Failed"]);
    assert_eq!(bad.status.unwrap().failed, Some(2));
}

#[tokio::test(start_paused = true)]
async fn a_cron_job_skips_ahead_with_the_clock() {
    let world = World::with_nodes(2).await;
    world
        .given::<CronJob>(json!({
            "metadata": {"name": "tick", "namespace": "default"},
            "spec": {"schedule": "*/10 * * * *", "jobTemplate": {"spec": job_spec(&["true"])}},
        }))
        .await;
    world.pass(3600 * SECOND).await;
    let jobs = world.client.list::<Job>("default").await.unwrap();
    assert_eq!(jobs.len(), 3);
    assert!(
        jobs.iter()
            .all(|job| conditions(job).contains(&"Complete".to_owned()))
    );
    let background = DeleteOptions::default().propagation(Propagation::Background);
    world.delete::<CronJob>("default", "tick", background).await;
    world.pass(60 * SECOND).await;
    assert!(
        world
            .client
            .list::<Pod>("default")
            .await
            .unwrap()
            .is_empty()
    );
}

#[tokio::test(start_paused = true)]
async fn a_budget_counts_the_pods_of_a_deployment() {
    let world = World::with_nodes(3).await;
    let labels = json!({"app": "web"});
    world
        .given::<k8s_openapi::api::apps::v1::Deployment>(json!({
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {
                "replicas": 4, "selector": {"matchLabels": labels},
                "template": template(&labels, json!({"image": "nginx:1.25"})),
            },
        }))
        .await;
    world
        .given::<PodDisruptionBudget>(json!({
            "metadata": {"name": "web", "namespace": "default"},
            "spec": {"maxUnavailable": "25%", "selector": {"matchLabels": labels}},
        }))
        .await;
    world.pass(30 * SECOND).await;
    let budget: PodDisruptionBudget = world.find("default", "web").await.unwrap();
    let status = budget.status.unwrap();
    assert_eq!(
        (
            status.disruptions_allowed,
            status.desired_healthy,
            status.expected_pods
        ),
        (1, 3, 4)
    );
}

#[tokio::test(start_paused = true)]
async fn an_idle_control_plane_writes_nothing() {
    let world = World::new().await;
    world.pass(60 * SECOND).await;
    let before = world.revision();
    world.pass(3600 * SECOND).await;
    assert_eq!(world.revision(), before);
}
