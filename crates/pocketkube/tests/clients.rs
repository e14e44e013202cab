//! Programs that were written for any cluster work with this one: a kube-rs controller, and the
//! Python client that lists, watches and goes on after its watch was cut.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use k8s_openapi::api::core::v1::{ConfigMap, Secret};
use kube::api::{Api, DeleteParams, ObjectMeta, Patch, PatchParams, PostParams};
use kube::runtime::controller::{Action, Controller};
use kube::runtime::wait::{await_condition, conditions};
use kube::runtime::watcher;
use kube::{Resource, ResourceExt};
use pocketkube::Cluster;

/// Keeps a Secret beside every ConfigMap that asks for one.
async fn reconcile(
    config_map: Arc<ConfigMap>,
    client: Arc<kube::Client>,
) -> Result<Action, kube::Error> {
    let namespace = config_map.namespace().unwrap_or_default();
    let secrets: Api<Secret> = Api::namespaced(client.as_ref().clone(), &namespace);
    let secret = Secret {
        metadata: ObjectMeta {
            name: Some(config_map.name_any()),
            owner_references: config_map
                .controller_owner_ref(&())
                .map(|owner| vec![owner]),
            ..ObjectMeta::default()
        },
        string_data: config_map.data.clone(),
        ..Secret::default()
    };
    let apply = PatchParams::apply("test-operator").force();
    secrets
        .patch(&config_map.name_any(), &apply, &Patch::Apply(&secret))
        .await?;
    Ok(Action::await_change())
}

#[tokio::test]
async fn a_kube_rs_controller_converges_and_its_children_go_with_their_owner() {
    let cluster = Cluster::builder().nodes(0).start().await.unwrap();
    let client = cluster.client();
    let config_maps: Api<ConfigMap> = Api::namespaced(client.clone(), "default");
    let secrets: Api<Secret> = Api::namespaced(client.clone(), "default");
    let wanted = watcher::Config::default().labels("mirror=yes");
    let controller = Controller::new(config_maps.clone(), wanted)
        .owns(secrets.clone(), watcher::Config::default())
        .run(
            reconcile,
            |_, _, _| Action::requeue(Duration::from_secs(1)),
            Arc::new(client),
        )
        .for_each(|_| async {});
    let story = async {
        let mirrored: ConfigMap = serde_json::from_value(serde_json::json!({
            "metadata": {"name": "settings", "labels": {"mirror": "yes"}},
            "data": {"color": "blue"},
        }))
        .unwrap();
        let made = config_maps
            .create(&PostParams::default(), &mirrored)
            .await
            .unwrap();
        let exists = |secret: Option<&Secret>| secret.is_some();
        let first = await_condition(secrets.clone(), "settings", exists)
            .await
            .unwrap()
            .unwrap();
        assert_eq!(first.owner_references()[0].uid, made.uid().unwrap());

        // A child that is taken away comes back.
        secrets
            .delete("settings", &DeleteParams::default())
            .await
            .unwrap();
        let uid = first.uid();
        let anew = move |secret: Option<&Secret>| secret.is_some_and(|secret| secret.uid() != uid);
        let second = await_condition(secrets.clone(), "settings", anew)
            .await
            .unwrap()
            .unwrap();

        // The garbage collector takes it along with its owner.
        config_maps
            .delete("settings", &DeleteParams::default())
            .await
            .unwrap();
        let uid = second.uid().unwrap();
        let gone = conditions::is_deleted(&uid);
        await_condition(secrets.clone(), "settings", gone)
            .await
            .unwrap();
    };
    let limit = Duration::from_secs(60);
    tokio::select! {
        () = controller => panic!("the controller ended"),
        done = tokio::time::timeout(limit, story) => done.expect("the story ends in time"),
    }
    cluster.shutdown().await.unwrap();
}

/// Python that finds the packages that `tests/clients/install.py` fetched.
fn python() -> Command {
    let packages = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/clients/python");
    let mut python = Command::new("python3");
    python.env("PYTHONPATH", packages);
    python
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_client_lists_watches_and_resumes() {
    let has_client = python()
        .args(["-c", "import kubernetes"])
        .output()
        .is_ok_and(|output| output.status.success());
    if !has_client {
        eprintln!("skipped: python3 with the package `kubernetes` is not installed");
        return;
    }
    let cluster = Cluster::builder().nodes(0).start().await.unwrap();
    cluster
        .serve(SocketAddr::from(([127, 0, 0, 1], 0)))
        .await
        .unwrap();
    let folder = tempfile::tempdir().unwrap();
    let kubeconfig = folder.path().join("kubeconfig");
    std::fs::write(&kubeconfig, cluster.kubeconfig()).unwrap();
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/list_watch.py");
    let output = tokio::process::Command::from(python())
        .arg(script)
        .arg(&kubeconfig)
        .output()
        .await
        .unwrap();
    assert!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    cluster.shutdown().await.unwrap();
}
