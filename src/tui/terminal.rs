//! Takes the terminal over and gives it back.
//!
//! Raw mode, the alternate screen, mouse reports and bracketed paste are
//! switched on together and switched off together, on every way out: leaving
//! the guard's scope, an error, a panic (the hook restores the screen before
//! the message is printed), a signal (the loop hears it and returns) and
//! suspension with Ctrl-Z. Draws nothing itself.

use std::io::{self, Stdout, Write};
use std::panic;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use crossterm::event::{
    DisableBracketedPaste, DisableMouseCapture, EnableBracketedPaste, EnableMouseCapture,
};
use crossterm::execute;
use crossterm::terminal::{
    EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode,
};
use parking_lot::Mutex;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;

/// The terminal, ours until this value is dropped.
#[must_use = "the terminal is restored when the guard is dropped"]
pub struct TerminalGuard {
    terminal: Terminal<CrosstermBackend<Stdout>>,
    screen: Arc<Screen>,
}

/// Whether the screen is ours at the moment, shared with the panic hook.
struct Screen {
    taken: AtomicBool,
    mouse: AtomicBool,
    /// What threads other than the drawing one said when they panicked:
    /// printing it at once would garble the screen.
    late_words: Mutex<Vec<String>>,
}

impl TerminalGuard {
    /// Takes the terminal over and installs the panic hook.
    ///
    /// # Errors
    /// Standard output is no terminal, or it refuses raw mode.
    pub fn enter(mouse: bool) -> io::Result<Self> {
        let screen = Arc::new(Screen {
            taken: AtomicBool::new(false),
            mouse: AtomicBool::new(mouse),
            late_words: Mutex::new(Vec::new()),
        });
        install_panic_hook(Arc::clone(&screen));
        screen.take()?;
        let terminal = match Terminal::new(CrosstermBackend::new(io::stdout())) {
            Ok(terminal) => terminal,
            Err(error) => {
                screen.give_back();
                return Err(error);
            }
        };
        Ok(Self { terminal, screen })
    }

    /// The terminal to draw on.
    pub fn terminal(&mut self) -> &mut Terminal<CrosstermBackend<Stdout>> {
        &mut self.terminal
    }

    /// Gives the screen back, stops the whole job (so that a `cargo run` in
    /// front of us stops too) and takes the screen again once it continues.
    ///
    /// # Errors
    /// The terminal cannot be taken again.
    pub fn suspend(&mut self) -> io::Result<()> {
        self.screen.give_back();
        stop_this_job();
        self.screen.take()?;
        self.terminal.clear()
    }

    /// Hands a text to the terminal for the clipboard (OSC 52). Terminals that
    /// do not know the sequence, or do not allow it, pass over it.
    ///
    /// # Errors
    /// The terminal cannot be written to.
    pub fn copy(&mut self, text: &str) -> io::Result<()> {
        let encoded = BASE64.encode(text);
        let mut out = io::stdout();
        write!(out, "\x1b]52;c;{encoded}\x07")?;
        out.flush()
    }

    /// Switches mouse reports on or off; without them the terminal's own
    /// selection works.
    ///
    /// # Errors
    /// The terminal cannot be written to.
    pub fn set_mouse(&mut self, on: bool) -> io::Result<()> {
        self.screen.mouse.store(on, Ordering::Relaxed);
        if on {
            execute!(io::stdout(), EnableMouseCapture)
        } else {
            execute!(io::stdout(), DisableMouseCapture)
        }
    }
}

impl Drop for TerminalGuard {
    fn drop(&mut self) {
        self.screen.give_back();
        for words in self.screen.late_words.lock().drain(..) {
            eprintln!("{words}");
        }
    }
}

impl Screen {
    fn take(&self) -> io::Result<()> {
        enable_raw_mode()?;
        self.taken.store(true, Ordering::SeqCst);
        execute!(io::stdout(), EnterAlternateScreen, EnableBracketedPaste)?;
        if self.mouse.load(Ordering::Relaxed) {
            execute!(io::stdout(), EnableMouseCapture)?;
        }
        Ok(())
    }

    /// Undoes `take`; harmless when the screen is not ours. Errors are
    /// ignored: the terminal may be gone (SIGHUP), and there is nobody to tell.
    fn give_back(&self) {
        if !self.taken.swap(false, Ordering::SeqCst) {
            return;
        }
        let mut out = io::stdout();
        let _ = execute!(out, DisableMouseCapture);
        let _ = execute!(out, DisableBracketedPaste, LeaveAlternateScreen);
        let _ = execute!(out, crossterm::cursor::Show);
        let _ = disable_raw_mode();
        let _ = out.flush();
    }
}

/// A panic of the drawing thread restores the screen, then reports as before.
/// A panic elsewhere ends only its own task, so the screen stays ours and the
/// report waits until the end.
fn install_panic_hook(screen: Arc<Screen>) {
    let drawing_thread = thread::current().id();
    let previous = panic::take_hook();
    panic::set_hook(Box::new(move |report| {
        let ours = screen.taken.load(Ordering::SeqCst);
        if ours && thread::current().id() != drawing_thread {
            tracing::error!(panic = %report, "a background task panicked");
            screen.late_words.lock().push(report.to_string());
            return;
        }
        screen.give_back();
        previous(report);
    }));
}

#[cfg(unix)]
fn stop_this_job() {
    use nix::sys::signal::{Signal, kill};
    use nix::unistd::Pid;
    // Process 0 is the caller's process group: the job, as the shell sees it.
    if let Err(error) = kill(Pid::from_raw(0), Signal::SIGTSTP) {
        tracing::warn!(%error, "cannot suspend");
    }
}

#[cfg(not(unix))]
fn stop_this_job() {}
