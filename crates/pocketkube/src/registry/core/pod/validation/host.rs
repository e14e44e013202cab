//! Pods that share something with their node: its network, its user namespace.
//!
//! Mirrors `validatePodHostNetworkDeps` and `validateHostUsers`.

use super::Owner;
use crate::api::field::{Error, ErrorList};
use crate::registry::validation::Field;

/// On the host's network, container ports and host ports are the same. In templates host ports
/// may be left out.
pub fn network_ports(spec: &Field<'_>, owner: Owner<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    if !spec.child("hostNetwork").is_true() {
        return errors;
    }
    let is_pod = matches!(owner, Owner::Pod(_));
    for container in spec.child("containers").items() {
        for port in container.child("ports").items() {
            let host_port = port.child("hostPort");
            let number = host_port.integer();
            if (is_pod || number != 0) && number != port.child("containerPort").integer() {
                let detail = "must match `containerPort` when `hostNetwork` is true";
                errors.push(Error::invalid(host_port.path, number, detail));
            }
        }
    }
    errors
}

/// A Pod with a user namespace of its own shares no other namespace with the host.
pub fn users(spec: &Field<'_>) -> ErrorList {
    if spec.child("hostUsers").value.as_bool() != Some(false) {
        return ErrorList::new();
    }
    [
        ("hostNetwork", "hostNetwork"),
        ("hostPID", "HostPID"),
        ("hostIPC", "HostIPC"),
    ]
    .into_iter()
    .filter(|(field, _)| spec.child(field).is_true())
    .map(|(_, shown)| {
        spec.child(shown)
            .forbidden("when `pod.Spec.HostUsers` is false")
    })
    .collect()
}
