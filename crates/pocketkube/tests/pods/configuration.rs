//! What containers find inside: environment, mounted files, tokens.

use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::{Api, Patch, PatchParams};
use serde_json::json;

use super::support::{World, phase};

#[tokio::test(start_paused = true)]
async fn environment_and_files_come_from_where_the_spec_says() {
    let world = World::new().await;
    let map = json!({"metadata": {"name": "app"}, "data": {"mode": "fast", "page": "<h1>hi</h1>"}});
    world.object::<ConfigMap>(map).await;
    let secret = json!({"metadata": {"name": "key"}, "stringData": {"password": "hunter2"}});
    world.object::<Secret>(secret).await;
    let script = "echo $MODE $PASSWORD $POD_NAME on $NODE; echo $GREETING; cat /site/index.html; \
                  echo; cat /key/password; echo; \
                  cat /var/run/secrets/kubernetes.io/serviceaccount/namespace; echo; \
                  cat /info/labels";
    let from = |source: serde_json::Value| json!({"valueFrom": source});
    let mut env = vec![
        from(json!({"configMapKeyRef": {"name": "app", "key": "mode"}})),
        from(json!({"secretKeyRef": {"name": "key", "key": "password"}})),
        from(json!({"fieldRef": {"fieldPath": "metadata.name"}})),
        from(json!({"fieldRef": {"fieldPath": "spec.nodeName"}})),
        json!({"value": "hello $(POD_NAME) $(NOBODY)"}),
    ];
    for (variable, name) in env
        .iter_mut()
        .zip(["MODE", "PASSWORD", "POD_NAME", "NODE", "GREETING"])
    {
        variable["name"] = json!(name);
    }
    let pod = json!({"metadata": {"name": "reader", "labels": {"app": "reader"}}, "spec": {
    "restartPolicy": "Never", "nodeName": "kubekata-worker",
    "volumes": [
        {"name": "site", "configMap": {"name": "app", "items": [{"key": "page", "path": "index.html"}]}},
        {"name": "key", "secret": {"secretName": "key"}},
        {"name": "info", "downwardAPI": {"items": [
            {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
        ]}},
    ],
    "containers": [{"name": "main", "image": "busybox", "env": env,
        "command": ["sh", "-c", script],
        "volumeMounts": [
            {"name": "site", "mountPath": "/site"},
            {"name": "key", "mountPath": "/key"},
            {"name": "info", "mountPath": "/info"},
        ]}]}});
    let pod = serde_json::from_value(pod).unwrap();
    world.pods.create(&Default::default(), &pod).await.unwrap();
    world.until("reader", |pod| phase(pod) == "Succeeded").await;
    assert_eq!(
        world.logs("reader", false).await.unwrap(),
        "fast hunter2 reader on kubekata-worker\nhello reader $(NOBODY)\n<h1>hi</h1>\nhunter2\n\
         default\napp=\"reader\""
    );
}

#[tokio::test(start_paused = true)]
async fn a_mounted_config_map_follows_its_changes() {
    let world = World::new().await;
    let map = json!({"metadata": {"name": "app"}, "data": {"mode": "slow"}});
    world.object::<ConfigMap>(map).await;
    let script = "while [ \"$(cat /etc/app/mode)\" = slow ]; do sleep 1; done; cat /etc/app/mode";
    let spec = json!({"restartPolicy": "Never",
        "volumes": [{"name": "app", "configMap": {"name": "app"}}],
        "containers": [{"name": "main", "image": "busybox", "command": ["sh", "-c", script],
            "volumeMounts": [{"name": "app", "mountPath": "/etc/app"}]}]});
    world.create("watcher", spec).await;
    world.until_ready("watcher").await;
    let maps: Api<ConfigMap> = Api::namespaced(world.client.clone(), "default");
    let patch = Patch::Merge(json!({"data": {"mode": "fast"}}));
    maps.patch("app", &PatchParams::default(), &patch)
        .await
        .unwrap();
    world
        .until("watcher", |pod| phase(pod) == "Succeeded")
        .await;
    assert_eq!(world.logs("watcher", false).await.unwrap(), "fast");
}
