//! What the learner can order, free of keys and of screens.
//!
//! The keymap turns keys into actions; `update` turns actions into changes of
//! the state and requests to the outside.

/// One order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// Leave the program.
    Quit,
    /// Stop the program like any job of the shell it was started from.
    Suspend,
    /// Show every key.
    ShowHelp,
    /// Switch mouse reports off and on, for the terminal's own selection.
    ToggleMouse,
    /// Back to where the learner came from.
    Back,
    /// Move or scroll one row up.
    Up,
    /// Move or scroll one row down.
    Down,
    /// One page up.
    PageUp,
    /// One page down.
    PageDown,
    /// To the beginning.
    Top,
    /// To the end.
    Bottom,
    /// The track before.
    PreviousTrack,
    /// The track after.
    NextTrack,
    /// Open what is selected.
    Open,
    /// Open the kata the program suggests.
    Continue,
    /// To the exams, or to another one.
    Exam,
    /// End the exam under way.
    FinishExam,
    /// The coach's words were read.
    DismissCoach,
    /// With or without the coach.
    ToggleCoach,
    /// Do again the solved kata that is due, or the selected one.
    Review,
    /// Type a few letters of a title.
    Search,
    /// Read the lesson.
    Lesson,
    /// Focus the next pane.
    NextPane,
    /// Focus the pane before.
    PreviousPane,
    /// Focus the task.
    FocusTask,
    /// Focus the picture of the cluster.
    FocusCluster,
    /// Focus the shell.
    FocusShell,
    /// Give the focused pane the whole screen, or take it back.
    Zoom,
    /// Uncover the next hint.
    Hint,
    /// Set the scene again from the beginning.
    Reset,
    /// Take the last reset back.
    UndoReset,
    /// Put the command that looks into the shell, not yet run.
    TypeCommand,
    /// Uncover the solution.
    Solution,
    /// Go to the next kata.
    NextKata,
    /// Back to the course map.
    Home,
    /// Start the shell again after it ended.
    RestartShell,
    /// Look back in the shell's output.
    ShellPageUp,
    /// Look forward in the shell's output.
    ShellPageDown,
    /// Choose the answer of this number.
    Answer(u8),
    /// Try again what failed (the cluster's start).
    Retry,
    /// The next view of the cluster.
    NextView,
    /// The view before.
    PreviousView,
    /// Show only what has some letters.
    Filter,
    /// The object as YAML.
    ShowYaml,
    /// What its containers say.
    ShowLogs,
    /// Why it is as it is; of a task, why its check does not hold.
    ShowWhy,
    /// Managed fields in the YAML, or not.
    Unfold,
    /// A shell in a container.
    Exec,
    /// The object in the learner's editor.
    Edit,
    /// A new manifest in the learner's editor.
    New,
    /// Delete the object, after a question.
    Delete,
    /// Another number of replicas.
    Scale,
    /// Replace the Pods of a workload.
    RestartWorkload,
    /// Keep new Pods from a node, or let them come again.
    Cordon,
    /// The cluster's time.
    Clock,
    /// What can happen to the nodes.
    Chaos,
    /// Yes.
    Confirm,
    /// No.
    Cancel,
    /// Find any order, screen or kata by a few letters.
    OpenPalette,
    /// Colours, characters, mouse, panes, keys.
    ShowSettings,
    /// How far one has come.
    ShowStatistics,
    /// The two-minute tour.
    TakeTour,
    /// How to install kubectl here.
    ShowKubectl,
    /// The links of the page.
    ShowLinks,
    /// The value after this one.
    NextValue,
    /// The value before this one.
    PreviousValue,
    /// Only open, begun or solved katas.
    FilterStatus,
    /// Only katas of one difficulty.
    FilterDifficulty,
    /// Only katas of one kind.
    FilterKind,
    /// Every kata again.
    ClearFilter,
    /// Less room for the task beside the shell.
    Narrower,
    /// More room for the task beside the shell.
    Wider,
    /// Less room for the shell under the other pane.
    ShellSmaller,
    /// More room for the shell under the other pane.
    ShellLarger,
    /// Task and shell change sides.
    Swap,
    /// Move over the shell's output to copy from it.
    CopyMode,
    /// One column to the left.
    Left,
    /// One column to the right.
    Right,
    /// To the beginning of the line.
    LineStart,
    /// To the end of the line.
    LineEnd,
    /// Begin the selection here, or forget it.
    Mark,
    /// Copy what is selected.
    Copy,
}

impl Action {
    /// Its name in the settings: `next-pane`, `answer-1`.
    pub fn name(self) -> String {
        kebab(&format!("{self:?}"))
    }

    /// Whether a learner could be locked in without a key for it.
    pub fn is_way_out(self) -> bool {
        matches!(
            self,
            Self::NextPane | Self::Back | Self::Home | Self::Quit | Self::Cancel
        )
    }
}

/// `NextPane` as `next-pane`, `Answer(1)` as `answer-1`.
pub(super) fn kebab(variant: &str) -> String {
    let mut name = String::new();
    for character in variant.chars() {
        match character {
            '(' => name.push('-'),
            ')' => {}
            upper if upper.is_ascii_uppercase() => {
                if !name.is_empty() {
                    name.push('-');
                }
                name.push(upper.to_ascii_lowercase());
            }
            other => name.push(other),
        }
    }
    name
}
