//! Node.js, by name only: scripts are not interpreted.

use super::{MEGABYTE, Program, UseInShell};
use crate::kubelet::runtime::process::Process;

pub const PROGRAM: Program = Program {
    names: &["node"],
    run: |process| Box::pin(run(process)),
    memory: 40 * MEGABYTE,
    idle_millicores: 1,
    use_in_shell: UseInShell::Command,
};

async fn run(process: Process) -> i32 {
    match process.arguments().first().map(String::as_str) {
        Some("-v" | "--version") => {
            let version = &process.kernel.image.version;
            process.print(format!("v{version}\n")).await;
            0
        }
        // An empty script on standard input.
        None if process.start.terminal.is_none() => 0,
        _ => {
            process
                .complain("node: scripts are not interpreted in this simulated container\n")
                .await;
            1
        }
    }
}
