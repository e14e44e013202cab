//! The program as it is called: what it prints, what it leaves on disk, how it ends.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{kubekata, stderr, stdout};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

#[test]
fn the_course_is_listed_as_text_and_as_json() {
    let data = folder();
    let text = kubekata(data.path(), &["list", "--ascii"]);
    assert!(text.status.success(), "{}", stderr(&text));
    assert!(
        stdout(&text).contains("o open     pods/first-pod"),
        "{}",
        stdout(&text)
    );
    assert!(stdout(&text).is_ascii());
    let json = kubekata(data.path(), &["list", "--json"]);
    let json: Value = serde_json::from_str(&stdout(&json)).expect("it is JSON");
    assert_eq!(json[0]["katas"][0]["id"], "pods/first-pod");
}

#[test]
fn the_built_in_course_has_no_mistakes() {
    let output = kubekata(folder().path(), &["lint"]);
    assert!(output.status.success(), "{}", stdout(&output));
}

#[test]
fn a_kata_that_does_not_exist_is_a_misuse() {
    let output = kubekata(folder().path(), &["start", "pods/nothing"]);
    assert_eq!(output.status.code(), Some(2));
    assert_eq!(
        stderr(&output),
        "kubekata: no kata pods/nothing; `kubekata list` shows them all\n"
    );
}

#[test]
fn nothing_is_checked_before_it_is_started() {
    let data = folder();
    let none = kubekata(data.path(), &["check"]);
    assert_eq!(none.status.code(), Some(2));
    let named = kubekata(data.path(), &["check", "first-pod"]);
    assert!(stderr(&named).contains("not started yet: kubekata start pods/first-pod"));
}

