//! From the first argument to the program that runs: `$PATH`, permissions, `#!` lines.

use super::filesystem::{Filesystem, NodeKind, absolute};
use super::process::Process;
use super::programs;

/// A program found for a command line.
#[derive(Debug, PartialEq, Eq)]
pub enum Executable {
    /// A program of the image.
    Program(String),
    /// A script and the command that interprets it.
    Script {
        interpreter: Vec<String>,
        path: String,
    },
    /// A script that does nothing but hand over to its arguments, as entrypoints end up doing.
    HandOver,
    /// A file the kernel cannot run.
    Malformed { path: String },
}

/// Why nothing could be executed; the texts are those of Go's `os/exec` as runc reports them.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ExecutableError {
    #[error("exec: {0:?}: executable file not found in $PATH")]
    NotInPath(String),
    #[error("exec: {0:?}: stat {0}: no such file or directory")]
    Missing(String),
    #[error("exec: {0:?}: permission denied")]
    NotPermitted(String),
    #[error("exec: {0:?}: is a directory")]
    Directory(String),
}

/// Finds what `name` runs, as seen from `working_dir`.
pub fn find(
    filesystem: &Filesystem,
    name: &str,
    path_variable: &str,
    working_dir: &str,
) -> Result<Executable, ExecutableError> {
    if name.contains('/') {
        let path = absolute(working_dir, name);
        return at(filesystem, &path, name);
    }
    let mut found = Err(ExecutableError::NotInPath(name.to_owned()));
    for directory in path_variable.split(':').filter(|dir| !dir.is_empty()) {
        let path = absolute(working_dir, &format!("{directory}/{name}"));
        match at(filesystem, &path, name) {
            Err(ExecutableError::Missing(_) | ExecutableError::Directory(_)) => {}
            Err(error) => found = Err(error),
            Ok(executable) => return Ok(executable),
        }
    }
    found
}

fn at(filesystem: &Filesystem, path: &str, name: &str) -> Result<Executable, ExecutableError> {
    let missing = |_| ExecutableError::Missing(name.to_owned());
    let node = filesystem.stat(path).map_err(missing)?;
    let content = match &node.kind {
        NodeKind::Directory => return Err(ExecutableError::Directory(name.to_owned())),
        NodeKind::File(content) if node.mode & 0o111 != 0 => content,
        _ => return Err(ExecutableError::NotPermitted(name.to_owned())),
    };
    if let Some(program) = programs::named_by(content) {
        return Ok(Executable::Program(program.to_owned()));
    }
    let path = path.to_owned();
    let Some(rest) = content.strip_prefix(b"#!") else {
        return Ok(Executable::Malformed { path });
    };
    if rest.trim_ascii_end() == HAND_OVER {
        return Ok(Executable::HandOver);
    }
    let line = rest.split(|byte| *byte == b'\n').next().unwrap_or(rest);
    let line = String::from_utf8_lossy(line).trim().to_owned();
    let (interpreter, argument) = match line.split_once(char::is_whitespace) {
        Some((interpreter, argument)) => (interpreter.to_owned(), Some(argument.trim())),
        None => (line.clone(), None),
    };
    let argument = argument.map(str::to_owned);
    Ok(Executable::Script {
        interpreter: std::iter::once(interpreter).chain(argument).collect(),
        path,
    })
}

/// What is left of a script after `#!` that needs no shell to be understood.
const HAND_OVER: &[u8] = b"/bin/sh\nexec \"$@\"";

/// Runs the process' program to its end.
pub async fn run(executable: Executable, mut process: Process) -> i32 {
    /// What a container's status is when the kernel refused to execute its file.
    const NOT_EXECUTED: i32 = 255;
    match executable {
        Executable::Program(name) => programs::run_named(&name, process).await,
        Executable::HandOver => hand_over(process).await,
        Executable::Malformed { path } => {
            let words = format!("exec {path}: exec format error\n");
            process.complain(words).await;
            NOT_EXECUTED
        }
        Executable::Script { interpreter, path } => {
            let filesystem = &process.filesystem;
            let found = interpreter
                .first()
                .and_then(|name| at(filesystem, name, name).ok());
            let Some(Executable::Program(name)) = found else {
                let words = format!("exec {path}: no such file or directory\n");
                process.complain(words).await;
                return NOT_EXECUTED;
            };
            let mut arguments = interpreter;
            if name == "env" && arguments.len() > 1 {
                arguments.remove(0);
            }
            let rest = process.arguments().to_vec();
            arguments.push(path);
            arguments.extend(rest);
            let name = if name == "env" {
                arguments[0].clone()
            } else {
                name
            };
            process.start.arguments = arguments;
            programs::run_named(&name, process).await
        }
    }
}

async fn hand_over(mut process: Process) -> i32 {
    process.start.arguments.remove(0);
    let Some(name) = process.start.arguments.first().cloned() else {
        return 0;
    };
    let path = process.variable("PATH").unwrap_or_default().to_owned();
    match find(
        &process.filesystem,
        &name,
        &path,
        &process.start.working_dir,
    ) {
        Ok(executable) => Box::pin(run(executable, process)).await,
        Err(_) => {
            let script = "/docker-entrypoint.sh";
            process
                .complain(format!("{script}: exec: line 47: {name}: not found\n"))
                .await;
            127
        }
    }
}
