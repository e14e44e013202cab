//! What Windows Pods may and Linux Pods may not say, and the other way round.
//!
//! Mirrors `validateWindows`, `validateLinux`, `validateWindowsSecurityContextOptions` and
//! `validateWindowsHostProcessPod`.

use super::security::all_containers;
use crate::api::field::{Error, ErrorList};
use crate::api::names;
use crate::registry::validation::Field;

const MAX_CREDENTIAL_SPEC: usize = 64 * 1024;
const MAX_DOMAIN: usize = 256;
const MAX_USER: usize = 104;

/// A Linux Pod has no Windows options.
pub fn not_on_linux(spec: &Field<'_>) -> ErrorList {
    let contexts = std::iter::once(spec.child("securityContext"))
        .chain(all_containers(spec).map(|container| container.child("securityContext")));
    contexts
        .filter_map(|context| {
            let options = context.child("windowsOptions");
            options.must_not_be_set("windows options cannot be set for a linux pod")
        })
        .collect()
}

/// A Windows Pod has no Linux options.
pub fn only_on_windows(spec: &Field<'_>) -> ErrorList {
    const DETAIL: &str = "cannot be set for a windows pod";
    let context = spec.child("securityContext");
    let mut errors = ErrorList::new();
    let mut refuse = |field: Field<'_>| errors.extend(field.must_not_be_set(DETAIL));
    refuse(context.child("appArmorProfile"));
    refuse(context.child("seLinuxOptions"));
    for field in ["hostUsers", "hostPID", "hostIPC"] {
        refuse(spec.child(field));
    }
    for field in [
        "seccompProfile",
        "fsGroup",
        "fsGroupChangePolicy",
        "sysctls",
    ] {
        refuse(context.child(field));
    }
    refuse(spec.child("shareProcessNamespace"));
    for field in [
        "runAsUser",
        "runAsGroup",
        "supplementalGroups",
        "supplementalGroupsPolicy",
        "seLinuxChangePolicy",
    ] {
        refuse(context.child(field));
    }
    for container in all_containers(spec) {
        let context = container.child("securityContext");
        for field in [
            "appArmorProfile",
            "seLinuxOptions",
            "seccompProfile",
            "capabilities",
            "readOnlyRootFilesystem",
            "privileged",
            "allowPrivilegeEscalation",
            "procMount",
            "runAsUser",
            "runAsGroup",
        ] {
            refuse(context.child(field));
        }
    }
    errors
}

/// Host process containers come all together or not at all, and on the host's network.
pub fn host_process(spec: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let of = |context: &Field<'_>| {
        let options = context.child("securityContext").child("windowsOptions");
        options.child("hostProcess").value.as_bool()
    };
    let of_pod = of(spec);
    let (mut all, mut on_host) = (0, 0);
    for container in all_containers(spec) {
        all += 1;
        let own = of(&container);
        if let (Some(pod), Some(own)) = (of_pod, own)
            && pod != own
        {
            let path = container
                .path
                .child("securityContext")
                .child("windowsOptions")
                .child("hostProcess");
            let detail =
                format!("pod hostProcess value must be identical if both are specified, was {pod}");
            errors.push(Error::invalid(path, own, &detail));
        }
        on_host += usize::from(own.or(of_pod) == Some(true));
    }
    if on_host == 0 {
        return errors;
    }
    if on_host != all {
        errors.push(Error::invalid(
            spec.path.clone(),
            "",
            "If pod contains any hostProcess containers then all containers must be HostProcess containers",
        ));
    }
    if !spec.child("hostNetwork").is_true() {
        errors.push(Error::invalid(
            spec.path.child("hostNetwork"),
            false,
            "hostNetwork must be true if pod contains any hostProcess containers",
        ));
    }
    errors
}

/// `windowsOptions` of a security context.
pub fn options(options: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    let name = options.child("gmsaCredentialSpecName");
    if name.is_set() {
        errors.extend(name.faults(names::dns1123_subdomain(name.text())));
    }
    let spec = options.child("gmsaCredentialSpec");
    if spec.is_set() {
        match spec.text().len() {
            0 => errors.push(spec.invalid("gmsaCredentialSpec cannot be an empty string")),
            length if length > MAX_CREDENTIAL_SPEC => {
                errors.push(spec.invalid("gmsaCredentialSpec size must be under 64 KiB"));
            }
            _ => {}
        }
    }
    let user = options.child("runAsUserName");
    if user.is_set() {
        errors.extend(
            user_faults(user.text())
                .iter()
                .map(|fault| user.invalid(fault)),
        );
    }
    errors
}

fn user_faults(name: &str) -> Vec<String> {
    let fault = |words: &str| vec![format!("runAsUserName{words}")];
    if name.is_empty() {
        return fault(" cannot be an empty string");
    }
    if name.contains(|c: char| c.is_ascii_control()) {
        return fault(" cannot contain control characters");
    }
    let (domain, user) = match name.split('\\').collect::<Vec<_>>().as_slice() {
        [user] => (None, *user),
        [domain, user] => (Some(*domain), *user),
        _ => return fault(" cannot contain more than one backslash"),
    };
    let mut faults = Vec::new();
    if let Some(domain) = domain {
        if domain.len() >= MAX_DOMAIN {
            faults.extend(fault(&format!(
                "'s Domain length must be under {MAX_DOMAIN} characters"
            )));
        }
        if !is_net_bios(domain) && !is_dns(domain) {
            faults.extend(fault(
                "'s Domain doesn't match the NetBios nor the DNS format",
            ));
        }
    }
    match user.len() {
        0 => faults.extend(fault("'s User cannot be empty")),
        length if length > MAX_USER => faults.extend(fault(&format!(
            "'s User length must not be longer than {MAX_USER} characters"
        ))),
        _ => {}
    }
    if !user.is_empty() && user.chars().all(|c| c == '.' || c == ' ') {
        faults.extend(fault("'s User cannot contain only periods or spaces"));
    }
    if user.contains(|c| r#""/\:;|=,+*?<>@[]"#.contains(c)) {
        faults.extend(fault(
            r#"'s User cannot contain the following characters: "/\:;|=,+*?<>@[]"#,
        ));
    }
    faults
}

fn is_net_bios(domain: &str) -> bool {
    (1..=15).contains(&domain.chars().count())
        && !domain.starts_with('.')
        && !domain.contains(|c| r#"\/:*?"<>|"#.contains(c))
}

fn is_dns(domain: &str) -> bool {
    names::dns1123_subdomain(&domain.to_lowercase()).is_empty()
}
