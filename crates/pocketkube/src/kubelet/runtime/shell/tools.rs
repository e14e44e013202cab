//! Which of the interpreter's commands belong to the shell itself, and running one of the others
//! as a process of its own.

use std::sync::Arc;

use super::state::{Dialect, ShellState};
use super::{Ended, Script, Shell};
use crate::kubelet::runtime::process::Process;

/// What POSIX shells have built in, present in every image that has a shell.
const POSIX: &[&str] = &[
    ".", ":", "[", "alias", "bg", "break", "cd", "command", "continue", "echo", "eval", "exec",
    "exit", "export", "false", "fg", "getopts", "hash", "jobs", "kill", "let", "local", "printf",
    "pwd", "read", "readonly", "return", "set", "shift", "test", "times", "trap", "true", "type",
    "ulimit", "umask", "unalias", "unset", "wait", "history",
];

/// What bash adds.
const BASH: &[&str] = &[
    "bind",
    "builtin",
    "caller",
    "compgen",
    "complete",
    "compopt",
    "declare",
    "dirs",
    "disown",
    "enable",
    "fc",
    "help",
    "logout",
    "mapfile",
    "popd",
    "pushd",
    "readarray",
    "shopt",
    "source",
    "suspend",
    "typeset",
];

pub fn is_shell_builtin(name: &str, dialect: Dialect) -> bool {
    match dialect {
        Dialect::Bash => POSIX.contains(&name) || BASH.contains(&name),
        Dialect::Busybox => POSIX.contains(&name) || name == "source",
        Dialect::Dash => POSIX.contains(&name),
    }
}

/// Tools that read standard input, at least if no file is named.
const READERS: &[&str] = &[
    "awk",
    "base64",
    "bash",
    "cat",
    "cut",
    "dd",
    "grep",
    "gunzip",
    "gzip",
    "head",
    "less",
    "md5sum",
    "mysql",
    "nc",
    "node",
    "psql",
    "python",
    "python3",
    "read",
    "redis-cli",
    "sed",
    "sh",
    "sha256sum",
    "sort",
    "tac",
    "tail",
    "tar",
    "tee",
    "timeout",
    "tr",
    "uniq",
    "wc",
    "xargs",
    "xxd",
    "zcat",
];

/// Whether a script may read its standard input. The interpreter wants all of it beforehand, and
/// waiting for the end of an input nobody reads would hang scripts whose client never closes it.
pub fn reads_input(shell: &Shell, text: &str) -> bool {
    match shell.bash.analyze(text) {
        Ok(analysis) => {
            analysis.is_opaque() || {
                let names = analysis.command_names();
                names.iter().any(|name| READERS.contains(name))
            }
        }
        Err(_) => false,
    }
}

/// Runs a tool that only the interpreter knows (`ls`, `grep`, `tar`, …).
pub async fn run_tool(process: Process) -> i32 {
    let start = &process.start;
    let state = Arc::new(ShellState::new(&process));
    let mut shell = Shell::new(
        state,
        &start.environment,
        &start.working_dir,
        start.stdout.clone(),
        start.stderr.clone(),
    );
    let words = std::iter::once(process.name().to_owned())
        .chain(process.arguments().to_vec())
        .map(|word| quoted(&word));
    let text = words.collect::<Vec<_>>().join(" ");
    let stdin = if start.terminal.is_none() && READERS.contains(&process.name()) {
        start.stdin.read_to_end().await
    } else {
        Vec::new()
    };
    let script = Script {
        text: &text,
        stdin,
        ..Script::default()
    };
    let is_init = process.is_init;
    let mut signals = process.signals;
    let work = async {
        match shell.execute(script).await {
            Ended::Exited(code) => code,
            Ended::Syntax(_) => 2,
        }
    };
    Process::until_signal(&mut signals, is_init, |_| None, work).await
}

/// A word that the shell takes as it is.
pub fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
