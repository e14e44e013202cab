//! The words of the program's own screens, in one place. Texts of the course
//! and of the cluster come from there; descriptions of keys stand in the keymap.

pub mod linear;

use super::screens::settings::Row;
use super::state::FilterStatus;
use crate::course::HintTier;
use crate::session::Confirm;

/// The keys of a page on its own.
pub const PAGE_KEYS: &str = " q leave   up, down, pgup, pgdn scroll";

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
pub const SOLVED_NOTICE: &str = "Solved. The task pane tells what happened; F9 goes on.";
pub const MOUSE_ON: &str = "mouse reports on: click and scroll panes";
pub const MOUSE_OFF: &str = "mouse reports off: select text with the mouse";

// Filters of the course map.
pub const ONLY: &str = "Only";
pub const NOTHING_PASSES: &str = "No kata of this track is left by the filter.";

// The list of orders.
pub const PALETTE: &str = "What do you want to do?";
pub const KATA: &str = "kata";
pub const NOTHING_FOUND: &str = "Nothing has these letters.";

// Copying from the shell.
pub const COPIED: &str = "copied; terminals that allow it have it in the clipboard now";
pub const COPYING: &str = "copying: the output stands still";

// Links of a page.
pub const LINKS: &str = "Links";

// The settings.
pub const SETTINGS: &str = "Settings";
pub const ON: &str = "on";
pub const OFF: &str = "off";
pub const SETTINGS_FILE: &str = "A change holds at once and is written to the file above, whose \
comments stay. Keys are changed there too:  keys: {kata: {hint: [h, f2]}}";
pub const NO_SETTINGS_FILE: &str = "There is no folder for settings here: changes hold until you leave. $KUBEKATA_CONFIG can name a file.";
pub const SETTINGS_WRONG: &str = "The file has mistakes. What is not named here holds.";

// The statistics.
pub const STATISTICS: &str = "Statistics";
pub const SOLVED_COUNT: &str = "solved";
pub const ALONE: &str = "without help";
pub const ATTEMPTS: &str = "attempts";
pub const TIME: &str = "time";
pub const TRACKS: &str = "Tracks";
pub const LAST_SOLVED: &str = "Solved last";
pub const NOTHING_SOLVED: &str = "Nothing is solved yet. The first kata takes ten minutes.";
pub const WITH_SOLUTION: &str = "with the solution";

// kubectl.
pub const NO_KUBECTL: &str = "no kubectl";
pub const KUBECTL_TITLE: &str = "kubectl";
pub const HAS_KUBECTL: &str = "kubectl is here.";
pub const LACKS_KUBECTL: &str = "kubectl is missing on this machine. The shell of a kata needs it.";

// The tour.
pub const TOUR_TITLE: &str = "Tour";
pub const FOCUS_MOVED: &str = "That is how the focus moves.";
pub const PICTURE_TASK: &str = "What to do, what is done, why a task is still open.";
pub const PICTURE_CLUSTER: &str = "What stands in the cluster, live.";
pub const PICTURE_SHELL: &str = "$ kubectl get pods";

/// The steps of the tour, each a short page.
pub const TOUR: [&str; 5] = [
    "# Welcome\n\nkubekata teaches Kubernetes by doing. A whole cluster lives inside this program: \
nothing is installed, nothing leaves this machine, and nothing you break is lost.\n\n\
You get tasks, a shell and a view of the cluster. Each task ticks itself as soon as it is true in \
the cluster, whichever way you took.",
    "# Three panes\n\nA kata has a **task**, a view of the **cluster** and your own **shell**. \
One of them has the keys: its border is bright.\n\n\
Press `tab` here and watch the focus move.",
    "# The shell is yours\n\nIn the shell every key goes to the shell, `tab` and `esc` included. \
Two keys lead out of it: `ctrl-]` and `F6`.\n\n\
`kubectl` and `k` are ready there, with completion, and point at the kata's namespace. `F7` gives \
the shell the whole screen, `F3` copies from its output. A click on a command in the task types it \
for you.",
    "# When you are stuck\n\nUnder the tasks stands what was **expected**, what was **seen**, and \
a command that **looks** there.\n\n\
`h` (in the shell `F2`) uncovers a hint: first a question, then where to look, then the answer. \
`s` shows the solution, `r` sets the scene again. All of it is allowed, and nothing is ever locked.",
    "# Finding your way\n\nThe last line says what can be done now. `?` lists every key, and `:` \
(in the shell `F5`) finds any order, screen or kata by a few letters.\n\n\
You can leave at any time with `q`: everything is kept as it stands. This tour is in the list of \
orders, too.\n\nPress `enter` to go to the course.",
];

