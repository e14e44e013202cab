//! The session: what the learner sees and does, as a pure state machine.
//!
//! ```text
//! Event ─ update(&mut State, Event) ─ Vec<Effect> ─ driver ─ Events back
//! ```
//! `update` has no async, no clock and no I/O; the driver is the only one that acts.

mod coach;
mod control;
mod driver;
mod effect;
mod event;
mod exam;
mod exam_room;
mod heard;
mod journal;
mod looking;
mod path;
mod prepare;
mod presence;
mod progress;
mod reset;
pub mod review;
mod solution;
mod state;
mod update;

#[cfg(test)]
mod tests;

pub use coach::Coach;
pub use control::{ClockReading, Control};
pub use driver::{describe, drive};
pub use effect::Effect;
pub use event::{Action, Event};
pub use exam::{Exam, ExamKata, Score, Wish};
pub use exam_room::NO_HELP;
pub use journal::{Journal, Opened, new_seed};
pub use path::walked;
pub use prepare::{Prepared, judge, prepare_kata, restore_kata};
pub use presence::{Claim, Elsewhere, Presence};
pub use progress::{Attempt, Entry, Exchange, ExchangeError, KataProgress, Progress, Solved, Step};
pub use solution::{Compared, Comparison, compare};
pub use state::{
    Confirm, KataLine, KataStatus, Level, Message, OpenKata, Phase, SandboxInfo, SandboxState,
    State, TaskState, TaskStatus, TrackLine, checks_left, judge_tasks, next_hint,
};
pub use update::update;
