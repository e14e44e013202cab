//! What authors do: begin a course, look at it, prove it, hand it out.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use crate::support::{kubekata, stderr, stdout};

fn folder() -> tempfile::TempDir {
    tempfile::tempdir().expect("a folder")
}

/// A course with one kata, as `kubekata new` makes it.
struct Author {
    data: tempfile::TempDir,
    place: tempfile::TempDir,
}

impl Author {
    fn begin() -> Self {
        let author = Self {
            data: folder(),
            place: folder(),
        };
        let course = author.course().display().to_string();
        let new = kubekata(author.data.path(), &["new", "course", &course]);
        assert!(new.status.success(), "{}", stderr(&new));
        let kata = author.run(&["new", "kata", "first/greeting"]);
        assert!(kata.status.success(), "{}", stderr(&kata));
        author
    }

    fn course(&self) -> PathBuf {
        self.place.path().join("my-course")
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let course = self.course().display().to_string();
        kubekata(
            self.data.path(),
            &[&["--course", &course], arguments].concat(),
        )
    }

    fn change(&self, file: &str, from: &str, to: &str) {
        let path = self.course().join(file);
        let text = std::fs::read_to_string(&path).expect("it is there");
        assert!(text.contains(from), "{text}");
        std::fs::write(&path, text.replace(from, to)).expect("it is written");
    }
}

fn has(tool: &str) -> bool {
    let has = Command::new(tool).arg("--help").output().is_ok();
    if !has {
        eprintln!("skipped: {tool} is missing here");
    }
    has
}

#[test]
fn a_new_course_with_a_new_kata_has_no_mistakes_and_is_proven() {
    let author = Author::begin();
    let lint = author.run(&["lint"]);
    assert!(lint.status.success(), "{}", stdout(&lint));
    let again = author.run(&["new", "kata", "first/greeting"]);
    assert_eq!(again.status.code(), Some(2));
    if has("bash") && has("kubectl") {
        let verify = author.run(&["verify", "first/greeting", "--seeds", "2"]);
        assert!(
            verify.status.success(),
            "{}{}",
            stdout(&verify),
            stderr(&verify)
        );
        assert!(
            stdout(&verify).contains("all proven"),
            "{}",
            stdout(&verify)
        );
    }
}

#[test]
fn a_preview_shows_the_kata_as_one_learner_reads_it_and_what_is_wrong_with_it() {
    let author = Author::begin();
    let preview = stdout(&author.run(&["--seed", "1", "preview", "first/greeting"]));
    for part in ["Tasks", "Hints", "What happened", "kubectl get configmap"] {
        assert!(preview.contains(part), "{part}: {preview}");
    }
    assert!(!preview.contains("{{"), "{preview}");
    author.change(
        "katas/first/greeting/kata.yaml",
        "{{ namespace }}",
        "{{ namespcae }}",
    );
    let preview = stdout(&author.run(&["preview", "first/greeting"]));
    assert!(
        preview.contains("1 to mend") && preview.contains("undefined"),
        "{preview}"
    );
}

#[test]
fn lint_finds_what_would_fail_later_and_says_where() {
    let author = Author::begin();
    author.change("katas/first/greeting/start/scene.yaml", "data:", "dat:");
    author.change(
        "katas/first/greeting/kata.yaml",
        "kubectl get configmap",
        "kubectl gte configmap",
    );
    author.change(
        "katas/first/greeting/debrief.md",
        "Something to try",
        "Read [this](more.html)",
    );
    author.change(
        "checks/first/greeting.yaml",
        "    object: {kind: ConfigMap, name: \"{{ app }}\"}",
        "    dns: {name: web, from: {pod: web}}",
    );
    let lint = author.run(&["lint"]);
    assert_eq!(lint.status.code(), Some(1));
    let said = stdout(&lint);
    for mistake in [
        "katas/first/greeting/start/scene.yaml:1: ConfigMap: unknown field \"dat\"",
        "katas/first/greeting/kata.yaml: hints[1].command: kubectl knows no `gte`",
        "katas/first/greeting/debrief.md: the link more.html leads to no page",
        "katas/first/greeting/kata.yaml: sandbox.needs: the checks use `dns`: it needs `exec`",
    ] {
        assert!(said.contains(mistake), "{mistake}\n{said}");
    }
}

/// The course as a repository, and its address.
fn published(course: &Path) -> String {
    let git = |arguments: &[&str]| {
        let output = Command::new("git")
            .current_dir(course)
            .args(["-c", "user.name=a", "-c", "user.email=a@example.com"])
            .args(arguments)
            .output()
            .expect("git runs");
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            stderr(&output)
        );
    };
    git(&["init", "--quiet", "--initial-branch=main"]);
    git(&["add", "-A"]);
    git(&["commit", "--quiet", "-m", "begin"]);
    git(&["tag", "v1"]);
    format!("git+file://{}", course.display())
}

#[test]
fn a_course_of_a_git_repository_is_pinned_and_runs_nothing_unasked() {
    if !has("git") {
        return;
    }
    let author = Author::begin();
    let course = format!("{}#v1", published(&author.course()));
    let learner = folder();
    let run = |arguments: &[&str]| {
        kubekata(
            learner.path(),
            &[&["--course", &course], arguments].concat(),
        )
    };
    let list = run(&["list"]);
    assert!(
        stdout(&list).contains("first/greeting"),
        "{}",
        stderr(&list)
    );
    let status = stdout(&run(&["course"]));
    assert!(
        status.contains(&format!("from     {}", course.trim_start_matches("git+"))),
        "{status}"
    );
    assert!(status.contains("commit   "), "{status}");
    let verify = run(&["verify"]);
    assert_eq!(verify.status.code(), Some(2));
    assert!(
        stderr(&verify).contains("verify runs programs of"),
        "{}",
        stderr(&verify)
    );
    let new = run(&["new", "kata", "a/b"]);
    assert_eq!(new.status.code(), Some(2));
    // Without the repository everything goes on.
    drop(author);
    assert!(run(&["lint"]).status.success());
    let missing = kubekata(
        learner.path(),
        &["--course", "git+file:///nowhere#v1", "list"],
    );
    assert_eq!(missing.status.code(), Some(3));
    assert!(
        stderr(&missing).contains("cannot fetch file:///nowhere#v1"),
        "{}",
        stderr(&missing)
    );
}
