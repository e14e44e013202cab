//! A cluster in this process, a data folder, and the program itself.

use std::path::Path;
use std::process::{Command, Output};

use kube::Client;
use kube::api::{Patch, PatchParams, PostParams};
use kube::core::DynamicObject;
use kubekata::check::{Arena, Judge, Scene, read};
use kubekata::course::SourceFile;
use kubekata::sandbox::{Observer, Resource, wire_to};
use pocketkube::Cluster;
use serde_json::Value;
use std::sync::Arc;

/// A namespace to test in; every cluster has it.
pub const NAMESPACE: &str = "default";

/// A cluster and a judge of `checks`, the list under `checks:` of a check file.
pub async fn judged(checks: &str) -> (Cluster, Judge) {
    let cluster = Cluster::start().await.expect("a cluster starts");
    let judge = judge(&cluster, checks);
    (cluster, judge)
}

pub fn judge(cluster: &Cluster, checks: &str) -> Judge {
    let file = SourceFile {
        path: "checks/test.yaml".to_owned(),
        name: "test.yaml".to_owned(),
        text: format!("format: 1\nchecks:\n{checks}"),
    };
    let checks = read(&file).unwrap_or_else(|problems| panic!("{problems}"));
    let scene = Scene {
        observer: Observer::new(cluster.client()),
        namespace: NAMESPACE.to_owned(),
        values: Arc::default(),
        clock: cluster.clock().clone(),
        wire: wire_to(cluster),
        arena: Arena::default(),
    };
    Judge::new(scene, checks)
}

/// Creates an object from YAML.
pub async fn create(client: &Client, yaml: &str) {
    let object: Value = serde_yaml::from_str(yaml).expect("it is YAML");
    let kind = object["kind"].as_str().expect("it has a kind");
    let resource = Resource::known(kind, None).expect("the kind is known");
    let object: DynamicObject = serde_json::from_value(object).expect("it is an object");
    resource
        .api(client, Some(NAMESPACE))
        .create(&PostParams::default(), &object)
        .await
        .expect("it is created");
}

/// Merges a patch into an object.
pub async fn patch(client: &Client, kind: &str, name: &str, patch: Value) {
    let resource = Resource::known(kind, None).expect("the kind is known");
    resource
        .api(client, Some(NAMESPACE))
        .patch(name, &PatchParams::default(), &Patch::Merge(patch))
        .await
        .expect("it is patched");
}

/// Runs the program on a data folder of the test's own.
pub fn kubekata(data: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kubekata"))
        .arg("--data")
        .arg(data)
        .args(arguments)
        .env_remove("KUBEKATA_KATA")
        .env_remove("KUBEKATA_COURSE")
        .env_remove("KUBEKATA_SANDBOX")
        .env_remove("KUBECONFIG")
        .output()
        .expect("the program runs")
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Whether a test can use kubectl; one that cannot says so and skips.
pub fn has_kubectl() -> bool {
    Command::new("kubectl")
        .args(["version", "--client"])
        .output()
        .is_ok_and(|output| output.status.success())
}
