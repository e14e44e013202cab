//! The learner's state as the program keeps it: resets that are taken back, exams, repetition, and
//! a second terminal that watches.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::{ConfigMap, Namespace};
use kube::api::{ListParams, PostParams};
use kube::config::{KubeConfigOptions, Kubeconfig};
use kube::{Api, Client, ResourceExt};
use kubekata::course::KataId;
use kubekata::session::{Entry, Exam, ExamKata, Journal};
use serde_json::Value;

use crate::support::{kubekata, stderr, stdout};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// Runs it, expects this exit code, and answers what it printed.
fn run(data: &Path, code: i32, arguments: &[&str]) -> String {
    let output = kubekata(data, arguments);
    let said = stdout(&output) + &stderr(&output);
    assert_eq!(output.status.code(), Some(code), "{arguments:?}: {said}");
    said
}

fn json(data: &Path, code: i32, arguments: &[&str]) -> Value {
    serde_json::from_str(&run(data, code, arguments)).expect("it is JSON")
}

/// A client of the cluster that this data folder has left running.
async fn client(data: &Path) -> Client {
    let path = data.join("cluster").join("kubeconfig");
    let text = std::fs::read_to_string(path).expect("a cluster runs");
    let kubeconfig = Kubeconfig::from_yaml(&text).expect("it is a kubeconfig");
    let options = KubeConfigOptions::default();
    let config = kube::Config::from_custom_kubeconfig(kubeconfig, &options).await;
    Client::try_from(config.expect("it is whole")).expect("a client")
}

async fn config_maps(client: &Client) -> Api<ConfigMap> {
    let namespaces: Api<Namespace> = Api::all(client.clone());
    let list = namespaces
        .list(&ListParams::default())
        .await
        .expect("it lists");
    let scene = list
        .into_iter()
        .find(|it| it.annotations().contains_key("kubekata.dev/scene"));
    Api::namespaced(client.clone(), &scene.expect("a scene stands").name_any())
}

#[tokio::test]
async fn a_reset_is_taken_back_with_objects_and_files() {
    let data = folder();
    run(data.path(), 0, &["start", "first-pod"]);
    let client = client(data.path()).await;
    let maps = config_maps(&client).await;
    let mut mine = ConfigMap::default();
    mine.metadata.name = Some("mine".to_owned());
    maps.create(&PostParams::default(), &mine)
        .await
        .expect("it is created");
    let file = data.path().join("work/pods/first-pod/mine.yaml");
    std::fs::write(&file, "kind: Mine\n").expect("it writes");
    let asked = run(data.path(), 2, &["reset"]);
    assert!(asked.contains("Say so with --yes"), "{asked}");
    let reset = run(data.path(), 0, &["reset", "--yes"]);
    assert!(reset.contains("reset --undo"), "{reset}");
    assert!(maps.get_opt("mine").await.expect("it answers").is_none());
    assert!(!file.exists());
    let undone = run(data.path(), 0, &["reset", "--undo", "--yes"]);
    assert!(undone.contains("taken back"), "{undone}");
    assert!(maps.get_opt("mine").await.expect("it answers").is_some());
    assert_eq!(
        std::fs::read_to_string(&file).expect("it is back"),
        "kind: Mine\n"
    );
    let twice = run(data.path(), 2, &["reset", "--undo", "--yes"]);
    assert!(
        twice.contains("no reset of pods/first-pod to take back"),
        "{twice}"
    );
    let export = json(data.path(), 0, &["progress", "export"]);
    let attempt = &export["progress"]["katas"]["pods/first-pod"]["attempt"];
    assert_eq!(attempt["number"], 1);
    run(data.path(), 0, &["cluster", "stop"]);
}

