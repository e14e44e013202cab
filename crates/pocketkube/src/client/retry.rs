//! Trying again when somebody else wrote first.

use std::future::Future;

use crate::api::StatusError;

/// How often a write is tried, as `retry.DefaultRetry` does.
const ATTEMPTS: usize = 5;

/// Runs a read-change-write step until it meets no conflict, at most five times; fails with the
/// last conflict, or at once with any other error. The step must read the object anew.
pub async fn retry_on_conflict<T, F, S>(mut step: S) -> Result<T, StatusError>
where
    S: FnMut() -> F,
    F: Future<Output = Result<T, StatusError>>,
{
    let mut attempt = 1;
    loop {
        match step().await {
            Err(error) if error.is_conflict() && attempt < ATTEMPTS => attempt += 1,
            outcome => return outcome,
        }
        // Whoever wrote first gets the chance to finish what they do.
        tokio::task::yield_now().await;
    }
}
