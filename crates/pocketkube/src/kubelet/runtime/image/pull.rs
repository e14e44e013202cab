//! Pulling images onto a node: how long it takes, and how it fails.
//!
//! The texts are containerd's, as the kubelet's events quote them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use rand::Rng;
use sha2::{Digest, Sha256};

use super::catalogue::{Catalogue, Image};
use super::reference::ImageReference;
use crate::clock::Clock;

/// Whether images nobody described may run.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ImagePolicy {
    /// Only what the catalogue has; all else fails as it would with a real registry.
    #[default]
    Strict,
    /// Anything well-formed: unknown images run a server that answers on port 80.
    Permissive,
}

/// Why a pull failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PullError {
    #[error(
        "failed to pull and unpack image \"{reference}\": failed to resolve reference \
         \"{reference}\": pull access denied, repository does not exist or may require \
         authorization: server message: insufficient_scope: authorization failed"
    )]
    UnknownRepository { reference: String },
    #[error(
        "failed to pull and unpack image \"{reference}\": failed to resolve reference \
         \"{reference}\": {reference}: not found"
    )]
    UnknownTag { reference: String },
    #[error(
        "failed to pull and unpack image \"{reference}\": failed to resolve reference \
         \"{reference}\": failed to do request: Head \"https://{host}/v2/{path}/manifests/{tag}\": \
         dial tcp: lookup {host}: no such host"
    )]
    UnknownRegistry {
        reference: String,
        host: String,
        path: String,
        tag: String,
    },
}

/// An image on a node.
#[derive(Clone, Debug)]
pub struct StoredImage {
    /// `sha256:…` of the image's configuration, which container statuses report as imageID
    /// together with the repository.
    pub id: String,
    /// `docker.io/library/nginx@sha256:…`.
    pub repo_digest: String,
    /// Names it was pulled by.
    pub repo_tags: Vec<String>,
    pub size: u64,
    pub image: Arc<Image>,
}

/// The images one node has.
pub struct ImageStore {
    catalogue: Arc<Catalogue>,
    policy: ImagePolicy,
    clock: Clock,
    present: Mutex<BTreeMap<ImageReference, StoredImage>>,
}

/// What a pull over a good line achieves.
const BYTES_PER_SECOND: f64 = 60_000_000.0;

/// Registries that answer (with a refusal) for images they do not have.
const REGISTRIES: [&str; 7] = [
    "docker.io",
    "registry.k8s.io",
    "quay.io",
    "ghcr.io",
    "gcr.io",
    "mcr.microsoft.com",
    "public.ecr.aws",
];

impl ImageStore {
    pub fn new(catalogue: Arc<Catalogue>, policy: ImagePolicy, clock: Clock) -> Self {
        Self {
            catalogue,
            policy,
            clock,
            present: Mutex::new(BTreeMap::new()),
        }
    }

    /// The image, if this node has it.
    pub fn get(&self, reference: &ImageReference) -> Option<StoredImage> {
        self.present.lock().get(reference).cloned()
    }

    /// What `node.status.images` lists.
    pub fn list(&self) -> Vec<StoredImage> {
        self.present.lock().values().cloned().collect()
    }

    pub fn remove(&self, reference: &ImageReference) -> bool {
        self.present.lock().remove(reference).is_some()
    }

    /// Makes the image present at once, as if the node had been delivered with it.
    pub fn preload(&self, reference: &ImageReference) -> Result<StoredImage, PullError> {
        let image = self.look_up(reference)?;
        Ok(self.store(reference, image))
    }

    /// Asks the registry for the image and, unless its layers are here, waits for its bytes.
    pub async fn pull(&self, reference: &ImageReference) -> Result<StoredImage, PullError> {
        // The registry is asked even for an image that is present: `Always` costs a round trip.
        let round_trip = rand::rng().random_range(0.35..0.75);
        self.clock.sleep(Duration::from_secs_f64(round_trip)).await;
        let image = self.look_up(reference)?;
        if let Some(stored) = self.get(reference) {
            return Ok(stored);
        }
        let seconds = 0.4 + image.size as f64 / BYTES_PER_SECOND;
        self.clock.sleep(Duration::from_secs_f64(seconds)).await;
        Ok(self.store(reference, image))
    }

