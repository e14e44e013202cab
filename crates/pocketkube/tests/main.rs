//! One binary of modules: everything about the cluster that needs more than one module of it.

#![allow(clippy::disallowed_methods, reason = "tests end with their runtime")]
#![allow(clippy::unwrap_used, reason = "a panic is a test's report")]

mod admission_policies;
mod callouts;
mod clients;
mod controllers;
mod custom_resources;
mod eviction;
mod fleet;
mod http;
mod layering;
mod pods;
mod properties;
mod quota;
mod rewind;
mod scenarios;
mod semantics;
mod skip;
mod trace;
mod traffic;
