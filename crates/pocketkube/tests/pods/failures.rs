//! The stuck states of Pods: each with its true reason, message and events, and its recovery.

use k8s_openapi::api::core::v1::ConfigMap;
use serde_json::json;

use super::support::{World, condition, container, phase};

fn one(image: &str) -> serde_json::Value {
    json!({"containers": [{"name": "web", "image": image}]})
}

#[tokio::test(start_paused = true)]
async fn an_unknown_image_is_pulled_again_and_again() {
    let world = World::new().await;
    world.create("typo", one("ngnix")).await;
    let error = "failed to pull and unpack image \"docker.io/library/ngnix:latest\": failed to \
                 resolve reference \"docker.io/library/ngnix:latest\": pull access denied, \
                 repository does not exist or may require authorization: server message: \
                 insufficient_scope: authorization failed";
    assert_eq!(world.until_waiting("typo", "ErrImagePull").await, error);
    assert_eq!(
        world.until_waiting("typo", "ImagePullBackOff").await,
        format!("Back-off pulling image \"ngnix\": ErrImagePull: {error}")
    );
    let events = world.events("typo").await;
    for expected in [
        "Pulling: Pulling image \"ngnix\"".to_owned(),
        format!("Failed: Failed to pull image \"ngnix\": {error}"),
        "Failed: Error: ErrImagePull".to_owned(),
        "BackOff: Back-off pulling image \"ngnix\"".to_owned(),
        "Failed: Error: ImagePullBackOff".to_owned(),
    ] {
        assert!(events.contains(&expected), "{expected} in {events:#?}");
    }
    assert_eq!(
        world.logs("typo", false).await.unwrap_err(),
        "container \"web\" in pod \"typo\" is waiting to start: trying and failing to pull image"
    );
    let fixed = json!({"spec": {"containers": [{"name": "web", "image": "nginx"}]}});
    world.patch("typo", fixed).await;
    let pod = world.until_ready("typo").await;
    assert_eq!(container(&pod)["restartCount"], json!(0));
}

#[tokio::test(start_paused = true)]
async fn an_unknown_tag_is_not_found() {
    let world = World::new().await;
    world.create("tag", one("nginx:9.99")).await;
    let message = world.until_waiting("tag", "ErrImagePull").await;
    assert!(
        message.starts_with("rpc error: code = NotFound desc = failed to pull"),
        "{message}"
    );
    assert!(
        message.ends_with("docker.io/library/nginx:9.99: not found"),
        "{message}"
    );
}

#[tokio::test(start_paused = true)]
async fn an_image_name_that_is_none_is_invalid() {
    let world = World::new().await;
    world.create("shout", one("Nginx")).await;
    assert_eq!(
        world.until_waiting("shout", "InvalidImageName").await,
        "Failed to apply default image tag \"Nginx\": couldn't parse image name \"Nginx\": \
         invalid reference format: repository name (library/Nginx) must be lowercase"
    );
}

#[tokio::test(start_paused = true)]
async fn a_missing_config_map_keeps_the_container_from_being_configured() {
    let world = World::new().await;
    let spec = json!({"containers": [{"name": "web", "image": "nginx",
        "envFrom": [{"configMapRef": {"name": "settings"}}]}]});
    world.create("web", spec).await;
    assert_eq!(
        world
            .until_waiting("web", "CreateContainerConfigError")
            .await,
        "configmap \"settings\" not found"
    );
    let events = world.events("web").await;
    let failed = "Failed: Error: configmap \"settings\" not found";
    assert!(events.iter().any(|event| event == failed), "{events:#?}");
    let map = json!({"metadata": {"name": "settings"}, "data": {"A": "1"}});
    world.object::<ConfigMap>(map).await;
    world.until_ready("web").await;
}

