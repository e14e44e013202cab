//! Probes and what follows from them.

use serde_json::json;

use super::support::{World, condition, container, is_ready};

#[tokio::test(start_paused = true)]
async fn a_readiness_probe_decides_about_ready() {
    let world = World::new().await;
    let probe = json!({"exec": {"command": ["test", "-e", "/tmp/ready"]}, "periodSeconds": 2});
    let spec = json!({"containers": [{"name": "web", "image": "busybox", "readinessProbe": probe,
        "command": ["sh", "-c", "sleep 20; touch /tmp/ready; sleep 20; rm /tmp/ready; sleep 3600"]}]});
    world.create("web", spec).await;
    let pod = world
        .until("web", |pod| !container(pod)["state"]["running"].is_null())
        .await;
    let ready = condition(&pod, "Ready");
    assert_eq!(
        (&ready["status"], &ready["reason"]),
        (&json!("False"), &json!("ContainersNotReady"))
    );
    assert_eq!(ready["message"], "containers with unready status: [web]");
    world.until_ready("web").await;
    world.until("web", |pod| !is_ready(pod)).await;
}

#[tokio::test(start_paused = true)]
async fn a_wrong_path_is_unhealthy_with_the_status_code() {
    let world = World::new().await;
    let probe = json!({"httpGet": {"path": "/nope", "port": 80}, "periodSeconds": 5});
    let spec = json!({"containers": [{"name": "web", "image": "nginx", "readinessProbe": probe}]});
    world.create("web", spec).await;
    world
        .until("web", |pod| !container(pod)["state"]["running"].is_null())
        .await;
    world.pass(12).await;
    let events = world.events("web").await;
    let unhealthy = "Unhealthy: Readiness probe failed: HTTP probe failed with statuscode: 404";
    assert!(events.iter().any(|event| event == unhealthy), "{events:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_closed_port_is_unhealthy_with_the_dialers_words() {
    let world = World::new().await;
    let probe = json!({"tcpSocket": {"port": 81}, "periodSeconds": 5});
    let spec = json!({"containers": [{"name": "web", "image": "nginx", "readinessProbe": probe}]});
    world.create("web", spec).await;
    let pod = world
        .until("web", |pod| !container(pod)["state"]["running"].is_null())
        .await;
    let ip = pod["status"]["podIP"].as_str().unwrap();
    world.pass(7).await;
    let events = world.events("web").await;
    let unhealthy =
        format!("Unhealthy: Readiness probe failed: dial tcp {ip}:81: connect: connection refused");
    assert!(events.contains(&unhealthy), "{events:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_failed_liveness_probe_restarts_the_container() {
    let world = World::new().await;
    let probe = json!({"exec": {"command": ["cat", "/tmp/healthy"]},
        "initialDelaySeconds": 5, "periodSeconds": 5});
    let spec = json!({"terminationGracePeriodSeconds": 1,
        "containers": [{"name": "web", "image": "busybox", "livenessProbe": probe,
            "command": ["sh", "-c", "touch /tmp/healthy; sleep 30; rm /tmp/healthy; sleep 600"]}]});
    world.create("web", spec).await;
    let pod = world
        .until("web", |pod| container(pod)["restartCount"] == json!(1))
        .await;
    assert_eq!(
        container(&pod)["lastState"]["terminated"]["exitCode"],
        json!(137)
    );
    let events = world.events("web").await;
    let unhealthy = "Unhealthy: Liveness probe failed: cat: can't open '/tmp/healthy': No such \
                     file or directory\n";
    assert!(events.iter().any(|event| event == unhealthy), "{events:#?}");
    let killing = "Killing: Container web failed liveness probe, will be restarted";
    assert!(events.iter().any(|event| event == killing), "{events:#?}");
}

#[tokio::test(start_paused = true)]
async fn a_startup_probe_holds_the_others_back() {
    let world = World::new().await;
    let startup = json!({"exec": {"command": ["test", "-e", "/tmp/up"]},
        "periodSeconds": 2, "failureThreshold": 30});
    let liveness = json!({"exec": {"command": ["test", "-e", "/tmp/up"]},
        "periodSeconds": 1, "failureThreshold": 1});
    let spec = json!({"containers": [{"name": "web", "image": "busybox",
        "startupProbe": startup, "livenessProbe": liveness,
        "command": ["sh", "-c", "sleep 25; touch /tmp/up; sleep 3600"]}]});
    world.create("web", spec).await;
    let early = world
        .until("web", |pod| !container(pod)["state"]["running"].is_null())
        .await;
    assert_eq!(container(&early)["started"], json!(false));
    let pod = world.until_ready("web").await;
    assert_eq!(container(&pod)["started"], json!(true));
    assert_eq!(container(&pod)["restartCount"], json!(0));
}
