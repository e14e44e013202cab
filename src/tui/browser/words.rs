//! The words of the cluster pane and of what lies over it, in one place.

pub const NO_EVENTS: &str = "No events yet.";
pub const NO_SERVICES: &str = "No Services yet.";
pub const NO_SELECTOR: &str = "nothing: its addresses are put there by hand";
pub const READY: &str = "ready";
pub const NOT_READY: &str = "not ready";
pub const LEAVING: &str = "leaving";
pub const ON_NO_NODE: &str = "On no node";
pub const NO_ROWS: &str = "Nothing has these letters.";
pub const LOOKING: &str = "Looking.";

pub const CLOCK: &str = "Clock";
pub const CLOCK_WORDS: &str = "The time that the cluster lives in; kubekata clock does the same.";
pub const CHAOS: &str = "Chaos";
pub const CHAOS_WORDS: &str = "What can happen to the nodes; kubekata chaos does the same.";
pub const NEW: &str = "New";
pub const NEW_WORDS: &str = "A manifest to begin from, in your editor; saving it applies it.";
pub const LOGS: &str = "Log of";
pub const EXEC: &str = "A shell in";
pub const KEEP: &str = "keep it";
pub const DELETE: &str = "delete it";
pub const DELETE_ABOUT: &str = "and everything that it owns";
pub const NOTHING_TO_CHOOSE: &str = "There is nothing to choose.";
pub const HOW_MANY: &str = "How many replicas?";
pub const NO_NUMBER: &str = "a number is needed";

/// `1 of 2 endpoints`.
pub fn endpoints(ready: usize, all: usize) -> String {
    format!("{ready} of {all} endpoints")
}

/// Which Pods a Service is for.
pub fn selects(labels: &str) -> String {
    format!("selects {labels}")
}

/// A taint of a node.
pub fn taint(taint: &str) -> String {
    format!("taint {taint}")
}

/// Pods that the picture does not show one by one.
pub fn other_pods(pods: usize) -> String {
    match pods {
        1 => "1 Pod of another namespace".to_owned(),
        pods => format!("{pods} Pods of other namespaces"),
    }
}

/// `5×`.
pub fn restarts(restarts: i64) -> String {
    format!("{restarts}×")
}

/// The question before something is deleted.
pub fn delete_title(name: &str) -> String {
    format!("Delete {name}?")
}

/// The question for a number.
pub fn scale_title(name: &str) -> String {
    format!("Scale {name}")
}

/// The file in the editor.
pub fn editing(name: &str) -> String {
    format!("Editing {name}: save and quit to apply it")
}

/// The editor did not do what editors do.
pub fn editor_failed(how: &str) -> String {
    format!("the editor ended with {how}; set EDITOR to one that is installed")
}

/// A shell in a container.
pub fn shell_in(name: &str) -> String {
    format!("A shell in {name}")
}
