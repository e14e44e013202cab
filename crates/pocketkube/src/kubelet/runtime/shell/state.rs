//! What a shell and the commands running in it share.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::sync::{Notify, watch};

use super::driver::WakeFilter;
use crate::kubelet::runtime::filesystem::Filesystem;
use crate::kubelet::runtime::image::ShellKind;
use crate::kubelet::runtime::process::{Kernel, Process, Signal, TerminalSize};

/// Whose words a shell speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    Busybox,
    Dash,
    Bash,
}

impl Dialect {
    /// The shell that a name stands for in an image.
    pub fn of(name: &str, image: ShellKind) -> Self {
        match (name, image) {
            ("bash", _) => Self::Bash,
            ("dash", _) | (_, ShellKind::Bash) => Self::Dash,
            _ => Self::Busybox,
        }
    }
}

#[derive(Default)]
struct RunningTrap {
    is_running: bool,
    exit: Option<i32>,
}

pub struct ShellState {
    pub kernel: Arc<Kernel>,
    pub filesystem: Filesystem,
    pub terminal: Option<watch::Receiver<TerminalSize>>,
    /// The shell is the container's first process.
    pub is_init: bool,
    pub dialect: Dialect,
    pub wake: Arc<WakeFilter>,
    /// How many `sleep`s run, in the foreground or not.
    pub sleeping: AtomicUsize,
    /// The shell has called `wait`, which a trapped signal interrupts. Whether it still waits is
    /// not to be seen: commands of its background jobs look like its own.
    waiting: AtomicBool,
    traps: Mutex<HashMap<Signal, String>>,
    /// A trap runs that `sleep` started, and what it called `exit` with.
    trap: Mutex<RunningTrap>,
    exited: Notify,
    /// `exec` was called; then, which process took the shell's place.
    exec_called: AtomicBool,
    replacement: Mutex<Option<u32>>,
    pending: Mutex<VecDeque<Signal>>,
    /// The script is more than one command, so that the shell is still there when one is killed.
    outlives_commands: AtomicBool,
}

impl ShellState {
    /// The surroundings of the shell that runs as `process`, or for it.
    pub fn new(process: &Process) -> Self {
        Self {
            kernel: process.kernel.clone(),
            filesystem: process.filesystem.clone(),
            terminal: process.start.terminal.clone(),
            is_init: process.is_init,
            dialect: Dialect::of(process.name(), process.kernel.image.shell),
            wake: Arc::default(),
            sleeping: AtomicUsize::new(0),
            waiting: AtomicBool::new(false),
            traps: Mutex::default(),
            trap: Mutex::default(),
            exited: Notify::new(),
            exec_called: AtomicBool::new(false),
            replacement: Mutex::default(),
            pending: Mutex::default(),
            outlives_commands: AtomicBool::new(false),
        }
    }

    /// Notes what a script about to be executed is like. A shell that is given one command alone
    /// lets it take its place.
    pub fn about_to_execute(&self, script: &str) {
        let is_compound = script.trim().contains([';', '\n', '&', '|']);
        let outlives = is_compound || self.terminal.is_some();
        self.outlives_commands.store(outlives, Ordering::Relaxed);
    }

    /// Whether the shell says that a signal killed one of its commands.
    pub fn reports_killed_jobs(&self) -> bool {
        self.dialect == Dialect::Busybox && self.outlives_commands.load(Ordering::Relaxed)
    }

    /// Notes what a command about to run means for signals.
    pub fn about_to_run(&self, name: &str, arguments: &[String]) {
        if name == "wait" {
            self.waiting.store(true, Ordering::Relaxed);
        }
        if name == "exec" && !arguments.is_empty() {
            self.exec_called.store(true, Ordering::Relaxed);
        }
        if name == "trap" {
            self.note_trap(arguments);
        }
        let mut trap = self.trap.lock();
        if name == "exit" && trap.is_running {
            let code = arguments.first().and_then(|code| code.parse().ok());
            trap.exit.get_or_insert(code.unwrap_or(0));
        }
    }

    /// Whether the program about to run takes the place of the shell.
    pub fn takes_over(&self) -> bool {
        self.exec_called.load(Ordering::Relaxed)
    }

    /// Says which process signals to the shell are for from now on.
    pub fn set_replacement(&self, pid: u32) {
        *self.replacement.lock() = Some(pid);
    }

    pub fn replacement(&self) -> Option<u32> {
        *self.replacement.lock()
    }

    pub fn trap_started(&self) {
        self.trap.lock().is_running = true;
    }

    /// Whether the trap that ended wanted the shell to exit.
    pub fn trap_ended(&self) -> bool {
        let mut trap = self.trap.lock();
        trap.is_running = false;
        if trap.exit.is_some() {
            self.exited.notify_one();
        }
        trap.exit.is_some()
    }

    /// Resolves with the status once a trap has exited.
    pub async fn exited(&self) -> i32 {
        loop {
            {
                let trap = self.trap.lock();
                if let Some(code) = trap.exit.filter(|_| !trap.is_running) {
                    return code;
                }
            }
            self.exited.notified().await;
        }
    }

    fn note_trap(&self, arguments: &[String]) {
        let arguments = match arguments {
            [dashes, rest @ ..] if dashes == "--" => rest,
            all => all,
        };
        let [handler, signals @ ..] = arguments else {
            return;
        };
        let mut traps = self.traps.lock();
        for signal in signals.iter().filter_map(|name| Signal::parse(name)) {
            if handler == "-" {
                traps.remove(&signal);
            } else {
                traps.insert(signal, handler.clone());
            }
        }
    }

    /// The handler set for a signal.
    pub fn trap(&self, signal: Signal) -> Option<String> {
        self.traps.lock().get(&signal).cloned()
    }

    /// Leaves a signal for the shell to find at its next `sleep`.
    pub fn leave_signal(&self, signal: Signal) {
        self.pending.lock().push_back(signal);
    }

    pub fn take_signal(&self) -> Option<Signal> {
        self.pending.lock().pop_front()
    }

    /// Whether the shell sits in a foreground command, after which it will look for signals.
    pub fn will_look_for_signals(&self) -> bool {
        !self.waiting.load(Ordering::Relaxed) && self.sleeping.load(Ordering::Relaxed) > 0
    }
}
