//! The judge: reads a cluster, never changes it, and answers with data.

mod verdict;

pub use verdict::{DiffLine, Difference, Outcome, Verdict};
