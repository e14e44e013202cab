//! Start, end, restart and deletion.

use serde_json::{Value, json};

use super::support::{World, condition, container, phase};

#[tokio::test(start_paused = true)]
async fn a_pod_is_scheduled_pulled_started_and_ready() {
    let world = World::new().await;
    world
        .create(
            "web",
            json!({"containers": [{"name": "web", "image": "nginx"}]}),
        )
        .await;
    let pod = world.until_ready("web").await;
    assert_eq!(phase(&pod), "Running");
    let status = container(&pod);
    assert_eq!(status["image"], "docker.io/library/nginx:latest");
    assert!(
        status["imageID"]
            .as_str()
            .unwrap()
            .contains("nginx@sha256:")
    );
    assert!(
        status["containerID"]
            .as_str()
            .unwrap()
            .starts_with("containerd://")
    );
    for kind in [
        "PodReadyToStartContainers",
        "Initialized",
        "ContainersReady",
        "PodScheduled",
    ] {
        assert_eq!(condition(&pod, kind)["status"], "True", "{kind}");
    }
    let ip = pod["status"]["podIP"].as_str().unwrap();
    assert!(ip.starts_with("10.244."), "{ip}");
    let node = pod["spec"]["nodeName"].as_str().unwrap();
    assert_ne!(node, "kubekata-control-plane");
    let events = world.events("web").await;
    assert_eq!(
        events[0],
        format!("Scheduled: Successfully assigned default/web to {node}")
    );
    assert_eq!(events[1], "Pulling: Pulling image \"nginx\"");
    assert!(
        events[2].starts_with("Pulled: Successfully pulled image \"nginx\" in "),
        "{events:?}"
    );
    assert!(events[2].ends_with(" bytes."), "{events:?}");
    assert_eq!(events[3], "Created: Created container: web");
    assert_eq!(events[4], "Started: Started container web");
}

#[tokio::test(start_paused = true)]
async fn containers_that_end_complete_or_fail_their_pod() {
    let world = World::new().await;
    world.script("good", "Never", "echo done").await;
    world.script("bad", "Never", "echo oops; exit 3").await;
    let good = world.until("good", |pod| phase(pod) == "Succeeded").await;
    assert_eq!(
        container(&good)["state"]["terminated"]["reason"],
        "Completed"
    );
    assert_eq!(condition(&good, "Ready")["reason"], "PodCompleted");
    let bad = world.until("bad", |pod| phase(pod) == "Failed").await;
    let ended = &container(&bad)["state"]["terminated"];
    assert_eq!(
        (&ended["reason"], &ended["exitCode"]),
        (&json!("Error"), &json!(3))
    );
    assert_eq!(world.logs("bad", false).await.unwrap(), "oops\n");
}

#[tokio::test(start_paused = true)]
async fn crashes_back_off_longer_and_longer() {
    let world = World::new().await;
    let created = world.script("loop", "Always", "echo again; exit 1").await;
    let message = world.until_waiting("loop", "CrashLoopBackOff").await;
    let uid = created.metadata.uid.unwrap();
    assert_eq!(
        message,
        format!("back-off 10s restarting failed container=main pod=loop_default({uid})")
    );
    let pod = world
        .until("loop", |pod| container(pod)["restartCount"] == json!(1))
        .await;
    assert_eq!(
        container(&pod)["lastState"]["terminated"]["exitCode"],
        json!(1)
    );
    assert_eq!(phase(&pod), "Running");
    assert_eq!(world.logs("loop", true).await.unwrap(), "again\n");
    let mut starts = Vec::new();
    let begun = world.cluster.clock().now();
    for restarts in 2..=5 {
        world
            .until("loop", |pod| {
                container(pod)["restartCount"] == json!(restarts)
            })
            .await;
        starts.push(world.cluster.clock().since(begun).as_secs());
    }
    let gaps: Vec<u64> = starts.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (gap, expected) in gaps.iter().zip([20_u64, 40, 80]) {
        assert!(gap.abs_diff(expected) <= 3, "{gaps:?}");
    }
    let events = world.events("loop").await;
    let backoff =
        format!("BackOff: Back-off restarting failed container main in pod loop_default({uid})");
    assert!(events.contains(&backoff), "{events:?}");
}

