//! Everything the interface reacts to, in one closed enum.

use crossterm::event::{KeyEvent, MouseEvent};
use jiff::Timestamp;

use super::shell::ShellNews;
use crate::session;

/// One thing that happened.
#[derive(Debug)]
pub enum Event {
    /// A key was pressed.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The mouse moved, clicked or scrolled.
    Mouse(MouseEvent),
    /// The terminal has another size: columns, rows.
    Resize(u16, u16),
    /// About once a second.
    Tick(Timestamp),
    /// A fact from the session's driver.
    Session(session::Event),
    /// The shell wrote something or ended.
    Shell(ShellNews),
    /// The shell of this life runs, or could not be run.
    ShellStarted {
        /// Which start of the shell.
        life: u64,
        /// The reason, if it does not run.
        failure: Option<String>,
    },
    /// Words for the last line.
    Notice(String),
    /// Somebody outside asks the program to end.
    Terminate,
}
