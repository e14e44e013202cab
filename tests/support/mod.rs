//! What the tests from outside share.

mod lab;
#[cfg(unix)]
pub mod places;
#[cfg(unix)]
pub mod terminal;

pub use lab::{NAMESPACE, create, has_kubectl, judge, judged, kubekata, patch, stderr, stdout};
