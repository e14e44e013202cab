//! Walks over values beside their types: checking, collecting paths, comparing, merging, removing.
//!
//! Mirrors `typed/` of `sigs.k8s.io/structured-merge-diff`.

mod compare;
mod merge;
mod paths;
mod remove;
mod validate;

pub(super) use compare::{Comparison, compare};
pub(super) use merge::merge;
pub(super) use paths::{paths_of, with_named_fields};
pub(super) use remove::remove;
pub(super) use validate::validate;
