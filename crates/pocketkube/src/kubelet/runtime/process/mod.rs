//! Processes: what a program is given when it runs.

mod console;
mod io;
mod kernel;
mod signal;
mod table;
mod usage;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::Arc;

use tokio::sync::watch;

pub use console::{Console, StreamKind};
pub use io::{BoxedReader, BoxedWriter, Input, Output};
pub use kernel::Kernel;
pub use signal::{Signal, Signals};
pub use table::{ProcessInfo, ProcessTable, Registration};
pub use usage::Usage;

use super::filesystem::{Filesystem, absolute};

/// Width and height of a terminal in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TerminalSize {
    pub width: u16,
    pub height: u16,
}

impl Default for TerminalSize {
    fn default() -> Self {
        Self {
            width: 80,
            height: 24,
        }
    }
}

/// What a process starts with.
#[derive(Clone)]
pub struct Start {
    /// The program's name and its arguments.
    pub arguments: Vec<String>,
    pub environment: BTreeMap<String, String>,
    pub working_dir: String,
    pub stdin: Input,
    pub stdout: Output,
    pub stderr: Output,
    /// The size of the terminal it runs on, if it runs on one.
    pub terminal: Option<watch::Receiver<TerminalSize>>,
}

/// A running process, as its program sees it.
pub struct Process {
    pub kernel: Arc<Kernel>,
    pub start: Start,
    /// The files as its user sees them.
    pub filesystem: Filesystem,
    pub signals: Signals,
    /// The container's first process, which ignores the signals it does not handle.
    pub is_init: bool,
    registration: Registration,
}

impl Process {
    /// Enters a process into the container's table.
    pub fn new(kernel: Arc<Kernel>, start: Start, filesystem: Filesystem) -> Self {
        let (registration, signals) = kernel.processes.register(
            start.arguments.clone(),
            filesystem.credentials().uid,
            kernel.clock.now(),
        );
        Self {
            kernel,
            start,
            filesystem,
            signals,
            is_init: registration.pid() == 1,
            registration,
        }
    }

    pub fn pid(&self) -> u32 {
        self.registration.pid()
    }

    /// The arguments after the program's name.
    pub fn arguments(&self) -> &[String] {
        self.start.arguments.get(1..).unwrap_or_default()
    }

    /// The name it was called by, without directories.
    pub fn name(&self) -> &str {
        let called = self.start.arguments.first().map_or("", String::as_str);
        called.rsplit('/').next().unwrap_or(called)
    }

    pub fn variable(&self, name: &str) -> Option<&str> {
        self.start.environment.get(name).map(String::as_str)
    }

    /// A path as an argument names it, seen from the working directory.
    pub fn path(&self, path: &str) -> String {
        absolute(&self.start.working_dir, path)
    }

    pub async fn print(&self, text: impl AsRef<str>) {
        self.start.stdout.print(text).await;
    }

    pub async fn complain(&self, text: impl AsRef<str>) {
        self.start.stderr.print(text).await;
    }

    /// Signals that never come, to put in place of a process' own while it waits for those.
    pub fn no_signals() -> Signals {
        Signals::channel().1
    }

    /// Runs `work` until it ends or a signal ends it: one that `handled` has a status for, or, in
    /// any process but the container's first, one whose default is to end the process.
    pub async fn until_signal(
        signals: &mut Signals,
        is_init: bool,
        handled: impl Fn(Signal) -> Option<i32>,
        work: impl Future<Output = i32>,
    ) -> i32 {
        tokio::pin!(work);
        loop {
            tokio::select! {
                biased;
                signal = signals.next() => {
                    if let Some(code) = handled(signal) {
                        return code;
                    }
                    if !is_init && !signal.is_ignored_by_default() {
                        return signal.exit_code();
                    }
                }
                code = &mut work => return code,
            }
        }
    }
}