#[tokio::test(start_paused = true)]
async fn on_failure_restarts_only_what_failed() {
    let world = World::new().await;
    let script = "if [ -e /data/second ]; then exit 0; fi; touch /data/second; exit 1";
    let spec = json!({"restartPolicy": "OnFailure",
        "volumes": [{"name": "data", "emptyDir": {}}],
        "containers": [{"name": "main", "image": "busybox", "command": ["sh", "-c", script],
            "volumeMounts": [{"name": "data", "mountPath": "/data"}]}]});
    world.create("twice", spec).await;
    let pod = world.until("twice", |pod| phase(pod) == "Succeeded").await;
    assert_eq!(container(&pod)["restartCount"], json!(1));
}

#[tokio::test(start_paused = true)]
async fn init_containers_run_in_order_before_the_containers() {
    let world = World::new().await;
    let init = |name: &str, script: &str| {
        json!({"name": name, "image": "busybox", "command": ["sh", "-c", script],
            "volumeMounts": [{"name": "data", "mountPath": "/data"}]})
    };
    let spec = json!({"restartPolicy": "Never",
        "volumes": [{"name": "data", "emptyDir": {}}],
        "initContainers": [
            init("first", "sleep 5; echo one >> /data/log"),
            init("second", "echo two >> /data/log"),
        ],
        "containers": [init("main", "cat /data/log")]});
    world.create("ordered", spec).await;
    let waiting = world
        .until("ordered", |pod| {
            !pod["status"]["initContainerStatuses"][0]["state"]["running"].is_null()
        })
        .await;
    let initialized = condition(&waiting, "Initialized");
    assert_eq!(initialized["reason"], "ContainersNotInitialized");
    assert_eq!(
        initialized["message"],
        "containers with incomplete status: [first second]"
    );
    assert_eq!(
        container(&waiting)["state"]["waiting"]["reason"],
        "PodInitializing"
    );
    world
        .until("ordered", |pod| phase(pod) == "Succeeded")
        .await;
    assert_eq!(world.logs("ordered", false).await.unwrap(), "one\ntwo\n");
}

#[tokio::test(start_paused = true)]
async fn a_sidecar_runs_beside_the_containers_and_ends_after_them() {
    let world = World::new().await;
    let spec = json!({"restartPolicy": "Never",
        "initContainers": [{"name": "helper", "image": "busybox", "restartPolicy": "Always",
            "command": ["sh", "-c", "trap 'exit 0' TERM; while true; do sleep 1; done"]}],
        "containers": [{"name": "main", "image": "busybox", "command": ["sh", "-c", "sleep 10"]}]});
    world.create("pair", spec).await;
    let running = world
        .until("pair", |pod| !container(pod)["state"]["running"].is_null())
        .await;
    let helper = &running["status"]["initContainerStatuses"][0];
    assert!(!helper["state"]["running"].is_null());
    let done = world.until("pair", |pod| phase(pod) == "Succeeded").await;
    let helper = &done["status"]["initContainerStatuses"][0];
    assert_eq!(helper["state"]["terminated"]["exitCode"], json!(0));
}

#[tokio::test(start_paused = true)]
async fn a_sidecar_whose_image_is_there_already_holds_nothing_up() {
    let world = World::new().await;
    let sleep = json!(["sh", "-c", "sleep 100"]);
    let spec = json!({
        "initContainers": [
            {"name": "first", "image": "busybox", "command": ["true"]},
            {"name": "helper", "image": "busybox", "restartPolicy": "Always", "command": sleep}],
        "containers": [{"name": "main", "image": "busybox", "command": sleep}]});
    world.create("pair", spec).await;
    world.until_ready("pair").await;
}

