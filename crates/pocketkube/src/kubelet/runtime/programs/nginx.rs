//! nginx (first form: the default page).

use super::{MEGABYTE, Program, UseInShell};
use crate::kubelet::runtime::process::{Process, Signal};

pub const PROGRAM: Program = Program {
    names: &["nginx"],
    run: |process| Box::pin(run(process)),
    memory: 8 * MEGABYTE,
    idle_millicores: 0,
    use_in_shell: UseInShell::Command,
};

async fn run(mut process: Process) -> i32 {
    loop {
        match process.signals.next().await {
            Signal::Quit | Signal::Term | Signal::Interrupt => return 0,
            _ => {}
        }
    }
}
