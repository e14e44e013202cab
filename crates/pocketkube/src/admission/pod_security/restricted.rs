//! The restricted standard: what current hardening practice asks of every Pod.
//!
//! Mirrors the checks of that level in `pod-security-admission/policy/check_*.go` (v1.35).

use std::collections::BTreeSet;

use super::baseline::{adding, forbidden_seccomp, unusual_proc_mount};
use super::pod::{PodView, Violation, named, plural, quoted, uses};
use crate::api::tree::{elements, entries, strings, text};

/// Everything that this standard asks for beyond the baseline, and a Pod does not have.
pub(super) fn violations(pod: &PodView<'_>) -> Vec<Violation> {
    [
        allow_privilege_escalation(pod),
        capabilities(pod),
        unusual_proc_mount(pod),
        restricted_volumes(pod),
        run_as_non_root(pod),
        run_as_user(pod),
        seccomp_profile(pod),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whether the Pod is of an operating system that knows nothing of a check.
fn is_exempt(pod: &PodView<'_>) -> bool {
    pod.version >= 25 && pod.is_windows()
}

fn allow_privilege_escalation(pod: &PodView<'_>) -> Option<Violation> {
    if pod.version < 8 || is_exempt(pod) {
        return None;
    }
    let containers = pod.containers_where(|container| {
        container["securityContext"]["allowPrivilegeEscalation"] != false
    });
    (!containers.is_empty()).then(|| Violation {
        reason: "allowPrivilegeEscalation != false",
        detail: format!(
            "{} must set securityContext.allowPrivilegeEscalation=false",
            named("container", &containers)
        ),
    })
}

fn capabilities(pod: &PodView<'_>) -> Option<Violation> {
    if pod.version < 22 || is_exempt(pod) {
        return None;
    }
    let mut details = Vec::new();
    let keeping = pod.containers_where(|container| {
        let dropped = &container["securityContext"]["capabilities"]["drop"];
        !strings(dropped).any(|capability| capability == "ALL")
    });
    if !keeping.is_empty() {
        details.push(format!(
            "{} must set securityContext.capabilities.drop=[\"ALL\"]",
            named("container", &keeping)
        ));
    }
    let (containers, added) = adding(pod, &["NET_BIND_SERVICE"]);
    if !containers.is_empty() {
        details.push(format!(
            "{} must not include {} in securityContext.capabilities.add",
            named("container", &containers),
            quoted(added)
        ));
    }
    (!details.is_empty()).then(|| Violation {
        reason: "unrestricted capabilities",
        detail: details.join("; "),
    })
}

const ALLOWED_VOLUMES: [&str; 9] = [
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "image",
    "persistentVolumeClaim",
    "projected",
    "secret",
];

fn restricted_volumes(pod: &PodView<'_>) -> Option<Violation> {
    let mut volumes = Vec::new();
    let mut types = BTreeSet::new();
    for volume in elements(&pod.spec["volumes"]) {
        let source = entries(volume)
            .map(|(field, _)| field.as_str())
            .find(|field| *field != "name")
            .unwrap_or("unknown");
        if !ALLOWED_VOLUMES.contains(&source) {
            volumes.push(text(volume, "name"));
            types.insert(source);
        }
    }
    (!volumes.is_empty()).then(|| Violation {
        reason: "restricted volume types",
        detail: format!(
            "{} {} restricted volume type{} {}",
            named("volume", &volumes),
            uses(volumes.len()),
            plural(types.len()),
            quoted(types)
        ),
    })
}

fn run_as_non_root(pod: &PodView<'_>) -> Option<Violation> {
    if pod.has_users_of_its_own() {
        return None;
    }
    let violation = |detail: String| {
        Some(Violation {
            reason: "runAsNonRoot != true",
            detail,
        })
    };
    let setters = pod.setters(|context| (context["runAsNonRoot"] == false).then(String::new));
    if let Some((setters, _)) = setters {
        return violation(format!(
            "{setters} must not set securityContext.runAsNonRoot=false"
        ));
    }
    if pod.security_context()["runAsNonRoot"] == true {
        return None;
    }
    let silent =
        pod.containers_where(|container| container["securityContext"]["runAsNonRoot"].is_null());
    if silent.is_empty() {
        return None;
    }
    let containers = named("container", &silent);
    violation(format!(
        "pod or {containers} must set securityContext.runAsNonRoot=true"
    ))
}

fn run_as_user(pod: &PodView<'_>) -> Option<Violation> {
    if pod.version < 23 || pod.has_users_of_its_own() {
        return None;
    }
    let (setters, _) = pod.setters(|context| (context["runAsUser"] == 0).then(String::new))?;
    Some(Violation {
        reason: "runAsUser=0",
        detail: format!("{setters} must not set runAsUser=0"),
    })
}

fn seccomp_profile(pod: &PodView<'_>) -> Option<Violation> {
    if pod.version < 19 || is_exempt(pod) {
        return None;
    }
    let violation = |detail: String| {
        Some(Violation {
            reason: "seccompProfile",
            detail,
        })
    };
    if let Some((setters, values)) = forbidden_seccomp(pod) {
        let values = quoted(values);
        return violation(format!(
            "{setters} must not set securityContext.seccompProfile.type to {values}"
        ));
    }
    if !pod.security_context()["seccompProfile"].is_null() {
        return None;
    }
    let silent =
        pod.containers_where(|container| container["securityContext"]["seccompProfile"].is_null());
    if silent.is_empty() {
        return None;
    }
    let containers = named("container", &silent);
    violation(format!(
        "pod or {containers} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\""
    ))
}
