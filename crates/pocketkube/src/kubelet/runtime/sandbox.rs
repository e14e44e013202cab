//! A Pod on its node: the address, hostname and files its containers share.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use parking_lot::Mutex;

use super::Runtime;
use super::config::{ContainerConfig, DnsConfig, SandboxConfig};
use super::container::{Container, CreateError};
use super::filesystem::{Mount, Node, Tree, Volume};
use super::net::PodNetwork;

/// The surroundings of a Pod's containers.
pub struct PodSandbox {
    id: String,
    config: SandboxConfig,
    runtime: Arc<Runtime>,
    network: Arc<PodNetwork>,
    /// `/etc/hosts`, `/etc/hostname` and `/etc/resolv.conf`.
    files: Arc<Volume>,
    containers: Mutex<Vec<Arc<Container>>>,
    /// Whether its address was given back.
    is_released: AtomicBool,
}

impl PodSandbox {
    pub(super) fn new(
        runtime: Arc<Runtime>,
        id: String,
        config: SandboxConfig,
        ip: IpAddr,
    ) -> Self {
        let network = PodNetwork::new(
            runtime.sockets().clone(),
            runtime.clock().clone(),
            ip,
            config.hostname.clone(),
        );
        let mut files = Tree::new(Node::directory(0o755));
        for (name, content) in [
            ("hosts", hosts(&config, ip)),
            ("hostname", format!("{}\n", config.hostname)),
            ("resolv.conf", resolv_conf(&config.dns)),
        ] {
            files.insert(name, Node::file(content, 0o644));
        }
        Self {
            id,
            config,
            runtime,
            network,
            files: Volume::new(files),
            containers: Mutex::default(),
            is_released: AtomicBool::new(false),
        }
    }

    pub fn id(&self) -> &str {
        &self.id
    }

    pub fn namespace(&self) -> &str {
        &self.config.namespace
    }

    pub fn name(&self) -> &str {
        &self.config.name
    }

    pub fn hostname(&self) -> &str {
        &self.config.hostname
    }

    /// The Pod's address.
    pub fn ip(&self) -> IpAddr {
        self.network.ip()
    }

    pub fn network(&self) -> &Arc<PodNetwork> {
        &self.network
    }

    pub fn runtime(&self) -> &Arc<Runtime> {
        &self.runtime
    }

    /// Makes a container, to be started later. One of the same name that has exited is replaced;
    /// its log lives on with whoever holds it.
    pub fn create_container(&self, config: ContainerConfig) -> Result<Arc<Container>, CreateError> {
        let container = Container::create(self, self.runtime.new_id(), config)?;
        let mut containers = self.containers.lock();
        containers.retain(|existing| existing.name() != container.name());
        containers.push(container.clone());
        Ok(container)
    }

    /// The newest container of each name.
    pub fn containers(&self) -> Vec<Arc<Container>> {
        self.containers.lock().clone()
    }

    pub fn container(&self, name: &str) -> Option<Arc<Container>> {
        let containers = self.containers.lock();
        containers.iter().find(|c| c.name() == name).cloned()
    }

    /// Ends the Pod: every container that still runs gets `grace` to stop, all at the same time,
    /// and the address is given back.
    pub async fn stop(&self, grace: Duration) {
        let containers = self.containers();
        futures::future::join_all(containers.iter().map(|c| c.stop(grace))).await;
        self.release();
    }

    fn release(&self) {
        // Once only: by the second time the address may be another Pod's.
        let is_first = !self.is_released.swap(true, Ordering::Relaxed);
        if is_first && !self.config.host_network {
            self.runtime.release_address(self.ip());
        }
    }

    pub(super) fn files(&self) -> Vec<Mount> {
        let mount = |name: &str| Mount {
            at: format!("/etc/{name}"),
            volume: self.files.clone(),
            inside: name.to_owned(),
            read_only: false,
        };
        ["hosts", "hostname", "resolv.conf"].map(mount).to_vec()
    }
}

impl Drop for PodSandbox {
    fn drop(&mut self) {
        for container in self.containers.lock().iter() {
            container.kill();
        }
        self.release();
    }
}

fn hosts(config: &SandboxConfig, ip: IpAddr) -> String {
    let mut text = String::from(
        "# Kubernetes-managed hosts file.\n127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\nfe00::0\tip6-localnet\nfe00::0\tip6-mcastprefix\nfe00::1\tip6-allnodes\nfe00::2\tip6-allrouters\n",
    );
    match &config.fully_qualified_name {
        Some(name) => text.push_str(&format!("{ip}\t{name}\t{}\n", config.hostname)),
        None => text.push_str(&format!("{ip}\t{}\n", config.hostname)),
    }
    if !config.host_aliases.is_empty() {
        text.push_str("\n# Entries added by HostAliases.\n");
        for (ip, names) in &config.host_aliases {
            text.push_str(&format!("{ip}\t{}\n", names.join("\t")));
        }
    }
    text
}

fn resolv_conf(dns: &DnsConfig) -> String {
    let mut text = String::new();
    if !dns.searches.is_empty() {
        text.push_str(&format!("search {}\n", dns.searches.join(" ")));
    }
    for server in &dns.servers {
        text.push_str(&format!("nameserver {server}\n"));
    }
    if !dns.options.is_empty() {
        text.push_str(&format!("options {}\n", dns.options.join(" ")));
    }
    text
}
