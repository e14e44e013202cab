//! An interactive shell: prompt, echo, line editing, and commands run one by one.
//!
//! This is the line discipline and the little of readline that people use without thinking:
//! backspace, arrows, history, Ctrl-A/E/U/K/W/L/C/D. Completion and full-screen programs are not
//! here.

mod editor;
mod keys;

use super::state::Dialect;
use super::{Ended, Script, Shell};
use crate::kubelet::runtime::process::{Output, Process, Signal};

use editor::{Line, read_line};
use keys::Keys;

/// Runs commands as they are typed until `exit`, Ctrl-D or the end of input.
pub async fn run(mut process: Process, mut shell: Shell) -> i32 {
    let mut keys = Keys::new(process.start.stdin.clone());
    let screen = process.start.stdout.clone();
    let mut history: Vec<String> = Vec::new();
    let mut last_code = 0;
    loop {
        let prompt = prompt(&process, &shell);
        let line = tokio::select! {
            biased;
            signal = process.signals.next() => match signal {
                Signal::Hangup | Signal::Kill => return signal.exit_code(),
                _ => continue,
            },
            line = read_line(&mut keys, &screen, &prompt, &history) => line,
        };
        let mut text = match line {
            Line::Entered(text) => text,
            Line::Interrupted => {
                last_code = 130;
                continue;
            }
            Line::EndOfInput => {
                screen.print("exit\n").await;
                return last_code;
            }
        };
        if text.trim().is_empty() {
            continue;
        }
        history.push(text.clone());
        loop {
            match run_line(&mut shell, &mut keys, &screen, &text, last_code).await {
                Outcome::Code(code) => {
                    last_code = code;
                    break;
                }
                Outcome::Exit(code) => return code,
                Outcome::Incomplete => match read_line(&mut keys, &screen, "> ", &[]).await {
                    Line::Entered(more) => {
                        text.push('\n');
                        text.push_str(&more);
                    }
                    Line::Interrupted | Line::EndOfInput => break,
                },
            }
        }
    }
}

enum Outcome {
    Code(i32),
    Exit(i32),
    Incomplete,
}

async fn run_line(
    shell: &mut Shell,
    keys: &mut Keys,
    screen: &Output,
    text: &str,
    last_code: i32,
) -> Outcome {
    shell.exit.take();
    let stage = format!("(exit {last_code})\n{text}");
    let script = Script {
        text: if last_code == 0 { text } else { &stage },
        ..Script::default()
    };
    let ended = tokio::select! {
        biased;
        ended = shell.execute(script) => ended,
        () = keys.interrupted() => {
            screen.print("^C\n").await;
            return Outcome::Code(130);
        }
    };
    match ended {
        Ended::Exited(code) => match shell.exit.take() {
            Some(code) => Outcome::Exit(code),
            None => Outcome::Code(code),
        },
        Ended::Syntax(message) if is_incomplete(&message) => Outcome::Incomplete,
        Ended::Syntax(message) => {
            screen.print(format!("sh: syntax error: {message}\n")).await;
            Outcome::Code(2)
        }
    }
}

/// Whether more lines may complete the command.
fn is_incomplete(message: &str) -> bool {
    let message = message.to_lowercase();
    [
        "unterminated",
        "unexpected end of",
        "unexpected eof",
        "expected 'fi'",
        "expected 'done'",
        "expected 'esac'",
        "expected '}'",
        "empty",
    ]
    .iter()
    .any(|sign| message.contains(sign))
}

fn prompt(process: &Process, shell: &Shell) -> String {
    let sign = if process.filesystem.credentials().is_root() {
        '#'
    } else {
        '$'
    };
    let directory = shell.bash.shell_state_view().cwd;
    let home = process.variable("HOME").unwrap_or("/root");
    let directory = directory.to_string_lossy();
    let shown = match directory.strip_prefix(home) {
        Some(rest) if home != "/" && (rest.is_empty() || rest.starts_with('/')) => {
            format!("~{rest}")
        }
        _ => directory.into_owned(),
    };
    match shell.state.dialect {
        Dialect::Busybox => format!("{shown} {sign} "),
        Dialect::Dash => format!("{sign} "),
        Dialect::Bash => {
            let user = if sign == '#' {
                "root"
            } else {
                "I have no name!"
            };
            let host = process.kernel.network.hostname();
            format!("{user}@{host}:{shown}{sign} ")
        }
    }
}
