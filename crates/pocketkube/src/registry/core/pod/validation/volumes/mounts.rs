//! How a container mounts volumes, as folders or as block devices.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{Volumes, paths};
use crate::api::field::ErrorList;
use crate::api::tree::{elements, text};
use crate::registry::validation::Field;

/// `volumeMounts` of a container.
pub fn mounts(container: &Field<'_>, volumes: &Volumes<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let devices = paths_by_name(&container.value["volumeDevices"], "devicePath");
    let list = container.child("volumeMounts");
    let mut seen = BTreeSet::new();
    for mount in list.items() {
        let (name, path) = (mount.child("name"), mount.child("mountPath"));
        errors.extend(name.must_be_set());
        let volume = volumes.get(name.text());
        if volume.is_none() {
            errors.push(name.not_found());
        }
        errors.extend(path.must_be_set());
        if !seen.insert(path.text()) {
            errors.push(path.invalid_text("must be unique"));
        }
        if devices.contains_key(name.text()) {
            errors.push(name.invalid("must not already exist in volumeDevices"));
        }
        if devices.values().any(|device| *device == path.text()) {
            let detail = "must not already exist as a path in volumeDevices";
            errors.push(path.invalid(detail));
        }
        errors.extend(sub_path(&mount, &list));
        errors.extend(propagation(container, &mount, &list));
        errors.extend(recursive_read_only(&mount, &list));
    }
    errors
}

/// Which part of the volume is mounted. Mistakes in it are told at the list, as upstream does.
fn sub_path(mount: &Field<'_>, list: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let (fixed, expression) = (mount.child("subPath"), mount.child("subPathExpr"));
    let at_list = |field: &Field<'_>, name: &str| {
        paths::local_descending(&Field::new(field.value, list.path.child(name)))
    };
    if !fixed.is_empty() {
        errors.extend(at_list(&fixed, "subPath"));
    }
    if !expression.is_empty() {
        if !fixed.is_empty() {
            errors.push(expression.invalid("subPathExpr and subPath are mutually exclusive"));
        }
        errors.extend(at_list(&expression, "subPathExpr"));
    }
    errors
}

fn propagation(container: &Field<'_>, mount: &Field<'_>, list: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let mode = mount.child("mountPropagation");
    if !mode.is_set() {
        return errors;
    }
    let mode = Field::new(mode.value, list.path.child("mountPropagation"));
    errors.extend(mode.must_be_one_of(&["Bidirectional", "HostToContainer", "None"]));
    let privileged = &container.value["securityContext"]["privileged"];
    if mode.text() == "Bidirectional" && *privileged != true {
        errors.push(mode.forbidden(
            "Bidirectional mount propagation is available only to privileged containers",
        ));
    }
    errors
}

fn recursive_read_only(mount: &Field<'_>, list: &Field<'_>) -> ErrorList {
    let mode = mount.child("recursiveReadOnly");
    if !mode.is_set() {
        return ErrorList::new();
    }
    let mode = Field::new(mode.value, list.path.child("recursiveReadOnly"));
    let mut errors = ErrorList::new();
    match mode.text() {
        "Disabled" => {}
        "Enabled" | "IfPossible" => {
            if !mount.child("readOnly").is_true() {
                errors.push(mode.forbidden("may only be specified when readOnly is true"));
            }
            if !matches!(text(mount.value, "mountPropagation"), "" | "None") {
                errors.push(mode.forbidden(
                    "may only be specified when mountPropagation is None or not specified",
                ));
            }
        }
        _ => errors.push(mode.not_supported(&["Disabled", "Enabled", "IfPossible"])),
    }
    errors
}

/// `volumeDevices` of a container.
pub fn devices(container: &Field<'_>, volumes: &Volumes<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let mounts = paths_by_name(&container.value["volumeMounts"], "mountPath");
    let (mut names, mut device_paths) = (BTreeSet::new(), BTreeSet::new());
    for device in container.child("volumeDevices").items() {
        let (name, path) = (device.child("name"), device.child("devicePath"));
        errors.extend(name.must_be_set());
        if names.contains(name.text()) {
            errors.push(name.invalid("must be unique"));
        }
        match volumes.get(name.text()) {
            None => errors.push(name.not_found()),
            Some(volume) if is_claim(volume) => {}
            Some(_) => errors.push(name.invalid(
                "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode",
            )),
        }
        errors.extend(path.must_be_set());
        if device_paths.contains(path.text()) {
            errors.push(path.invalid_text("must be unique"));
        }
        if paths::no_backsteps(&path).is_empty() {
            device_paths.insert(path.text());
        } else {
            errors.push(path.invalid("can not contain backsteps ('..')"));
        }
        if mounts.contains_key(name.text()) {
            errors.push(name.invalid("must not already exist in volumeMounts"));
        }
        if mounts.values().any(|mount| *mount == path.text()) {
            errors.push(path.invalid("must not already exist as a path in volumeMounts"));
        }
        if !name.is_empty() {
            names.insert(name.text());
        }
    }
    errors
}

fn is_claim(volume: &Value) -> bool {
    ["persistentVolumeClaim", "ephemeral"]
        .iter()
        .any(|source| !volume[*source].is_null())
}

fn paths_by_name<'a>(list: &'a Value, path: &str) -> BTreeMap<&'a str, &'a str> {
    elements(list)
        .iter()
        .map(|entry| (text(entry, "name"), text(entry, path)))
        .collect()
}
