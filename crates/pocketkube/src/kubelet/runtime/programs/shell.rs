//! `sh` and its relatives.

use super::{MEGABYTE, Program, UseInShell};
use crate::kubelet::runtime::shell;

pub const PROGRAM: Program = Program {
    names: &["sh", "bash", "ash", "dash"],
    run: |process| Box::pin(shell::run(process)),
    memory: MEGABYTE,
    idle_millicores: 0,
    use_in_shell: UseInShell::BuiltIn,
};
