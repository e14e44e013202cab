//! Environment variables of containers and where they come from.
//!
//! Mirrors `ValidateEnv`, `ValidateEnvFrom` and the selectors they share with volumes.

use crate::api::field::{Error, ErrorList};
use crate::api::names::{self, NameUse};
use crate::api::quantity::Quantity;
use crate::api::tree::text;
use crate::registry::validation::Field;

/// Paths that `fieldRef` of a variable may name, in the order of messages.
const VARIABLE_FIELDS: &[&str] = &[
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.podIP",
    "status.podIPs",
];

/// Paths that `fieldRef` of a volume may name.
pub const VOLUME_FIELDS: &[&str] = &[
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
];

/// All paths that the downward API knows; which of them are of use depends on the place.
const KNOWN_FIELDS: &[&str] = &[
    "metadata.annotations",
    "metadata.labels",
    "metadata.name",
    "metadata.namespace",
    "metadata.uid",
    "spec.nodeName",
    "spec.restartPolicy",
    "spec.schedulerName",
    "spec.serviceAccountName",
    "status.hostIP",
    "status.hostIPs",
    "status.phase",
    "status.podIP",
    "status.podIPs",
];

const CONTAINER_RESOURCES: &[&str] = &[
    "limits.cpu",
    "limits.ephemeral-storage",
    "limits.memory",
    "requests.cpu",
    "requests.ephemeral-storage",
    "requests.memory",
];

/// `env` of a container.
pub fn variables(env: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    for variable in env.items() {
        let name = variable.child("name");
        match name.must_be_set() {
            Some(missing) => errors.push(missing),
            None => {
                errors.extend(name.faults(names::relaxed_environment_variable_name(name.text())));
            }
        }
        errors.extend(value_from(&variable));
    }
    errors
}

fn value_from(variable: &Field<'_>) -> ErrorList {
    let from = variable.child("valueFrom");
    if !from.is_set() {
        return ErrorList::new();
    }
    let mut errors = ErrorList::new();
    let mut sources = 0;
    let mut source = |name: &str| {
        let source = from.child(name);
        sources += usize::from(source.is_set());
        Some(source).filter(Field::is_set)
    };
    if let Some(selector) = source("fieldRef") {
        errors.extend(object_field(&selector, VARIABLE_FIELDS));
    }
    if let Some(selector) = source("resourceFieldRef") {
        errors.extend(container_resource(&selector, false));
    }
    for name in ["configMapKeyRef", "secretKeyRef"] {
        if let Some(selector) = source(name) {
            errors.extend(key_selector(&selector));
        }
    }
    if let Some(selector) = source("fileKeyRef") {
        errors.extend(file_key(&selector));
    }
    let detail = match sources {
        0 => {
            "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
        }
        _ if !variable.child("value").is_empty() => {
            "may not be specified when `value` is not empty"
        }
        1 => return errors,
        _ => "may not have more than one field specified at a time",
    };
    errors.push(Error::invalid(from.path, "", detail));
    errors
}

/// `envFrom` of a container.
pub fn sources(env_from: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    for source in env_from.items() {
        let prefix = source.child("prefix");
        if !prefix.is_empty() {
            errors.extend(prefix.faults(names::relaxed_environment_variable_name(prefix.text())));
        }
        let references: Vec<Field<'_>> = ["configMapRef", "secretRef"]
            .into_iter()
            .map(|name| source.child(name))
            .filter(Field::is_set)
            .collect();
        for reference in &references {
            let name = reference.child("name");
            match name.must_be_set() {
                Some(missing) => errors.push(missing),
                None => {
                    let faults = names::name_is_dns_subdomain(name.text(), NameUse::Prefix);
                    errors.extend(name.faults(faults));
                }
            }
        }
        let detail = match references.len() {
            0 => "must specify one of: `configMapRef` or `secretRef`",
            1 => continue,
            _ => "may not have more than one field specified at a time",
        };
        errors.push(Error::invalid(env_from.path.clone(), "", detail));
    }
    errors
}

