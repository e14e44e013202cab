//! Admission webhooks: servers of the cluster's users that may change or refuse what is written.
//!
//! A configuration says which requests a webhook has a word in ([`source`], [`invocation`]), a
//! review asks it ([`review`], [`call`]), its answer refuses or patches ([`rejection`], [`patch`]).
//! Webhooks are asked in the order of their configurations' names; mutating ones one after the
//! other, validating ones at the same time. How a server is reached is `outbound`'s business.
//! Mirrors `apiserver/pkg/admission/plugin/webhook` (v1.35).

mod call;
mod invocation;
mod mutating;
mod patch;
mod rejection;
mod review;
mod source;
mod validating;

pub(super) use mutating::MutatingWebhooks;
pub(super) use validating::ValidatingWebhooks;

use crate::api::StatusError;

/// Why a webhook did not let a request pass.
enum Failure {
    /// It could not be asked, or its answer is none: the failure policy decides.
    Call(String),
    /// The request ends with this, whatever the failure policy.
    Final(StatusError),
}
