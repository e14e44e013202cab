//! The same katas, wherever the learner works: in the cluster inside the program, in one that kind
//! made, and in the namespaces that are theirs of somebody's cluster.
#![cfg(unix)]

use std::process::Command;

use kubekata::course;

use crate::support::places::{Learner, Served, StandIn};
use crate::support::{stderr, stdout};

const KATAS: [&str; 3] = [
    "pods/first-pod",
    "services/stable-name",
    "configmaps/stale-env",
];
const SEED: &str = "7";

/// What scripts of katas need.
fn has_tools() -> bool {
    let has = |tool: &str, argument: &str| {
        let output = Command::new(tool).arg(argument).output();
        output.is_ok_and(|output| output.status.success())
    };
    let has_all = has("bash", "--version") && has("kubectl", "help");
    if !has_all {
        eprintln!("skipped: bash or kubectl is missing here");
    }
    has_all
}

/// Starts each kata, is refused, does as the solution does, and has solved it.
fn play(learner: &Learner, sandbox: &str) {
    let course = course::embedded().unwrap_or_else(|problems| panic!("{problems}"));
    for id in KATAS {
        let kubekata = |arguments: &[&str]| {
            let common = ["--sandbox", sandbox, "--seed", SEED];
            learner.kubekata(&[arguments, &common].concat())
        };
        let started = kubekata(&["start", id]);
        assert!(started.status.success(), "{id}: {}", stderr(&started));
        let before = kubekata(&["check", id]);
        assert_eq!(before.status.code(), Some(1), "{id}: {}", stdout(&before));
        let kata = course
            .find(id)
            .expect("it is there")
            .instance(7)
            .expect("it can be made");
        let env = kubekata(&["env", id]);
        let mut script = format!("set -eu\n{}\n", stdout(&env));
        for file in kata.solution.iter().filter(|file| file.name != "solve.sh") {
            script += &format!(
                "cat > '{}' <<'END_OF_FILE'\n{}\nEND_OF_FILE\n",
                file.name, file.text
            );
        }
        let solve = kata.solution.iter().find(|file| file.name == "solve.sh");
        script += &solve.expect("there is a solution").text;
        let folder = learner.data.path().join("work").join(id);
        let solved = learner
            .command("bash")
            .env("NAMESPACE", kata.namespace())
            .current_dir(folder)
            .args(["-c", &script])
            .output()
            .expect("bash runs");
        assert!(solved.status.success(), "{id}: {}", stderr(&solved));
        let after = kubekata(&["check", "--wait", id]);
        assert!(
            after.status.success(),
            "{id}: {}{}",
            stdout(&after),
            stderr(&after)
        );
    }
}

#[test]
fn three_katas_are_solved_in_the_embedded_cluster() {
    if has_tools() {
        play(&Learner::new(&[]), "embedded");
    }
}

#[test]
fn three_katas_are_solved_in_the_learners_own_namespaces_of_a_served_cluster() {
    if !has_tools() {
        return;
    }
    let served = Served::start();
    let config = served.kubeconfig.display().to_string();
    let learner = Learner::new(&[("KUBECONFIG", config)]);
    play(&learner, "context:kubekata");
    // Each kata took the place of the one before.
    let left = served.kubectl(&[
        "get",
        "namespaces",
        "-l",
        "app.kubernetes.io/managed-by=kubekata",
        "-o",
        "name",
    ]);
    assert_eq!(stdout(&left), "namespace/stale-env\n");
    let clean = learner.kubekata(&["sandbox", "clean", "--yes", "--sandbox", "context:kubekata"]);
    assert_eq!(stdout(&clean), "deleted stale-env\n", "{}", stderr(&clean));
    let left = served.kubectl(&["get", "namespace", "stale-env"]);
    assert!(!left.status.success());
}

