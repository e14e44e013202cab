//! What the interface asks the loop to do: requests as data.

use std::path::PathBuf;
use std::sync::Arc;

use super::shell::ShellSize;
use crate::sandbox::ShellEnvironment;
use crate::session::Effect;

/// One request.
#[derive(Debug, Clone)]
pub enum Command {
    /// For the session's driver.
    Session(Effect),
    /// Start a shell; an earlier one is hung up.
    StartShell {
        /// What to run.
        environment: Arc<ShellEnvironment>,
        /// Which start this is.
        life: u64,
        /// The size of its screen.
        size: ShellSize,
    },
    /// Type into the shell.
    ShellInput(Vec<u8>),
    /// Tell the shell its size.
    ResizeShell(ShellSize),
    /// Start a program beside the shell; an earlier one is hung up.
    StartProgram {
        /// What to run.
        environment: Arc<ShellEnvironment>,
        /// Which start this is.
        life: u64,
        /// The size of its screen.
        size: ShellSize,
    },
    /// Type into the program.
    ProgramInput(Vec<u8>),
    /// Tell the program its size.
    ResizeProgram(ShellSize),
    /// The program has ended.
    EndProgram,
    /// Switch mouse reports.
    SetMouse(bool),
    /// Put a text into the learner's clipboard.
    Copy(String),
    /// Open an address in the learner's browser.
    OpenLink(String),
    /// Write a field of the settings file.
    WriteSetting(&'static str, String),
    /// Leave an empty file, so that something is known the next time.
    Remember(PathBuf),
    /// Stop the program until the learner's shell continues it.
    Suspend,
    /// End the loop.
    Quit,
}
