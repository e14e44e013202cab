//! Claims, volumes and classes as the scheduler sees them, and what a Pod's claims need before
//! the Pod can be bound.
//!
//! Mirrors `pkg/scheduler/framework/plugins/volumebinding/binder.go` (v1.35).

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Node, PersistentVolume, PersistentVolumeClaim, Pod};
use k8s_openapi::api::storage::v1::StorageClass;

use crate::client::{Kind, ObjectKey};
use crate::component_helpers::volume::{
    NO_PROVISIONER, SELECTED_NODE, claims_of, class_of, find_match, is_fully_bound,
    is_reachable_from, request, volume_name, waits_for_consumer,
};

/// What is known of storage. Choices that are on their way to the cluster are in it already.
#[derive(Clone, Debug, Default)]
pub struct Volumes {
    pub claims: BTreeMap<ObjectKey, Arc<PersistentVolumeClaim>>,
    pub volumes: BTreeMap<String, Arc<PersistentVolume>>,
    pub classes: BTreeMap<String, Arc<StorageClass>>,
}

/// What must happen to a Pod's claims before it can be bound to the chosen node.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct VolumePlan {
    /// Volumes to be reserved for claims.
    pub reserve: Vec<(Arc<PersistentVolume>, Arc<PersistentVolumeClaim>)>,
    /// Claims whose volume is to be made for the node.
    pub provision: Vec<Arc<PersistentVolumeClaim>>,
}

impl VolumePlan {
    pub fn is_empty(&self) -> bool {
        self.reserve.is_empty() && self.provision.is_empty()
    }

    /// The claims that have to be bound first.
    pub fn claims(&self) -> impl Iterator<Item = &Arc<PersistentVolumeClaim>> {
        let reserved = self.reserve.iter().map(|(_, claim)| claim);
        reserved.chain(&self.provision)
    }
}

/// The claims of a Pod, by how far they are.
#[derive(Debug, Default)]
pub struct PodClaims {
    pub bound: Vec<Arc<PersistentVolumeClaim>>,
    /// They wait for this Pod to have a node.
    pub waiting: Vec<Arc<PersistentVolumeClaim>>,
}

impl Volumes {
    /// Sorts a Pod's claims.
    ///
    /// # Errors
    /// Why no node will do before a claim has changed.
    pub fn claims_of(&self, pod: &Pod) -> Result<PodClaims, String> {
        let mut claims = PodClaims::default();
        let mut is_unbound = false;
        for (name, is_ephemeral) in claims_of(pod) {
            let Some(claim) = self.claims.get(&ObjectKey::new(pod.namespace(), &*name)) else {
                return Err(match is_ephemeral {
                    true => format!(
                        "waiting for ephemeral volume controller to create the persistentvolumeclaim {name:?}"
                    ),
                    false => format!("persistentvolumeclaim {name:?} not found"),
                });
            };
            let status = claim.status.as_ref();
            if status.and_then(|status| status.phase.as_deref()) == Some("Lost") {
                let volume = volume_name(claim);
                return Err(format!(
                    "persistentvolumeclaim {name:?} bound to non-existent persistentvolume {volume:?}"
                ));
            }
            if claim.is_terminating() {
                return Err(format!("persistentvolumeclaim {name:?} is being deleted"));
            }
            if is_fully_bound(claim) {
                claims.bound.push(claim.clone());
            } else if volume_name(claim).is_empty() && self.waits(claim) {
                claims.waiting.push(claim.clone());
            } else {
                is_unbound = true;
            }
        }
        if is_unbound {
            return Err("pod has unbound immediate PersistentVolumeClaims".to_owned());
        }
        // The small ones first, so that they leave the large volumes to others.
        claims.waiting.sort_by_key(|claim| request(claim));
        Ok(claims)
    }

    fn waits(&self, claim: &PersistentVolumeClaim) -> bool {
        let class = self.classes.get(class_of(claim));
        class.is_some_and(|class| waits_for_consumer(class))
    }

    /// How the waiting claims get their volumes on a node; `None` where they can't.
    pub fn plan(&self, waiting: &[Arc<PersistentVolumeClaim>], node: &Node) -> Option<VolumePlan> {
        let mut plan = VolumePlan::default();
        let mut taken = BTreeSet::new();
        for claim in waiting {
            let selected = claim.annotation(SELECTED_NODE);
            if selected.is_some_and(|selected| selected != node.name()) {
                return None;
            }
            let volumes = self.volumes.values();
            match find_match(volumes, claim, Some(node), true, &taken) {
                Some(volume) if selected.is_none() => {
                    taken.insert(volume.name().to_owned());
                    plan.reserve.push((volume.clone(), claim.clone()));
                }
                _ if self.can_provision(claim, node) => plan.provision.push(claim.clone()),
                _ => return None,
            }
        }
        Some(plan)
    }

    fn can_provision(&self, claim: &PersistentVolumeClaim, node: &Node) -> bool {
        let Some(class) = self.classes.get(class_of(claim)) else {
            return false;
        };
        let topologies = class.allowed_topologies.as_deref().unwrap_or_default();
        let is_allowed = topologies.is_empty()
            || topologies.iter().any(|term| {
                let mut wanted = term.match_label_expressions.iter().flatten();
                wanted.all(|own| {
                    let label = node.labels().get(&own.key);
                    label.is_some_and(|label| own.values.contains(label))
                })
            });
        class.provisioner != NO_PROVISIONER && is_allowed
    }

    /// Whether the volumes of bound claims exist, and whether a node reaches them.
    pub fn reach(&self, bound: &[Arc<PersistentVolumeClaim>], node: &Node) -> (bool, bool) {
        let volumes = || {
            bound
                .iter()
                .map(|claim| self.volumes.get(volume_name(claim)))
        };
        let exist = volumes().all(|volume| volume.is_some());
        let reachable = volumes().flatten().all(|own| is_reachable_from(own, node));
        (exist, reachable)
    }

    /// Notes what was decided, until the cluster shows it.
    pub fn assume(&mut self, plan: &VolumePlan, node: &str) {
        for (volume, claim) in &plan.reserve {
            let mut assumed = PersistentVolume::clone(volume);
            let reference = crate::client::reference_to(&**claim);
            assumed.spec.get_or_insert_default().claim_ref = Some(reference);
            self.volumes
                .insert(volume.name().to_owned(), Arc::new(assumed));
        }
        for claim in &plan.provision {
            let mut assumed = PersistentVolumeClaim::clone(claim);
            let annotations = assumed.metadata.annotations.get_or_insert_default();
            annotations.insert(SELECTED_NODE.to_owned(), node.to_owned());
            self.claims.insert(claim.key(), Arc::new(assumed));
        }
    }

    /// Takes back what was noted of a plan that could not be carried out.
    pub fn forget(&mut self, plan: &VolumePlan) {
        for (volume, _) in &plan.reserve {
            let name = volume.name();
            let current = self.volumes.get(name).map(|own| own.resource_version());
            if current == Some(volume.resource_version()) {
                self.volumes.insert(name.to_owned(), volume.clone());
            }
        }
        for claim in &plan.provision {
            let key = claim.key();
            let current = self.claims.get(&key).map(|own| own.resource_version());
            if current == Some(claim.resource_version()) {
                self.claims.insert(key, claim.clone());
            }
        }
    }
}
