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
}
