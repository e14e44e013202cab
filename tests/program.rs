//! The learner's program beside the lab: kept, restarted by order, ended with everything it started.
#![cfg(unix)]

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use k8s_openapi::api::core::v1::ServiceAccount;
use kube::Api;
use kubekata::sandbox::{Keeper, Launch, Observer, ProgramControl, ProgramEnd};
use pocketkube::Cluster;
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::support::{NAMESPACE, create};

const OPERATOR: &str = "apiVersion: v1\nkind: ServiceAccount\nmetadata: {name: operator}\n";

/// No machine is so slow.
const LONG: Duration = Duration::from_secs(60);

fn launch(folder: &Path, script: &str) -> Launch {
    Launch {
        command: ["sh", "-c", script].map(str::to_owned).to_vec(),
        workdir: folder.to_owned(),
        variables: BTreeMap::new(),
        log: Some(folder.join("log")),
    }
}

/// Waits until the log has so many lines.
async fn lines(folder: &Path, count: usize) {
    let enough = async {
        loop {
            let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
            if log.lines().count() >= count {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LONG, enough)
        .await
        .expect("the program says something");
}

#[tokio::test]
async fn a_program_is_stopped_and_started_by_order_and_ended_with_its_children() {
    let cluster = Cluster::builder().nodes(0).start().await.unwrap();
    create(&cluster.client(), OPERATOR).await;
    let folder = tempfile::tempdir().unwrap();
    // A child that would outlive its parent.
    let script = "sleep 1000 & echo $!; wait";
    let keeper = Keeper::new(
        cluster.client(),
        NAMESPACE,
        "operator",
        launch(folder.path(), script),
        drop,
    );
    let (end, ended) = oneshot::channel::<()>();
    let attack = async {
        lines(folder.path(), 1).await;
        let observer = Observer::new(cluster.client());
        let program = ProgramControl::new(&observer, NAMESPACE, "operator");
        while !program.is_kept().await.unwrap() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        program.order(false).await.unwrap();
        gone(&first_line(folder.path())).await;
        program.order(true).await.unwrap();
        lines(folder.path(), 2).await;
        end.send(()).unwrap();
    };
    let stop = async {
        let _ = ended.await;
    };
    let (kept, ()) = timeout(LONG, async { tokio::join!(keeper.run(stop), attack) })
        .await
        .expect("it ends");
    assert_eq!(kept.unwrap(), ProgramEnd::Asked);
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap();
    for pid in log.lines() {
        gone(pid).await;
    }
    let accounts: Api<ServiceAccount> = Api::namespaced(cluster.client(), NAMESPACE);
    let annotations = accounts.get("operator").await.unwrap().metadata.annotations;
    let is_told = |annotations: &BTreeMap<_, _>| annotations.contains_key("kubekata.dev/program");
    assert!(
        !annotations.as_ref().is_some_and(is_told),
        "{annotations:?}"
    );
}

#[tokio::test]
async fn a_program_that_ends_is_started_again_until_the_kata_is_gone() {
    let cluster = Cluster::builder().nodes(0).start().await.unwrap();
    create(&cluster.client(), OPERATOR).await;
    let folder = tempfile::tempdir().unwrap();
    let keeper = Keeper::new(
        cluster.client(),
        NAMESPACE,
        "operator",
        launch(folder.path(), "echo again"),
        drop,
    );
    let reset = async {
        lines(folder.path(), 2).await;
        let accounts: Api<ServiceAccount> = Api::namespaced(cluster.client(), NAMESPACE);
        let deleted = accounts.delete("operator", &Default::default()).await;
        deleted.unwrap();
    };
    let kept = timeout(LONG, async {
        tokio::join!(keeper.run(std::future::pending()), reset)
    });
    let (kept, ()) = kept.await.expect("it ends");
    assert_eq!(kept.unwrap(), ProgramEnd::KataGone);
}

fn first_line(folder: &Path) -> String {
    let log = std::fs::read_to_string(folder.join("log")).unwrap();
    log.lines().next().unwrap().to_owned()
}

/// Who was killed is gone a moment later.
async fn gone(pid: &str) {
    let gone = async {
        while is_alive(pid) {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(LONG, gone).await.expect("it is gone");
}

/// A process that has ended may still be waited for by whoever adopted it.
fn is_alive(pid: &str) -> bool {
    let pid = nix::unistd::Pid::from_raw(pid.trim().parse().unwrap());
    if nix::sys::signal::kill(pid, None).is_err() {
        return false;
    }
    let status = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    !status.is_empty() && !status.contains(") Z ")
}
