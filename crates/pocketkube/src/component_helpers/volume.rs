//! PersistentVolumes and claims: whether they fit and belong to each other. Pure.
//!
//! Mirrors `component-helpers/storage/volume/{pv_helpers,helpers}.go` (v1.35).

use std::collections::BTreeSet;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{
    Node, ObjectReference, PersistentVolume, PersistentVolumeClaim, PersistentVolumeClaimSpec,
    PersistentVolumeSpec, Pod, Volume,
};
use k8s_openapi::api::storage::v1::StorageClass;

use super::node_selector;
use crate::api::quantity::Quantity;
use crate::client::{Kind, ObjectKey, Selector};

/// On a claim that has its volume for good.
pub const BIND_COMPLETED: &str = "pv.kubernetes.io/bind-completed";
/// On whatever was bound by a component and not by a user.
pub const BOUND_BY_CONTROLLER: &str = "pv.kubernetes.io/bound-by-controller";
/// Who made a volume.
pub const PROVISIONED_BY: &str = "pv.kubernetes.io/provisioned-by";
/// Who shall make the volume of a claim.
pub const STORAGE_PROVISIONER: &str = "volume.kubernetes.io/storage-provisioner";
pub const BETA_STORAGE_PROVISIONER: &str = "volume.beta.kubernetes.io/storage-provisioner";
/// For which node the volume of a claim shall be made.
pub const SELECTED_NODE: &str = "volume.kubernetes.io/selected-node";
/// The old way to name a class.
const CLASS_ANNOTATION: &str = "volume.beta.kubernetes.io/storage-class";
/// Says that volumes of a class are made by hand.
pub const NO_PROVISIONER: &str = "kubernetes.io/no-provisioner";

const STORAGE: &str = "storage";

pub fn claim_spec(claim: &PersistentVolumeClaim) -> PersistentVolumeClaimSpec {
    claim.spec.clone().unwrap_or_default()
}

pub fn volume_spec(volume: &PersistentVolume) -> PersistentVolumeSpec {
    volume.spec.clone().unwrap_or_default()
}

/// The class that a claim asks for; empty for none.
pub fn class_of(claim: &PersistentVolumeClaim) -> &str {
    let spec = claim.spec.as_ref();
    let class = spec.and_then(|spec| spec.storage_class_name.as_deref());
    let class = claim.annotation(CLASS_ANNOTATION).or(class);
    class.unwrap_or_default()
}

fn class_of_volume(volume: &PersistentVolume) -> &str {
    let spec = volume.spec.as_ref();
    let class = spec.and_then(|spec| spec.storage_class_name.as_deref());
    let class = volume.annotation(CLASS_ANNOTATION).or(class);
    class.unwrap_or_default()
}

/// The volume that a claim names; empty for none.
pub fn volume_name(claim: &PersistentVolumeClaim) -> &str {
    let spec = claim.spec.as_ref();
    let name = spec.and_then(|spec| spec.volume_name.as_deref());
    name.unwrap_or_default()
}

pub fn is_fully_bound(claim: &PersistentVolumeClaim) -> bool {
    !volume_name(claim).is_empty() && claim.annotation(BIND_COMPLETED).is_some()
}

/// Whether claims of a class wait for a Pod that uses them.
pub fn waits_for_consumer(class: &StorageClass) -> bool {
    class.volume_binding_mode.as_deref() == Some("WaitForFirstConsumer")
}

/// The key of the claim that a volume is meant for.
pub fn claim_key(reference: &ObjectReference) -> ObjectKey {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    ObjectKey::new(text(&reference.namespace), text(&reference.name))
}

pub fn claim_ref(volume: &PersistentVolume) -> Option<&ObjectReference> {
    volume.spec.as_ref()?.claim_ref.as_ref()
}

