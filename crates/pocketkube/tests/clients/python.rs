//! Clients in Python, each a process of its own that talks HTTPS: the official client, and kopf.
//!
//! `tests/clients/install.py` of the lab fetches their packages; without them the tests skip.

use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use kube::api::{Api, ApiResource, DeleteParams, DynamicObject, Patch, PatchParams, PostParams};
use kube::core::GroupVersionKind;
use pocketkube::Cluster;
use serde_json::{Value, json};

/// Nothing takes so long, unless it will never happen.
const PATIENCE: Duration = Duration::from_secs(120);

/// Python that finds the packages that were fetched for the tests.
fn python() -> Command {
    let packages = concat!(env!("CARGO_MANIFEST_DIR"), "/../../target/clients/python");
    let mut python = Command::new("python3");
    python.env("PYTHONPATH", packages);
    python
}

/// Whether a package is there; says that the test skips, if it is not.
fn has(package: &str) -> bool {
    let import = format!("import {package}");
    let output = python().args(["-c", &import]).output();
    let is_there = output.is_ok_and(|output| output.status.success());
    if !is_there {
        eprintln!("skipped: python3 with the package `{package}` is not installed");
    }
    is_there
}

/// A control plane that listens, and its kubeconfig in a folder.
async fn serve(folder: &Path) -> Cluster {
    let cluster = Cluster::builder().nodes(0).start().await.unwrap();
    let address = SocketAddr::from(([127, 0, 0, 1], 0));
    cluster.serve(address).await.unwrap();
    std::fs::write(folder.join("kubeconfig"), cluster.kubeconfig()).unwrap();
    cluster
}

