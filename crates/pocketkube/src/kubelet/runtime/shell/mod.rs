//! The shell of a container: an in-process bash over the container's files, programs and clock.
//!
//! It is built only when a process needs it. Commands are the interpreter's own (for text, files,
//! archives) and our programs (for the network, processes, time); only those that are in the image
//! can be called.

mod commands;
mod driver;
mod files;
mod invocation;
mod state;
mod terminal;
mod timeout;
mod tools;

use std::collections::BTreeMap;
use std::future::IntoFuture;
use std::sync::Arc;
use std::time::Duration;

use bashkit::hooks::HookAction;
use bashkit::{Bash, ExecOptions, ExecutionLimits, MemoryLimits, SessionLimits};

use parking_lot::Mutex;

use crate::kubelet::runtime::process::{Kernel, Output, StreamKind};
use crate::kubelet::runtime::programs;

pub use invocation::run;
pub use tools::run_tool;

use driver::Driver;
use state::ShellState;

/// A shell with its variables, directory and functions.
struct Shell {
    bash: Bash,
    state: Arc<ShellState>,
    stdout: Output,
    stderr: Output,
    exit: Exit,
    is_prepared: bool,
}

/// The status `exit` was called with, which tells it apart from a script's own end.
#[derive(Clone, Default)]
struct Exit(Arc<Mutex<Option<i32>>>);

impl Exit {
    fn take(&self) -> Option<i32> {
        self.0.lock().take()
    }
}

/// What to run in a shell.
#[derive(Default)]
struct Script<'a> {
    text: &'a str,
    /// `$0`
    name: Option<String>,
    positional: Vec<String>,
    stdin: Vec<u8>,
}

/// How a script ended.
enum Ended {
    Exited(i32),
    /// The text is no script: what the parser says.
    Syntax(String),
}

impl Shell {
    fn new(
        state: Arc<ShellState>,
        environment: &BTreeMap<String, String>,
        working_dir: &str,
        stdout: Output,
        stderr: Output,
    ) -> Self {
        let kernel = &state.kernel;
        let files = files::Files {
            filesystem: state.filesystem.clone(),
            stdout: stdout.clone(),
            stderr: stderr.clone(),
            main: [StreamKind::Stdout, StreamKind::Stderr]
                .map(|kind| Output::Console(kernel.console.clone(), kind)),
        };
        let image = kernel.image.clone();
        let dialect = state.dialect;
        let exit = Exit::default();
        let noted_exit = exit.clone();
        let hook_state = state.clone();
        let mut builder = Bash::builder()
            .fs(Arc::new(files))
            .rootfs(false)
            .cwd(working_dir)
            .hostname(kernel.network.hostname())
            .limits(limits(kernel))
            .session_limits(SessionLimits::unlimited())
            .memory_limits(MemoryLimits::unlimited())
            .builtin_filter(move |name| {
                tools::is_shell_builtin(name, dialect) || image.has_tool(name)
            })
            .command_resolver(Arc::new(commands::NotFound {
                dialect: state.dialect,
                is_interactive: state.terminal.is_some(),
            }))
            .before_tool(Box::new(move |event| {
                hook_state.about_to_run(&event.name, &event.args);
                HookAction::Continue(event)
            }))
            .on_exit(Box::new(move |event| {
                *noted_exit.0.lock() = Some(event.code);
                HookAction::Continue(event)
            }))
            .env("HOME", "/root");
        for (name, value) in environment {
            builder = builder.env(name, value);
        }
        if state.terminal.is_some() {
            builder = builder.tty(0, true).tty(1, true).tty(2, true);
        }
        for (name, program) in programs::commands(&kernel.image) {
            // Within a shell `kill` is for its own jobs, and for the process it is.
            if name == "kill" && state.is_init {
                continue;
            }
            let command = commands::ProgramCommand {
                program,
                state: state.clone(),
            };
            builder = builder.command(name, command);
        }
        let trap_ended = commands::TrapEnded {
            state: state.clone(),
        };
        builder = builder.builtin(commands::TrapEnded::NAME, Box::new(trap_ended));
        let sleep = commands::Sleep {
            state: state.clone(),
        };
        if kernel.image.has_tool("timeout") {
            let limited = timeout::Limited {
                state: state.clone(),
            };
            let ended = timeout::Ended {
                state: state.clone(),
                stderr: stderr.clone(),
            };
            let state = state.clone();
            builder = builder
                .builtin("timeout", Box::new(timeout::Timeout { state }))
                .builtin(timeout::Limited::NAME, Box::new(limited))
                .builtin(timeout::Ended::NAME, Box::new(ended));
        }
        if kernel.image.has_tool("sleep") {
            builder = builder.builtin("sleep", Box::new(sleep));
        }
        let mut bash = builder.build();
        bash.set_interactive(state.terminal.is_some());
        Self {
            bash,
            state,
            stdout,
            stderr,
            exit,
            is_prepared: false,
        }
    }

    /// Runs a script to its end. Dropping the future ends it at once.
    async fn execute(&mut self, script: Script<'_>) -> Ended {
        if !std::mem::replace(&mut self.is_prepared, true) {
            // The interpreter's own idea of who uses it; a container has no such variable.
            let _ = self.bash.exec("unset USER").await;
        }
        self.state.about_to_execute(script.text);
        let (stdout, stderr) = (self.stdout.clone(), self.stderr.clone());
        let mut options = ExecOptions::new()
            .positional(script.positional)
            .stdin(script.stdin);
        if let Some(name) = script.name {
            options = options.arg0(name);
        }
        let execution = self
            .bash
            .execute(script.text)
            .options(options)
            .stdout_fn(move |content| write_to(stdout.clone(), content))
            .stderr_fn(move |content| write_to(stderr.clone(), content));
        let busy = self.state.clone();
        let mut last = busy.kernel.clock.now();
        let on_busy = move || {
            let kernel = &busy.kernel;
            let cores = kernel.cpu_limit.unwrap_or(1.0).min(1.0);
            kernel
                .usage
                .charge_cpu(kernel.clock.since(last).mul_f64(cores));
            last = kernel.clock.now();
        };
        let filter = self.state.wake.clone();
        match Driver::new(filter, execution.into_future(), on_busy).await {
            Ok(result) => Ended::Exited(result.exit_code),
            Err(bashkit::Error::ResourceLimit(_)) => {
                // The one limit that is set is the container's memory.
                self.state.kernel.usage.run_out_of_memory();
                std::future::pending().await
            }
            Err(bashkit::Error::Parse { message, .. }) => Ended::Syntax(message),
            Err(error) => Ended::Syntax(error.to_string()),
        }
    }
}

async fn write_to(output: Output, content: Vec<u8>) -> bashkit::Result<()> {
    Ok(output.write(&content).await?)
}

/// No limits but the container's memory: a container may loop for ever.
fn limits(kernel: &Kernel) -> ExecutionLimits {
    const NEVER: Duration = Duration::from_secs(u64::MAX / 4);
    const DEFAULT_MEMORY: u64 = 256 * 1024 * 1024;
    let memory = kernel.usage.memory_limit().unwrap_or(DEFAULT_MEMORY);
    ExecutionLimits::cli()
        .max_work_units(u64::MAX)
        .max_aggregate_input_bytes(u64::MAX)
        .max_live_intermediate_bytes(memory)
        .timeout(NEVER)
        .max_stdout_bytes(usize::MAX)
        .max_stderr_bytes(usize::MAX)
        .max_parser_operations(10_000_000)
}