#[tokio::test(start_paused = true)]
async fn a_missing_volume_keeps_the_containers_from_being_created() {
    let world = World::new().await;
    let spec = json!({"volumes": [{"name": "cfg", "configMap": {"name": "settings"}}],
        "containers": [{"name": "web", "image": "nginx",
            "volumeMounts": [{"name": "cfg", "mountPath": "/etc/settings"}]}]});
    world.create("web", spec).await;
    world.pass(3).await;
    let pod = world
        .until("web", |pod| !pod["status"]["startTime"].is_null())
        .await;
    assert_eq!(
        container(&pod)["state"]["waiting"]["reason"],
        "ContainerCreating"
    );
    assert_eq!(
        condition(&pod, "PodReadyToStartContainers")["status"],
        "False"
    );
    let events = world.events("web").await;
    let failed = "FailedMount: MountVolume.SetUp failed for volume \"cfg\" : configmap \
                  \"settings\" not found";
    assert!(events.iter().any(|event| event == failed), "{events:#?}");
    let map = json!({"metadata": {"name": "settings"}, "data": {"A": "1"}});
    world.object::<ConfigMap>(map).await;
    world.until_ready("web").await;
}

#[tokio::test(start_paused = true)]
async fn a_program_that_does_not_exist_is_a_start_error() {
    let world = World::new().await;
    let spec = json!({"containers": [{"name": "web", "image": "nginx", "command": ["nosuch"]}]});
    world.create("web", spec).await;
    let message = world.until_waiting("web", "RunContainerError").await;
    assert!(
        message.ends_with("exec: \"nosuch\": executable file not found in $PATH"),
        "{message}"
    );
    let pod = world
        .until("web", |pod| {
            container(pod)["state"]["waiting"]["reason"] == "CrashLoopBackOff"
        })
        .await;
    let last = &container(&pod)["lastState"]["terminated"];
    assert_eq!(
        (&last["reason"], &last["exitCode"]),
        (&json!("StartError"), &json!(128))
    );
}

#[tokio::test(start_paused = true)]
async fn a_root_image_may_not_run_as_non_root() {
    let world = World::new().await;
    let spec = json!({"securityContext": {"runAsNonRoot": true},
        "containers": [{"name": "web", "image": "nginx"}]});
    let created = world.create("web", spec).await;
    let uid = created.metadata.uid.unwrap();
    assert_eq!(
        world
            .until_waiting("web", "CreateContainerConfigError")
            .await,
        format!(
            "container has runAsNonRoot and image will run as root (pod: \"web_default({uid})\", \
             container: web)"
        )
    );
}

#[tokio::test(start_paused = true)]
async fn a_failed_init_container_keeps_the_pod_pending_or_fails_it() {
    let world = World::new().await;
    let spec = |policy: &str| {
        json!({"restartPolicy": policy,
            "initContainers": [{"name": "check", "image": "busybox", "command": ["false"]}],
            "containers": [{"name": "main", "image": "busybox"}]})
    };
    world.create("retrying", spec("Always")).await;
    world.create("failing", spec("Never")).await;
    let failed = world.until("failing", |pod| phase(pod) == "Failed").await;
    assert!(failed["status"]["containerStatuses"][0]["state"]["waiting"].is_object());
    let pod = world
        .until("retrying", |pod| {
            let init = &pod["status"]["initContainerStatuses"][0];
            init["state"]["waiting"]["reason"] == "CrashLoopBackOff"
        })
        .await;
    assert_eq!(phase(&pod), "Pending");
}

#[tokio::test(start_paused = true)]
async fn a_pod_that_asks_for_too_much_stays_pending_and_says_why() {
    let world = World::new().await;
    let spec = json!({"containers": [{"name": "web", "image": "nginx",
        "resources": {"requests": {"cpu": "64"}}}]});
    world.create("huge", spec).await;
    let pod = world
        .until("huge", |pod| {
            condition(pod, "PodScheduled")["status"] == "False"
        })
        .await;
    let scheduled = condition(&pod, "PodScheduled");
    assert_eq!(scheduled["reason"], "Unschedulable");
    assert_eq!(
        scheduled["message"],
        "0/3 nodes are available: 1 node(s) had untolerated taint(s), 2 Insufficient cpu. \
         preemption: 0/3 nodes are available: 3 Preemption is not helpful for scheduling."
    );
}
