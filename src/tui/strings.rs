//! The words of the program's own screens, in one place. Texts of the course
//! and of the cluster come from there; descriptions of keys stand in the keymap.

use crate::course::HintTier;
use crate::session::Confirm;

pub const PROGRAM: &str = "kubekata";
pub const NO_TERMINAL: &str =
    "the terminal interface needs a terminal; kubekata --help lists the commands without it";

// States: always beside a glyph.
pub const DONE: &str = "done";
pub const OPEN: &str = "open";
pub const STARTED: &str = "begun";
pub const SOLVED: &str = "Solved";

// Panes.
pub const TASK: &str = "Task";
pub const LESSON: &str = "Lesson";
pub const DEBRIEF: &str = "Debrief";
pub const CLUSTER: &str = "Cluster";
pub const SHELL: &str = "Shell";
pub const HELP: &str = "Keys";

// The course map.
pub const CONTINUE: &str = "Continue";
pub const BEGIN: &str = "Begin";
pub const ALL_SOLVED: &str = "Every kata is solved. Do one again: its names and faults change.";
pub const EMPTY_COURSE: &str = "This course has no katas yet.";
pub const EMPTY_TRACK: &str = "No katas here yet.";
pub const SEARCH: &str = "Search";
pub const NO_MATCH: &str = "No title has these letters.";

// A task that is not done.
pub const CHECK: &str = "check";
pub const EXPECTED: &str = "expected";
pub const SEEN: &str = "seen";
pub const DIFFERS: &str = "differs";
pub const NOTE: &str = "note";
pub const LOOK: &str = "look";
pub const HOLDS: &str = "holds";
pub const WAITS: &str = "waits";

// The cluster.
pub const STARTING: &str = "starting the cluster";
pub const NO_CLUSTER: &str = "no cluster";
pub const EVENTS: &str = "Events";
pub const WARNING: &str = "Warning";
pub const NORMAL: &str = "Normal";
pub const NO_CLUSTER_TITLE: &str = "The cluster could not be started";
pub const NO_SCENE_TITLE: &str = "The scene could not be set";
pub const DOCTOR: &str = "kubekata doctor looks for the cause.";

// Questions.
pub const RIGHT: &str = "Right";
pub const WRONG: &str = "Not this one";

// The shell.
pub const SHELL_WAITS: &str = "The shell starts as soon as the scene stands.";
pub const SHELL_STARTS: &str = "Starting the shell.";
pub const SHELL_IS_DEAF: &str = "the shell does not read what is typed";

// The debrief.
pub const YOUR_PATH: &str = "Your path";
pub const AGAINST_SOLUTION: &str = "Yours (+) against the solution (-)";
pub const SAME: &str = "the same";
pub const NOT_YOURS: &str = "you have none";
pub const DIFFERENT: &str = "different";
pub const COACH: &str = "coach";

// The kata.
pub const SOLUTION: &str = "Solution";
pub const NEXT: &str = "Next";
pub const NEXT_KEY: &str = "n";
pub const SOLVED_NOTICE: &str = "Solved. The task pane tells what happened; F9 goes on.";
pub const MOUSE_ON: &str = "mouse reports on: click and scroll panes";
pub const MOUSE_OFF: &str = "mouse reports off: select text with the mouse";

/// `12 of 30 s`: the check is true, and must stay so.
pub fn holding(so_far: u64, of: u64) -> String {
    format!("true for {so_far} of {of} s")
}

/// The check may still become true by itself.
pub fn waiting(left: &str) -> String {
    format!("up to {left} more")
}

/// The heading of a hint.
pub fn hint_title(number: usize, of: usize, tier: HintTier) -> String {
    format!("Hint {number} of {of}: {}", tier.as_str())
}

/// Nothing of the learner's stands yet.
pub fn nothing_here(namespace: &str) -> String {
    format!("Nothing in namespace {namespace} yet.")
}

/// How the shell ended, and what to do.
pub fn shell_ended(how: &str) -> String {
    format!("The shell has ended ({how}). Press enter to start it again.")
}

/// The shell could not be run.
pub fn shell_failed(why: &str) -> String {
    format!("The shell could not be started: {why}. Press enter to try again.")
}

/// Shown in the border while looking back in the shell's output.
pub fn looking_back(lines: usize) -> String {
    format!("{lines} lines back")
}

/// The screen is smaller than anything can be drawn on.
pub fn too_small(columns: u16, rows: u16) -> String {
    format!("{columns}x{rows} is too small: 40x12 is needed.")
}

/// When a solved kata is worth doing again: `again in 3 days`.
pub fn again(when: &str) -> String {
    format!("again {when}")
}

/// `4 of 6 katas`.
pub fn katas_done(done: usize, of: usize) -> String {
    format!("{done} of {of} katas")
}

/// The question of a dialog: title and text.
pub fn question(confirm: Confirm) -> (&'static str, &'static str) {
    match confirm {
        Confirm::Reset => (
            "Reset this kata?",
            "Everything in its namespaces is deleted and the scene is set again. \
             Your folder is put back too. The attempt counts anew. \
             It can be taken back.",
        ),
        Confirm::UndoReset => (
            "Take the reset back?",
            "What stood before it is put back, with your files; what was made \
             since then is deleted. Pods start anew.",
        ),
        Confirm::EndExam => (
            "End the exam?",
            "What is done by now counts. You see then what was missing.",
        ),
        Confirm::ShowSolution => (
            "Show the solution?",
            "It is remembered that you saw it. You can do the kata again later, \
             with other names.",
        ),
    }
}

/// The last words on the learner's own screen.
pub fn farewell(kata: Option<&str>) -> String {
    match kata {
        Some(kata) => format!("See you. `kubekata` takes you back to {kata}, as you left it."),
        None => "See you. `kubekata` brings you back.".to_owned(),
    }
}

/// Exams.
pub mod exam {
    pub const EXAM: &str = "Exam";
    pub const ABOUT: &str = "A timed set of katas. Every task counts; hints wait until the end.";
    pub const RULES: &str = "The time goes on when you leave. What stands at its end is judged.";
    pub const TRACK: &str = "track";
    pub const DIFFICULTY: &str = "difficulty";
    pub const KATAS: &str = "katas";
    pub const ALL_TRACKS: &str = "all tracks";
    pub const ANY_DIFFICULTY: &str = "any";
    pub const PASSED: &str = "passed";
    pub const NOT_PASSED: &str = "not passed";
    pub const DONE: &str = "done";
    pub const OPEN: &str = "open";

    /// `12 of 30 points`.
    pub fn points(reached: u32, all: u32) -> String {
        format!("{reached} of {all} points")
    }

    /// `exam: 24 min left`.
    pub fn left(span: &str) -> String {
        format!("exam: {span} left")
    }
}
