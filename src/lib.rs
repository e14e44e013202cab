//! kubekata: learn Kubernetes by doing, with the cluster inside the program.
//!
//! ```text
//! katas/ lessons/ checks/ ─ course ─ Course (immutable) ─ session::State
//! keys, verdicts, cluster news ─ Event ─ session::update ─ Effects (data)
//! Effects ─ session::driver ─ sandbox (boot, seed, reset) │ check (Verdict) │ browse (look, act) │ progress ─ Events back
//! State ─ tui ─ frame
//! ```
//! A module imports only from those above it in this list.

pub mod course;
pub mod sandbox;

pub mod check;

pub mod browse;

pub mod session;

pub mod tui;

pub mod cli;
