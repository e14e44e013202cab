//! Signals, and how a process hears of them.

use serde::Deserialize;
use tokio::sync::mpsc;

/// The signals a container runtime or a learner sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Deserialize)]
pub enum Signal {
    #[serde(rename = "SIGHUP")]
    Hangup,
    #[serde(rename = "SIGINT")]
    Interrupt,
    #[serde(rename = "SIGQUIT")]
    Quit,
    #[serde(rename = "SIGKILL")]
    Kill,
    #[serde(rename = "SIGUSR1")]
    User1,
    #[serde(rename = "SIGUSR2")]
    User2,
    #[serde(rename = "SIGTERM")]
    Term,
    #[serde(rename = "SIGSTOP")]
    Stop,
    #[serde(rename = "SIGWINCH")]
    WindowChange,
}

const NAMES: [(Signal, i32, &str); 9] = [
    (Signal::Hangup, 1, "HUP"),
    (Signal::Interrupt, 2, "INT"),
    (Signal::Quit, 3, "QUIT"),
    (Signal::Kill, 9, "KILL"),
    (Signal::User1, 10, "USR1"),
    (Signal::User2, 12, "USR2"),
    (Signal::Term, 15, "TERM"),
    (Signal::Stop, 19, "STOP"),
    (Signal::WindowChange, 28, "WINCH"),
];

impl Signal {
    pub fn number(self) -> i32 {
        let row = NAMES.iter().find(|(signal, ..)| *signal == self);
        row.map_or(0, |(_, number, _)| *number)
    }

    /// The name without `SIG`.
    pub fn name(self) -> &'static str {
        let row = NAMES.iter().find(|(signal, ..)| *signal == self);
        row.map_or("", |(.., name)| name)
    }

    /// Reads `TERM`, `SIGTERM` or `15`.
    pub fn parse(text: &str) -> Option<Self> {
        let upper = text.to_ascii_uppercase();
        let bare = upper.strip_prefix("SIG").unwrap_or(&upper);
        NAMES
            .iter()
            .find(|(_, number, name)| *name == bare || number.to_string() == bare)
            .map(|(signal, ..)| *signal)
    }

    /// The status of a process this signal ended.
    pub fn exit_code(self) -> i32 {
        128 + self.number()
    }

    /// What a shell says of a process that the signal ended; nothing where that is usual.
    pub fn description(self) -> &'static str {
        match self {
            Self::Hangup => "Hangup",
            Self::Quit => "Quit",
            Self::Kill => "Killed",
            Self::User1 => "User defined signal 1",
            Self::User2 => "User defined signal 2",
            Self::Term => "Terminated",
            Self::Interrupt | Self::Stop | Self::WindowChange => "",
        }
    }

    /// Whether a process that does not handle it goes on living.
    pub fn is_ignored_by_default(self) -> bool {
        matches!(self, Self::WindowChange)
    }
}

/// Where a process hears of its signals.
#[derive(Debug)]
pub struct Signals {
    received: mpsc::UnboundedReceiver<Signal>,
}

impl Signals {
    pub(super) fn channel() -> (mpsc::UnboundedSender<Signal>, Self) {
        let (sender, received) = mpsc::unbounded_channel();
        (sender, Self { received })
    }

    /// The next signal; pending forever where none can come any more.
    pub async fn next(&mut self) -> Signal {
        match self.received.recv().await {
            Some(signal) => signal,
            None => std::future::pending().await,
        }
    }
}