#[test]
fn three_katas_are_solved_in_a_cluster_that_kind_made_and_that_is_deleted_afterwards() {
    if !has_tools() {
        return;
    }
    let kind = StandIn::install();
    let learner = Learner::new(&kind.variables());
    play(&learner, "kind");
    let asked = kind.asked();
    let made: Vec<_> = asked
        .lines()
        .filter(|line| line.starts_with("create"))
        .collect();
    assert_eq!(made.len(), 1, "{asked}");
    assert!(
        made[0].contains("--image kindest/node:v1.35.0@sha256:"),
        "{asked}"
    );
    let status = learner.kubekata(&["sandbox", "--sandbox", "kind"]);
    let said = stdout(&status);
    assert!(
        said.contains("not here") && said.contains("operators/write-one"),
        "{said}"
    );
    assert!(
        said.contains("traffic: only the embedded cluster can do this"),
        "{said}"
    );
    let delete = learner.kubekata(&["sandbox", "delete", "--yes", "--sandbox", "kind"]);
    assert_eq!(stdout(&delete), "deleted kubekata\n", "{}", stderr(&delete));
    assert!(!kind.has_cluster("kubekata"));
}

#[test]
fn a_kata_is_proven_in_a_served_cluster_and_leaves_nothing_behind() {
    if !has_tools() {
        return;
    }
    let served = Served::start();
    let config = served.kubeconfig.display().to_string();
    let learner = Learner::new(&[("KUBECONFIG", config)]);
    let context = ["--sandbox", "context:kubekata"];
    let kept = learner.kubekata(&[&["start", "crash-loop"][..], &context].concat());
    assert!(kept.status.success(), "{}", stderr(&kept));
    let verify = ["verify", "pods/first-pod", "jobs/on-schedule"];
    let verify = learner.kubekata(&[&verify[..], &context].concat());
    let said = stdout(&verify);
    assert!(verify.status.success(), "{said}{}", stderr(&verify));
    assert!(said.contains("its scripts call `kubekata clock`"), "{said}");
    for case in ["start and solution", "wrong typo-in-tag"] {
        let proven = |line: &str| line.contains("proven  pods/first-pod") && line.contains(case);
        assert!(said.lines().any(proven), "{case}\n{said}");
    }
    // What the learner had there is as it was.
    let left = served.kubectl(&[
        "get",
        "namespaces",
        "-l",
        "kubekata.dev/owner",
        "-o",
        "name",
    ]);
    assert_eq!(stdout(&left), "namespace/crash-loop\n");
}

#[test]
fn a_namespace_that_is_somebody_elses_is_left_alone() {
    if !has_tools() {
        return;
    }
    let served = Served::start();
    assert!(
        served
            .kubectl(&["create", "namespace", "first-pod"])
            .status
            .success()
    );
    assert!(
        served
            .kubectl(&["create", "configmap", "precious", "-n", "first-pod"])
            .status
            .success()
    );
    let config = served.kubeconfig.display().to_string();
    let learner = Learner::new(&[("KUBECONFIG", config)]);
    for command in [["start", "first-pod"], ["reset", "first-pod"]] {
        let output =
            learner.kubekata(&[&command[..], &["--yes", "--sandbox", "context:kubekata"]].concat());
        assert_eq!(output.status.code(), Some(3), "{}", stdout(&output));
        assert!(
            stderr(&output).contains("the namespace first-pod is somebody else's"),
            "{}",
            stderr(&output)
        );
    }
    let clean = learner.kubekata(&["sandbox", "clean", "--sandbox", "context:kubekata"]);
    assert_eq!(stdout(&clean), "nothing of yours is there\n");
    let precious = served.kubectl(&["get", "configmap", "precious", "-n", "first-pod"]);
    assert!(precious.status.success());
}

#[test]
fn what_a_context_cannot_do_is_refused_with_the_reason_before_anything_is_touched() {
    let served = Served::start();
    let config = served.kubeconfig.display().to_string();
    let learner = Learner::new(&[("KUBECONFIG", config)]);
    let refused = |arguments: &[&str]| {
        let output = learner.kubekata(&[arguments, &["--sandbox", "context:kubekata"]].concat());
        assert!(!output.status.success(), "{}", stdout(&output));
        stderr(&output)
    };
    let cluster_wide = refused(&["start", "crds/own-kind"]);
    let why = "cluster: kubekata works only in its own namespaces there";
    assert!(cluster_wide.contains(why), "{cluster_wide}");
    let clock = refused(&["clock", "skip", "10m"]);
    assert!(
        clock.contains("only the embedded cluster can do this"),
        "{clock}"
    );
    let chaos = refused(&["chaos", "node-loss", "kubekata-worker"]);
    assert!(
        chaos.contains("only the embedded cluster can do this"),
        "{chaos}"
    );
    let nowhere = learner.kubekata(&["start", "first-pod", "--sandbox", "context:nowhere"]);
    let said = stderr(&nowhere);
    assert!(
        said.contains("no context nowhere in the kubeconfig; there are kubekata"),
        "{said}"
    );
}

