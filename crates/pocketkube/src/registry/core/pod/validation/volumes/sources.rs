//! The sources of volumes that people use today.

use super::{files, legacy, paths, projected};
use crate::api::field::{Error, ErrorList};
use crate::api::names::{self, NameUse};
use crate::api::quantity::Quantity;
use crate::api::tree::entries;
use crate::api::validate;
use crate::registry::core::persistentvolumeclaim::claim_spec;
use crate::registry::validation::Field;

/// What a source of some kind must say.
pub type Rule = fn(&Field<'_>) -> ErrorList;

/// All sources, in the order in which Kubernetes looks at them.
pub const RULES: &[(&str, Rule)] = &[
    ("emptyDir", empty_dir),
    ("hostPath", host_path),
    ("gitRepo", legacy::git_repo),
    ("gcePersistentDisk", legacy::gce_persistent_disk),
    ("awsElasticBlockStore", legacy::aws_elastic_block_store),
    ("secret", secret),
    ("nfs", nfs),
    ("iscsi", legacy::iscsi),
    ("glusterfs", legacy::glusterfs),
    ("flocker", legacy::flocker),
    ("persistentVolumeClaim", persistent_volume_claim),
    ("rbd", legacy::rbd),
    ("cinder", legacy::cinder),
    ("cephfs", legacy::cephfs),
    ("quobyte", legacy::quobyte),
    ("downwardAPI", downward_api),
    ("fc", legacy::fibre_channel),
    ("flexVolume", legacy::flex_volume),
    ("configMap", config_map),
    ("azureFile", legacy::azure_file),
    ("vsphereVolume", legacy::vsphere_volume),
    ("photonPersistentDisk", legacy::photon_persistent_disk),
    ("portworxVolume", legacy::portworx_volume),
    ("azureDisk", legacy::azure_disk),
    ("storageos", legacy::storage_os),
    ("projected", projected::projected),
    ("scaleIO", legacy::scale_io),
    ("csi", csi),
    ("ephemeral", ephemeral),
    ("image", image),
];

fn empty_dir(source: &Field<'_>) -> ErrorList {
    let limit = source.child("sizeLimit");
    if Quantity::of_value(limit.value).is_negative() {
        return vec![limit.forbidden("SizeLimit field must be a valid resource quantity")];
    }
    ErrorList::new()
}

fn host_path(source: &Field<'_>) -> ErrorList {
    const TYPES: &[&str] = &[
        "",
        "BlockDevice",
        "CharDevice",
        "Directory",
        "DirectoryOrCreate",
        "File",
        "FileOrCreate",
        "Socket",
    ];
    let path = source.child("path");
    if let Some(missing) = path.must_be_set() {
        return vec![missing];
    }
    let mut errors = paths::no_backsteps(&path);
    errors.extend(source.child("type").must_be_one_of(TYPES));
    errors
}

fn secret(source: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    errors.extend(source.child("secretName").must_be_set());
    errors.extend(files::mode(&source.child("defaultMode")));
    errors.extend(files::keys(&source.child("items")));
    errors
}

fn config_map(source: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    errors.extend(source.child("name").must_be_set());
    errors.extend(files::mode(&source.child("defaultMode")));
    errors.extend(files::keys(&source.child("items")));
    errors
}

fn downward_api(source: &Field<'_>) -> ErrorList {
    let mut errors = files::mode(&source.child("defaultMode"));
    for item in source.child("items").items() {
        errors.extend(files::downward_file(&item, &source.path));
    }
    errors
}

fn nfs(source: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    errors.extend(source.child("server").must_be_set());
    let path = source.child("path");
    errors.extend(path.must_be_set());
    if !path.text().starts_with('/') {
        errors.push(path.invalid_text("must be an absolute path"));
    }
    errors
}

fn persistent_volume_claim(source: &Field<'_>) -> ErrorList {
    source
        .child("claimName")
        .must_be_set()
        .into_iter()
        .collect()
}

fn csi(source: &Field<'_>) -> ErrorList {
    let mut errors = csi_driver_name(&source.child("driver"));
    let secret = source.child("nodePublishSecretRef");
    if secret.is_set() {
        let name = secret.child("name");
        match name.must_be_set() {
            Some(missing) => errors.push(missing),
            None => {
                // Upstream names the path of the source, not of the reference.
                let shown = Field::new(name.value, source.path.child("name"));
                let faults = names::name_is_dns_subdomain(name.text(), NameUse::Whole);
                errors.extend(shown.faults(faults));
            }
        }
    }
    errors
}

/// The name of a storage driver, in which case does not matter.
pub fn csi_driver_name(driver: &Field<'_>) -> ErrorList {
    const MAX_DRIVER_NAME: usize = 63;
    let mut errors = ErrorList::new();
    errors.extend(driver.must_be_set());
    if driver.text().len() > MAX_DRIVER_NAME {
        errors.push(Error::too_long(driver.path.clone(), MAX_DRIVER_NAME));
    }
    let lower = driver.text().to_lowercase();
    errors.extend(driver.faults(names::dns1123_subdomain(&lower)));
    errors
}

/// A second source. Upstream writes two of the names in its own way.
pub fn one_too_many(volume: &Field<'_>, source: &str) -> Error {
    let shown = match source {
        "cephfs" => "cephFS",
        "downwardAPI" => "downwarAPI",
        source => source,
    };
    Error::forbidden(
        volume.path.child(shown),
        "may not specify more than 1 volume type",
    )
}

/// A claim template, as far as Pods are concerned with it.
fn ephemeral(source: &Field<'_>) -> ErrorList {
    let template = source.child("volumeClaimTemplate");
    if !template.is_set() {
        return vec![template.required("")];
    }
    let mut errors = ErrorList::new();
    let metadata = template.child("metadata");
    for field in ["annotations", "labels"] {
        let map = metadata.child(field);
        let rule = match field {
            "labels" => validate::labels,
            _ => validate::annotations,
        };
        errors.extend(rule(map.value, &map.path));
    }
    for (field, _) in entries(metadata.value) {
        if !matches!(
            field.as_str(),
            "labels" | "annotations" | "creationTimestamp"
        ) {
            errors.push(metadata.child(field).forbidden("cannot be set"));
        }
    }
    errors.extend(claim_spec(&template.child("spec")));
    errors
}

fn image(source: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let reference = source.child("reference");
    if reference.text().trim() != reference.text() {
        errors.push(reference.invalid("must not have leading or trailing whitespace"));
    }
    errors.extend(source.child("pullPolicy").must_be_set_to_one_of(&[
        "Always",
        "IfNotPresent",
        "Never",
    ]));
    errors
}
