//! Courses in git repositories: named by an address and a revision, fetched once, then read from
//! the data folder without a network.
//!
//! ```text
//! https://example.com/team/course#v2 ─ origin ─ store (a bare repository for each origin) ─ files
//! ```
//! The `git` program does the work. Nothing of a course is ever checked out: its files are read
//! out of git's objects as text, so that no hook, filter, link or submodule of it can do anything.

mod origin;
mod program;
mod store;

pub use origin::{GitOrigin, Origin};
pub use store::{GitCourses, Pinned};