/// A key of a ConfigMap or Secret.
fn key_selector(selector: &Field<'_>) -> ErrorList {
    let name = selector.child("name");
    let mut errors = name.faults(names::name_is_dns_subdomain(name.text(), NameUse::Whole));
    let key = selector.child("key");
    match key.must_be_set() {
        Some(missing) => errors.push(missing),
        None => errors.extend(key.faults(names::config_map_key(key.text()))),
    }
    errors
}

/// A variable in a file that an init container wrote.
fn file_key(selector: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    for field in ["volumeName", "path", "key"] {
        errors.extend(selector.child(field).must_be_set());
    }
    errors
}

/// A field of the Pod itself, as the downward API hands it in.
pub fn object_field(selector: &Field<'_>, supported: &[&str]) -> ErrorList {
    if let Some(missing) = selector.child("apiVersion").must_be_set() {
        return vec![missing];
    }
    let field = selector.child("fieldPath");
    if let Some(missing) = field.must_be_set() {
        return vec![missing];
    }
    let path = field.text();
    let not_converted =
        |why: String| vec![field.invalid(&format!("error converting fieldPath: {why}"))];
    let version = text(selector.value, "apiVersion");
    if version != "v1" {
        return not_converted(format!("unsupported pod version: {version}"));
    }
    if let Some((map, key)) = subscript(path) {
        let key = match map {
            "metadata.annotations" => key.to_lowercase(),
            "metadata.labels" => key.to_owned(),
            _ => return not_converted(format!("field label does not support subscript: {path}")),
        };
        return names::qualified_name(&key)
            .iter()
            .map(|fault| Error::invalid(selector.path.clone(), key.as_str(), fault))
            .collect();
    }
    if !KNOWN_FIELDS.contains(&path) {
        return not_converted(format!("field label not supported: {path}"));
    }
    field.must_be_one_of(supported).into_iter().collect()
}

/// `metadata.labels['app']` taken apart.
fn subscript(path: &str) -> Option<(&str, &str)> {
    path.strip_suffix("']")?.split_once("['")
}

/// A request or limit of a container, as the downward API hands it in.
pub fn container_resource(selector: &Field<'_>, needs_container: bool) -> ErrorList {
    let mut errors = ErrorList::new();
    let resource = selector.child("resource");
    let is_huge_page = ["limits.hugepages-", "requests.hugepages-"]
        .iter()
        .any(|prefix| resource.text().starts_with(prefix));
    if needs_container && selector.child("containerName").is_empty() {
        errors.push(selector.child("containerName").required(""));
    } else if resource.is_empty() {
        errors.push(resource.required(""));
    } else if !is_huge_page {
        errors.extend(resource.must_be_one_of(CONTAINER_RESOURCES));
    }
    errors.extend(divisor(selector, resource.text()));
    errors
}

fn divisor(selector: &Field<'_>, resource: &str) -> Option<Error> {
    const BYTES: &str = "1, 1k, 1M, 1G, 1T, 1P, 1E, 1Ki, 1Mi, 1Gi, 1Ti, 1Pi, 1Ei";
    let divisor = selector.child("divisor");
    let amount = Quantity::of_value(divisor.value);
    if amount.is_zero() {
        return None;
    }
    let (supported, what) = match resource {
        "limits.cpu" | "requests.cpu" => ("1m and 1", "cpu"),
        "limits.memory" | "requests.memory" => (BYTES, "memory"),
        "limits.ephemeral-storage" | "requests.ephemeral-storage" => {
            (BYTES, "local ephemeral storage")
        }
        _ if resource.contains(".hugepages-") => (BYTES, "hugepages"),
        _ => return None,
    };
    // Written as one of the words: 1024 is not 1Ki.
    let written = amount.to_string();
    let is_supported = supported.split([',', ' ']).any(|one| one == written);
    (!is_supported).then(|| {
        let detail =
            format!("only divisor's values {supported} are supported with the {what} resource");
        Error::invalid(divisor.path, resource, &detail)
    })
}