#[tokio::test(flavor = "multi_thread")]
async fn the_python_client_lists_watches_and_resumes() {
    if !has("kubernetes") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let cluster = serve(folder.path()).await;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/list_watch.py");
    let output = tokio::process::Command::from(python())
        .arg(script)
        .arg(folder.path().join("kubeconfig"))
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

/// A cluster with Widgets.
struct World {
    cluster: Cluster,
    widgets: Api<DynamicObject>,
    config_maps: Api<DynamicObject>,
    kind: ApiResource,
}

impl World {
    async fn new(folder: &Path) -> Self {
        let cluster = serve(folder).await;
        let client = cluster.client();
        let definition = json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "widgets.test.example.com"},
            "spec": {
                "group": "test.example.com", "scope": "Namespaced",
                "names": {"kind": "Widget", "plural": "widgets"},
                "versions": [{
                    "name": "v1", "served": true, "storage": true, "subresources": {"status": {}},
                    "schema": {"openAPIV3Schema": {"type": "object", "properties": {
                        "spec": {"type": "object", "properties": {"size": {"type": "integer"}}},
                        "status": {"type": "object",
                            "x-kubernetes-preserve-unknown-fields": true},
                    }}},
                }],
            },
        });
        let definitions: Api<DynamicObject> = Api::all_with(
            client.clone(),
            &ApiResource::from_gvk(&GroupVersionKind::gvk(
                "apiextensions.k8s.io",
                "v1",
                "CustomResourceDefinition",
            )),
        );
        let definition = serde_json::from_value(definition).unwrap();
        let create = PostParams::default();
        definitions.create(&create, &definition).await.unwrap();
        let kind = GroupVersionKind::gvk("test.example.com", "v1", "Widget");
        let kind = ApiResource::from_gvk(&kind);
        let config_map = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "ConfigMap"));
        let world = Self {
            widgets: Api::default_namespaced_with(client.clone(), &kind),
            config_maps: Api::default_namespaced_with(client, &config_map),
            cluster,
            kind,
        };
        world
            .until("widgets are served", async || {
                world.widgets.list(&Default::default()).await.is_ok()
            })
            .await;
        world
    }

    /// Waits until something is so.
    async fn until(&self, what: &str, is_so: impl AsyncFn() -> bool) {
        let wait = async {
            while !is_so().await {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        let waited = tokio::time::timeout(PATIENCE, wait).await;
        waited.unwrap_or_else(|_| panic!("never came true: {what}"));
    }

    async fn create(&self, name: &str, size: i64) {
        let mut widget = DynamicObject::new(name, &self.kind);
        widget.data = json!({"spec": {"size": size}});
        let create = PostParams::default();
        self.widgets.create(&create, &widget).await.unwrap();
    }

    /// Something that the operator does not watch; the cluster's revision goes on.
    async fn create_other(&self, name: &str) {
        let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("", "v1", "ConfigMap"));
        let other = DynamicObject::new(name, &kind);
        let create = PostParams::default();
        self.config_maps.create(&create, &other).await.unwrap();
    }

    async fn resize(&self, name: &str, size: i64) {
        let patch = Patch::Merge(json!({"spec": {"size": size}}));
        let params = PatchParams::default();
        self.widgets.patch(name, &params, &patch).await.unwrap();
    }

    async fn child_has(&self, name: &str, size: i64) {
        let (child, size) = (format!("{name}-child"), size.to_string());
        self.until(&format!("{child} has the size {size}"), async || {
            let found = self.config_maps.get_opt(&child).await.unwrap();
            found.is_some_and(|child| child.data["data"]["size"] == size)
        })
        .await;
    }

    /// Waits for a Widget's status to become as wanted.
    async fn status(&self, name: &str, what: &str, wanted: impl Fn(&Value) -> bool) {
        self.until(what, async || {
            let widget = self.widgets.get(name).await.unwrap();
            wanted(&widget.data["status"])
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_of_kopf_works_on_through_cut_watches_and_lost_history() {
    if !has("kopf") || !has("kubernetes") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(folder.path()).await;
    let log = folder.path().join("log");
    let operator = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/clients/operator.py");
    let mut process = tokio::process::Command::from(python())
        .args([
            "-m",
            "kopf",
            "run",
            "--debug",
            "--standalone",
            "--namespace=default",
            operator,
        ])
        .env("KUBECONFIG", folder.path().join("kubeconfig"))
        .stdout(Stdio::null())
        .stderr(std::fs::File::create(&log).unwrap())
        .kill_on_drop(true)
        .spawn()
        .unwrap();

    world.create("one", 1).await;
    world.child_has("one", 1).await;
    // What the handler returns, what the timer counts, and the finalizer are stored.
    let made = |status: &Value| status["create"]["made"] == "one-child";
    world.status("one", "the handler's result", made).await;
    let ticked = |status: &Value| status["ticks"].as_i64() >= Some(2);
    world.status("one", "the timer counts", ticked).await;
    let one = world.widgets.get("one").await.unwrap();
    assert!(one.metadata.finalizers.is_some());
    world.resize("one", 2).await;
    world.child_has("one", 2).await;
    let grown = |status: &Value| status["grown"] == 1;
    world.status("one", "the patch of the status", grown).await;

    for size in 3..6 {
        world.cluster.cut_watches();
        world.resize("one", size).await;
        world.child_has("one", size).await;
    }

    // Until the operator comes back with what is too old: the timer's own writes may come between.
    let bump = AtomicUsize::new(0);
    world
        .until("the operator lists anew", async || {
            let number = bump.fetch_add(1, Ordering::Relaxed);
            world.create_other(&format!("other-{number}")).await;
            world.cluster.forget_history();
            world.cluster.cut_watches();
            tokio::time::sleep(Duration::from_millis(500)).await;
            let log = std::fs::read_to_string(&log).unwrap();
            log.contains("Restarting the watch-stream")
        })
        .await;
    world.resize("one", 6).await;
    world.child_has("one", 6).await;
    world.create("two", 1).await;
    world.child_has("two", 1).await;

    // The finalizer holds it until the handler has run; the child goes with its owner.
    let delete = DeleteParams::default();
    world.widgets.delete("one", &delete).await.unwrap();
    for (api, name) in [(&world.widgets, "one"), (&world.config_maps, "one-child")] {
        world
            .until(&format!("{name} is gone"), async || {
                api.get_opt(name).await.unwrap().is_none()
            })
            .await;
    }
    let trace = world.config_maps.get_opt("one-was-here").await.unwrap();
    assert!(trace.is_some());
    process.kill().await.unwrap();
    world.cluster.shutdown().await.unwrap();
}
