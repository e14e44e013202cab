//! Volumes of storage systems that newer clusters reach through CSI.

use crate::api::field::{Error, ErrorList};
use crate::api::names;
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

/// How long the name of a volume and the portal may be together, with a colon between.
pub const MAX_INITIATOR_NAME: usize = 64;
pub const INITIATOR_NAME_TOO_LONG: &str = "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if iscsi.initiatorName is specified.";

/// Whether a name begins as iSCSI names do.
pub fn starts_as_initiator(name: &str) -> bool {
    ["iqn", "eui", "naa"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}

/// Whether a name that begins as one is an iSCSI name: `iqn.2001-04.com.example:disk`,
/// `eui.` with 16 or `naa.` with 32 letters and digits.
pub fn is_initiator(name: &str) -> bool {
    let rest = name.get(4..).unwrap_or_default();
    let is_code = |length: usize| {
        rest.len() == length && rest.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    match name.get(..3) {
        Some("iqn") => is_qualified_name(name),
        Some("eui") => is_code(16),
        Some("naa") => is_code(32),
        _ => false,
    }
}

fn is_qualified_name(name: &str) -> bool {
    let Some((date, rest)) = name
        .strip_prefix("iqn.")
        .and_then(|rest| rest.split_once('.'))
    else {
        return false;
    };
    let is_date = date.len() == 7
        && date.bytes().enumerate().all(|(index, byte)| match index {
            4 => byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    let Some((authority, label)) = rest.split_once(':') else {
        return false;
    };
    let is_authority = !authority.is_empty()
        && authority
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.'));
    let is_label =
        !label.is_empty() && !label.contains(|c: char| ",;*&$|".contains(c) || c.is_whitespace());
    is_date && is_authority && is_label
}

pub fn iscsi(source: &Field<'_>) -> ErrorList {
    let mut errors = required(source, &["targetPortal", "iqn"]);
    let iqn = source.child("iqn");
    if !iqn.is_empty() {
        errors.extend(initiator(&iqn));
    }
    errors.extend(source.child("lun").must_be_between(0, 255));
    let asks_for_secret = ["chapAuthDiscovery", "chapAuthSession"]
        .iter()
        .any(|field| source.child(field).is_true());
    if asks_for_secret && !source.child("secretRef").is_set() {
        errors.push(source.child("secretRef").required(""));
    }
    let initiator = source.child("initiatorName");
    if initiator.is_set() {
        let shown = Field::new(initiator.value, source.path.child("initiatorname"));
        errors.extend(self::initiator(&shown));
    }
    errors
}

fn initiator(name: &Field<'_>) -> Option<Error> {
    if !starts_as_initiator(name.text()) {
        return Some(name.invalid("must be valid format starting with iqn, eui, or naa"));
    }
    (!is_initiator(name.text())).then(|| name.invalid("must be valid format"))
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
            .filter(|pair| !is_host_and_port(pair));
        errors.extend(wrong.map(|_| registry.invalid(REGISTRY)));
    }
    errors.extend(source.child("volume").must_be_set());
    errors
}

/// `host:port`, with brackets round an IPv6 address.
fn is_host_and_port(pair: &str) -> bool {
    match pair.strip_prefix('[') {
        Some(rest) => rest
            .split_once(']')
            .is_some_and(|(_, port)| port.starts_with(':') && port.matches(':').count() == 1),
        None => pair.matches(':').count() == 1,
    }
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
    for name in ["volumeName", "volumeNamespace"] {
        let name = source.child(name);
        if !name.is_empty() {
            errors.extend(name.faults(names::dns1123_label(name.text())));
        }
    }
    errors.extend(secret_name(source));
    errors
}

pub fn scale_io(source: &Field<'_>) -> ErrorList {
    required(source, &["gateway", "system", "volumeName"])
}
