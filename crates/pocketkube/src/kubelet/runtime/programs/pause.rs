//! `pause`: holds a Pod's namespaces open, and goes when told to.

use super::{MEGABYTE, Program, UseInShell};
use crate::kubelet::runtime::process::{Process, Signal};

pub const PROGRAM: Program = Program {
    names: &["pause"],
    run: |process| Box::pin(run(process)),
    memory: MEGABYTE / 4,
    idle_millicores: 0,
    use_in_shell: UseInShell::Command,
};

async fn run(mut process: Process) -> i32 {
    loop {
        match process.signals.next().await {
            Signal::Interrupt | Signal::Term => {
                process
                    .complain("Shutting down, got signal: Terminated\n")
                    .await;
                return 0;
            }
            _ => {}
        }
    }
}
