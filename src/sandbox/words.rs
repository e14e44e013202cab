//! What a cluster says when it refuses, without the wrapping that clients put around it.

use anyhow::anyhow;
use kube::Error;

/// The refusal as kubectl would print it.
pub fn words(error: Error) -> anyhow::Error {
    match error {
        Error::Api(status) if !status.message.is_empty() => anyhow!("{}", status.message),
        other => anyhow::Error::new(other),
    }
}

/// The same as plain text.
pub fn words_of(error: &Error) -> String {
    match error {
        Error::Api(status) if !status.message.is_empty() => status.message.clone(),
        other => other.to_string(),
    }
}
