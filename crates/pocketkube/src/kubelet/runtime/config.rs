//! What the kubelet tells the runtime about Pods and containers. Mirrors the CRI's
//! `PodSandboxConfig` and `ContainerConfig`.

use std::net::IpAddr;
use std::sync::Arc;

use super::filesystem::Volume;
use super::image::StoredImage;

/// A Pod to be.
#[derive(Clone, Debug, Default)]
pub struct SandboxConfig {
    pub namespace: String,
    pub name: String,
    pub uid: String,
    pub hostname: String,
    /// `hostname.subdomain.namespace.svc.cluster.local`, for a Pod with a subdomain.
    pub fully_qualified_name: Option<String>,
    /// Uses the node's address instead of one of its own.
    pub host_network: bool,
    pub dns: DnsConfig,
    /// Further lines of `/etc/hosts`.
    pub host_aliases: Vec<(IpAddr, Vec<String>)>,
}

/// What `/etc/resolv.conf` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DnsConfig {
    pub servers: Vec<IpAddr>,
    pub searches: Vec<String>,
    pub options: Vec<String>,
}

impl DnsConfig {
    /// What `dnsPolicy: ClusterFirst` means in a namespace.
    pub fn cluster_first(server: IpAddr, namespace: &str, cluster_domain: &str) -> Self {
        Self {
            servers: vec![server],
            searches: vec![
                format!("{namespace}.svc.{cluster_domain}"),
                format!("svc.{cluster_domain}"),
                cluster_domain.to_owned(),
            ],
            options: vec!["ndots:5".to_owned()],
        }
    }
}

/// A container to be.
#[derive(Clone, Debug)]
pub struct ContainerConfig {
    pub name: String,
    pub image: StoredImage,
    /// Replaces the image's entrypoint, and its command with it.
    pub command: Vec<String>,
    /// Replaces the image's command.
    pub args: Vec<String>,
    /// On top of the image's own; later ones win.
    pub environment: Vec<(String, String)>,
    pub working_dir: Option<String>,
    pub mounts: Vec<MountConfig>,
    pub user: Option<u32>,
    pub group: Option<u32>,
    pub supplemental_groups: Vec<u32>,
    pub read_only_root: bool,
    /// In bytes.
    pub memory_limit: Option<u64>,
    /// In cores.
    pub cpu_limit: Option<f64>,
    pub tty: bool,
    /// Keeps standard input open for those who attach.
    pub stdin: bool,
    /// Closes standard input when the first who attached leaves.
    pub stdin_once: bool,
    pub termination_message_path: String,
}

impl ContainerConfig {
    /// A container that runs what its image starts.
    pub fn new(name: impl Into<String>, image: StoredImage) -> Self {
        Self {
            name: name.into(),
            image,
            command: Vec::new(),
            args: Vec::new(),
            environment: Vec::new(),
            working_dir: None,
            mounts: Vec::new(),
            user: None,
            group: None,
            supplemental_groups: Vec::new(),
            read_only_root: false,
            memory_limit: None,
            cpu_limit: None,
            tty: false,
            stdin: false,
            stdin_once: false,
            termination_message_path: "/dev/termination-log".to_owned(),
        }
    }

    /// The arguments of the container's process: `command` and `args` over what the image says.
    pub(super) fn arguments(&self) -> Vec<String> {
        let image = &self.image.image;
        let (command, args) = match (self.command.is_empty(), self.args.is_empty()) {
            (true, true) => (&image.entrypoint, &image.command),
            (true, false) => (&image.entrypoint, &self.args),
            (false, _) => (&self.command, &self.args),
        };
        command.iter().chain(args).cloned().collect()
    }
}

/// A volume mounted in a container.
#[derive(Clone, Debug)]
pub struct MountConfig {
    pub path: String,
    pub volume: Arc<Volume>,
    pub sub_path: String,
    pub read_only: bool,
}

impl MountConfig {
    pub fn new(path: impl Into<String>, volume: &Arc<Volume>) -> Self {
        Self {
            path: path.into(),
            volume: volume.clone(),
            sub_path: String::new(),
            read_only: false,
        }
    }

    pub fn sub_path(mut self, sub_path: impl Into<String>) -> Self {
        self.sub_path = sub_path.into();
        self
    }

    pub fn read_only(mut self) -> Self {
        self.read_only = true;
        self
    }
}
