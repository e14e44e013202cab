//! The baseline standard: what lets a Pod out of its box.
//!
//! Mirrors the checks of that level in `pod-security-admission/policy/check_*.go` (v1.35).

use std::collections::BTreeSet;

use serde_json::Value;

use super::pod::{PodView, Violation, named, plural, quoted, uses};
use crate::api::field::go_quote;
use crate::api::tree::{elements, entries, integer, strings, text};

type Check = fn(&PodView<'_>) -> Option<Violation>;

/// The checks, by name in upstream's order.
const CHECKS: [Check; 12] = [
    app_armor_profile,
    capabilities,
    host_namespaces,
    host_path_volumes,
    host_ports,
    host_probes_and_lifecycle,
    privileged,
    proc_mount,
    se_linux_options,
    seccomp_profile,
    sysctls,
    windows_host_process,
];

/// Everything that the standard has against a Pod.
pub(super) fn violations(pod: &PodView<'_>) -> Vec<Violation> {
    CHECKS.iter().filter_map(|check| check(pod)).collect()
}

/// The same without what a stricter check of the restricted standard says better.
pub(super) fn violations_beside_restricted(pod: &PodView<'_>) -> Vec<Violation> {
    let mut covered: Vec<Check> = vec![host_path_volumes, proc_mount];
    if pod.version >= 19 {
        covered.push(seccomp_profile);
    }
    if pod.version >= 22 {
        covered.push(capabilities);
    }
    CHECKS
        .iter()
        .filter(|check| {
            !covered
                .iter()
                .any(|other| std::ptr::fn_addr_eq(*other, **check))
        })
        .filter_map(|check| check(pod))
        .collect()
}

const APP_ARMOR_ANNOTATION: &str = "container.apparmor.security.beta.kubernetes.io/";

fn app_armor_profile(pod: &PodView<'_>) -> Option<Violation> {
    let found = pod.setters(|context| {
        let profile = context["appArmorProfile"]["type"].as_str()?;
        let is_allowed = matches!(profile, "RuntimeDefault" | "Localhost");
        (!is_allowed).then(|| profile.to_owned())
    });
    let annotations: Vec<String> = entries(&pod.metadata["annotations"])
        .filter(|(key, _)| key.starts_with(APP_ARMOR_ANNOTATION))
        .filter_map(|(key, value)| {
            let value = value.as_str().unwrap_or_default();
            let is_allowed =
                matches!(value, "" | "runtime/default") || value.starts_with("localhost/");
            (!is_allowed).then(|| format!("{key}={}", go_quote(value)))
        })
        .collect();
    let (mut setters, mut values) = match found {
        Some((setters, values)) => (vec![setters], values.into_iter().collect()),
        None => (Vec::new(), Vec::new()),
    };
    if !annotations.is_empty() {
        setters.push(format!("annotation{}", plural(annotations.len())));
        values.extend(annotations);
    }
    (!setters.is_empty()).then(|| Violation {
        reason: if values.len() == 1 {
            "forbidden AppArmor profile"
        } else {
            "forbidden AppArmor profiles"
        },
        detail: format!(
            "{} must not set AppArmor profile type to {}",
            setters.join(" and "),
            quoted(&values)
        ),
    })
}

const DEFAULT_CAPABILITIES: [&str; 13] = [
    "AUDIT_WRITE",
    "CHOWN",
    "DAC_OVERRIDE",
    "FOWNER",
    "FSETID",
    "KILL",
    "MKNOD",
    "NET_BIND_SERVICE",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_CHROOT",
];

fn capabilities(pod: &PodView<'_>) -> Option<Violation> {
    let (containers, added) = adding(pod, &DEFAULT_CAPABILITIES);
    (!containers.is_empty()).then(|| Violation {
        reason: "non-default capabilities",
        detail: format!(
            "{} must not include {} in securityContext.capabilities.add",
            named("container", &containers),
            quoted(added)
        ),
    })
}

/// The containers that add other capabilities than these, and which.
pub(super) fn adding<'a>(pod: &PodView<'a>, allowed: &[&str]) -> (Vec<&'a str>, BTreeSet<&'a str>) {
    let mut containers = Vec::new();
    let mut added = BTreeSet::new();
    for container in pod.containers() {
        let bad: Vec<&str> = strings(&container["securityContext"]["capabilities"]["add"])
            .filter(|capability| !allowed.contains(capability))
            .collect();
        if !bad.is_empty() {
            containers.push(text(container, "name"));
        }
        added.extend(bad);
    }
    (containers, added)
}

