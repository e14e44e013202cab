//! The terminal interface in a real pseudo-terminal: it reads like a course,
//! runs a shell, and leaves the terminal as it found it.
#![cfg(unix)]

use crate::support::has_kubectl;
use crate::support::terminal::Terminal;

/// Leaves the shell pane.
const LEAVE_SHELL: &str = "\x1d";

#[test]
fn quitting_the_course_map_restores_the_terminal() {
    let data = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(data.path(), &[], 80, 24);
    terminal.wait_for("q quit");
    assert!(terminal.is_full_screen());
    terminal.type_in("q");
    assert_eq!(terminal.wait_for_end(), 0);
    assert!(!terminal.is_full_screen());
    assert!(terminal.contents().contains("See you."));
    assert!(terminal.has_written("\x1b[?2004l"), "paste is as before");
    let mouse = "the mouse is as before";
    assert!(terminal.has_written("\x1b[?1000l"), "{mouse}");
}

#[test]
fn a_signal_restores_the_terminal_too() {
    let data = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(data.path(), &[], 120, 40);
    terminal.wait_for("q quit");
    terminal.terminate();
    assert_eq!(terminal.wait_for_end(), 0);
    assert!(!terminal.is_full_screen());
    assert!(terminal.contents().contains("See you."));
}

#[test]
fn a_first_kata_is_read_worked_on_and_solved_in_the_learners_shell() {
    if !has_kubectl() {
        eprintln!("skipped: the learner's shell needs kubectl, which is missing here");
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(data.path(), &[], 120, 40);
    terminal.wait_for("q quit");
    terminal.type_in("\r");
    terminal.wait_for("go to the kata");
    terminal.type_in("\r");
    terminal.wait_for("leave the shell");
    terminal.wait_for("first-pod #");
    terminal.type_in("stty size; echo in $KUBEKATA_KATA\r");
    terminal.wait_for("in pods/first-pod");

    terminal.resize(80, 24);
    terminal.wait_until("the narrow layout", |screen| !screen.contains("Cluster"));
    terminal.type_in("stty size\r");
    terminal.wait_for("9 76");
    terminal.type_in(LEAVE_SHELL);
    terminal.wait_for("next pane");
    terminal.type_in("h");
    terminal.wait_for("hints 1 of");

    terminal.type_in("3");
    terminal.wait_for("leave the shell");
    terminal.type_in("kubekata solution | grep ^kubectl | sh\r");
    terminal.wait_for("Solved in");
    terminal.type_in(LEAVE_SHELL);
    terminal.wait_for("next kata");
    terminal.type_in("q");
    terminal.wait_for("1 of ");
    terminal.type_in("q");
    assert_eq!(terminal.wait_for_end(), 0);

    let mut again = Terminal::start(data.path(), &[], 80, 24);
    again.wait_for("\u{2713} done   Your first Pod");
    again.type_in("q");
    assert_eq!(again.wait_for_end(), 0);
}

#[test]
fn a_new_learner_is_shown_around_once() {
    let data = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start_new(data.path(), &[], 80, 24);
    terminal.wait_for("step 1 of");
    terminal.type_in("\r");
    terminal.wait_for("step 2 of");
    terminal.type_in("\t");
    terminal.wait_for("That is how the focus moves");
    terminal.type_in("\x1b");
    terminal.wait_for("q quit");
    terminal.type_in("q");
    assert_eq!(terminal.wait_for_end(), 0);
    let mut again = Terminal::start_new(data.path(), &[], 80, 24);
    again.wait_for("q quit");
    again.type_in(":two minutes\r");
    again.wait_for("step 1 of");
    again.type_in("\x1b");
    again.wait_for("q quit");
    again.type_in("q");
    assert_eq!(again.wait_for_end(), 0);
}

#[test]
fn settings_are_written_down_with_the_comments_around_them() {
    let data = tempfile::tempdir().unwrap();
    let file = data.path().join("config.yaml");
    let text = "theme: light  # at the window\nkeys:\n  home:\n    quit: Q\nfly: 1\n";
    std::fs::write(&file, text).unwrap();
    let mut terminal = Terminal::start(data.path(), &[], 80, 24);
    terminal.wait_for("fly: there is no such setting");
    terminal.type_in(",");
    terminal.wait_for("has mistakes");
    terminal.type_in("\x1b[C");
    terminal.wait_for("high-contrast");
    terminal.type_in("\x1b");
    terminal.wait_for("Q quit");
    terminal.type_in("Q");
    assert_eq!(terminal.wait_for_end(), 0);
    let written = std::fs::read_to_string(&file).unwrap();
    assert_eq!(written, text.replace("light", "high-contrast"));
}

#[test]
fn linear_mode_says_the_same_without_moving_the_cursor() {
    let data = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(data.path(), &["--linear"], 100, 100);
    terminal.wait_for("The cluster is ready.");
    terminal.type_in("open pods/first-pod\r");
    terminal.wait_for("The scene stands.");
    terminal.type_in("hint\r");
    terminal.wait_for("Hint 1 of");
    terminal.type_in("shell\r");
    terminal.wait_for("Your shell begins.");
    terminal.type_in("echo in $KUBEKATA_KATA; exit\r");
    terminal.wait_for("in pods/first-pod");
    terminal.wait_for("Back in kubekata.");
    terminal.type_in("quit\r");
    assert_eq!(terminal.wait_for_end(), 0);
    assert!(!terminal.is_full_screen());
    assert!(!terminal.has_written("\x1b[?1049h"), "no other screen");
}

#[test]
fn help_is_a_key_away_and_ascii_means_ascii() {
    let data = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(data.path(), &["--ascii", "--no-color"], 80, 24);
    terminal.wait_for("q quit");
    terminal.type_in("?");
    terminal.wait_for("Course map");
    assert!(terminal.contents().is_ascii(), "{}", terminal.contents());
    terminal.resize(40, 12);
    terminal.wait_until("the narrow layout", |screen| {
        screen.lines().count() <= 12 && screen.contains("esc back")
    });
    terminal.type_in("qq");
    assert_eq!(terminal.wait_for_end(), 0);
}

/// A window that changes its size sends a signal, and keys come as bytes: the
/// reader of both must not drop one when it wakes up for the other.
#[test]
fn keys_are_not_lost_while_the_window_changes_its_size() {
    let data = tempfile::tempdir().unwrap();
    let mut terminal = Terminal::start(data.path(), &["--ascii", "--no-color"], 80, 24);
    terminal.wait_for("q quit");
    for round in 0..20 {
        terminal.resize(80, 20 + round % 2);
        terminal.type_in("?");
        terminal.wait_for("esc back");
        terminal.resize(80, 24 + round % 2);
        terminal.type_in("q");
        terminal.wait_for("q quit");
    }
    terminal.type_in("q");
    assert_eq!(terminal.wait_for_end(), 0);
}

#[test]
fn without_a_terminal_it_says_what_to_do() {
    let data = tempfile::tempdir().unwrap();
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_kubekata"))
        .env("KUBEKATA_DATA", data.path())
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    assert!(!output.status.success());
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(words.contains("needs a terminal"), "{words}");
}
