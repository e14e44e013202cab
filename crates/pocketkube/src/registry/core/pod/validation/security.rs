//! Security contexts of Pods and containers, and the annotations that came before them.
//!
//! Mirrors `validatePodSpecSecurityContext`, `ValidateSecurityContext` and the seccomp and AppArmor
//! rules.

use std::collections::BTreeSet;

use super::{volumes, windows};
use crate::api::field::{Error, ErrorList};
use crate::api::names;
use crate::api::tree::text;
use crate::registry::validation::Field;

const PROFILES: &[&str] = &["Localhost", "RuntimeDefault", "Unconfined"];
const SYSCTL_MAX_LENGTH: usize = 253;
const APP_ARMOR_PROFILE_MAX_LENGTH: usize = 4095;

/// `securityContext` of a Pod.
pub fn pod(spec: &Field<'_>) -> ErrorList {
    let context = spec.child("securityContext");
    let mut errors = ErrorList::new();
    errors.extend(identity(&context.child("fsGroup"), names::group_id));
    errors.extend(identity(&context.child("runAsUser"), names::user_id));
    errors.extend(identity(&context.child("runAsGroup"), names::group_id));
    for group in context.child("supplementalGroups").items() {
        errors.extend(identity(&group, names::group_id));
    }
    let shares_processes = spec.child("shareProcessNamespace");
    if shares_processes.is_true() && spec.child("hostPID").is_true() {
        let path = context.path.child("shareProcessNamespace");
        let detail = "ShareProcessNamespace and HostPID cannot both be enabled";
        errors.push(Error::invalid(path, true, detail));
    }
    errors.extend(sysctls(spec, &context.child("sysctls")));
    let change = context.child("fsGroupChangePolicy");
    if change.is_set() {
        errors.extend(change.must_be_one_of(&["Always", "OnRootMismatch"]));
    }
    errors.extend(seccomp(&context.child("seccompProfile")));
    errors.extend(windows::options(&context.child("windowsOptions")));
    errors.extend(app_armor(&context.child("appArmorProfile")));
    let groups = context.child("supplementalGroupsPolicy");
    if groups.is_set() {
        errors.extend(groups.must_be_one_of(&["Merge", "Strict"]));
    }
    let selinux = context.child("seLinuxChangePolicy");
    if selinux.is_set() {
        errors.extend(selinux.must_be_one_of(&["MountOption", "Recursive"]));
    }
    errors
}

/// `securityContext` of a container.
pub fn container(context: &Field<'_>, host_users: bool) -> ErrorList {
    if !context.is_set() {
        return ErrorList::new();
    }
    let mut errors = identity(&context.child("runAsUser"), names::user_id);
    errors.extend(identity(&context.child("runAsGroup"), names::group_id));
    let proc_mount = context.child("procMount");
    if proc_mount.is_set() {
        errors.extend(proc_mount.must_be_one_of(&["Default", "Unmasked"]));
        if host_users && proc_mount.text() == "Unmasked" {
            errors.push(proc_mount.invalid("`hostUsers` must be false to use `Unmasked`"));
        }
    }
    errors.extend(seccomp(&context.child("seccompProfile")));
    if context.child("allowPrivilegeEscalation").value == false {
        if context.child("privileged").is_true() {
            errors.push(context.invalid(
                "cannot set `allowPrivilegeEscalation` to false and `privileged` to true",
            ));
        }
        let added = context.child("capabilities").child("add");
        for _ in added.items().filter(|c| c.text() == "CAP_SYS_ADMIN") {
            errors.push(context.invalid(
                "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN",
            ));
        }
    }
    errors.extend(windows::options(&context.child("windowsOptions")));
    errors.extend(app_armor(&context.child("appArmorProfile")));
    errors
}

/// A user or group, if there is one.
fn identity(id: &Field<'_>, rule: fn(i64) -> names::Faults) -> ErrorList {
    let Some(number) = id.value.as_i64() else {
        return ErrorList::new();
    };
    rule(number).iter().map(|fault| id.invalid(fault)).collect()
}

fn seccomp(profile: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    if !profile.is_set() {
        return errors;
    }
    let (kind, local) = (profile.child("type"), profile.child("localhostProfile"));
    if kind.is_empty() {
        errors.push(kind.required("type is required when seccompProfile is set"));
    } else {
        errors.extend(kind.must_be_one_of(PROFILES));
    }
    match (kind.text() == "Localhost", local.is_set()) {
        (true, true) => errors.extend(volumes::local_descending(&local)),
        (true, false) => {
            errors.push(local.required("must be set when seccomp type is Localhost"));
        }
        (false, true) => errors.push(Error::invalid(
            local.path.clone(),
            profile.value.clone(),
            "can only be set when seccomp type is Localhost",
        )),
        (false, false) => {}
    }
    errors
}

