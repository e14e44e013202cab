//! A cluster that this program does not run: somebody's context, or one that `kind` made.
//!
//! `kubeconfig` finds the way there, `consent` asks before a cluster far away is touched,
//! `ownership` keeps to the learner's own namespaces, `survey` finds out what it can do. What
//! only the cluster inside this program can do (its clock, chaos, the count of requests) is
//! refused in words.

mod connection;
mod consent;
mod kubeconfig;
mod ownership;
mod survey;

pub use connection::Foreign;
pub use consent::{Consents, NotLocal, is_local};
pub use ownership::{OwnNamespace, Owner, Territory};
