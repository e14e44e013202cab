//! The native programs: servers and the tools that need the network, the clock or the processes.
//!
//! One file a program, one row in [`PROGRAMS`]. Servers that only need a face are described by the
//! image's data and played by [`described`]. Tools not listed here (`ls`, `grep`, `tar`, …) are
//! the shell interpreter's own.

mod agnhost;
mod curl;
mod databases;
mod date;
mod described;
mod dig;
mod fetch;
mod http_echo;
mod identity;
mod inodes;
mod ls;
mod nc;
mod nginx;
mod node;
mod nslookup;
mod options;
mod pause;
mod ping;
mod processes;
mod python;
mod redis;
mod shell;
pub mod sleep;
mod streams;
mod stress;
mod tar;
mod traefik;
mod web;
mod wget;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use super::image::{Image, Server};
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
    &agnhost::PROGRAM,
    &curl::PROGRAM,
    &databases::PROGRAM,
    &date::PROGRAM,
    &dig::PROGRAM,
    &http_echo::PROGRAM,
    &identity::PROGRAM,
    &inodes::PROGRAM,
    &ls::PROGRAM,
    &nc::PROGRAM,
    &nginx::PROGRAM,
    &node::PROGRAM,
    &nslookup::PROGRAM,
    &pause::PROGRAM,
    &ping::PROGRAM,
    &processes::KILL,
    &processes::PS,
    &processes::TOP,
    &python::PROGRAM,
    &redis::CLIENT,
    &redis::SERVER,
    &shell::PROGRAM,
    &sleep::PROGRAM,
    &streams::cat::PROGRAM,
    &streams::HEAD,
    &streams::TAIL,
    &streams::YES,
    &stress::PROGRAM,
    &tar::PROGRAM,
    &traefik::PROGRAM,
    &wget::PROGRAM,
];

const MEGABYTE: u64 = 1024 * 1024;

/// A program of an image, found by its name.
#[derive(Clone)]
pub enum Runnable {
    Native(&'static Program),
    Described(Arc<Server>),
}

impl Runnable {
    /// Runs the program to its end.
    pub async fn run(self, process: Process) -> i32 {
        match self {
            Self::Native(program) => {
                let kernel = process.kernel.clone();
                let _memory = kernel.usage.allocate(program.memory).await;
                if process.is_init {
                    kernel.usage.set_idle_millicores(program.idle_millicores);
                }
                (program.run)(process).await
            }
            Self::Described(server) => described::run(server, process).await,
        }
    }
}

/// The programs of an image that its shell can call by name.
pub fn commands(image: &Image) -> Vec<(String, Runnable)> {
    let native = PROGRAMS.iter().copied();
    let native = native.filter(|program| program.use_in_shell == UseInShell::Command);
    let native = native.flat_map(|program| {
        let names = program.names.iter().filter(|name| image.has_tool(name));
        names.map(move |name| ((*name).to_owned(), Runnable::Native(program)))
    });
    let described = image.servers().map(|(name, server)| {
        let runnable = Runnable::Described(server.clone());
        (name.clone(), runnable)
    });
    native.chain(described).collect()
}

/// Runs whatever program an executable file stands for.
pub async fn run_named(name: &str, process: Process) -> i32 {
    let described = process.kernel.image.server(name).cloned();
    let native = || {
        PROGRAMS
            .iter()
            .find(|program| program.names.contains(&name))
    };
    match described.map(Runnable::Described) {
        Some(runnable) => runnable.run(process).await,
        None => match native() {
            Some(program) => Runnable::Native(program).run(process).await,
            None => run_tool(process).await,
        },
    }
}

/// The names of everything that can be run, the interpreter's own tools included.
#[cfg(test)]
pub fn known_names() -> std::collections::BTreeSet<String> {
    let native = PROGRAMS.iter().flat_map(|program| program.names);
    let native = native.map(|name| (*name).to_owned());
    native.chain(bashkit::Bash::new().builtin_names()).collect()
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
