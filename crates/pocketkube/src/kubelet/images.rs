//! What to do about a container's image: use it, pull it, wait, or give up.
//!
//! A pure decision; the worker pulls and tells. Mirrors `pkg/kubelet/images/image_manager.go`
//! (v1.35).

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Container;

use super::backoff::Backoff;
use super::runtime::{ImageReference, ImageStore, PullError, StoredImage};

/// The next step towards a container's image.
#[derive(Debug)]
pub enum ImageStep {
    Present(StoredImage),
    Pull(ImageReference),
    /// A pull failed not long ago.
    BackOff {
        until: Timestamp,
    },
    /// The name is no image name.
    Invalid {
        message: String,
    },
    /// The policy forbids to pull what is not there.
    NeverPull {
        message: String,
    },
}

/// Pulls of one image for one container that failed.
#[derive(Clone, Debug, Default)]
pub struct PullFailures {
    backoff: Backoff,
    last: Option<(Timestamp, String)>,
}

impl PullFailures {
    pub fn add(&mut self, error: String, now: Timestamp) {
        self.backoff.next(now);
        self.last = Some((now, error));
    }

    /// What the last pull failed with.
    pub fn error(&self) -> &str {
        self.last.as_ref().map_or("", |(_, error)| error)
    }

    fn waiting(&self, now: Timestamp) -> Option<Timestamp> {
        let (failed, _) = self.last.as_ref()?;
        let (_, until) = self.backoff.waiting(*failed, now)?;
        Some(until)
    }
}

pub fn next_step(
    container: &Container,
    images: &ImageStore,
    failures: &PullFailures,
    now: Timestamp,
) -> ImageStep {
    let name = container.image.as_deref().unwrap_or_default();
    let reference: ImageReference = match name.parse() {
        Ok(reference) => reference,
        Err(error) => {
            let message = format!(
                "Failed to apply default image tag {name:?}: couldn't parse image name {name:?}: \
                 {error}"
            );
            return ImageStep::Invalid { message };
        }
    };
    let present = images.get(&reference);
    match (container.image_pull_policy.as_deref(), present) {
        (Some("Never"), None) => ImageStep::NeverPull {
            message: format!("Container image {name:?} is not present with pull policy of Never"),
        },
        (Some("Always"), _) | (_, None) => match failures.waiting(now) {
            Some(until) => ImageStep::BackOff { until },
            None => ImageStep::Pull(reference),
        },
        (_, Some(image)) => ImageStep::Present(image),
    }
}

/// A pull's error as it reaches the kubelet over the runtime's socket: only errors with a code of
/// their own name it.
pub fn pull_error(error: &PullError) -> String {
    match error {
        PullError::UnknownTag { .. } => format!("rpc error: code = NotFound desc = {error}"),
        _ => error.to_string(),
    }
}
