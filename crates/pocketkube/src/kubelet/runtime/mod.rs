//! The simulated container runtime of a node: images, Pod sandboxes, containers that behave.
//!
//! This is what the kubelet has instead of containerd: it pulls images from a catalogue and runs
//! their programs as tasks, with files, a network, signals, logs and exit codes. It knows nothing
//! of the API; the kubelet translates Pods into [`SandboxConfig`] and [`ContainerConfig`].
//!
//! ```text
//! Runtime ─ pull_image ─ ImageStore ─ Catalogue
//!    └─ run_sandbox ─ PodSandbox ─ create_container ─ Container ─ start, wait, stop, exec, logs
//!                                                        └─ Kernel ─ Process ─ programs │ shell
//! ```

mod config;
mod container;
mod exec;
mod executable;
pub mod filesystem;
mod http;
pub mod image;
mod logs;
pub mod net;
mod process;
mod programs;
mod sandbox;
mod setup;
mod shell;

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;

use ipnet::Ipv4Net;
use parking_lot::Mutex;
use rand::Rng;

use crate::clock::Clock;
use crate::sockets::Sockets;
use crate::tasks::Tasks;

pub use config::{ContainerConfig, DnsConfig, MountConfig, SandboxConfig};
pub use container::{Container, ContainerState, CreateError, ExitStatus, StartError};
pub use exec::{ExecError, Streams};
pub use executable::ExecutableError;
pub(super) use http::{Transport, Trust, connect_tls};
pub use image::{
    Catalogue, Image, ImagePolicy, ImageReference, ImageStore, PullError, ReferenceError,
    StoredImage,
};
pub use logs::{LogBuffer, LogLine, LogOptions, LogReader};
pub use net::{DialError, PodNetwork};
pub use process::{BoxedReader, BoxedWriter, Signal, StreamKind, TerminalSize};
pub use sandbox::PodSandbox;

/// What a node's runtime is made of.
pub struct RuntimeConfig {
    /// The node's own address, for Pods on the host network.
    pub node_ip: IpAddr,
    /// Where Pods get their addresses from.
    pub pod_cidr: Ipv4Net,
    pub clock: Clock,
    pub tasks: Tasks,
    pub sockets: Arc<dyn Sockets>,
    pub catalogue: Arc<Catalogue>,
    pub image_policy: ImagePolicy,
}

/// The container runtime of one node.
pub struct Runtime {
    config: RuntimeConfig,
    images: ImageStore,
    addresses: Mutex<Addresses>,
}

/// The Pod addresses in use, and where to look for the next.
#[derive(Debug, Default)]
struct Addresses {
    used: BTreeSet<Ipv4Addr>,
    last: Option<Ipv4Addr>,
}

/// Why a Pod's sandbox could not be made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SandboxError {
    #[error(
        "failed to setup network for sandbox: plugin type=\"ptp\" failed (add): failed to \
         allocate for range 0: no IP addresses available in range set: {0}"
    )]
    NoAddress(Ipv4Net),
}

impl Runtime {
    pub fn new(config: RuntimeConfig) -> Arc<Self> {
        let images = ImageStore::new(
            config.catalogue.clone(),
            config.image_policy,
            config.clock.clone(),
        );
        Arc::new(Self {
            images,
            config,
            addresses: Mutex::default(),
        })
    }

    /// The node's images: whether one is here, pulling, removing.
    pub fn images(&self) -> &ImageStore {
        &self.images
    }

    /// Makes the sandbox of a Pod. It ends with [`PodSandbox::stop`], or when it is dropped.
    pub fn run_sandbox(
        self: &Arc<Self>,
        config: SandboxConfig,
    ) -> Result<Arc<PodSandbox>, SandboxError> {
        let ip = if config.host_network {
            self.config.node_ip
        } else {
            IpAddr::V4(self.allocate_address()?)
        };
        self.config.sockets.attach(ip);
        let sandbox = PodSandbox::new(self.clone(), self.new_id(), config, ip);
        Ok(Arc::new(sandbox))
    }

    /// The next free address after the one given out last, as host-local IPAM does.
    fn allocate_address(&self) -> Result<Ipv4Addr, SandboxError> {
        let range = self.config.pod_cidr;
        let mut addresses = self.addresses.lock();
        // The first address of the range is the node's end of its Pods' links.
        let after = addresses
            .last
            .unwrap_or_else(|| range.network().saturating_next());
        let usable = |ip: &Ipv4Addr| {
            *ip != range.network()
                && *ip != range.broadcast()
                && *ip != range.network().saturating_next()
        };
        let later = range.hosts().filter(|ip| *ip > after);
        let earlier = range.hosts().filter(|ip| *ip <= after);
        let free = later
            .chain(earlier)
            .filter(usable)
            .find(|ip| !addresses.used.contains(ip))
            .ok_or(SandboxError::NoAddress(range))?;
        addresses.used.insert(free);
        addresses.last = Some(free);
        Ok(free)
    }

    fn release_address(&self, ip: IpAddr) {
        if let IpAddr::V4(ip) = ip
            && self.addresses.lock().used.remove(&ip)
        {
            self.config.sockets.detach(IpAddr::V4(ip));
        }
    }

    fn clock(&self) -> &Clock {
        &self.config.clock
    }

    fn tasks(&self) -> &Tasks {
        &self.config.tasks
    }

    fn sockets(&self) -> &Arc<dyn Sockets> {
        &self.config.sockets
    }

    /// An identifier as containerd makes them: 64 hexadecimal digits.
    fn new_id(&self) -> String {
        let random: [u128; 2] = rand::rng().random();
        format!("{:032x}{:032x}", random[0], random[1])
    }
}

trait Next {
    fn saturating_next(self) -> Self;
}

impl Next for Ipv4Addr {
    fn saturating_next(self) -> Self {
        Ipv4Addr::from(u32::from(self).saturating_add(1))
    }
}
