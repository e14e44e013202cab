//! The four ways to change part of an object.
//!
//! Each takes the object and the patch as JSON trees and gives the patched tree; bringing that
//! back into normal form, defaulting and judging it is the caller's business. Errors carry the
//! code and the words of `apiserver/pkg/endpoints/handlers/patch.go` (v1.35).

pub mod json;
pub mod merge;
pub mod strategic;

use super::field::{self, Path};
use super::status::{Details, StatusError};

/// The patch could be read, but not applied to this object. Upstream does not tell why.
fn not_applicable() -> StatusError {
    StatusError::new(
        422,
        "Invalid",
        "the server rejected our request due to an error in our request",
    )
    .with_details(Details::default())
}

/// What the patch made of the object is none of its kind. `patched` is shown in the message.
pub fn bad_result(patched: &str, why: &str) -> StatusError {
    let error = field::Error::invalid(Path::new("patch"), patched, why);
    StatusError::invalid("", "", "", &[error])
}
