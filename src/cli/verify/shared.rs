//! The cluster in which the proofs of a kata happen, one after the other.
//!
//! The first has it new; those after it have their scene set anew, as learners have it after a
//! reset. Whoever fails, lets a program run, or leaves anything changed outside of the kata's
//! namespaces was the last in its cluster.

use std::sync::{Arc, OnceLock};

use anyhow::Result;

use crate::course::{KataInstance, SourceFile};
use crate::sandbox::{Embedded, EmbeddedOptions, Sandbox, Standing};

/// None before the first proof, and after one that spoils the cluster for others.
#[derive(Default)]
pub struct SharedCluster(Option<Cluster>);

struct Cluster {
    sandbox: Arc<Embedded>,
    /// What stood outside of the kata's namespaces when the first scene did.
    before: OnceLock<Standing>,
}

/// How a proof leaves its cluster, as far as it can tell itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Left {
    /// Others may come, if nothing was changed outside of the kata.
    Clean,
    Spoilt,
}

impl SharedCluster {
    /// The cluster that stands, or a new one, which knows the images of the course.
    pub async fn take(
        &mut self,
        kata: &KataInstance,
        images: &[SourceFile],
    ) -> Result<Arc<Embedded>> {
        if let Some(cluster) = &self.0 {
            return Ok(cluster.sandbox.clone());
        }
        let nodes = kata.sandbox.nodes.unwrap_or(0).max(3);
        let options = EmbeddedOptions {
            nodes: usize::try_from(nodes).unwrap_or(3),
            images: images.to_vec(),
            ..EmbeddedOptions::default()
        };
        let sandbox = Arc::new(Embedded::start(&options).await?);
        self.0 = Some(Cluster {
            sandbox: sandbox.clone(),
            before: OnceLock::new(),
        });
        Ok(sandbox)
    }

    /// To be told when the scene stands and nobody has done anything yet.
    pub fn scene_stands(&self, kata: &KataInstance) {
        if let Some(cluster) = &self.0 {
            let standing = || cluster.sandbox.standing(&kata.namespaces);
            cluster.before.get_or_init(standing);
        }
    }

    /// Ends the cluster unless the next proof may have it. Fails where it does not end in time.
    pub async fn leave(&mut self, kata: &KataInstance, left: Left) -> Result<()> {
        let is_as_before = self.0.as_ref().is_some_and(|cluster| {
            let now = cluster.sandbox.standing(&kata.namespaces);
            let before = cluster.before.get();
            before.is_some_and(|before| now.first_difference(before).is_none())
        });
        if left == Left::Clean && is_as_before {
            return Ok(());
        }
        self.close().await
    }

    /// Ends the cluster, if there is one. Fails where it does not end in time.
    pub async fn close(&mut self) -> Result<()> {
        match self.0.take() {
            Some(cluster) => cluster.sandbox.close().await,
            None => Ok(()),
        }
    }
}