#[test]
fn a_cluster_far_away_is_not_touched_unless_the_learner_agrees() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("kubeconfig");
    // An address that is nobody's: what is asked of it would fail.
    let config = "apiVersion: v1\nkind: Config\ncurrent-context: prod\n\
        contexts: [{name: prod, context: {cluster: far, user: me}}]\n\
        clusters: [{name: far, cluster: {server: 'https://api.invalid:6443'}}]\n\
        users: [{name: me, user: {token: secret}}]\n";
    std::fs::write(&path, config).expect("it is written");
    let learner = Learner::new(&[("KUBECONFIG", path.display().to_string())]);
    let asked = learner.kubekata(&["start", "first-pod", "--sandbox", "context:prod"]);
    assert_eq!(asked.status.code(), Some(2));
    let said = stderr(&asked);
    assert!(
        said.contains("https://api.invalid:6443, which is not on this machine"),
        "{said}"
    );
    assert!(said.contains("--yes"), "{said}");
    let agreed = learner.kubekata(&["start", "first-pod", "--sandbox", "context:prod", "--yes"]);
    assert!(
        stderr(&agreed).contains("https://api.invalid:6443 does not answer"),
        "{}",
        stderr(&agreed)
    );
}

#[test]
fn each_thing_that_can_be_wrong_with_kind_is_told_in_its_own_words() {
    let kind = StandIn::install();
    let learner = Learner::new(&kind.variables());
    let start = || stderr(&learner.kubekata(&["start", "first-pod", "--sandbox", "kind"]));
    kind.say(
        "docker-says",
        "Cannot connect to the Docker daemon at unix:///var/run/docker.sock.",
    );
    assert!(
        start().contains("docker is installed but does not run"),
        "{}",
        start()
    );
    kind.say(
        "docker-says",
        "permission denied while trying to connect to the Docker daemon socket",
    );
    assert!(start().contains("you may not use docker"), "{}", start());
    let kind = StandIn::install();
    let learner = Learner::new(&kind.variables());
    let start = || stderr(&learner.kubekata(&["start", "first-pod", "--sandbox", "kind"]));
    kind.say("version", "kind v0.20.0 go1.20 linux/amd64");
    assert!(start().contains("kind v0.20.0 is too old"), "{}", start());
    kind.say("version", "kind v0.31.0 go1.25 linux/amd64");
    kind.say(
        "fail-create",
        "ERROR: failed to create cluster: Bind for 0.0.0.0:80 failed: port is already allocated",
    );
    let said = start();
    assert!(
        said.contains("Ensuring node image"),
        "progress is told: {said}"
    );
    assert!(
        said.contains("a port that the cluster needs is in use"),
        "{said}"
    );
    let removed = kind
        .asked()
        .lines()
        .any(|line| line.starts_with("delete cluster --name kubekata"));
    assert!(removed, "{}", kind.asked());
    let learner = Learner::new(&kind.variables_alone());
    let start = || stderr(&learner.kubekata(&["start", "first-pod", "--sandbox", "kind"]));
    kind.remove_program("kind");
    assert!(start().contains("kind is not in the PATH"), "{}", start());
    kind.remove_program("docker");
    assert!(start().contains("needs docker or podman"), "{}", start());
}

#[test]
fn a_kind_cluster_that_kubekata_did_not_make_is_neither_used_nor_deleted() {
    let kind = StandIn::install();
    let owner = Learner::new(&kind.variables());
    let stranger = Learner::new(&kind.variables());
    let made = owner.kubekata(&["sandbox", "status", "--sandbox", "kind:shared"]);
    assert!(made.status.success(), "{}", stderr(&made));
    let used = stranger.kubekata(&["start", "first-pod", "--sandbox", "kind:shared"]);
    let said = stderr(&used);
    assert!(
        said.contains("there is a kind cluster shared that kubekata did not make here"),
        "{said}"
    );
    let deleted = stranger.kubekata(&["sandbox", "delete", "--yes", "--sandbox", "kind:shared"]);
    assert_eq!(deleted.status.code(), Some(3));
    assert!(kind.has_cluster("shared"));
}
