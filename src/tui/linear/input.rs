//! Lines of standard input, read one at a time and only when asked for: while
//! the learner's shell runs, what is typed is the shell's.

use std::io;
use std::thread;

use tokio::sync::mpsc;

/// The thread that reads; it is left behind at the end, where it waits for a
/// line that nobody needs any more.
pub(super) struct Lines {
    requests: mpsc::Sender<()>,
    lines: mpsc::Receiver<Option<String>>,
    asked: bool,
}

impl Lines {
    pub(super) fn start() -> io::Result<Self> {
        let (requests, mut wanted) = mpsc::channel(1);
        let (found, lines) = mpsc::channel(1);
        thread::Builder::new().name("lines".into()).spawn(move || {
            while wanted.blocking_recv().is_some() {
                let mut line = String::new();
                let line = match io::stdin().read_line(&mut line) {
                    Ok(0) | Err(_) => None,
                    Ok(_) => Some(line),
                };
                if found.blocking_send(line).is_err() {
                    return;
                }
            }
        })?;
        Ok(Self {
            requests,
            lines,
            asked: false,
        })
    }

    /// Wants a line, unless one is awaited already.
    pub(super) fn ask(&mut self) {
        if !self.asked {
            self.asked = self.requests.try_send(()).is_ok();
        }
    }

    /// A line is awaited.
    pub(super) fn is_asked(&self) -> bool {
        self.asked
    }

    /// The line, once it is there; `None` at the end of the input.
    pub(super) async fn next(&mut self) -> Option<String> {
        let line = self.lines.recv().await.flatten();
        self.asked = false;
        line
    }
}
