//! Programs as commands of the shell, and the commands only a shell can have.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use async_trait::async_trait;
use bashkit::{
    Builtin, BuiltinContext, Command, CommandContext, CommandResolver, CommandStatus, ExecResult,
    ExecutionPlan, SubCommand,
};

use super::driver::Awake;
use super::state::{Dialect, ShellState};
use crate::kubelet::runtime::process::{Input, Output, Process, Start};
use crate::kubelet::runtime::programs::{self, Runnable};

/// A native program, run in the foreground of a shell or in its pipes.
pub struct ProgramCommand {
    pub program: Runnable,
    pub state: Arc<ShellState>,
}

#[async_trait]
impl Command for ProgramCommand {
    async fn execute(&self, context: CommandContext<'_>) -> bashkit::Result<CommandStatus> {
        let arguments = std::iter::once(context.name.to_owned()).chain(context.args.to_vec());
        let environment: BTreeMap<String, String> = context
            .env
            .iter()
            .filter(|(name, _)| !name.starts_with("_TTY_"))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        let start = Start {
            arguments: arguments.collect(),
            environment,
            working_dir: context.cwd.to_string_lossy().into_owned(),
            stdin: Input::Shell(context.stdin),
            stdout: Output::Shell(context.stdout),
            stderr: Output::Shell(context.stderr),
            terminal: self.state.terminal.clone(),
        };
        let mut process = Process::new(
            self.state.kernel.clone(),
            start,
            self.state.filesystem.clone(),
        );
        if self.state.takes_over() {
            self.state.set_replacement(process.pid());
            process.is_init = self.state.is_init;
        }
        let work = self.program.clone().run(process);
        let exit_code = Awake::new(self.state.wake.clone(), work).await;
        Ok(CommandStatus::with_code(exit_code))
    }
}

/// A `sleep` that is under way, until it ends or is cancelled.
struct Sleeping(Arc<ShellState>);

impl Sleeping {
    fn begin(state: Arc<ShellState>) -> Self {
        state.sleeping.fetch_add(1, Ordering::Relaxed);
        Self(state)
    }
}

impl Drop for Sleeping {
    fn drop(&mut self) {
        self.0.sleeping.fetch_sub(1, Ordering::Relaxed);
    }
}

/// `sleep`: it takes cluster time, and is where a shell hears of signals it has a trap for.
pub struct Sleep {
    pub state: Arc<ShellState>,
}

#[async_trait]
impl Builtin for Sleep {
    async fn execute(&self, context: BuiltinContext<'_>) -> bashkit::Result<ExecResult> {
        match programs::sleep::parse(context.args) {
            Ok(_) => Ok(ExecResult::default()),
            Err(message) => Ok(ExecResult::err(format!("sleep: {message}\n"), 1)),
        }
    }

    /// The sleeping happens here, because a plan can still be handed to the shell afterwards:
    /// the trap of a signal that has come in the meantime.
    async fn execution_plan(
        &self,
        context: &BuiltinContext<'_>,
    ) -> bashkit::Result<Option<ExecutionPlan>> {
        let Ok(span) = programs::sleep::parse(context.args) else {
            return Ok(None);
        };
        let state = &self.state;
        let arguments = std::iter::once("sleep".to_owned()).chain(context.args.to_vec());
        let (_registration, _signals) = state.kernel.processes.register(
            arguments.collect(),
            state.filesystem.credentials().uid,
            state.kernel.clock.now(),
        );
        let sleeping = Sleeping::begin(state.clone());
        let sleep = async {
            match span {
                Some(span) => state.kernel.clock.sleep(span).await,
                None => std::future::pending().await,
            }
        };
        Awake::new(state.wake.clone(), sleep).await;
        drop(sleeping);
        let Some(signal) = state.take_signal() else {
            return Ok(None);
        };
        state.trap_started();
        let command = |name: &str, args: &[&str]| SubCommand {
            name: name.to_owned(),
            args: args.iter().map(|arg| (*arg).to_owned()).collect(),
            stdin: None,
            assignments: Vec::new(),
        };
        let signal = format!("-{}", signal.name());
        Ok(Some(ExecutionPlan::Batch {
            commands: vec![
                command("kill", &[&signal, "1"]),
                command(TrapEnded::NAME, &[]),
            ],
        }))
    }
}

/// Runs after a trap. The interpreter forgets there that the trap wanted to exit; the shell's
/// state has noted it, and the script is not let go on.
pub struct TrapEnded {
    pub state: Arc<ShellState>,
}

impl TrapEnded {
    pub const NAME: &str = "__trap_ended";
}

#[async_trait]
impl Builtin for TrapEnded {
    async fn execute(&self, _: BuiltinContext<'_>) -> bashkit::Result<ExecResult> {
        if self.state.trap_ended() {
            std::future::pending::<()>().await;
        }
        Ok(ExecResult::default())
    }
}

/// Says that a command does not exist, in the words of the shell.
pub struct NotFound {
    pub dialect: Dialect,
    pub is_interactive: bool,
}

impl CommandResolver for NotFound {
    fn resolve(&self, name: &str) -> Option<Arc<dyn Builtin>> {
        let message = match self.dialect {
            Dialect::Bash if self.is_interactive => format!("bash: {name}: command not found\n"),
            Dialect::Bash => format!("bash: line 1: {name}: command not found\n"),
            Dialect::Dash => format!("sh: 1: {name}: not found\n"),
            Dialect::Busybox => format!("sh: {name}: not found\n"),
        };
        Some(Arc::new(Complain(message)))
    }
}

struct Complain(String);

#[async_trait]
impl Builtin for Complain {
    async fn execute(&self, _: BuiltinContext<'_>) -> bashkit::Result<ExecResult> {
        Ok(ExecResult::err(self.0.clone(), 127))
    }
}
