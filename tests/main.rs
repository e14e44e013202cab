//! The program from outside: the built binary, as learners meet it.
#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod support;
mod tui;
