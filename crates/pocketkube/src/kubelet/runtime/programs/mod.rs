//! The native programs: servers and the tools that need the network, the clock or the processes.
//!
//! One file a program, one row in [`PROGRAMS`]. Tools not listed here (`ls`, `grep`, `tar`, …) are
//! the shell interpreter's own.

mod nginx;
mod pause;
mod shell;
pub mod sleep;

use std::future::Future;
use std::pin::Pin;

use super::process::Process;
use super::shell::run_tool;

/// A program that runs as a task of its own.
pub struct Program {
    names: &'static [&'static str],
    run: fn(Process) -> Running,
    /// Bytes it holds while it runs.
    memory: u64,
    /// What it uses when nothing happens, in thousandths of a core.
    idle_millicores: u64,
    use_in_shell: UseInShell,
}

type Running = Pin<Box<dyn Future<Output = i32> + Send>>;

/// Whether a shell can call the program like any command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum UseInShell {
    Command,
    /// The shell has its own way of running it.
    BuiltIn,
}

/// The one list of programs.
static PROGRAMS: &[&Program] = &[
    &nginx::PROGRAM,
    &pause::PROGRAM,
    &shell::PROGRAM,
    &sleep::PROGRAM,
];

const MEGABYTE: u64 = 1024 * 1024;

impl Program {
    pub fn names(&self) -> &'static [&'static str] {
        self.names
    }

    pub fn is_command(&self) -> bool {
        self.use_in_shell == UseInShell::Command
    }
}

/// All native programs.
pub fn all() -> impl Iterator<Item = &'static Program> {
    PROGRAMS.iter().copied()
}

/// Runs a native program to its end.
pub async fn run(program: &'static Program, process: Process) -> i32 {
    let kernel = process.kernel.clone();
    let _memory = kernel.usage.allocate(program.memory).await;
    if process.is_init {
        kernel.usage.set_idle_millicores(program.idle_millicores);
    }
    (program.run)(process).await
}

/// Runs whatever program an executable file stands for.
pub async fn run_named(name: &str, process: Process) -> i32 {
    match all().find(|program| program.names.contains(&name)) {
        Some(program) => run(program, process).await,
        None => run_tool(process).await,
    }
}

/// What starts the file of a program: the form in which the shell interpreter, too, recognises
/// the file as one of its commands.
const MARK: &str = "#!/bin/sh\n# bashkit builtin: ";

/// The content of the executable file of the program `name`.
pub fn executable(name: &str) -> String {
    format!("{MARK}{name}\nexec {name} \"$@\"\n")
}

/// The program an executable file stands for.
pub fn named_by(content: &[u8]) -> Option<&str> {
    let rest = content.strip_prefix(MARK.as_bytes())?;
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    std::str::from_utf8(&rest[..end]).ok()
}