fn host_namespaces(pod: &PodView<'_>) -> Option<Violation> {
    let shared: Vec<String> = ["hostNetwork", "hostPID", "hostIPC"]
        .into_iter()
        .filter(|field| pod.spec[*field] == true)
        .map(|field| format!("{field}=true"))
        .collect();
    (!shared.is_empty()).then(|| Violation {
        reason: "host namespaces",
        detail: shared.join(", "),
    })
}

fn host_path_volumes(pod: &PodView<'_>) -> Option<Violation> {
    let volumes: Vec<&str> = elements(&pod.spec["volumes"])
        .iter()
        .filter(|volume| !volume["hostPath"].is_null())
        .map(|volume| text(volume, "name"))
        .collect();
    (!volumes.is_empty()).then(|| Violation {
        reason: "hostPath volumes",
        detail: named("volume", &volumes),
    })
}

fn host_ports(pod: &PodView<'_>) -> Option<Violation> {
    let ports_of = |container: &Value| -> Vec<String> {
        elements(&container["ports"])
            .iter()
            .map(|port| integer(port, "hostPort"))
            .filter(|port| *port != 0)
            .map(|port| port.to_string())
            .collect()
    };
    let containers = pod.containers_where(|container| !ports_of(container).is_empty());
    let ports: BTreeSet<String> = pod.containers().flat_map(ports_of).collect();
    (!containers.is_empty()).then(|| Violation {
        reason: "hostPort",
        detail: format!(
            "{} {} hostPort{} {}",
            named("container", &containers),
            uses(containers.len()),
            plural(ports.len()),
            ports.into_iter().collect::<Vec<_>>().join(", ")
        ),
    })
}

fn host_probes_and_lifecycle(pod: &PodView<'_>) -> Option<Violation> {
    if pod.version < 34 {
        return None;
    }
    let hosts_of = |container: &Value| -> Vec<String> {
        let probes =
            ["livenessProbe", "readinessProbe", "startupProbe"].map(|probe| &container[probe]);
        let hooks = ["postStart", "preStop"].map(|hook| &container["lifecycle"][hook]);
        probes
            .into_iter()
            .chain(hooks)
            .flat_map(|handler| {
                [
                    text(&handler["httpGet"], "host"),
                    text(&handler["tcpSocket"], "host"),
                ]
            })
            .filter(|host| !host.is_empty())
            .map(str::to_owned)
            .collect()
    };
    let mut containers = pod.containers_where(|container| !hosts_of(container).is_empty());
    containers.sort_unstable();
    let hosts: BTreeSet<String> = pod.containers().flat_map(hosts_of).collect();
    (!containers.is_empty()).then(|| Violation {
        reason: "probe or lifecycle host",
        detail: format!(
            "{} {} probe or lifecycle host{} {}",
            named("container", &containers),
            uses(containers.len()),
            plural(hosts.len()),
            quoted(hosts)
        ),
    })
}

fn privileged(pod: &PodView<'_>) -> Option<Violation> {
    let containers =
        pod.containers_where(|container| container["securityContext"]["privileged"] == true);
    (!containers.is_empty()).then(|| Violation {
        reason: "privileged",
        detail: format!(
            "{} must not set securityContext.privileged=true",
            named("container", &containers)
        ),
    })
}

fn proc_mount(pod: &PodView<'_>) -> Option<Violation> {
    if pod.has_users_of_its_own() {
        return None;
    }
    unusual_proc_mount(pod)
}

pub(super) fn unusual_proc_mount(pod: &PodView<'_>) -> Option<Violation> {
    let unusual = |container: &Value| {
        let mount = container["securityContext"]["procMount"].as_str()?;
        (mount != "Default").then(|| mount.to_owned())
    };
    let containers = pod.containers_where(|container| unusual(container).is_some());
    let mounts: BTreeSet<String> = pod.containers().filter_map(unusual).collect();
    (!containers.is_empty()).then(|| Violation {
        reason: "procMount",
        detail: format!(
            "{} must not set securityContext.procMount to {}",
            named("container", &containers),
            quoted(mounts)
        ),
    })
}