#[test]
fn an_exam_is_drawn_judged_and_looked_back_on_and_survives_every_process() {
    let data = folder();
    let data = data.path();
    run(data, 2, &["exam", "status"]);
    let unknown = run(data, 2, &["exam", "start", "--track", "nothing"]);
    assert!(
        unknown.contains("no track nothing; there are "),
        "{unknown}"
    );
    let exam = [
        "--seed", "5", "exam", "start", "--track", "pods", "--katas", "2", "--json",
    ];
    let drawn = json(data, 0, &exam);
    assert_eq!(drawn["katas"].as_array().map(Vec::len), Some(2));
    let again = run(data, 2, &["exam", "start"]);
    assert!(again.contains("an exam is under way"), "{again}");
    let first = drawn["katas"][0]["kata"]
        .as_str()
        .expect("a kata")
        .to_owned();
    run(data, 0, &["exam", "open"]);
    let hint = run(data, 2, &["hint", &first]);
    assert!(hint.contains("no help in an exam"), "{hint}");
    run(data, 2, &["solution", &first]);
    let checked = json(data, 1, &["exam", "check", "--json"]);
    assert_eq!(checked["points"], 0);
    let status = json(data, 0, &["exam", "status", "--json"]);
    assert_eq!(
        (&status["katas"], &status["began"]),
        (&drawn["katas"], &drawn["began"])
    );
    let over = json(data, 1, &["exam", "finish", "--json"]);
    assert_eq!(
        (&over["over"], &over["passed"]),
        (&true.into(), &false.into())
    );
    run(data, 2, &["exam", "status"]);
    let review = run(data, 1, &["exam", "review"]);
    assert!(review.contains("not passed"), "{review}");
    assert!(
        review.contains(&format!("kubekata solution {first}")),
        "{review}"
    );
    run(data, 0, &["hint", &first]);
    run(data, 0, &["cluster", "stop"]);
}

fn write(data: &Path, entries: &[Entry]) {
    let opened = Journal::open(&data.join("progress.jsonl"));
    let mut journal = opened.expect("it opens").journal;
    journal.append_all(entries).expect("it writes");
}

fn day(day: i64) -> Timestamp {
    Timestamp::from_second(day * 24 * 60 * 60).expect("a time")
}

#[test]
fn an_exam_whose_time_went_by_while_nobody_looked_is_over() {
    let data = folder();
    let kata = ExamKata {
        kata: KataId::new("pods/first-pod"),
        weight: 1,
        tasks: vec!["runs".to_owned()],
        done: Vec::new(),
        judged: None,
    };
    let exam = Exam {
        began: day(3),
        seconds: 600,
        seed: 1,
        katas: vec![kata],
        ended: None,
    };
    let exam = Box::new(exam);
    write(data.path(), &[Entry::ExamBegan { exam }]);
    run(data.path(), 2, &["exam", "status"]);
    let review = json(data.path(), 1, &["exam", "review", "--json"]);
    assert_eq!(review["ended"], review["deadline"]);
}

#[test]
fn a_kata_that_was_solved_long_ago_is_due_and_comes_with_other_parameters() {
    let data = folder();
    let nothing = run(data.path(), 0, &["review"]);
    assert!(nothing.contains("nothing is due"), "{nothing}");
    let kata = KataId::new("pods/first-pod");
    let started = Entry::Started {
        kata: kata.clone(),
        at: day(3),
        seed: None,
    };
    let solved = Entry::Solved { kata, at: day(3) };
    write(data.path(), &[started, solved]);
    let list = json(data.path(), 0, &["review", "--json"]);
    assert_eq!(list[0]["kata"], "pods/first-pod");
    assert_eq!(list[0]["isDue"], true);
    run(data.path(), 0, &["review"]);
    let export = json(data.path(), 0, &["progress", "export"]);
    let attempt = &export["progress"]["katas"]["pods/first-pod"]["attempt"];
    assert_eq!(attempt["number"], 2);
    assert_ne!(attempt["seed"], export["seed"]);
    let checked = json(data.path(), 1, &["check", "--json"]);
    assert_eq!(checked["solved"], false);
    run(data.path(), 0, &["cluster", "stop"]);
}

#[test]
fn a_second_terminal_watches_as_lines_of_json() {
    let data = folder();
    run(data.path(), 0, &["start", "first-pod"]);
    let mut watching = Command::new(env!("CARGO_BIN_EXE_kubekata"))
        .arg("--data")
        .arg(data.path())
        .args(["check", "first-pod", "--watch", "--json"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the program runs");
    let out = watching.stdout.take().expect("it speaks");
    let mut lines = BufReader::new(out).lines();
    let mut verdicts = 0;
    while verdicts == 0 {
        let line = lines.next().expect("it goes on").expect("it is text");
        let report: Value = serde_json::from_str(&line).expect("it is JSON");
        assert_eq!(
            (&report["kata"], &report["solved"]),
            (&"pods/first-pod".into(), &false.into())
        );
        verdicts = report["verdicts"].as_array().map_or(0, Vec::len);
    }
    watching.kill().expect("it is killed");
    watching.wait().expect("it ends");
    run(data.path(), 0, &["cluster", "stop"]);
}
