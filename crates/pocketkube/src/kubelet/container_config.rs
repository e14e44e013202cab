//! From a container's spec to what the runtime is told.
//!
//! Mirrors `generateContainerConfig` and `security_context.go` of `pkg/kubelet/kuberuntime`
//! (v1.35).

use std::collections::BTreeMap;
use std::sync::Arc;

use k8s_openapi::api::core::v1::{Container, Pod, PodSecurityContext, SecurityContext};

use super::expansion::expand;
use super::runtime::filesystem::Volume;
use super::runtime::{ContainerConfig, MountConfig, StoredImage};
use super::text;
use crate::api::quantity::Quantity;

/// A volume of the Pod, ready to be mounted.
#[derive(Clone)]
pub struct ReadyVolume {
    pub volume: Arc<Volume>,
    /// Published volumes can't be written to.
    pub is_read_only: bool,
}

/// Builds the configuration. The error keeps the container in `CreateContainerConfigError`.
pub fn container_config(
    pod: &Pod,
    container: &Container,
    image: StoredImage,
    environment: Vec<(String, String)>,
    volumes: &BTreeMap<String, ReadyVolume>,
) -> Result<ContainerConfig, String> {
    let of_pod = pod
        .spec
        .as_ref()
        .and_then(|spec| spec.security_context.as_ref());
    let own = container.security_context.as_ref();
    let user = own
        .and_then(|own| own.run_as_user)
        .or(of_pod.and_then(|of_pod| of_pod.run_as_user));
    verify_non_root(pod, container, (of_pod, own), user, &image)?;
    let lookup = |name: &str| {
        let mut variables = environment.iter();
        let found = variables.find(|(own, _)| own == name);
        found.map(|(_, value)| value.clone())
    };
    let expanded = |list: &Option<Vec<String>>| -> Vec<String> {
        let list = list.iter().flatten();
        list.map(|argument| expand(argument, lookup)).collect()
    };
    let group = own
        .and_then(|own| own.run_as_group)
        .or(of_pod.and_then(|of_pod| of_pod.run_as_group));
    let limits = container
        .resources
        .as_ref()
        .and_then(|own| own.limits.as_ref());
    let limit = |name: &str| -> Option<Quantity> { limits?.get(name)?.0.parse().ok() };
    let mounts = mounts(container, volumes, lookup)?;
    Ok(ContainerConfig {
        command: expanded(&container.command),
        args: expanded(&container.args),
        working_dir: container.working_dir.clone(),
        mounts,
        user: user.and_then(|user| u32::try_from(user).ok()),
        group: group.and_then(|group| u32::try_from(group).ok()),
        supplemental_groups: supplemental_groups(of_pod),
        read_only_root: own
            .and_then(|own| own.read_only_root_filesystem)
            .unwrap_or_default(),
        memory_limit: limit("memory").and_then(|limit| u64::try_from(limit.value()).ok()),
        cpu_limit: limit("cpu").map(|limit| limit.as_f64()),
        tty: container.tty.unwrap_or_default(),
        stdin: container.stdin.unwrap_or_default(),
        stdin_once: container.stdin_once.unwrap_or_default(),
        termination_message_path: container
            .termination_message_path
            .clone()
            .unwrap_or_else(|| "/dev/termination-log".to_owned()),
        environment,
        ..ContainerConfig::new(container.name.clone(), image)
    })
}

fn supplemental_groups(of_pod: Option<&PodSecurityContext>) -> Vec<u32> {
    let Some(of_pod) = of_pod else {
        return Vec::new();
    };
    let listed = of_pod.supplemental_groups.iter().flatten();
    let groups = listed.chain(of_pod.fs_group.iter()).copied();
    groups
        .filter_map(|group| u32::try_from(group).ok())
        .collect()
}

fn mounts(
    container: &Container,
    volumes: &BTreeMap<String, ReadyVolume>,
    lookup: impl Fn(&str) -> Option<String> + Copy,
) -> Result<Vec<MountConfig>, String> {
    let mut mounts = Vec::new();
    for mount in container.volume_mounts.iter().flatten() {
        let volume = volumes.get(&mount.name).ok_or_else(|| {
            format!(
                "cannot find volume {:?} to mount into container {:?}",
                mount.name, container.name
            )
        })?;
        let mut config = MountConfig::new(&mount.mount_path, &volume.volume);
        if let Some(path) = mount.sub_path.as_deref().filter(|path| !path.is_empty()) {
            config = config.sub_path(path);
        } else if let Some(expression) = &mount.sub_path_expr {
            config = config.sub_path(expand(expression, lookup));
        }
        if mount.read_only == Some(true) || volume.is_read_only {
            config = config.read_only();
        }
        mounts.push(config);
    }
    Ok(mounts)
}

/// `runAsNonRoot`: refuses what would run as root, or can't be told.
fn verify_non_root(
    pod: &Pod,
    container: &Container,
    (of_pod, own): (Option<&PodSecurityContext>, Option<&SecurityContext>),
    user: Option<i64>,
    image: &StoredImage,
) -> Result<(), String> {
    let wanted = own
        .and_then(|own| own.run_as_non_root)
        .or(of_pod.and_then(|of_pod| of_pod.run_as_non_root));
    if wanted != Some(true) {
        return Ok(());
    }
    let place = format!("(pod: {:?}, container: {})", text::pod(pod), container.name);
    match user {
        Some(0) => {
            return Err(format!(
                "container's runAsUser breaks non-root policy {place}"
            ));
        }
        Some(_) => return Ok(()),
        None => {}
    }
    let named = image.image.user.split(':').next().unwrap_or_default();
    match named.parse::<u32>() {
        Ok(0) => Err(format!(
            "container has runAsNonRoot and image will run as root {place}"
        )),
        Ok(_) => Ok(()),
        Err(_) if named.is_empty() || named == "root" => Err(format!(
            "container has runAsNonRoot and image will run as root {place}"
        )),
        Err(_) => Err(format!(
            "container has runAsNonRoot and image has non-numeric user ({named}), cannot verify \
             user is non-root {place}"
        )),
    }
}