/// Whether a volume is meant for this very claim; a reference without uid was written by a user
/// and means any claim of that name.
pub fn is_meant_for(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> bool {
    claim_ref(volume).is_some_and(|reference| {
        let uid = reference.uid.as_deref().unwrap_or_default();
        claim_key(reference) == claim.key() && (uid.is_empty() || uid == claim.uid())
    })
}

/// What a claim asks for.
pub fn request(claim: &PersistentVolumeClaim) -> Quantity {
    let resources = claim.spec.as_ref().and_then(|spec| spec.resources.as_ref());
    let requests = resources.and_then(|resources| resources.requests.as_ref());
    quantity(requests.and_then(|requests| requests.get(STORAGE)))
}

/// What a volume offers.
pub fn capacity(volume: &PersistentVolume) -> Quantity {
    let spec = volume.spec.as_ref();
    let capacity = spec.and_then(|spec| spec.capacity.as_ref());
    quantity(capacity.and_then(|capacity| capacity.get(STORAGE)))
}

fn quantity(text: Option<&k8s_openapi::apimachinery::pkg::api::resource::Quantity>) -> Quantity {
    // Validation let nothing pass that can't be read.
    let text = text.map_or("0", |quantity| quantity.0.as_str());
    Quantity::of_value(&serde_json::Value::from(text))
}

fn has_modes(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> bool {
    let offered = volume_spec(volume).access_modes.unwrap_or_default();
    let wanted = claim_spec(claim).access_modes.unwrap_or_default();
    wanted.iter().all(|mode| offered.contains(mode))
}

fn same_volume_mode(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> bool {
    let or_default = |mode: Option<String>| mode.unwrap_or_else(|| "Filesystem".to_owned());
    or_default(volume_spec(volume).volume_mode) == or_default(claim_spec(claim).volume_mode)
}

/// Whether a volume can be used on a node.
pub fn is_reachable_from(volume: &PersistentVolume, node: &Node) -> bool {
    let spec = volume.spec.as_ref();
    let affinity = spec.and_then(|spec| spec.node_affinity.as_ref());
    let required = affinity.and_then(|affinity| affinity.required.as_ref());
    required.is_none_or(|selector| node_selector::matches(selector, node))
}

/// Whether a volume that a claim names is what the claim asks for.
///
/// # Errors
/// Why not, in the words that the claim's user reads.
pub fn satisfies(volume: &PersistentVolume, claim: &PersistentVolumeClaim) -> Result<(), String> {
    if class_of_volume(volume) != class_of(claim) {
        return Err("storageClassName does not match".to_owned());
    }
    if capacity(volume) < request(claim) {
        return Err("requested PV is too small".to_owned());
    }
    if !same_volume_mode(volume, claim) {
        return Err("incompatible volumeMode".to_owned());
    }
    if !has_modes(volume, claim) {
        return Err("incompatible accessMode".to_owned());
    }
    Ok(())
}

/// The smallest volume that a claim can have; one that was reserved for it comes first.
///
/// With a `node` only volumes that it can reach count. Without one, claims that wait for a
/// consumer (`is_delayed`) get only what was reserved for them. `taken` are names of volumes that
/// are spoken for.
pub fn find_match<'a>(
    volumes: impl IntoIterator<Item = &'a Arc<PersistentVolume>>,
    claim: &PersistentVolumeClaim,
    node: Option<&Node>,
    is_delayed: bool,
    taken: &BTreeSet<String>,
) -> Option<&'a Arc<PersistentVolume>> {
    let spec = claim_spec(claim);
    let selector = spec.selector.as_ref();
    let selector = selector.map(|selector| Selector::from_label_selector(Some(selector)));
    let mut smallest: Option<(Quantity, &Arc<PersistentVolume>)> = None;
    for volume in volumes {
        let is_reserved = is_meant_for(volume, claim);
        let is_free = claim_ref(volume).is_none();
        let can_hold = capacity(volume) >= request(claim) && same_volume_mode(volume, claim);
        if taken.contains(volume.name())
            || volume.is_terminating()
            || !(is_reserved || is_free)
            || !can_hold
        {
            continue;
        }
        let is_reachable = node.is_none_or(|node| is_reachable_from(volume, node));
        if is_reserved {
            return is_reachable.then_some(volume);
        }
        let is_available = volume
            .status
            .as_ref()
            .is_some_and(|status| status.phase.as_deref() == Some("Available"));
        let is_selected = selector
            .as_ref()
            .is_none_or(|selector| selector.matches(volume.labels()));
        if (node.is_none() && is_delayed)
            || !is_available
            || !is_selected
            || !is_reachable
            || class_of_volume(volume) != class_of(claim)
            || !has_modes(volume, claim)
        {
            continue;
        }
        let size = capacity(volume);
        if smallest.as_ref().is_none_or(|(least, _)| size < *least) {
            smallest = Some((size, volume));
        }
    }
    smallest.map(|(_, volume)| volume)
}

/// The name of the claim that stands behind a volume of a Pod, and whether it is the Pod's own.
pub fn claim_of(pod: &Pod, volume: &Volume) -> Option<(String, bool)> {
    if let Some(source) = &volume.persistent_volume_claim {
        return Some((source.claim_name.clone(), false));
    }
    volume.ephemeral.as_ref()?;
    Some((format!("{}-{}", pod.name(), volume.name), true))
}

/// The names of all claims behind a Pod's volumes.
pub fn claims_of(pod: &Pod) -> impl Iterator<Item = (String, bool)> {
    let spec = pod.spec.iter();
    let volumes = spec.flat_map(|spec| spec.volumes.iter().flatten());
    volumes.filter_map(|volume| claim_of(pod, volume))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn volume(name: &str, size: &str, change: Value) -> Arc<PersistentVolume> {
        let mut volume = json!({
            "metadata": {"name": name, "labels": {"disk": name}},
            "spec": {
                "capacity": {"storage": size}, "accessModes": ["ReadWriteOnce"],
                "storageClassName": "slow",
            },
            "status": {"phase": "Available"},
        });
        json_patch::merge(&mut volume, &change);
        Arc::new(serde_json::from_value(volume).expect("a volume"))
    }

    fn claim(change: Value) -> PersistentVolumeClaim {
        let mut claim = json!({
            "metadata": {"name": "data", "namespace": "shop", "uid": "1"},
            "spec": {
                "accessModes": ["ReadWriteOnce"], "storageClassName": "slow",
                "resources": {"requests": {"storage": "2Gi"}},
            },
        });
        json_patch::merge(&mut claim, &change);
        serde_json::from_value(claim).expect("a claim")
    }

    #[track_caller]
    fn check(volumes: &[Arc<PersistentVolume>], claim: &PersistentVolumeClaim, name: Option<&str>) {
        let found = find_match(volumes, claim, None, false, &BTreeSet::new());
        assert_eq!(found.map(|volume| volume.name()), name);
    }

    #[test]
    fn the_smallest_volume_that_fits_is_found() {
        let volumes = [
            volume("big", "10Gi", json!({})),
            volume("fit", "3Gi", json!({})),
            volume("small", "1Gi", json!({})),
            volume("fast", "2Gi", json!({"spec": {"storageClassName": "fast"}})),
            volume("released", "2Gi", json!({"status": {"phase": "Released"}})),
        ];
        check(&volumes, &claim(json!({})), Some("fit"));
        let choosy = json!({"spec": {"selector": {"matchLabels": {"disk": "big"}}}});
        check(&volumes, &claim(choosy), Some("big"));
        let shared = json!({"spec": {"accessModes": ["ReadWriteMany"]}});
        check(&volumes, &claim(shared), None);
    }

    #[test]
    fn a_reserved_volume_comes_first_and_others_keep_away_from_it() {
        let reserved = json!({"spec": {"claimRef": {"namespace": "shop", "name": "data"}}});
        let volumes = [
            volume("fit", "2Gi", json!({})),
            volume("reserved", "9Gi", reserved),
        ];
        check(&volumes, &claim(json!({})), Some("reserved"));
        let other = json!({"metadata": {"name": "other"}});
        check(&volumes, &claim(other), Some("fit"));
    }

    #[test]
    fn a_claim_that_waits_gets_a_volume_only_with_a_node() {
        let local = json!({"spec": {"nodeAffinity": {"required": {"nodeSelectorTerms": [
            {"matchFields": [{"key": "metadata.name", "operator": "In", "values": ["a"]}]},
        ]}}}});
        let volumes = [volume("local", "2Gi", local)];
        let node = |name: &str| -> Node {
            serde_json::from_value(json!({"metadata": {"name": name}})).expect("a node")
        };
        let find = |node: Option<&Node>| {
            find_match(&volumes, &claim(json!({})), node, true, &BTreeSet::new()).is_some()
        };
        assert!(!find(None) && find(Some(&node("a"))) && !find(Some(&node("b"))));
    }
}
