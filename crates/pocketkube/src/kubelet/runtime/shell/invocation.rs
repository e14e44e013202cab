//! `sh` as a process: its options, where its script comes from, and what signals do to it.

use std::sync::Arc;
use std::time::Duration;

use super::state::ShellState;
use super::{Ended, Script, Shell, terminal, tools};
use crate::kubelet::runtime::process::{Process, Signal};

/// What the arguments of `sh` ask for.
#[derive(Debug, Default, PartialEq, Eq)]
struct Invocation {
    /// `-e`, `-x`, `-o pipefail` and the like, as `set` takes them.
    options: Vec<String>,
    command: Option<String>,
    /// A script to read, when there is no command.
    file: Option<String>,
    name: Option<String>,
    positional: Vec<String>,
    is_interactive: bool,
}

fn parse(arguments: &[String]) -> Result<Invocation, String> {
    let mut invocation = Invocation::default();
    let mut wants_command = false;
    let mut rest = arguments.iter();
    let mut operands: Vec<String> = Vec::new();
    while let Some(argument) = rest.next() {
        if argument == "--" || argument == "-" {
            break;
        }
        if argument.starts_with("--") {
            // `--login`, `--noprofile`, `--norc` and so on change nothing here.
            continue;
        }
        let sign = argument.chars().next().filter(|c| matches!(c, '-' | '+'));
        let Some(sign) = sign else {
            operands.push(argument.clone());
            break;
        };
        for letter in argument.chars().skip(1) {
            match letter {
                'c' => wants_command = true,
                'i' => invocation.is_interactive = true,
                'l' | 's' => {}
                'o' => {
                    let name = rest.next().ok_or("-o: option requires an argument")?;
                    invocation.options.push(format!("{sign}o {name}"));
                }
                letter if "abefhkmntuvxBCEHPT".contains(letter) => {
                    invocation.options.push(format!("{sign}{letter}"));
                }
                letter => return Err(format!("illegal option -{letter}")),
            }
        }
    }
    operands.extend(rest.cloned());
    let mut operands = operands.into_iter();
    if wants_command {
        let command = operands.next().ok_or("-c requires an argument")?;
        invocation.command = Some(command);
        invocation.name = operands.next();
    } else {
        invocation.file = operands.next();
        invocation.name = invocation.file.clone();
    }
    invocation.positional = operands.collect();
    Ok(invocation)
}

/// Runs a shell to its end and returns its status.
pub async fn run(mut process: Process) -> i32 {
    let name = process.name().to_owned();
    let invocation = match parse(process.arguments()) {
        Ok(invocation) => invocation,
        Err(message) => {
            process.complain(format!("{name}: {message}\n")).await;
            return 2;
        }
    };
    let start = &process.start;
    let state = Arc::new(ShellState::new(&process));
    let mut shell = Shell::new(
        state.clone(),
        &start.environment,
        &start.working_dir,
        start.stdout.clone(),
        start.stderr.clone(),
    );
    for option in &invocation.options {
        let text = format!("set {option}");
        shell
            .execute(Script {
                text: &text,
                ..Script::default()
            })
            .await;
    }
    let text = match (&invocation.command, &invocation.file) {
        (Some(command), _) => command.clone(),
        (None, Some(file)) => match process.filesystem.read_to_string(&process.path(file)) {
            Ok(text) => text,
            Err(_) => {
                let words = format!("{name}: can't open '{file}': No such file or directory\n");
                process.complain(words).await;
                return 127;
            }
        },
        (None, None) if start.terminal.is_some() || invocation.is_interactive => {
            return terminal::run(process, shell).await;
        }
        (None, None) => String::from_utf8_lossy(&start.stdin.read_to_end().await).into_owned(),
    };
    let is_stdin_free = invocation.command.is_some() || invocation.file.is_some();
    let stdin = if is_stdin_free && start.terminal.is_none() && tools::reads_input(&shell, &text) {
        start.stdin.read_to_end().await
    } else {
        Vec::new()
    };
    let script = Script {
        text: &text,
        name: Some(invocation.name.unwrap_or_else(|| name.clone())),
        positional: invocation.positional,
        stdin,
    };
    run_script(&mut process, &mut shell, &state, script).await
}

/// How long a trapped signal waits for the shell to look for it before it interrupts the script.
const PATIENCE: Duration = Duration::from_secs(1);

async fn run_script(
    process: &mut Process,
    shell: &mut Shell,
    state: &Arc<ShellState>,
    script: Script<'_>,
) -> i32 {
    let is_init = process.is_init;
    let interrupted = {
        let execution = shell.execute(script);
        tokio::pin!(execution);
        loop {
            tokio::select! {
                biased;
                ended = &mut execution => match ended {
                    Ended::Exited(code) => return code,
                    Ended::Syntax(message) => {
                        process.complain(syntax_error(process.name(), &message)).await;
                        return 2;
                    }
                },
                code = state.exited() => return code,
                signal = process.signals.next() => match state.trap(signal) {
                    _ if state.replacement().is_some() => {
                        let pid = state.replacement().unwrap_or_default();
                        state.kernel.processes.signal(pid, signal);
                    }
                    Some(handler) if handler.is_empty() => {}
                    Some(handler) => {
                        if state.will_look_for_signals() {
                            state.leave_signal(signal);
                        } else {
                            state.kernel.clock.sleep(PATIENCE / 100).await;
                            break (signal, handler);
                        }
                    }
                    None if is_init || signal.is_ignored_by_default() => {}
                    None => return signal.exit_code(),
                },
            }
        }
    };
    let mut successor = Shell::new(
        state.clone(),
        &process.start.environment,
        &process.start.working_dir,
        process.start.stdout.clone(),
        process.start.stderr.clone(),
    );
    // A shell of its own: the interrupted one would first wait for its background jobs.
    successor
        .bash
        .restore_shell_state(&shell.bash.shell_state());
    run_handler(&mut successor, interrupted).await
}

/// Runs a trap in place of the rest of the script, which nearly every handler ends anyway.
async fn run_handler(shell: &mut Shell, (signal, handler): (Signal, String)) -> i32 {
    let script = Script {
        text: &handler,
        ..Script::default()
    };
    match shell.execute(script).await {
        Ended::Exited(_) => shell.exit.take().unwrap_or(signal.exit_code()),
        Ended::Syntax(_) => signal.exit_code(),
    }
}

fn syntax_error(name: &str, message: &str) -> String {
    let message = message.strip_prefix("syntax error: ").unwrap_or(message);
    format!("{name}: syntax error: {message}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        text.split('|').map(str::to_owned).collect()
    }

    #[test]
    fn options_may_be_bundled_and_operands_follow_the_command() {
        let invocation = parse(&words("-ec|echo $1|script|one|two")).expect("options");
        assert_eq!(invocation.options, ["-e"]);
        assert_eq!(invocation.command.as_deref(), Some("echo $1"));
        assert_eq!(invocation.name.as_deref(), Some("script"));
        assert_eq!(invocation.positional, ["one", "two"]);
        let invocation = parse(&words("-o|pipefail|/run.sh|a")).expect("options");
        assert_eq!(invocation.options, ["-o pipefail"]);
        assert_eq!(invocation.file.as_deref(), Some("/run.sh"));
        assert!(parse(&words("-c")).is_err());
    }
}