/// An address was handed to the system.
pub fn opened(link: &str) -> String {
    format!("opening {link}")
}

/// The system has no program for addresses.
pub fn cannot_open(link: &str) -> String {
    format!("no browser could be started for {link}; y copies the address")
}

/// Where one is in the tour.
pub fn step_of(step: usize, of: usize) -> String {
    format!("step {step} of {of}")
}

/// How many entries match.
pub fn matches(count: usize) -> String {
    match count {
        1 => "1 match".to_owned(),
        _ => format!("{count} matches"),
    }
}

/// What a filter lets through.
pub fn filter_status(status: FilterStatus) -> &'static str {
    match status {
        FilterStatus::Open => OPEN,
        FilterStatus::Started => STARTED,
        FilterStatus::Done => DONE,
    }
}

/// The name of a setting.
pub fn setting(row: Row) -> &'static str {
    match row {
        Row::Theme => "theme",
        Row::Characters => "characters",
        Row::Mouse => "mouse",
        Row::Linear => "linear mode",
        Row::TaskSide => "task on the",
        Row::TaskWidth => "task width",
        Row::ClusterHeight => "cluster height",
        Row::UpperHeight => "upper half",
    }
}

/// What a setting is about.
pub fn about_setting(row: Row) -> &'static str {
    match row {
        Row::Theme => "colours; auto takes what fits the terminal",
        Row::Characters => "symbols or plain ASCII",
        Row::Mouse => "clicks and the wheel come here; off, the terminal selects text",
        Row::Linear => "plain text for screen readers, from the next start on",
        Row::TaskSide => "side of the screen",
        Row::TaskWidth => "beside the shell",
        Row::ClusterHeight => "above the shell",
        Row::UpperHeight => "task or cluster above the shell, in a narrow window",
    }
}

/// Something stands above the settings.
pub fn overruled(who: &str) -> String {
    format!("overruled by {who}")
}

/// How kubectl is installed on a system, as markdown.
pub fn install_kubectl(system: &str, processor: &str) -> String {
    let processor = match processor {
        "aarch64" => "arm64",
        "x86_64" => "amd64",
        other => other,
    };
    let how = match system {
        "macos" => "With Homebrew:\n\n```sh\nbrew install kubectl\n```".to_owned(),
        "windows" => {
            "With winget:\n\n```sh\nwinget install -e --id Kubernetes.kubectl\n```".to_owned()
        }
        "linux" => format!(
            "Download it and put it into the PATH:\n\n```sh\ncurl -LO \"https://dl.k8s.io/release/\
$(curl -Ls https://dl.k8s.io/release/stable.txt)/bin/linux/{processor}/kubectl\"\n\
sudo install -m 0755 kubectl /usr/local/bin/kubectl\n```\n\nOr, where snaps are used:\n\n\
```sh\nsudo snap install kubectl --classic\n```"
        ),
        _ => "See https://kubernetes.io/docs/tasks/tools/".to_owned(),
    };
    format!("{how}\n\nThen leave kubekata and start it again. `kubekata doctor` checks it.")
}

/// What is wrong with the settings, on one line.
pub fn settings_problem(first: &str, more: usize) -> String {
    match more {
        0 => first.to_owned(),
        _ => format!("{first} (and {more} more in the settings)"),
    }
}

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
