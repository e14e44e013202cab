//! A terminal for a program under test: a pseudo-terminal, an emulator that
//! shows what the program draws, and waiting for conditions instead of sleeping.

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// No condition may take longer than this; most take milliseconds.
const PATIENCE: Duration = Duration::from_secs(60);

/// The program and its screen.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    master: Box<dyn MasterPty + Send>,
    writer: Box<dyn Write + Send>,
    shown: Arc<Shown>,
}

struct Shown {
    state: Mutex<State>,
    changed: Condvar,
}

struct State {
    emulator: vt100::Parser,
    /// Everything that was written, for what an emulator swallows.
    raw: Vec<u8>,
    is_closed: bool,
}

impl Terminal {
    /// Starts `kubekata` with its data in `data`, on a terminal of this size, for
    /// a learner who knows the tour.
    pub fn start(data: &Path, arguments: &[&str], columns: u16, rows: u16) -> Self {
        std::fs::write(data.join("welcomed"), "").unwrap();
        Self::start_new(data, arguments, columns, rows)
    }

    /// The same for a learner who was never here.
    pub fn start_new(data: &Path, arguments: &[&str], columns: u16, rows: u16) -> Self {
        let pair = native_pty_system().openpty(size(columns, rows)).unwrap();
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_kubekata"));
        command.args(arguments);
        command.env("KUBEKATA_DATA", data);
        command.env("HOME", data);
        command.env("KUBEKATA_CONFIG", data.join("config.yaml"));
        command.env("SHELL", "/bin/bash");
        command.env("TERM", "xterm-256color");
        command.env_remove("NO_COLOR");
        command.cwd(data);
        let child = pair.slave.spawn_command(command).unwrap();
        drop(pair.slave);
        let shown = Arc::new(Shown {
            state: Mutex::new(State {
                emulator: vt100::Parser::new(nonzero(rows), nonzero(columns), 0),
                raw: Vec::new(),
                is_closed: false,
            }),
            changed: Condvar::new(),
        });
        let mut reader = pair.master.try_clone_reader().unwrap();
        let seen = Arc::clone(&shown);
        thread::spawn(move || {
            let mut buffer = [0; 8192];
            loop {
                let count = reader.read(&mut buffer).unwrap_or(0);
                let mut state = seen.state.lock().unwrap();
                state.emulator.process(&buffer[..count]);
                state.raw.extend_from_slice(&buffer[..count]);
                state.is_closed = count == 0;
                seen.changed.notify_all();
                if count == 0 {
                    return;
                }
            }
        });
        Self {
            child,
            writer: pair.master.take_writer().unwrap(),
            master: pair.master,
            shown,
        }
    }

    /// Types bytes: `\r` is enter, `\x1d` leaves the shell pane.
    pub fn type_in(&mut self, keys: &str) {
        self.writer.write_all(keys.as_bytes()).unwrap();
        self.writer.flush().unwrap();
    }

    /// Waits until the screen contains a text.
    pub fn wait_for(&self, text: &str) {
        self.wait_until(text, |screen| screen.contains(text));
    }

    /// Waits until the screen fulfils a condition.
    pub fn wait_until(&self, what: &str, holds: impl Fn(&str) -> bool) {
        let state = self.shown.state.lock().unwrap();
        let (state, waited) = self
            .shown
            .changed
            .wait_timeout_while(state, PATIENCE, |state| {
                !holds(&state.emulator.screen().contents()) && !state.is_closed
            })
            .unwrap();
        let contents = state.emulator.screen().contents();
        drop(state);
        assert!(
            !waited.timed_out() && holds(&contents),
            "never shown: {what}\n{contents}"
        );
    }

    /// The screen as text.
    pub fn contents(&self) -> String {
        let state = self.shown.state.lock().unwrap();
        state.emulator.screen().contents()
    }

    /// Whether the program has the alternate screen, as full-screen programs do.
    pub fn is_full_screen(&self) -> bool {
        let state = self.shown.state.lock().unwrap();
        state.emulator.screen().alternate_screen()
    }

    /// Whether the program wrote a text that the screen no longer shows.
    pub fn has_written(&self, text: &str) -> bool {
        let state = self.shown.state.lock().unwrap();
        String::from_utf8_lossy(&state.raw).contains(text)
    }

    /// Gives the terminal another size.
    pub fn resize(&mut self, columns: u16, rows: u16) {
        let mut state = self.shown.state.lock().unwrap();
        let screen = state.emulator.screen_mut();
        screen.set_size(nonzero(rows), nonzero(columns));
        drop(state);
        self.master.resize(size(columns, rows)).unwrap();
    }

    /// Asks the program to end, as `kill` does.
    pub fn terminate(&self) {
        let process = self.child.process_id().unwrap();
        let process = nix::unistd::Pid::from_raw(i32::try_from(process).unwrap());
        nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGTERM).unwrap();
    }

    /// Waits for the end of the program and of its output; says how it ended.
    pub fn wait_for_end(&mut self) -> u32 {
        let state = self.shown.state.lock().unwrap();
        let (state, waited) = self
            .shown
            .changed
            .wait_timeout_while(state, PATIENCE, |state| !state.is_closed)
            .unwrap();
        let contents = state.emulator.screen().contents();
        drop(state);
        assert!(!waited.timed_out(), "it never ended\n{contents}");
        self.child.wait().unwrap().exit_code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn size(columns: u16, rows: u16) -> PtySize {
    PtySize {
        rows,
        cols: columns,
        pixel_width: 0,
        pixel_height: 0,
    }
}

fn nonzero(value: u16) -> NonZeroU16 {
    NonZeroU16::new(value).unwrap()
}
