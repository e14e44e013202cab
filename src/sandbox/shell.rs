//! The learner's shell: where it starts, what it sees, how it greets.

use std::collections::BTreeMap;
use std::path::PathBuf;

/// Everything needed to start a shell for a kata, in a pane or in a terminal of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ShellEnvironment {
    /// The shell and its arguments.
    pub program: PathBuf,
    pub arguments: Vec<String>,
    /// The learner's folder for this kata.
    pub workdir: PathBuf,
    /// Variables to set on top of the ones inherited (`KUBECONFIG`, `PATH`, …).
    pub variables: BTreeMap<String, String>,
}