fn se_linux_options(pod: &PodView<'_>) -> Option<Violation> {
    let is_allowed = |kind: &str| match kind {
        "" | "container_t" | "container_init_t" | "container_kvm_t" => true,
        "container_engine_t" => pod.version >= 31,
        _ => false,
    };
    let contexts = || {
        let of_containers = pod
            .containers()
            .map(|container| &container["securityContext"]);
        std::iter::once(pod.security_context())
            .chain(of_containers)
            .map(|context| &context["seLinuxOptions"])
    };
    let (setters, _) = pod.setters(|context| {
        let options = &context["seLinuxOptions"];
        let is_bad = !is_allowed(text(options, "type"))
            || !text(options, "user").is_empty()
            || !text(options, "role").is_empty();
        is_bad.then(String::new)
    })?;
    let types: BTreeSet<&str> = contexts()
        .map(|options| text(options, "type"))
        .filter(|kind| !is_allowed(kind))
        .collect();
    let mut data = Vec::new();
    if !types.is_empty() {
        data.push(format!("type{} {}", plural(types.len()), quoted(types)));
    }
    for field in ["user", "role"] {
        if contexts().any(|options| !text(options, field).is_empty()) {
            data.push(format!("{field} may not be set"));
        }
    }
    Some(Violation {
        reason: "seLinuxOptions",
        detail: format!(
            "{setters} set forbidden securityContext.seLinuxOptions: {}",
            data.join("; ")
        ),
    })
}

const SECCOMP_OF_POD: &str = "seccomp.security.alpha.kubernetes.io/pod";
const SECCOMP_OF_CONTAINER: &str = "container.seccomp.security.alpha.kubernetes.io/";

fn seccomp_profile(pod: &PodView<'_>) -> Option<Violation> {
    if pod.version < 19 {
        return seccomp_annotations(pod);
    }
    let (setters, values) = forbidden_seccomp(pod)?;
    Some(Violation {
        reason: "seccompProfile",
        detail: format!(
            "{setters} must not set securityContext.seccompProfile.type to {}",
            quoted(values)
        ),
    })
}

/// Who sets a profile that is neither the runtime's nor the node's.
pub(super) fn forbidden_seccomp(pod: &PodView<'_>) -> Option<(String, BTreeSet<String>)> {
    pod.setters(|context| {
        let profile = &context["seccompProfile"];
        if profile.is_null() {
            return None;
        }
        let kind = text(profile, "type");
        (!matches!(kind, "RuntimeDefault" | "Localhost")).then(|| kind.to_owned())
    })
}

fn seccomp_annotations(pod: &PodView<'_>) -> Option<Violation> {
    let keys = pod
        .containers()
        .map(|container| format!("{SECCOMP_OF_CONTAINER}{}", text(container, "name")));
    let forbidden: BTreeSet<String> = std::iter::once(SECCOMP_OF_POD.to_owned())
        .chain(keys)
        .filter_map(|key| {
            let value = pod.metadata["annotations"][&key].as_str()?;
            let is_allowed = matches!(value, "runtime/default" | "docker/default")
                || value.starts_with("localhost/");
            (!is_allowed).then(|| format!("{key}={}", go_quote(value)))
        })
        .collect();
    (!forbidden.is_empty()).then(|| Violation {
        reason: "seccompProfile",
        detail: format!(
            "forbidden annotation{} {}",
            plural(forbidden.len()),
            forbidden.into_iter().collect::<Vec<_>>().join(", ")
        ),
    })
}

/// Kernel settings that only concern their own Pod, and the version that first allowed them.
const SAFE_SYSCTLS: [(&str, u32); 12] = [
    ("kernel.shm_rmid_forced", 0),
    ("net.ipv4.ip_local_port_range", 0),
    ("net.ipv4.tcp_syncookies", 0),
    ("net.ipv4.ping_group_range", 0),
    ("net.ipv4.ip_unprivileged_port_start", 0),
    ("net.ipv4.ip_local_reserved_ports", 27),
    ("net.ipv4.tcp_keepalive_time", 29),
    ("net.ipv4.tcp_fin_timeout", 29),
    ("net.ipv4.tcp_keepalive_intvl", 29),
    ("net.ipv4.tcp_keepalive_probes", 29),
    ("net.ipv4.tcp_rmem", 32),
    ("net.ipv4.tcp_wmem", 32),
];

fn sysctls(pod: &PodView<'_>) -> Option<Violation> {
    let is_safe = |name: &str| {
        SAFE_SYSCTLS
            .iter()
            .any(|(safe, since)| *safe == name && *since <= pod.version)
    };
    let forbidden: Vec<&str> = elements(&pod.security_context()["sysctls"])
        .iter()
        .map(|sysctl| text(sysctl, "name"))
        .filter(|name| !is_safe(name))
        .collect();
    (!forbidden.is_empty()).then(|| Violation {
        reason: "forbidden sysctls",
        detail: forbidden.join(", "),
    })
}

fn windows_host_process(pod: &PodView<'_>) -> Option<Violation> {
    let (setters, _) = pod.setters(|context| {
        let is_set = context["windowsOptions"]["hostProcess"] == true;
        is_set.then(String::new)
    })?;
    Some(Violation {
        reason: "hostProcess",
        detail: format!("{setters} must not set securityContext.windowsOptions.hostProcess=true"),
    })
}
