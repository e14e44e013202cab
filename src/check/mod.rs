//! The judge: reads a cluster and answers with data. It changes nothing there, but for the attack
//! that a `converges` asks for.
//!
//! ```text
//! check file ─ spec ─ Check { rule of probes, within, holds }
//! Check + Scene ─ probe ─ Finding ─ timing ─ Verdict { outcome, differences, look }
//! ```
//! A probe is one file under `probe/` and one row in its list.

mod belief;
mod giveaway;
mod ground;
mod judge;
mod lint;
mod matcher;
mod probe;
mod rule;
mod scene;
mod schema;
mod spec;
mod target;
mod timing;
mod validate;
mod verdict;

pub use giveaway::giveaways;
pub use judge::{Judge, Patience};
pub use lint::lint;
pub use scene::{Arena, Scene};
pub use schema::schema;
pub use spec::{Check, read};
pub use validate::validate;
pub use verdict::{DiffLine, Difference, Outcome, Verdict};