#[tokio::test(start_paused = true)]
async fn deletion_gives_the_grace_period_and_then_kills() {
    let world = World::new().await;
    world
        .script(
            "stubborn",
            "Always",
            "trap '' TERM; while true; do sleep 1; done",
        )
        .await;
    world.until_ready("stubborn").await;
    let begun = world.cluster.clock().now();
    world.delete("stubborn").await;
    let pod = world
        .until("stubborn", |pod| {
            !pod["metadata"]["deletionTimestamp"].is_null()
        })
        .await;
    assert_eq!(pod["metadata"]["deletionGracePeriodSeconds"], json!(5));
    world.until("stubborn", Value::is_null).await;
    let took = world.cluster.clock().since(begun).as_secs();
    assert!((5..=6).contains(&took), "{took}");
    let events = world.events("stubborn").await;
    assert_eq!(events.last().unwrap(), "Killing: Stopping container main");
}

#[tokio::test(start_paused = true)]
async fn a_changed_image_restarts_its_container_in_place() {
    let world = World::new().await;
    world
        .create(
            "web",
            json!({"containers": [{"name": "web", "image": "nginx:1.25"}]}),
        )
        .await;
    let before = world.until_ready("web").await;
    let spec = json!({"spec": {"containers": [{"name": "web", "image": "nginx:1.14"}]}});
    world.patch("web", spec).await;
    let after = world
        .until("web", |pod| {
            container(pod)["restartCount"] == json!(1) && super::support::is_ready(pod)
        })
        .await;
    assert_eq!(container(&after)["image"], "docker.io/library/nginx:1.14");
    assert_eq!(after["status"]["podIP"], before["status"]["podIP"]);
    let events = world.events("web").await;
    let killing = "Killing: Container web definition changed, will be restarted";
    assert!(events.iter().any(|event| event == killing), "{events:?}");
}

#[tokio::test(start_paused = true)]
async fn a_deadline_ends_a_pod_that_runs_for_too_long() {
    let world = World::new().await;
    let spec = json!({"activeDeadlineSeconds": 20, "restartPolicy": "Never",
        "terminationGracePeriodSeconds": 1,
        "containers": [{"name": "main", "image": "busybox", "command": ["sleep", "3600"]}]});
    world.create("late", spec).await;
    let pod = world.until("late", |pod| phase(pod) == "Failed").await;
    assert_eq!(pod["status"]["reason"], "DeadlineExceeded");
    assert_eq!(
        pod["status"]["message"],
        "Pod was active on the node longer than the specified deadline"
    );
}

#[tokio::test(start_paused = true)]
async fn lifecycle_hooks_run_after_the_start_and_before_the_stop() {
    let world = World::new().await;
    let hook = |text: &str| json!({"exec": {"command": ["sh", "-c", format!("echo {text} >> /data/log")]}});
    let mounts = json!([{"name": "data", "mountPath": "/data"}]);
    let spec = json!({"volumes": [{"name": "data", "hostPath": {"path": "/hooks"}}],
        "nodeName": "kubekata-worker",
        "containers": [{"name": "main", "image": "nginx", "volumeMounts": mounts,
            "lifecycle": {"postStart": hook("started"), "preStop": hook("stopping")}}]});
    world.create("hooked", spec).await;
    world.until_ready("hooked").await;
    world.delete("hooked").await;
    world.until("hooked", Value::is_null).await;
    let spec = json!({"volumes": [{"name": "data", "hostPath": {"path": "/hooks"}}],
        "nodeName": "kubekata-worker", "restartPolicy": "Never",
        "containers": [{"name": "main", "image": "busybox", "volumeMounts": mounts,
            "command": ["cat", "/data/log"]}]});
    world.create("reader", spec).await;
    world.until("reader", |pod| phase(pod) == "Succeeded").await;
    assert_eq!(
        world.logs("reader", false).await.unwrap(),
        "started\nstopping\n"
    );
}

#[tokio::test(start_paused = true)]
async fn a_termination_message_is_kept() {
    let world = World::new().await;
    world
        .script(
            "words",
            "Never",
            "echo the reason > /dev/termination-log; exit 1",
        )
        .await;
    let pod = world.until("words", |pod| phase(pod) == "Failed").await;
    assert_eq!(
        container(&pod)["state"]["terminated"]["message"],
        "the reason\n"
    );
}
