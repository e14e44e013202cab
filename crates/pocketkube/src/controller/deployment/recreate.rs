//! Strategy Recreate: every old Pod ends before the first new one starts.
//!
//! Mirrors `pkg/controller/deployment/recreate.go` (v1.35).

use super::super::pod::is_terminal;
use super::numbers::desired;
use super::rollout::Rollout;
use super::{DeploymentController, SyncError};
use crate::client::Kind;

impl DeploymentController {
    pub(super) async fn recreate(&self, rollout: &mut Rollout) -> Result<(), SyncError> {
        self.sync_revision(rollout).await?;
        let mut scaled = false;
        for position in 0..rollout.old.len() {
            scaled |= self.scale_old(rollout, position, 0).await?;
        }
        if scaled || self.has_old_pods(rollout) {
            return Ok(());
        }
        self.ensure_new(rollout).await?;
        self.scale_new(rollout, desired(&rollout.deployment))
            .await?;
        if rollout.is_complete() {
            self.delete_old(rollout).await?;
        }
        Ok(())
    }

    /// Whether a Pod of an old ReplicaSet may still run something, those that are being deleted
    /// included.
    fn has_old_pods(&self, rollout: &Rollout) -> bool {
        rollout.old.iter().any(|set| {
            let counted = set
                .status
                .as_ref()
                .is_some_and(|status| status.replicas > 0);
            let pods = self.pods_by_owner.get(set.uid());
            counted || pods.iter().any(|pod| !is_terminal(pod))
        })
    }
}
