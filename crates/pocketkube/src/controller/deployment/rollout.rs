//! What one sync of a Deployment knows: the Deployment, its new ReplicaSet and the old ones.
//!
//! Everything that writes ReplicaSets is here, and leaves the copies held as the server returned
//! them. Mirrors `pkg/controller/deployment/sync.go` (v1.35).

use std::sync::Arc;

use k8s_openapi::api::apps::v1::{Deployment, ReplicaSet, ReplicaSetSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use super::super::pod_control::is_namespace_terminating;
use super::super::template::{self, HASH_LABEL};
use super::numbers::{desired, history_limit, progress_deadline, size, wanted};
use super::revision::{self, REVISION, annotations_mut, noted_desired, revision};
use super::rolling::Limits;
use super::{DeploymentController, SyncError, numbers, progress};
use crate::api::StatusError;
use crate::client::{DeleteOptions, EventType, Kind, Propagation, controller_reference};

/// The state of one Deployment during a sync.
pub(super) struct Rollout {
    /// The Deployment as the cache has it.
    pub(super) original: Arc<Deployment>,
    /// A copy whose revision and conditions change during the sync, to be written at its end.
    pub(super) deployment: Deployment,
    /// The ReplicaSet with the Deployment's template.
    pub(super) new: Option<ReplicaSet>,
    /// The others, the oldest first.
    pub(super) old: Vec<ReplicaSet>,
}

impl Rollout {
    pub(super) fn new(deployment: Arc<Deployment>, mut sets: Vec<Arc<ReplicaSet>>) -> Self {
        sets.sort_by(|one, other| {
            let by_age = one.created_at().cmp(&other.created_at());
            by_age.then_with(|| one.name().cmp(other.name()))
        });
        let wanted = deployment.spec.as_ref().map(|spec| &spec.template);
        let has_template = |set: &Arc<ReplicaSet>| {
            let template = set.spec.as_ref().and_then(|spec| spec.template.as_ref());
            wanted
                .zip(template)
                .is_some_and(|(wanted, template)| template::are_equal(wanted, template))
        };
        let new = sets
            .iter()
            .position(has_template)
            .map(|position| sets.remove(position));
        let owned = |set: Arc<ReplicaSet>| Arc::unwrap_or_clone(set);
        Self {
            deployment: (*deployment).clone(),
            original: deployment,
            new: new.map(owned),
            old: sets.into_iter().map(owned).collect(),
        }
    }

    /// Every ReplicaSet, the new one last.
    pub(super) fn sets(&self) -> impl Iterator<Item = &ReplicaSet> {
        self.old.iter().chain(&self.new)
    }

    /// Whether the Deployment's size has changed since its ReplicaSets were sized.
    pub(super) fn is_scaling(&self) -> bool {
        let desired = desired(&self.deployment);
        let mut active = self.sets().filter(|set| wanted(set) > 0);
        active.any(|set| noted_desired(set).is_some_and(|noted| noted != desired))
    }

    /// Whether the status says that the rollout has come to its end.
    pub(super) fn is_complete(&self) -> bool {
        let status = self.deployment.status.clone().unwrap_or_default();
        progress::is_complete(&self.deployment, &status)
    }

    fn newest_old_revision(&self) -> i64 {
        self.old.iter().map(revision).max().unwrap_or(0)
    }
}

impl DeploymentController {
    /// Brings the revision and annotations of the new ReplicaSet up to date, if there is one.
    pub(super) async fn sync_revision(&self, rollout: &mut Rollout) -> Result<(), SyncError> {
        let newest = rollout.newest_old_revision() + 1;
        let Some(new) = &mut rollout.new else {
            return Ok(());
        };
        let mut changed = new.clone();
        revision::annotate(&mut changed, &rollout.deployment, newest);
        let spec = rollout.deployment.spec.as_ref();
        let min_ready = spec.and_then(|spec| spec.min_ready_seconds);
        let spec = changed.spec.get_or_insert_default();
        if spec.min_ready_seconds.unwrap_or(0) != min_ready.unwrap_or(0) {
            spec.min_ready_seconds = min_ready;
        }
        if changed != *new {
            *new = self.client.update(&changed).await?;
        }
        let revision = new.annotation(REVISION).unwrap_or_default().to_owned();
        let name = new.name().to_owned();
        annotations_mut(&mut rollout.deployment).insert(REVISION.to_owned(), revision);
        progress::note_found(&mut rollout.deployment, &name, self.clock.now());
        Ok(())
    }

    /// Like [`Self::sync_revision`], but creates the new ReplicaSet where there is none.
    pub(super) async fn ensure_new(&self, rollout: &mut Rollout) -> Result<(), SyncError> {
        if rollout.new.is_some() {
            return self.sync_revision(rollout).await;
        }
        let newest = rollout.newest_old_revision() + 1;
        let wanted_set = new_set(rollout, newest);
        let now = self.clock.now();
        let created = match self.client.create(&wanted_set).await {
            Ok(created) => {
                let (name, count) = (created.name(), wanted(&created));
                if count > 0 {
                    let message = format!("Scaled up replica set {name} from 0 to {count}");
                    self.tell_scaling(&rollout.deployment, message);
                }
                progress::note_created(&mut rollout.deployment, name, now);
                created
            }
            Err(error) if error.is_already_exists() => {
                self.find_taken(rollout, &wanted_set, error).await?
            }
            Err(error) => {
                if !is_namespace_terminating(&error) {
                    self.tell_failed_create(rollout, wanted_set.name(), &error)
                        .await;
                }
                return Err(error.into());
            }
        };
        rollout.new = Some(created);
        let annotations = annotations_mut(&mut rollout.deployment);
        annotations.insert(REVISION.to_owned(), newest.to_string());
        Ok(())
    }

    /// The name of the new ReplicaSet is taken: by the very ReplicaSet, which the cache did not
    /// show yet, or by one whose template has the same hash. Then the next sync uses another.
    async fn find_taken(
        &self,
        rollout: &mut Rollout,
        wanted: &ReplicaSet,
        error: StatusError,
    ) -> Result<ReplicaSet, SyncError> {
        let taken: ReplicaSet = self.client.get(wanted.namespace(), wanted.name()).await?;
        let templates = [wanted, &taken].map(|set| {
            let template = set.spec.as_ref().and_then(|spec| spec.template.clone());
            template.unwrap_or_default()
        });
        let ours = taken.is_controlled_by(rollout.deployment.uid());
        if ours && template::are_equal(&templates[0], &templates[1]) {
            return Ok(taken);
        }
        let status = rollout.deployment.status.get_or_insert_default();
        status.collision_count = Some(status.collision_count.unwrap_or(0) + 1);
        self.client.update_status(&rollout.deployment).await?;
        Err(error.into())
    }

    async fn tell_failed_create(&self, rollout: &mut Rollout, name: &str, error: &StatusError) {
        let message = format!("Failed to create new replica set {name:?}: {error}");
        if progress_deadline(&rollout.deployment).is_some() {
            let now = self.clock.now();
            progress::note_failed_create(&mut rollout.deployment, &message, now);
            // The creation's own failure is the one to report.
            let _ = self.client.update_status(&rollout.deployment).await;
        }
        let (warning, reason) = (EventType::Warning, progress::REPLICA_SET_CREATE_ERROR);
        self.recorder
            .event(&rollout.deployment, warning, reason, message);
    }

    /// Sizes the new ReplicaSet; true where its size changed.
    pub(super) async fn scale_new(
        &self,
        rollout: &mut Rollout,
        wanted: i32,
    ) -> Result<bool, SyncError> {
        match &mut rollout.new {
            Some(set) => self.scale(&rollout.deployment, set, wanted).await,
            None => Ok(false),
        }
    }

    /// Sizes the old ReplicaSet at `position`; true where its size changed.
    pub(super) async fn scale_old(
        &self,
        rollout: &mut Rollout,
        position: usize,
        wanted: i32,
    ) -> Result<bool, SyncError> {
        let set = &mut rollout.old[position];
        if numbers::wanted(set) == 0 && wanted == 0 {
            return Ok(false);
        }
        self.scale(&rollout.deployment, set, wanted).await
    }

    async fn scale(
        &self,
        deployment: &Deployment,
        set: &mut ReplicaSet,
        next: i32,
    ) -> Result<bool, SyncError> {
        let before = wanted(set);
        let mut changed = set.clone();
        changed.spec.get_or_insert_default().replicas = Some(next);
        if !revision::note_size(&mut changed, deployment) && before == next {
            return Ok(false);
        }
        *set = self.client.update(&changed).await?;
        if before == next {
            return Ok(false);
        }
        let direction = if before < next { "up" } else { "down" };
        let name = set.name();
        let message = format!("Scaled {direction} replica set {name} from {before} to {next}");
        self.tell_scaling(deployment, message);
        Ok(true)
    }

    fn tell_scaling(&self, deployment: &Deployment, message: String) {
        let (normal, reason) = (EventType::Normal, "ScalingReplicaSet");
        self.recorder.event(deployment, normal, reason, message);
    }

    /// Deletes the oldest idle ReplicaSets beyond the Deployment's history limit.
    pub(super) async fn delete_old(&self, rollout: &Rollout) -> Result<(), SyncError> {
        let Some(limit) = history_limit(&rollout.deployment) else {
            return Ok(());
        };
        let mut history: Vec<_> = rollout
            .old
            .iter()
            .filter(|set| !set.is_terminating())
            .collect();
        let surplus = history.len().saturating_sub(limit);
        history.sort_by_key(|set| revision(set));
        for set in history.into_iter().take(surplus).filter(|set| is_idle(set)) {
            let options = DeleteOptions::of_uid(set.uid()).propagation(Propagation::Background);
            let deleted = self
                .client
                .delete::<ReplicaSet>(set.namespace(), set.name(), &options);
            match deleted.await {
                Err(error) if !error.is_not_found() => return Err(error.into()),
                _ => {}
            }
        }
        Ok(())
    }
}

/// Whether a ReplicaSet has no Pods, wants none, and its controller knows that.
fn is_idle(set: &ReplicaSet) -> bool {
    let status = set.status.clone().unwrap_or_default();
    size(set).wanted == 0
        && status.replicas == 0
        && status.observed_generation.unwrap_or(0) >= set.generation()
}

/// The ReplicaSet for the Deployment's template, as large as it may be at first.
fn new_set(rollout: &Rollout, newest: i64) -> ReplicaSet {
    let deployment = &rollout.deployment;
    let spec = deployment.spec.clone().unwrap_or_default();
    let status = deployment.status.as_ref();
    let collisions = status.and_then(|status| status.collision_count);
    let hash = template::hash(&spec.template, collisions);

    let mut template = spec.template;
    let labels = template
        .metadata
        .get_or_insert_default()
        .labels
        .get_or_insert_default();
    labels.insert(HASH_LABEL.to_owned(), hash.clone());
    let mut selector = spec.selector;
    let matched = selector.match_labels.get_or_insert_default();
    matched.insert(HASH_LABEL.to_owned(), hash.clone());

    let size_now = match numbers::is_recreate(deployment) {
        true => desired(deployment),
        false => {
            let old: Vec<_> = rollout.old.iter().map(size).collect();
            Limits::of(rollout).next_new(numbers::Size::default(), &old)
        }
    };
    let mut set = ReplicaSet {
        metadata: ObjectMeta {
            name: Some(format!("{}-{hash}", deployment.name())),
            namespace: Some(deployment.namespace().to_owned()),
            labels: Some(labels.clone()),
            owner_references: Some(vec![controller_reference(deployment)]),
            ..ObjectMeta::default()
        },
        spec: Some(ReplicaSetSpec {
            replicas: Some(size_now),
            min_ready_seconds: spec.min_ready_seconds,
            selector,
            template: Some(template),
        }),
        status: None,
    };
    revision::annotate(&mut set, deployment, newest);
    revision::note_size(&mut set, deployment);
    set
}
