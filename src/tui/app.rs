//! The loop: waits for the next event, has the state updated, carries out the
//! commands, draws.
//!
//! Owns every handle of the interface (terminal, shell, channels) and no
//! knowledge. Draws only what changed, at most once in sixteen milliseconds,
//! and never waits for anything but the next event.

use std::collections::VecDeque;
use std::io;
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{Event as TerminalEvent, EventStream};
use crossterm::execute;
use crossterm::terminal::{BeginSynchronizedUpdate, EndSynchronizedUpdate};
use futures::StreamExt as _;
use jiff::Timestamp;
use tokio::sync::mpsc;
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until, timeout};

use super::browser::FIRST_PROGRAM;
use super::command::Command;
use super::event::Event;
use super::screens;
use super::settings::Writer;
use super::shell::{ShellNews, ShellProcess, ShellSize};
use super::signals::Signals;
use super::state::State;
use super::strings;
use super::terminal::TerminalGuard;
use super::update::update;
use crate::sandbox::ShellEnvironment;
use crate::session::{self, Effect};

/// The least time between two frames.
const FRAME: Duration = Duration::from_millis(16);
/// Time is counted, and messages leave, at this pace.
const TICK: Duration = Duration::from_secs(1);
/// How long the last effects may take to reach the driver.
const FAREWELL: Duration = Duration::from_secs(5);
/// Pieces of shell news that may wait.
const SHELL_QUEUE: usize = 32;

/// Complaints about the settings file that may wait.
const COMPLAINTS: usize = 8;

/// The two ends of the session's driver.
pub struct Driver {
    /// Requests to it.
    pub effects: mpsc::Sender<Effect>,
    /// Facts from it.
    pub events: mpsc::Receiver<session::Event>,
}

/// The outcome of starting the shell off the loop.
type ShellStart = Result<(u64, anyhow::Result<ShellProcess>), JoinError>;

/// Why the loop went on.
enum Wake {
    Event(Event),
    Terminal(Option<io::Result<TerminalEvent>>),
    Driver(Option<session::Event>),
    ShellStarted(ShellStart),
    Frame,
}

/// The loop's handles.
pub(super) struct App {
    terminal: TerminalGuard,
    state: State,
    driver: Driver,
    /// Effects that the driver has no room for yet.
    waiting: VecDeque<Effect>,
    shell: Option<ShellProcess>,
    /// The learner's editor.
    program: Option<ShellProcess>,
    shell_starts: JoinSet<(u64, anyhow::Result<ShellProcess>)>,
    news_sender: mpsc::Sender<ShellNews>,
    news: mpsc::Receiver<ShellNews>,
    /// Writes the settings, where there is a file for them.
    writer: Option<Writer>,
    complaints: mpsc::Receiver<String>,
    last_frame: Instant,
    is_dirty: bool,
    is_over: bool,
}

impl App {
    pub(super) fn new(terminal: TerminalGuard, state: State, driver: Driver) -> Self {
        let (news_sender, news) = mpsc::channel(SHELL_QUEUE);
        let (complain, complaints) = mpsc::channel(COMPLAINTS);
        let file = state.setup.file.clone();
        let writer = file.and_then(|file| Writer::start(file, complain).ok());
        Self {
            terminal,
            state,
            driver,
            waiting: VecDeque::new(),
            shell: None,
            program: None,
            shell_starts: JoinSet::new(),
            news_sender,
            news,
            writer,
            complaints,
            last_frame: Instant::now(),
            is_dirty: true,
            is_over: false,
        }
    }

    /// Runs until the learner leaves; the first frame comes before anything else.
    ///
    /// # Errors
    /// The terminal cannot be drawn on (its window was closed, say). What the
    /// learner did is recorded all the same.
    pub(super) async fn run(mut self, signals: Signals) -> io::Result<State> {
        let shown = self.show(signals).await;
        if shown.is_err() {
            self.queue_effects(Event::Terminate);
        }
        self.leave().await;
        shown.map(|()| self.state)
    }