#[test]
fn a_sandbox_that_nobody_knows_is_a_misuse() {
    let unknown = kubekata(folder().path(), &["--sandbox", "docker", "list"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert!(stderr(&unknown).contains("embedded, kind, kind:NAME or context:NAME"));
}

#[test]
fn the_mistakes_of_a_foreign_course_are_all_reported() {
    let course = folder();
    let write = |path: &str, text: &str| {
        let path = course.path().join(path);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("it is made");
        std::fs::write(path, text).expect("it is written");
    };
    write(
        "lessons/course.yaml",
        "format: 1\ntitle: T\ncolour: red\ntracks: []\n",
    );
    write("katas/a/b/kata.yaml", "format: 1\ntitle: [\n");
    write("katas/a/b/debrief.md", "x\n");
    write("checks/a/b.yaml", "format: 1\nchecks: []\n");
    let path = course.path().display().to_string();
    let output = kubekata(folder().path(), &["--course", &path, "lint"]);
    assert_eq!(output.status.code(), Some(1));
    let said = stdout(&output);
    assert!(
        said.contains("lessons/course.yaml:3: colour: unknown field"),
        "{said}"
    );
    assert!(said.contains("katas/a/b/kata.yaml:"), "{said}");
}

#[test]
fn progress_of_a_newer_program_is_left_alone() {
    let data = folder();
    let path = data.path().join("progress.jsonl");
    std::fs::write(&path, "{\"format\":9,\"seed\":1}\n").expect("it is written");
    let output = kubekata(data.path(), &["list"]);
    assert_eq!(output.status.code(), Some(3));
    assert!(stderr(&output).contains("use a newer kubekata"));
}

#[test]
fn a_solution_is_printed_with_the_learners_own_parameters() {
    let solution = |seed: &str| {
        let output = kubekata(folder().path(), &["--seed", seed, "solution", "first-pod"]);
        stdout(&output)
    };
    assert_eq!(solution("1"), solution("1"));
    let different = (1..9).map(|seed| solution(&seed.to_string()));
    let different: std::collections::BTreeSet<_> = different.collect();
    assert!(different.len() > 2, "{different:?}");
}

#[test]
fn completions_are_printed_for_a_shell() {
    let output = kubekata(folder().path(), &["completions", "bash"]);
    assert!(stdout(&output).contains("_kubekata"));
}

#[test]
fn a_cluster_is_left_in_the_background_found_and_stopped() {
    let data = folder();
    let status = kubekata(data.path(), &["cluster", "status"]);
    assert_eq!(status.status.code(), Some(1));
    // Two at once: one host, both find it.
    let started: Vec<_> = (0..2)
        .map(|_| {
            Command::new(env!("CARGO_BIN_EXE_kubekata"))
                .arg("--data")
                .arg(data.path())
                .args(["env", "first-pod"])
                .stdout(Stdio::piped())
                .spawn()
                .expect("the program runs")
        })
        .collect();
    for child in started {
        let output = child.wait_with_output().expect("it ends");
        assert!(
            stdout(&output).contains("export KUBECONFIG="),
            "{}",
            stderr(&output)
        );
    }
    let status = kubekata(data.path(), &["cluster", "status"]);
    assert!(
        stdout(&status).contains("in the background"),
        "{}",
        stdout(&status)
    );
    let stop = kubekata(data.path(), &["cluster", "stop"]);
    assert_eq!(stdout(&stop), "stopped\n");
    assert_eq!(
        kubekata(data.path(), &["cluster", "status"]).status.code(),
        Some(1)
    );
}

#[test]
fn time_of_a_running_cluster_is_paused_and_skipped() {
    let data = folder();
    let run = |args: &[&str]| {
        let output = kubekata(data.path(), args);
        assert!(output.status.success(), "{args:?}: {}", stderr(&output));
        stdout(&output)
    };
    let none = kubekata(data.path(), &["clock", "pause"]);
    assert_eq!(none.status.code(), Some(2));
    run(&["start", "first-pod"]);
    assert!(run(&["clock", "pause"]).starts_with("paused at "));
    let before = run(&["clock"]);
    assert!(before.contains("x1, paused"), "{before}");
    assert!(before.contains("heartbeats of nodes"), "{before}");
    let skipped = run(&["clock", "skip", "10m"]);
    assert!(
        skipped.starts_with("10 min have passed: it is "),
        "{skipped}"
    );
    assert!(run(&["clock", "speed", "max"]).contains("after kubekata clock resume"));
    assert!(run(&["clock", "resume"]).starts_with("time goes on, x1000"));
    run(&["cluster", "stop"]);
}

#[test]
fn chaos_is_listed_and_refused_with_the_names_that_there_are() {
    let data = folder();
    let list = kubekata(data.path(), &["chaos"]);
    assert!(
        stdout(&list).contains("node-loss NODE"),
        "{}",
        stdout(&list)
    );
    let started = kubekata(data.path(), &["start", "first-pod"]);
    assert!(started.status.success(), "{}", stderr(&started));
    let nobody = kubekata(data.path(), &["chaos", "node-loss", "nobody"]);
    assert_eq!(nobody.status.code(), Some(2));
    let known = "no node nobody; there are kubekata-control-plane, kubekata-worker, ";
    assert!(stderr(&nobody).contains(known), "{}", stderr(&nobody));
    let lost = kubekata(data.path(), &["chaos", "zone-loss", "zone-b"]);
    let said = "zone-b has lost its power: kubekata-worker2\n";
    assert_eq!(stdout(&lost), said, "{}", stderr(&lost));
    kubekata(data.path(), &["cluster", "stop"]);
}

#[cfg(unix)]
#[test]
fn a_served_cluster_writes_a_private_kubeconfig_and_ends_on_a_signal() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder();
    let kubeconfig = folder.path().join("kubeconfig");
    let serve = |port: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_kubekata"));
        command
            .args([
                "cluster",
                "serve",
                "--speed",
                "max",
                "--port",
                port,
                "--kubeconfig",
            ])
            .arg(&kubeconfig)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    };
    let mut child = serve("0").spawn().expect("the program runs");
    let mut line = String::new();
    let out = child.stdout.take().expect("its output");
    BufReader::new(out).read_line(&mut line).expect("a line");
    let port = line.trim().rsplit(':').next().expect("a port").to_owned();
    let mode = std::fs::metadata(&kubeconfig)
        .expect("it is there")
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o600);
    let second = serve(&port).output().expect("the program runs");
    assert_eq!(second.status.code(), Some(3));
    assert!(
        stderr(&second).contains(&format!("cannot listen on 127.0.0.1:{port}")),
        "{}",
        stderr(&second)
    );
    let pid = child.id().to_string();
    Command::new("kill").arg(&pid).status().expect("kill runs");
    assert!(child.wait().expect("it ends").success());
}
