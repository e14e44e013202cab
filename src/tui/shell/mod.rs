//! The shell pane: the learner's own shell in a pseudo-terminal.
//!
//! `screen` is what it shows (plain state, part of the TUI's state), `process`
//! the running program (threads and file handles, owned by the loop), `encode`
//! turns keys, mouse and pasted text into what a terminal would send.

mod encode;
mod process;
mod screen;

pub use encode::{key_bytes, mouse_bytes, paste_bytes};
pub use process::{ShellNews, ShellProcess};
pub use screen::{ShellScreen, ShellSize};
