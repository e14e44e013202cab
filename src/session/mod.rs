//! The session: what the learner sees and does, as a pure state machine.
//!
//! ```text
//! Event ─ update(&mut State, Event) ─ Vec<Effect> ─ driver ─ Events back
//! ```
//! `update` has no async, no clock and no I/O; the driver is the only one that acts.

mod driver;
mod effect;
mod event;
mod journal;
mod progress;
mod state;
mod update;

#[cfg(test)]
mod tests;

pub use driver::{Prepared, describe, drive, judge, prepare_kata};
pub use effect::Effect;
pub use event::{Action, Event};
pub use journal::{Journal, Opened};
pub use progress::{Attempt, Entry, KataProgress, Progress, Solved};
pub use state::{
    Confirm, KataLine, KataStatus, Level, Message, OpenKata, Phase, SandboxInfo, SandboxState,
    State, TaskState, TaskStatus, TrackLine, judge_tasks, next_hint,
};
pub use update::update;
