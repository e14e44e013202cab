//! What a cluster brings along: the Pods of kube-system, and the API as containers reach it.

use std::time::Duration;

use k8s_openapi::api::core::v1::{Pod, Service};
use kube::api::{Api, DeleteParams, ListParams};
use serde_json::{Value, json};

use super::support::{World, is_ready, phase};

async fn system_pods(world: &World) -> Vec<Value> {
    let pods: Api<Pod> = Api::namespaced(world.client.clone(), "kube-system");
    let list = pods.list(&ListParams::default()).await.unwrap();
    let values = list.items.into_iter();
    values
        .map(|pod| serde_json::to_value(pod).unwrap())
        .collect()
}

/// Waits until every name has a ready Pod that begins with it.
async fn until_system_runs(world: &World, names: &[&str]) {
    let mut seen = Vec::new();
    for _ in 0..600 {
        seen = system_pods(world).await;
        let ready: Vec<&str> = seen
            .iter()
            .filter(|pod| is_ready(pod))
            .filter_map(|pod| pod["metadata"]["name"].as_str())
            .collect();
        if names
            .iter()
            .all(|name| ready.iter().any(|own| own.starts_with(name)))
        {
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("kube-system never ran: {seen:#?}");
}

#[tokio::test(start_paused = true)]
async fn the_control_plane_and_dns_run_as_pods() {
    let world = World::new().await;
    let names = [
        "coredns-",
        "etcd-kubekata-control-plane",
        "kube-apiserver-kubekata-control-plane",
        "kube-controller-manager-kubekata-control-plane",
        "kube-scheduler-kubekata-control-plane",
    ];
    until_system_runs(&world, &names).await;
    let pods = system_pods(&world).await;
    let etcd = pods
        .iter()
        .find(|pod| pod["metadata"]["name"] == "etcd-kubekata-control-plane")
        .unwrap();
    assert_eq!(etcd["status"]["podIP"], "172.18.0.2");
    assert_eq!(etcd["spec"]["priority"], json!(2_000_001_000));
    assert_eq!(etcd["metadata"]["ownerReferences"][0]["kind"], "Node");
    assert!(etcd["metadata"]["annotations"]["kubernetes.io/config.mirror"].is_string());
}

#[tokio::test(start_paused = true)]
async fn a_static_pod_that_is_deleted_comes_back() {
    let world = World::new().await;
    let name = "kube-scheduler-kubekata-control-plane";
    until_system_runs(&world, &[name]).await;
    let pods: Api<Pod> = Api::namespaced(world.client.clone(), "kube-system");
    let before = pods.get(name).await.unwrap().metadata.uid;
    pods.delete(name, &DeleteParams::default()).await.unwrap();
    for _ in 0..600 {
        let now = pods.get_opt(name).await.unwrap();
        let is_new = now.is_some_and(|pod| pod.metadata.uid != before);
        if is_new {
            until_system_runs(&world, &[name]).await;
            return;
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    panic!("{name} never came back");
}

#[tokio::test(start_paused = true)]
async fn the_service_of_the_api_server_comes_back() {
    let world = World::new().await;
    let services: Api<Service> = Api::namespaced(world.client.clone(), "default");
    let delete = DeleteParams::default();
    services.delete("kubernetes", &delete).await.unwrap();
    world.pass(11).await;
    let service = services.get("kubernetes").await.unwrap();
    assert_eq!(
        service.spec.unwrap().cluster_ip.as_deref(),
        Some("10.96.0.1")
    );
}

#[tokio::test(start_paused = true)]
async fn a_container_reaches_the_api_with_its_token() {
    let world = World::new().await;
    until_system_runs(&world, &["coredns-"]).await;
    let script = "cd /var/run/secrets/kubernetes.io/serviceaccount\n\
         curl -s --cacert ca.crt -H \"Authorization: Bearer $(cat token)\" \
             https://kubernetes.default.svc/apis/authentication.k8s.io/v1/selfsubjectreviews \
             -H 'Content-Type: application/json' \
             -d '{\"apiVersion\":\"authentication.k8s.io/v1\",\"kind\":\"SelfSubjectReview\"}' \
             | grep -o 'system:serviceaccount:default:[a-z]*'\n\
         curl -sk -o /dev/null -w '%{http_code}\\n' \
             https://$KUBERNETES_SERVICE_HOST:$KUBERNETES_SERVICE_PORT/api/v1/nodes\n\
         curl -s https://kubernetes.default/version; echo $?";
    let spec = json!({"restartPolicy": "Never", "containers": [{
        "name": "main", "image": "curlimages/curl", "command": ["sh", "-c", script]}]});
    world.create("client", spec).await;
    world.until("client", |pod| phase(pod) == "Succeeded").await;
    let logs = world.logs("client", false).await.unwrap();
    let lines: Vec<&str> = logs.lines().collect();
    assert_eq!(lines[0], "system:serviceaccount:default:default", "{logs}");
    assert_eq!(lines[1], "403", "{logs}");
    // Nobody vouches for the cluster's authority but the file that is mounted.
    assert_eq!(lines[2], "60", "{logs}");
}
