//! The words of the cluster pane and of what lies over it, in one place.

pub const NO_EVENTS: &str = "No events yet.";
pub const NO_SERVICES: &str = "No Services yet.";
pub const NO_SELECTOR: &str = "nothing: its addresses are put there by hand";
pub const READY: &str = "ready";
pub const NOT_READY: &str = "not ready";
pub const LEAVING: &str = "leaving";
pub const ON_NO_NODE: &str = "On no node";
pub const NO_ROWS: &str = "Nothing has these letters.";

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