fn app_armor(profile: &Field<'_>) -> ErrorList {
    const MISSING: &str = "must be set when AppArmor type is Localhost";
    let mut errors = ErrorList::new();
    if !profile.is_set() {
        return errors;
    }
    let (kind, local) = (profile.child("type"), profile.child("localhostProfile"));
    match kind.text() {
        "Localhost" => {
            let name = local.text();
            if name.trim() != name {
                errors.push(local.invalid("must not be padded with whitespace"));
            } else if name.is_empty() {
                errors.push(local.required(MISSING));
            }
            if name.len() > APP_ARMOR_PROFILE_MAX_LENGTH {
                let path = local.path.clone();
                errors.push(Error::too_long(path, APP_ARMOR_PROFILE_MAX_LENGTH));
            }
        }
        "RuntimeDefault" | "Unconfined" => {
            if local.is_set() {
                errors.push(local.invalid("can only be set when AppArmor type is Localhost"));
            }
        }
        "" => errors.push(kind.required("type is required when appArmorProfile is set")),
        _ => errors.push(kind.not_supported(PROFILES)),
    }
    errors
}

fn sysctls(spec: &Field<'_>, sysctls: &Field<'_>) -> ErrorList {
    const FORMAT: &str = "^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
    let mut errors = ErrorList::new();
    let mut seen = BTreeSet::new();
    for sysctl in sysctls.items() {
        let name = sysctl.child("name");
        if name.is_empty() {
            errors.push(name.required(""));
        } else if !is_sysctl(name.text()) {
            errors.push(name.invalid(&format!(
                "must have at most {SYSCTL_MAX_LENGTH} characters and match regex {FORMAT}"
            )));
        } else if seen.contains(name.text()) {
            errors.push(name.duplicate());
        }
        seen.insert(name.text());
        let dotted = name.text().replace('/', ".");
        let is_ipc = ["kernel.shm", "kernel.msg", "fs.mqueue."]
            .iter()
            .any(|prefix| dotted.starts_with(prefix))
            || dotted == "kernel.sem";
        if spec.child("hostNetwork").is_true() && dotted.starts_with("net.") {
            errors.push(name.invalid("may not be specified when 'hostNetwork' is true"));
        } else if spec.child("hostIPC").is_true() && is_ipc {
            errors.push(name.invalid("may not be specified when 'hostIPC' is true"));
        }
    }
    errors
}

fn is_sysctl(name: &str) -> bool {
    let is_edge = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    name.len() <= SYSCTL_MAX_LENGTH
        && name.split(['.', '/']).all(|segment| {
            let bytes = segment.as_bytes();
            bytes.first().is_some_and(|byte| is_edge(*byte))
                && bytes.last().is_some_and(|byte| is_edge(*byte))
                && bytes
                    .iter()
                    .all(|byte| is_edge(*byte) || matches!(byte, b'-' | b'_'))
        })
}

/// Where annotations of old and fields both say something, they must say the same.
pub fn annotations_match_fields(metadata: &Field<'_>, spec: &Field<'_>) -> ErrorList {
    let annotations = metadata.child("annotations");
    let mut errors = ErrorList::new();
    let of_pod = spec.child("securityContext");
    if let Some(words) = annotations
        .child("seccomp.security.alpha.kubernetes.io/pod")
        .value
        .as_str()
    {
        errors.extend(profile_matches(
            words,
            &of_pod.child("seccompProfile"),
            &SECCOMP,
        ));
    }
    for container in all_containers(spec) {
        let context = container.child("securityContext");
        let name = text(container.value, "name");
        let key = format!("container.seccomp.security.alpha.kubernetes.io/{name}");
        if let Some(words) = annotations.value[key.as_str()].as_str() {
            let profile = context.child("seccompProfile");
            errors.extend(profile_matches(words, &profile, &SECCOMP));
        }
        let key = format!("container.apparmor.security.beta.kubernetes.io/{name}");
        if let Some(words) = annotations.value[key.as_str()].as_str() {
            let own = context.child("appArmorProfile");
            let value = if own.is_set() {
                own.value
            } else {
                of_pod.child("appArmorProfile").value
            };
            let profile = Field::new(value, own.path);
            errors.extend(profile_matches(words, &profile, &APP_ARMOR));
        }
    }
    errors
}

/// How annotations name profiles.
struct Words {
    name: &'static str,
    defaults: &'static [&'static str],
}

const SECCOMP: Words = Words {
    name: "seccomp",
    defaults: &["runtime/default", "docker/default"],
};
const APP_ARMOR: Words = Words {
    name: "apparmor",
    defaults: &["runtime/default"],
};

fn profile_matches(annotation: &str, profile: &Field<'_>, words: &Words) -> Option<Error> {
    let kind = profile.child("type");
    let local = profile.child("localhostProfile");
    let same_kind = match kind.text() {
        "Unconfined" => annotation == "unconfined",
        "RuntimeDefault" => words.defaults.contains(&annotation),
        "Localhost" => annotation.starts_with("localhost/"),
        _ => return None,
    };
    let name = words.name;
    if !same_kind {
        let detail = format!("{name} type in annotation and field must match");
        return Some(kind.forbidden(&detail));
    }
    let file = annotation.strip_prefix("localhost/")?;
    (kind.text() == "Localhost" && local.value.as_str() != Some(file)).then(|| {
        local.forbidden(&format!(
            "{name} profile in annotation and field must match"
        ))
    })
}

/// Init, regular and ephemeral containers with their paths.
pub fn all_containers<'a>(spec: &Field<'a>) -> impl Iterator<Item = Field<'a>> + use<'a> {
    let lists =
        ["initContainers", "containers", "ephemeralContainers"].map(|list| spec.child(list));
    lists.into_iter().flat_map(|list| list.items())
}
