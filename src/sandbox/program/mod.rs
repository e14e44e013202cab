//! The learner's own program, beside the lab: started, restarted and ended by a keeper, under an
//! identity of its own.
//!
//! ```text
//! attack ─ order on the ServiceAccount ─ keeper (any process) ─ the learner's program ─ cluster
//! attack ◀ what the keeper did, in the same place ◀┘
//! ```
//! Both talk through annotations of the ServiceAccount that the program acts as, so that they need
//! not be in one process, nor on one machine.

mod account;
mod control;
mod identity;
mod keeper;
mod process;

pub use control::ProgramControl;
pub use identity::{kubeconfig_of, service_account_user};
pub use keeper::{End, Keeper};
pub use process::Launch;
