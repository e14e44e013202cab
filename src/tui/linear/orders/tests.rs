//! A learner who reads and types lines.

use super::*;
use crate::check::{Outcome, Verdict};
use crate::session::{Progress, SandboxInfo, State};
use crate::tui::fixture::course;

fn linear() -> Linear {
    let session = State::new(course(), 7, Progress::default());
    let mut linear = Linear::new(session, 80);
    let said = linear
        .hear(Event::SandboxReady(SandboxInfo {
            kind: "embedded".into(),
            version: "v1.35.0".into(),
            nodes: 3,
            speed: "×1".into(),
            hosted_here: true,
            address: None,
        }))
        .said;
    assert_eq!(said, [words::CLUSTER_READY]);
    linear
}

fn said(answer: &Answer) -> String {
    answer.said.join("\n")
}

fn working() -> Linear {
    let mut linear = linear();
    let answer = linear.order("open dying");
    assert!(matches!(
        answer.effects.last(),
        Some(Effect::PrepareKata { .. })
    ));
    let prepared = linear.hear(Event::KataPrepared {
        kata: KataId::new("pods/dying"),
        fresh: true,
        shell: Arc::default(),
    });
    assert!(said(&prepared).contains("Find out why"));
    assert!(said(&prepared).contains("Task 1, open: "));
    linear
}

fn judge(linear: &mut Linear, check: &str, outcome: Outcome) -> String {
    let verdict = Verdict {
        check: check.into(),
        says: "it is so".into(),
        outcome,
        differences: Vec::new(),
        otherwise: None,
        look: vec!["kubectl get pods".into()],
    };
    let kata = KataId::new("pods/dying");
    said(&linear.hear(Event::CheckFinished { kata, verdict }))
}

#[test]
fn the_course_is_listed_with_numbers_that_open_katas() {
    let mut linear = linear();
    let list = said(&linear.order("list"));
    assert!(
        list.contains("2. A container that keeps dying, open, repair, easy, 10 min"),
        "{list}"
    );
    linear.order("open 2");
    assert_eq!(linear.prompt(), "pods/dying> ");
    assert!(said(&linear.order("open nobody has this")).contains("no kata"));
    linear.order("open listens nobody");
    assert_eq!(linear.prompt(), "services/port> ");
}

#[test]
fn ticks_and_the_debrief_are_told_without_asking() {
    let mut linear = working();
    assert_eq!(
        judge(&mut linear, "seen", Outcome::Holds),
        "Task 1 is done."
    );
    assert_eq!(
        judge(&mut linear, "seen", Outcome::Fails),
        "Task 1 is open again."
    );
    for check in ["seen", "one", "two"] {
        judge(&mut linear, check, Outcome::Holds);
    }
    let last = judge(&mut linear, "stays", Outcome::Holds);
    assert!(
        last.contains("Solved") && last.contains("What happened"),
        "{last}"
    );
}

#[test]
fn hints_come_one_at_a_time_and_the_solution_asks_first() {
    let mut linear = working();
    assert!(said(&linear.order("hint")).starts_with("Hint 1 of 3"));
    assert!(said(&linear.order("hint")).contains("kubectl logs deploy/ledger --previous"));
    let asked = linear.order("solution");
    assert!(said(&asked).contains("Show the solution?"));
    assert_eq!(linear.prompt(), "yes or no? ");
    assert!(said(&linear.order("perhaps")).contains("yes"));
    assert!(said(&linear.order("yes")).contains("kubectl rename configmap"));
    assert!(said(&linear.order("solution")).contains("kubectl rename configmap"));
    linear.order("reset");
    let answer = linear.order("y");
    assert!(matches!(
        answer.effects.last(),
        Some(Effect::PrepareKata { fresh: true, .. })
    ));
}

#[test]
fn the_open_task_says_where_to_look_and_the_shell_is_the_learners() {
    let mut linear = working();
    judge(&mut linear, "seen", Outcome::Fails);
    assert!(said(&linear.order("check")).contains("kubectl get pods"));
    assert!(linear.order("shell").shell.is_some());
    assert!(said(&linear.order("dance")).contains("help"));
    assert!(said(&linear.order("lesson")).contains("A Pod is the smallest thing"));
    let answer = linear.order("quit");
    assert!(linear.session.quitting && matches!(answer.effects.last(), Some(Effect::Quit)));
}

#[test]
fn no_line_has_a_control_character_or_a_glyph_alone() {
    let mut linear = working();
    for order in [
        "help",
        "list",
        "tasks",
        "hint",
        "cluster",
        "lesson",
        "statistics",
        "next",
    ] {
        let text = said(&linear.order(order));
        assert!(
            !text.chars().any(|c| c.is_control() && c != '\n'),
            "{order}: {text:?}"
        );
    }
}
