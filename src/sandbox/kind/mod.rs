//! Clusters that `kind` makes in containers: created, found again, and deleted, by name.
//!
//! ```text
//! tools (docker or podman, kind) ─ recipe (image, nodes) ─ create ─ record ─ kubeconfig ─ Foreign
//! ```
//! `trouble` says what each thing that can go wrong means and what to do. What was made is
//! written down in the data folder; nothing else is ever deleted. The learner's own kubeconfig is
//! not touched.

mod cluster;
mod create;
mod mark;
mod recipe;
mod record;
mod tools;
mod trouble;

pub use cluster::{delete, open};
pub use trouble::KindTrouble;
