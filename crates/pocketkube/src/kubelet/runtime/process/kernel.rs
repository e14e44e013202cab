//! What the processes of one container share: its files, network, clock, limits and each other.

use std::sync::Arc;

use super::console::Console;
use super::table::ProcessTable;
use super::usage::Usage;
use crate::clock::Clock;
use crate::kubelet::runtime::filesystem::Filesystem;
use crate::kubelet::runtime::image::Image;
use crate::kubelet::runtime::net::PodNetwork;
use crate::tasks::Tasks;

/// A container from the inside.
pub struct Kernel {
    pub clock: Clock,
    pub tasks: Tasks,
    pub image: Arc<Image>,
    /// As the container's user sees them.
    pub filesystem: Filesystem,
    pub network: Arc<PodNetwork>,
    pub processes: Arc<ProcessTable>,
    pub usage: Usage,
    pub console: Arc<Console>,
    /// Cores the container may use; a busy one uses no more.
    pub cpu_limit: Option<f64>,
    /// Ends every process at once.
    pub kill: tokio_util::sync::CancellationToken,
}
