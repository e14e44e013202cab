//! Golden histories of the control loops: objects and steps are given, states and Events expected.
//!
//! A scenario is a file `scenarios/CONTROLLER/NAME.yaml`; [`script`] says what it may hold. What
//! is expected was written from Kubernetes' rules, not recorded from this cluster. Time is virtual.

mod matching;
mod script;
mod stage;

use std::path::{Path, PathBuf};

use script::Scenario;

fn folder(controller: &str) -> PathBuf {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/scenarios");
    tests.join(controller)
}

fn files(controller: &str) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder(controller)).unwrap();
    let mut files: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

async fn play(controller: &str) {
    let mut failures = Vec::new();
    for file in files(controller) {
        let text = std::fs::read_to_string(&file).unwrap();
        let scenario = Scenario::parse(&text).unwrap_or_else(|why| panic!("{file:?}: {why}"));
        if let Err(why) = stage::play(&scenario).await {
            failures.push(format!("{}: {}\n{why}", file.display(), scenario.shows));
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

macro_rules! controllers {
    ($($name:ident),* $(,)?) => {
        const CONTROLLERS: &[&str] = &[$(stringify!($name)),*];
        $(
            #[tokio::test(start_paused = true)]
            async fn $name() {
                play(stringify!($name)).await;
            }
        )*
    };
}

controllers! {
    cronjob,
    daemonset,
    deployment,
    disruption,
    endpointslice,
    garbage_collector,
    horizontal_pod_autoscaler,
    job,
    namespace,
    node_lifecycle,
    persistent_volume,
    replicaset,
    scheduler,
    statefulset,
    ttl_after_finished,
}

#[test]
fn every_folder_is_played_and_has_several_scenarios() {
    let entries = std::fs::read_dir(folder("")).unwrap();
    let folders = entries.map(|entry| entry.unwrap().path());
    let mut folders: Vec<_> = folders.filter(|path| path.is_dir()).collect();
    folders.sort();
    let names: Vec<_> = folders
        .iter()
        .filter_map(|path| path.file_name()?.to_str())
        .collect();
    assert_eq!(names, CONTROLLERS);
    for name in names {
        assert!(files(name).len() >= 2, "{name} has too few scenarios");
    }
}