    fn look_up(&self, reference: &ImageReference) -> Result<Arc<Image>, PullError> {
        if let Some(image) = self.catalogue.find(reference) {
            return Ok(image);
        }
        if self.policy == ImagePolicy::Permissive {
            return Ok(self.catalogue.generic(reference));
        }
        let name = reference.to_string();
        if self.catalogue.has_repository(&reference.repository) {
            return Err(PullError::UnknownTag { reference: name });
        }
        let (host, path) = reference
            .repository
            .split_once('/')
            .unwrap_or(("docker.io", &reference.repository));
        if REGISTRIES.contains(&host) {
            return Err(PullError::UnknownRepository { reference: name });
        }
        Err(PullError::UnknownRegistry {
            host: host.to_owned(),
            path: path.to_owned(),
            tag: reference.tag.clone().unwrap_or_default(),
            reference: name,
        })
    }

    fn store(&self, reference: &ImageReference, image: Arc<Image>) -> StoredImage {
        let identity = format!("{}:{}", reference.repository, image.version);
        let digest = reference
            .digest
            .clone()
            .unwrap_or_else(|| sha256("manifest", &identity));
        let stored = StoredImage {
            id: sha256("config", &identity),
            repo_digest: format!("{}@{digest}", reference.repository),
            repo_tags: vec![reference.to_string()],
            size: image.size,
            image,
        };
        self.present
            .lock()
            .insert(reference.clone(), stored.clone());
        stored
    }
}

/// A digest that is always the same for the same image.
fn sha256(what: &str, identity: &str) -> String {
    use std::fmt::Write;
    let digest = Sha256::digest(format!("{what}\0{identity}"));
    digest
        .iter()
        .fold(String::from("sha256:"), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store(policy: ImagePolicy) -> ImageStore {
        let catalogue = Arc::new(Catalogue::embedded());
        ImageStore::new(catalogue, policy, Clock::scaled(1.0))
    }

    fn name(name: &str) -> ImageReference {
        name.parse().expect("an image name")
    }

    #[tokio::test(start_paused = true)]
    async fn the_first_pull_takes_time_and_the_second_hardly_any() {
        let store = store(ImagePolicy::Strict);
        let started = tokio::time::Instant::now();
        let first = store.pull(&name("nginx:1.25")).await.expect("a pull");
        let took = started.elapsed();
        assert!(took > Duration::from_millis(900) && took < Duration::from_secs(4));
        let started = tokio::time::Instant::now();
        let second = store.pull(&name("nginx:1.25")).await.expect("a pull");
        assert!(started.elapsed() < Duration::from_secs(1));
        assert_eq!(first.id, second.id);
        assert!(
            first
                .repo_digest
                .starts_with("docker.io/library/nginx@sha256:")
        );
    }

    #[tokio::test(start_paused = true)]
    async fn failed_pulls_say_what_containerd_says() {
        let store = store(ImagePolicy::Strict);
        let error = |image: &'static str| {
            let store = &store;
            async move { store.pull(&name(image)).await.expect_err(image).to_string() }
        };
        assert_eq!(
            error("nope").await,
            "failed to pull and unpack image \"docker.io/library/nope:latest\": failed to \
             resolve reference \"docker.io/library/nope:latest\": pull access denied, repository \
             does not exist or may require authorization: server message: insufficient_scope: \
             authorization failed"
        );
        assert_eq!(
            error("nginx:9.99").await,
            "failed to pull and unpack image \"docker.io/library/nginx:9.99\": failed to resolve \
             reference \"docker.io/library/nginx:9.99\": docker.io/library/nginx:9.99: not found"
        );
        assert!(
            error("registry.nowhere.example/app")
                .await
                .ends_with("dial tcp: lookup registry.nowhere.example: no such host")
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_permissive_node_runs_whatever_it_is_given() {
        let store = store(ImagePolicy::Permissive);
        assert!(
            store
                .pull(&name("my.company.example/shop:v3"))
                .await
                .is_ok()
        );
    }
}
