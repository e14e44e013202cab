//! What the tests from outside share.

#[cfg(unix)]
pub mod terminal;
