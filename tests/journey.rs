//! A learner's first evening, from the tour to an exam, in a real terminal: every step waits for
//! what the screen then shows, and for nothing else.
#![cfg(unix)]

use crate::support::has_kubectl;
use crate::support::terminal::Terminal;

const ENTER: &str = "\r";
const ESCAPE: &str = "\x1b";
/// Leaves the shell pane.
const LEAVE_SHELL: &str = "\x1d";
/// Uncovers a hint, from the shell.
const F2: &str = "\x1bOQ";
/// Types the commands of the solution, as a learner who knows them would.
const SOLVE: &str = "kubekata solution | grep ^kubectl | sh\r";

/// From the course map into the shell of the kata whose title holds `words`.
fn open(terminal: &mut Terminal, words: &str, namespace: &str) {
    terminal.type_in("/");
    terminal.wait_for("esc cancel");
    terminal.type_in(words);
    terminal.type_in(ENTER);
    terminal.wait_for("go to the kata");
    terminal.type_in(ENTER);
    terminal.wait_for(&format!("{namespace} #"));
}

fn solve(terminal: &mut Terminal) {
    terminal.type_in(SOLVE);
    terminal.wait_for("Solved in");
}

/// From the shell back to the course map.
fn go_home(terminal: &mut Terminal) {
    terminal.type_in(LEAVE_SHELL);
    terminal.wait_for("next pane");
    terminal.type_in("q");
    terminal.wait_for("q quit");
}

#[test]
fn a_learner_is_shown_round_goes_wrong_starts_over_and_solves_three_katas() {
    if !has_kubectl() {
        eprintln!("skipped: the learner's shell needs kubectl, which is missing here");
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start_new(data.path(), &["--seed", "7"], 120, 40);
    terminal.wait_for("step 1 of");
    terminal.type_in(ENTER);
    terminal.wait_for("step 2 of");
    terminal.type_in(ESCAPE);
    terminal.wait_for("q quit");

    open(&mut terminal, "first pod", "first-pod");
    terminal.type_in("kubekata solution | grep ^kubectl | sed s/1.27/1.26/ | sh\r");
    terminal.wait_for("✓ done   2");
    assert!(!terminal.contents().contains("✓ done   1"), "another image");
    terminal.type_in("touch mine\r");
    terminal.type_in(F2);
    terminal.wait_for("Hint 1 of");

    terminal.type_in(LEAVE_SHELL);
    terminal.wait_for("next pane");
    terminal.type_in("r");
    terminal.wait_for("Reset this kata?");
    terminal.type_in("y");
    terminal.wait_for("Nothing in namespace");
    terminal.type_in("u");
    terminal.wait_for("Take the reset back?");
    terminal.type_in("y");
    terminal.wait_for("✓ done   2");
    terminal.type_in("3");
    terminal.wait_for("leave the shell");
    terminal.type_in("ls\r");
    terminal.wait_for("mine");
    terminal.type_in("kubectl delete pod --all --now\r");
    terminal.wait_for("deleted");
    solve(&mut terminal);
    go_home(&mut terminal);

    open(&mut terminal, "keeps dying", "crash-loop");
    solve(&mut terminal);
    go_home(&mut terminal);
    open(&mut terminal, "listens", "no-endpoints");
    // Away in the middle: the cluster and what was done stay.
    terminal.type_in("kubectl set selector service shop app=shop\r");
    terminal.wait_for("selector updated");
    go_home(&mut terminal);
    terminal.type_in("q");
    assert_eq!(terminal.wait_for_end(), 0);

    let mut terminal = Terminal::start_new(data.path(), &["--seed", "7"], 120, 40);
    terminal.wait_for("q quit");
    assert!(
        terminal.contents().contains("2 of "),
        "{}",
        terminal.contents()
    );
    terminal.type_in("c");
    terminal.wait_for("no-endpoints #");
    terminal.type_in("kubectl get service shop -o jsonpath='{.spec.selector}'\r");
    terminal.wait_for(r#"{"app":"shop"}"#);
    solve(&mut terminal);
    go_home(&mut terminal);
    terminal.wait_for("3 of ");

    terminal.type_in("x");
    terminal.wait_for("A timed set of katas");
    terminal.type_in(ENTER);
    terminal.wait_for("0 of ");
    terminal.wait_for("left");
    terminal.type_in("f");
    terminal.wait_for("y yes");
    terminal.type_in("y");
    terminal.wait_for("points");
    terminal.type_in(ESCAPE);
    terminal.wait_for("q quit");
    terminal.type_in("q");
    assert_eq!(terminal.wait_for_end(), 0);
}
