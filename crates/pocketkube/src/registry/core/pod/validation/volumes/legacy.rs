//! Volumes of storage systems that newer clusters reach through CSI.

use crate::api::field::{Error, ErrorList};
use crate::registry::validation::Field;

use super::paths;

/// Fields that must be there.
fn required(source: &Field<'_>, fields: &[&str]) -> ErrorList {
    fields
        .iter()
        .filter_map(|field| source.child(field).must_be_set())
        .collect()
}

/// `secretRef`, if there is one, names a Secret.
fn secret_name(source: &Field<'_>) -> ErrorList {
    let secret = source.child("secretRef");
    if secret.is_set() {
        return required(&secret, &["name"]);
    }
    ErrorList::new()
}

fn partition(source: &Field<'_>) -> Option<Error> {
    let partition = source.child("partition");
    let number = partition.integer();
    (!(0..=255).contains(&number))
        .then(|| partition.invalid("must be between 1 and 255, inclusive"))
}

pub fn git_repo(source: &Field<'_>) -> ErrorList {
    let mut errors = required(source, &["repository"]);
    errors.extend(paths::local_descending(&source.child("directory")));
    errors
}

pub fn gce_persistent_disk(source: &Field<'_>) -> ErrorList {
    // Upstream names the field `persistentDisk` here.
    let path = source
        .path
        .as_str()
        .replace("gcePersistentDisk", "persistentDisk");
    let source = Field::new(source.value, path.as_str());
    let mut errors = required(&source, &["pdName"]);
    errors.extend(partition(&source));
    errors
}

pub fn aws_elastic_block_store(source: &Field<'_>) -> ErrorList {
    let mut errors = required(source, &["volumeID"]);
    errors.extend(partition(source));
    errors
}

pub fn iscsi(source: &Field<'_>) -> ErrorList {
    let mut errors = required(source, &["targetPortal", "iqn"]);
    let iqn = source.child("iqn");
    let starts_well = |name: &str| ["iqn", "eui", "naa"].iter().any(|p| name.starts_with(p));
    if !iqn.is_empty() && !starts_well(iqn.text()) {
        errors.push(iqn.invalid("must be valid format starting with iqn, eui, or naa"));
    }
    errors.extend(source.child("lun").must_be_between(0, 255));
    let asks_for_secret = ["chapAuthDiscovery", "chapAuthSession"]
        .iter()
        .any(|field| source.child(field).is_true());
    if asks_for_secret && !source.child("secretRef").is_set() {
        errors.push(source.child("secretRef").required(""));
    }
    let initiator = source.child("initiatorName");
    if initiator.is_set() && !starts_well(initiator.text()) {
        errors.push(Error::invalid(
            source.path.child("initiatorname"),
            initiator.text(),
            "must be valid format starting with iqn, eui, or naa",
        ));
    }
    errors
}

pub fn glusterfs(source: &Field<'_>) -> ErrorList {
    required(source, &["endpoints", "path"])
}

pub fn flocker(source: &Field<'_>) -> ErrorList {
    let (name, uuid) = (source.child("datasetName"), source.child("datasetUUID"));
    let mut errors = ErrorList::new();
    match (name.is_empty(), uuid.is_empty()) {
        (true, true) => {
            errors.push(source.required("one of datasetName and datasetUUID is required"));
        }
        (false, false) => errors.push(Error::invalid(
            source.path.clone(),
            "resource",
            "datasetName and datasetUUID can not be specified simultaneously",
        )),
        _ => {}
    }
    if name.text().contains('/') {
        errors.push(name.invalid("must not contain '/'"));
    }
    errors
}

pub fn rbd(source: &Field<'_>) -> ErrorList {
    required(source, &["monitors", "image"])
}

pub fn cinder(source: &Field<'_>) -> ErrorList {
    let mut errors = required(source, &["volumeID"]);
    errors.extend(secret_name(source));
    errors
}

