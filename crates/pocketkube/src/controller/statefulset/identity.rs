//! What the Pod of an ordinal is called and looks like. Pure.
//!
//! Mirrors `pkg/controller/statefulset/stateful_set_utils.go` (v1.35).

use std::collections::BTreeMap;

use k8s_openapi::api::apps::v1::{ControllerRevision, StatefulSet, StatefulSetSpec};
use k8s_openapi::api::core::v1::{
    PersistentVolumeClaim, PersistentVolumeClaimVolumeSource, Pod, Volume,
};

use super::super::history::{self, REVISION_LABEL};
use super::super::pod_control::pod_from_template;
use crate::client::Kind;

const POD_NAME: &str = "statefulset.kubernetes.io/pod-name";
const POD_INDEX: &str = "apps.kubernetes.io/pod-index";

pub(super) fn spec(set: &StatefulSet) -> StatefulSetSpec {
    set.spec.clone().unwrap_or_default()
}

/// The ordinals that the set should have.
pub(super) fn ordinals(set: &StatefulSet) -> std::ops::Range<i32> {
    let spec = set.spec.as_ref();
    let start = spec.and_then(|spec| spec.ordinals.as_ref()?.start);
    let replicas = spec.and_then(|spec| spec.replicas);
    let start = start.unwrap_or(0);
    start..start.saturating_add(replicas.unwrap_or(1))
}

/// The name of a Pod's set and its ordinal, from the Pod's name.
fn parse(name: &str) -> Option<(&str, i32)> {
    let (parent, ordinal) = name.rsplit_once('-')?;
    let is_number = !ordinal.is_empty() && ordinal.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then_some((parent, ordinal.parse().ok()?))
}

/// The Pod's ordinal in the set; `None` for one that is called otherwise.
pub(super) fn ordinal_of(set: &StatefulSet, pod: &Pod) -> Option<i32> {
    let (parent, ordinal) = parse(pod.name())?;
    (parent == set.name()).then_some(ordinal)
}

pub(super) fn is_member(set: &StatefulSet, pod: &Pod) -> bool {
    ordinal_of(set, pod).is_some()
}

/// The name of the revision that a Pod was made from.
pub(super) fn revision_of(pod: &Pod) -> &str {
    let label = pod.labels().get(REVISION_LABEL);
    label.map(String::as_str).unwrap_or_default()
}

pub(super) fn pod_name(set: &StatefulSet, ordinal: i32) -> String {
    format!("{}-{ordinal}", set.name())
}

/// The labels by which a Pod of the set is known.
pub(super) fn labels(set: &StatefulSet, ordinal: i32) -> BTreeMap<String, String> {
    BTreeMap::from([
        (POD_NAME.to_owned(), pod_name(set, ordinal)),
        (POD_INDEX.to_owned(), ordinal.to_string()),
    ])
}

pub(super) fn has_identity(set: &StatefulSet, pod: &Pod) -> bool {
    ordinal_of(set, pod).is_some_and(|ordinal| {
        let wanted = labels(set, ordinal);
        wanted
            .iter()
            .all(|(key, value)| pod.labels().get(key) == Some(value))
    })
}

/// The claims of a Pod, by the name of the volume that each stands for.
pub(super) fn claims(set: &StatefulSet, ordinal: i32) -> Vec<(String, PersistentVolumeClaim)> {
    let spec = spec(set);
    let templates = spec.volume_claim_templates.into_iter().flatten();
    let claims = templates.map(|mut claim| {
        let volume = claim.name().to_owned();
        let labels = claim.metadata.labels.get_or_insert_default();
        labels.extend(spec.selector.match_labels.clone().unwrap_or_default());
        claim.metadata.name = Some(format!("{volume}-{}", pod_name(set, ordinal)));
        claim.metadata.namespace = Some(set.namespace().to_owned());
        claim.status = None;
        (volume, claim)
    });
    claims.collect()
}

/// The Pod of an ordinal, made from a revision.
pub(super) fn new_pod(set: &StatefulSet, revision: &ControllerRevision, ordinal: i32) -> Pod {
    let mut pod = pod_from_template(set, &history::template_of(revision));
    let name = pod_name(set, ordinal);
    pod.metadata.name = Some(name.clone());
    let own = pod.metadata.labels.get_or_insert_default();
    own.extend(labels(set, ordinal));
    own.insert(REVISION_LABEL.to_owned(), revision.name().to_owned());
    let spec = pod.spec.get_or_insert_default();
    spec.hostname = Some(name);
    let service = set.spec.as_ref().and_then(|spec| spec.service_name.clone());
    spec.subdomain = service.filter(|service| !service.is_empty());

    let mut volumes = Vec::new();
    for (volume, claim) in claims(set, ordinal) {
        volumes.push(Volume {
            name: volume,
            persistent_volume_claim: Some(PersistentVolumeClaimVolumeSource {
                claim_name: claim.name().to_owned(),
                read_only: None,
            }),
            ..Volume::default()
        });
    }
    let others = spec.volumes.take().unwrap_or_default().into_iter();
    let is_claimed = |name: &str| volumes.iter().any(|own| own.name == name);
    let others: Vec<_> = others.filter(|own| !is_claimed(&own.name)).collect();
    volumes.extend(others);
    spec.volumes = Some(volumes).filter(|volumes| !volumes.is_empty());
    pod
}