    async fn show(&mut self, mut signals: Signals) -> io::Result<()> {
        self.draw()?;
        self.waiting.push_back(Effect::BootSandbox);
        let mut keyboard = EventStream::new();
        let mut ticks = interval(TICK);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut driver_is_there = true;
        while !self.is_over {
            let next_frame = self.last_frame + FRAME;
            let wake = tokio::select! {
                input = keyboard.next() => Wake::Terminal(input),
                event = self.driver.events.recv(), if driver_is_there => Wake::Driver(event),
                Some(news) = self.news.recv() => Wake::Event(Event::Shell(news)),
                Some(words) = self.complaints.recv() => {
                    Wake::Event(Event::Session(session::Event::Warned(words)))
                }
                Some(started) = self.shell_starts.join_next() => Wake::ShellStarted(started),
                _ = ticks.tick() => Wake::Event(Event::Tick(wall_clock())),
                () = signals.next() => Wake::Event(Event::Terminate),
                permit = self.driver.effects.reserve(), if !self.waiting.is_empty() => {
                    match (permit, self.waiting.pop_front()) {
                        (Ok(permit), Some(effect)) => permit.send(effect),
                        // The driver is gone; its effects are nobody's.
                        _ => self.waiting.clear(),
                    }
                    continue;
                }
                () = sleep_until(next_frame), if self.is_dirty => Wake::Frame,
            };
            match wake {
                Wake::Event(event) => self.handle(event)?,
                Wake::Terminal(input) => {
                    if let Some(event) = terminal_event(input) {
                        self.handle(event)?;
                    }
                }
                Wake::Driver(Some(event)) => self.handle(Event::Session(event))?,
                Wake::Driver(None) => driver_is_there = false,
                Wake::ShellStarted(started) => {
                    let event = self.shell_started(started);
                    self.handle(event)?;
                }
                Wake::Frame => self.draw()?,
            }
        }
        Ok(())
    }

    /// Has the state updated for its effects alone: there is nothing to draw on.
    fn queue_effects(&mut self, event: Event) {
        for command in update(&mut self.state, event) {
            if let Command::Session(effect) = command {
                self.waiting.push_back(effect);
            }
        }
    }

    fn handle(&mut self, event: Event) -> io::Result<()> {
        let commands = update(&mut self.state, event);
        self.is_dirty = true;
        for command in commands {
            self.carry_out(command)?;
        }
        Ok(())
    }

    fn carry_out(&mut self, command: Command) -> io::Result<()> {
        match command {
            Command::Session(effect) => self.waiting.push_back(effect),
            Command::StartShell {
                environment,
                life,
                size,
            } => {
                self.shell = None;
                self.start(environment, life, size);
            }
            Command::ShellInput(bytes) => {
                let taken = self.shell.as_ref().is_none_or(|shell| shell.send(bytes));
                if !taken {
                    let words = strings::SHELL_IS_DEAF.to_owned();
                    self.handle(Event::Session(session::Event::Warned(words)))?;
                }
            }
            Command::ResizeShell(size) => {
                if let Some(shell) = &self.shell {
                    shell.resize(size);
                }
            }
            Command::StartProgram {
                environment,
                life,
                size,
            } => {
                self.program = None;
                self.start(environment, life, size);
            }
            Command::ProgramInput(bytes) => {
                if let Some(program) = &self.program {
                    program.send(bytes);
                }
            }
            Command::ResizeProgram(size) => {
                if let Some(program) = &self.program {
                    program.resize(size);
                }
            }
            Command::EndProgram => self.program = None,
            Command::SetMouse(on) => self.terminal.set_mouse(on)?,
            Command::Copy(text) => self.terminal.copy(&text)?,
            Command::OpenLink(link) => self.open_link(&link)?,
            Command::WriteSetting(field, value) => {
                if let Some(writer) = &self.writer {
                    writer.change(field, value);
                }
            }
            Command::Remember(mark) => {
                // Without the mark the tour comes once more, and that is all.
                let _ = crate::sandbox::write_private(&mark, "");
            }
            Command::Suspend => self.terminal.suspend()?,
            Command::Quit => self.is_over = true,
        }
        Ok(())
    }

