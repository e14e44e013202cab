//! Volumes of a Pod, and how its containers mount them.
//!
//! Mirrors `ValidateVolumes`, `validateVolumeSource`, `ValidateVolumeMounts` and
//! `ValidateVolumeDevices`.

mod files;
mod legacy;
mod mounts;
mod paths;
mod projected;
mod sources;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::Owner;
use crate::api::field::{Error, ErrorList};
use crate::api::names::{self, NameUse};
use crate::registry::validation::Field;

pub use mounts::{devices, mounts};
pub use paths::local_descending;
pub use projected::tokens_need_an_account;

pub(crate) use legacy::{
    INITIATOR_NAME_TOO_LONG, MAX_INITIATOR_NAME, is_initiator, starts_as_initiator,
};
pub(crate) use paths::no_backsteps;
pub(crate) use sources::{
    RULES as SOURCE_RULES, Rule as SourceRule, csi_driver_name, one_too_many,
};

/// The volumes of a Pod by name, as far as they are right.
pub type Volumes<'a> = BTreeMap<&'a str, &'a Value>;

/// Every mistake in `spec.volumes`, and the volumes without any.
pub fn volumes<'a>(volumes: &Field<'a>, owner: Owner<'_>) -> (Volumes<'a>, ErrorList) {
    let mut errors = ErrorList::new();
    let mut fine = Volumes::new();
    let claims = claims_to_be_created(volumes, owner);
    for volume in volumes.items() {
        let mut own = source(&volume, owner);
        let name = volume.child("name");
        match name.must_be_set() {
            Some(missing) => own.push(missing),
            None => own.extend(name.faults(names::dns1123_label(name.text()))),
        }
        if fine.contains_key(name.text()) {
            own.push(name.duplicate());
        }
        if own.is_empty() {
            fine.insert(name.text(), volume.value);
        }
        errors.extend(own);
        let claim = volume.child("persistentVolumeClaim").child("claimName");
        if claims.contains(claim.text()) {
            let detail = "must not reference a PVC that gets created for an ephemeral volume";
            errors.push(claim.invalid(detail));
        }
    }
    (fine, errors)
}

/// Names of the claims that ephemeral volumes bring.
fn claims_to_be_created(volumes: &Field<'_>, owner: Owner<'_>) -> BTreeSet<String> {
    let Owner::Pod(pod_name) = owner else {
        return BTreeSet::new();
    };
    volumes
        .items()
        .filter(|volume| !pod_name.is_empty() && volume.child("ephemeral").is_set())
        .map(|volume| format!("{pod_name}-{}", volume.child("name").text()))
        .collect()
}

/// Exactly one source, and that one right.
fn source(volume: &Field<'_>, owner: Owner<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let mut found = false;
    for (name, rule) in sources::RULES {
        let source = volume.child(name);
        if !source.is_set() {
            continue;
        }
        if found {
            errors.push(sources::one_too_many(volume, name));
            if *name == "iscsi" {
                errors.extend(initiator_name(volume));
            }
            continue;
        }
        found = true;
        errors.extend(rule(&source));
        match *name {
            "ephemeral" => errors.extend(claim_name(volume, owner)),
            "iscsi" => errors.extend(initiator_name(volume)),
            "image" if matches!(owner, Owner::Pod(_)) => {
                errors.extend(source.child("reference").must_be_set());
            }
            _ => {}
        }
    }
    if !found {
        errors.push(volume.required("must specify a volume type"));
    }
    errors
}

/// With an initiator of its own, volume and portal together make a name.
fn initiator_name(volume: &Field<'_>) -> Option<Error> {
    let (name, source) = (volume.child("name"), volume.child("iscsi"));
    let length = name.text().len() + 1 + source.child("targetPortal").text().len();
    (source.child("initiatorName").is_set() && length > legacy::MAX_INITIATOR_NAME)
        .then(|| name.invalid_text(legacy::INITIATOR_NAME_TOO_LONG))
}

/// The claim of an ephemeral volume is named after Pod and volume, which must make a name.
fn claim_name(volume: &Field<'_>, owner: Owner<'_>) -> ErrorList {
    let name = volume.child("name").text();
    let pod_name = match owner {
        Owner::Pod(pod_name) if !pod_name.is_empty() && !name.is_empty() => pod_name,
        _ => return ErrorList::new(),
    };
    let claim = format!("{pod_name}-{name}");
    names::name_is_dns_subdomain(&claim, NameUse::Whole)
        .iter()
        .map(|fault| {
            let detail = format!("PVC name {claim:?}: {fault}");
            Error::invalid(volume.path.child("name"), name, &detail)
        })
        .collect()
}
