//! What a shell and the commands running in it share.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use parking_lot::Mutex;
use tokio::sync::watch;

use super::driver::WakeFilter;
use crate::kubelet::runtime::filesystem::Filesystem;
use crate::kubelet::runtime::process::{Kernel, Signal, TerminalSize};

pub struct ShellState {
    pub kernel: Arc<Kernel>,
    pub filesystem: Filesystem,
    pub terminal: Option<watch::Receiver<TerminalSize>>,
    pub wake: Arc<WakeFilter>,
    /// How many `sleep`s run, in the foreground or not.
    pub sleeping: AtomicUsize,
    /// The shell is in `wait`, which a trapped signal interrupts.
    waiting: AtomicBool,
    traps: Mutex<HashMap<Signal, String>>,
    pending: Mutex<VecDeque<Signal>>,
}

impl ShellState {
    pub fn new(
        kernel: Arc<Kernel>,
        filesystem: Filesystem,
        terminal: Option<watch::Receiver<TerminalSize>>,
    ) -> Self {
        Self {
            kernel,
            filesystem,
            terminal,
            wake: Arc::default(),
            sleeping: AtomicUsize::new(0),
            waiting: AtomicBool::new(false),
            traps: Mutex::default(),
            pending: Mutex::default(),
        }
    }

    /// Notes what a command about to run means for signals.
    pub fn about_to_run(&self, name: &str, arguments: &[String]) {
        self.waiting.store(name == "wait", Ordering::Relaxed);
        if name == "trap" {
            self.note_trap(arguments);
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