pub fn cephfs(source: &Field<'_>) -> ErrorList {
    required(source, &["monitors"])
}

pub fn quobyte(source: &Field<'_>) -> ErrorList {
    const REGISTRY: &str = "must be a host:port pair or multiple pairs separated by commas";
    let mut errors = ErrorList::new();
    let (registry, tenant) = (source.child("registry"), source.child("tenant"));
    if registry.is_empty() {
        errors.push(registry.required(REGISTRY));
    } else if tenant.text().len() >= 65 {
        let detail = "must be a UUID and may not exceed a length of 64 characters";
        errors.push(tenant.required(detail));
    } else {
        let wrong = registry
            .text()
            .split(',')
            .filter(|pair| !pair.contains(':'));
        errors.extend(wrong.map(|_| registry.invalid(REGISTRY)));
    }
    errors.extend(source.child("volume").must_be_set());
    errors
}

pub fn fibre_channel(source: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let (targets, ids) = (source.child("targetWWNs"), source.child("wwids"));
    match (targets.is_empty(), ids.is_empty()) {
        (true, true) => {
            let detail = "must specify either targetWWNs or wwids, but not both";
            errors.push(targets.required(detail));
        }
        (false, false) => {
            let detail = "targetWWNs and wwids can not be specified simultaneously";
            errors.push(targets.invalid(detail));
        }
        _ => {}
    }
    let lun = source.child("lun");
    if !targets.is_empty() {
        if lun.is_set() {
            errors.extend(lun.must_be_between(0, 255));
        } else {
            errors.push(lun.required("lun is required if targetWWNs is specified"));
        }
    }
    errors
}

pub fn flex_volume(source: &Field<'_>) -> ErrorList {
    let mut errors = required(source, &["driver"]);
    for (key, option) in source.child("options").entries() {
        let domain = key.split('/').next().unwrap_or_default().to_lowercase();
        let domain = format!(".{domain}");
        if domain.ends_with(".kubernetes.io") || domain.ends_with(".k8s.io") {
            let detail = "kubernetes.io and k8s.io namespaces are reserved";
            errors.push(Error::invalid(option.path, key, detail));
        }
    }
    errors
}

pub fn azure_file(source: &Field<'_>) -> ErrorList {
    required(source, &["secretName", "shareName"])
}

pub fn azure_disk(source: &Field<'_>) -> ErrorList {
    let mut errors = required(source, &["diskName", "diskURI"]);
    errors.extend(
        source
            .child("cachingMode")
            .must_be_one_of(&["None", "ReadOnly", "ReadWrite"]),
    );
    errors.extend(
        source
            .child("kind")
            .must_be_one_of(&["Dedicated", "Managed", "Shared"]),
    );
    let uri = source.child("diskURI");
    let is_managed = source.child("kind").text() == "Managed";
    if is_managed && !uri.text().starts_with("/subscriptions/") {
        errors.push(uri.not_supported(&[
            "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}",
        ]));
    }
    if !is_managed && !uri.text().starts_with("https://") {
        errors.push(uri.not_supported(&[
            "https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd",
        ]));
    }
    errors
}

pub fn vsphere_volume(source: &Field<'_>) -> ErrorList {
    required(source, &["volumePath"])
}

pub fn photon_persistent_disk(source: &Field<'_>) -> ErrorList {
    required(source, &["pdID"])
}

pub fn portworx_volume(source: &Field<'_>) -> ErrorList {
    required(source, &["volumeID"])
}

pub fn storage_os(source: &Field<'_>) -> ErrorList {
    let mut errors = required(source, &["volumeName"]);
    errors.extend(secret_name(source));
    errors
}

pub fn scale_io(source: &Field<'_>) -> ErrorList {
    let mut errors = required(source, &["gateway", "system", "volumeName"]);
    let secret = source.child("secretRef");
    if !secret.is_set() {
        errors.push(secret.required(""));
    }
    errors
}
