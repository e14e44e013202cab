//! Tests of the lab from the outside: one binary made of modules.
#![allow(clippy::unwrap_used, reason = "a panic is how a test reports")]

mod authors;
mod checks;
mod cli;
mod course;
mod journey;
mod layering;
mod learner;
mod places;
mod program;
mod progress;
mod schemas;
mod stub;
mod support;
mod tui;