    fn start(&mut self, environment: Arc<ShellEnvironment>, life: u64, size: ShellSize) {
        let news = self.news_sender.clone();
        self.shell_starts.spawn_blocking(move || {
            let started = ShellProcess::start(&environment, size, life, news);
            (life, started)
        });
    }

    /// Has the system open an address; where it cannot, the address is shown.
    fn open_link(&mut self, link: &str) -> io::Result<()> {
        let (program, arguments): (&str, &[&str]) = match std::env::consts::OS {
            "macos" => ("open", &[]),
            "windows" => ("rundll32", &["url.dll,FileProtocolHandler"]),
            _ => ("xdg-open", &[]),
        };
        let started = std::process::Command::new(program)
            .args(arguments)
            .arg(link)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        let words = match started {
            Ok(_) => strings::opened(link),
            Err(_) => strings::cannot_open(link),
        };
        self.handle(Event::Notice(words))
    }

    /// Keeps the shell, unless another one was ordered meanwhile.
    fn shell_started(&mut self, started: ShellStart) -> Event {
        let (life, result) = match started {
            Ok(started) => started,
            Err(panicked) => {
                let words = panicked.to_string();
                return Event::Session(session::Event::Warned(words));
            }
        };
        let failure = match result {
            Ok(process) if life == self.state.shell.life => {
                process.resize(self.state.shell.screen.size());
                self.shell = Some(process);
                None
            }
            Ok(process) if life > FIRST_PROGRAM => {
                self.program = Some(process);
                None
            }
            Ok(_) => None,
            Err(error) => Some(format!("{error:#}")),
        };
        Event::ShellStarted { life, failure }
    }

    fn draw(&mut self) -> io::Result<()> {
        let size = self.terminal.terminal().size()?;
        if (size.width, size.height) != (self.state.columns, self.state.rows) {
            self.handle(Event::Resize(size.width, size.height))?;
        }
        let state = &self.state;
        // Terminals that know this mode show the frame whole; others ignore it.
        execute!(io::stdout(), BeginSynchronizedUpdate)?;
        self.terminal
            .terminal()
            .draw(|frame| screens::view(state, frame))?;
        execute!(io::stdout(), EndSynchronizedUpdate)?;
        self.last_frame = Instant::now();
        self.is_dirty = false;
        Ok(())
    }

    /// Hangs the shell up and hands the last effects over, among them the
    /// learner's progress.
    async fn leave(&mut self) {
        self.shell = None;
        self.program = None;
        self.writer = None;
        let last = std::mem::take(&mut self.waiting);
        let hand_over = async {
            for effect in last {
                if self.driver.effects.send(effect).await.is_err() {
                    break;
                }
            }
        };
        if timeout(FAREWELL, hand_over).await.is_err() {
            tracing::warn!("the session's driver did not take its last effects");
        }
    }
}

/// The one place where the interface asks what time it is.
#[expect(
    clippy::disallowed_methods,
    reason = "time spent is counted by the learner's clock, not by the cluster's"
)]
pub(super) fn wall_clock() -> Timestamp {
    Timestamp::now()
}

/// `None` for reports that mean nothing here. A terminal that is gone ends the
/// program like a signal does.
fn terminal_event(input: Option<io::Result<TerminalEvent>>) -> Option<Event> {
    match input {
        Some(Ok(TerminalEvent::Key(key))) => Some(Event::Key(key)),
        Some(Ok(TerminalEvent::Paste(text))) => Some(Event::Paste(text)),
        Some(Ok(TerminalEvent::Mouse(mouse))) => Some(Event::Mouse(mouse)),
        Some(Ok(TerminalEvent::Resize(columns, rows))) => Some(Event::Resize(columns, rows)),
        Some(Ok(TerminalEvent::FocusGained | TerminalEvent::FocusLost)) => None,
        Some(Err(_)) | None => Some(Event::Terminate),
    }
}
