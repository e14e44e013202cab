//! How much CPU and memory a container uses, and what happens when it wants too much.
//!
//! The numbers are modelled, not measured: programs say what they hold and what work they do.
//! Mirrors what cAdvisor reads from cgroups.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

/// A container's account.
#[derive(Debug, Default)]
pub struct Usage {
    memory: AtomicU64,
    memory_limit: Option<u64>,
    cpu_nanoseconds: AtomicU64,
    /// CPU used all the time, in nanoseconds a second.
    idle_rate: AtomicU64,
    out_of_memory: AtomicBool,
    killed: Notify,
}

/// Memory somebody holds; it is given back when this is dropped.
#[derive(Debug)]
pub struct Allocation<'a> {
    usage: &'a Usage,
    bytes: u64,
}

impl Usage {
    pub fn new(memory_limit: Option<u64>) -> Self {
        Self {
            memory_limit,
            ..Self::default()
        }
    }

    /// Takes `bytes` more memory. Past the limit the kernel ends the container: this never
    /// returns then, because its caller is gone.
    pub async fn allocate(&self, bytes: u64) -> Allocation<'_> {
        match self.try_allocate(bytes) {
            Some(allocation) => allocation,
            None => std::future::pending().await,
        }
    }

    /// Takes `bytes` more memory; `None` once the limit is passed and the container is dying.
    pub fn try_allocate(&self, bytes: u64) -> Option<Allocation<'_>> {
        let held = self.memory.fetch_add(bytes, Ordering::Relaxed) + bytes;
        let allocation = Allocation { usage: self, bytes };
        if self.memory_limit.is_some_and(|limit| held > limit) {
            self.run_out_of_memory();
            return None;
        }
        Some(allocation)
    }

    /// Ends the container as the kernel's out-of-memory killer does.
    pub fn run_out_of_memory(&self) {
        self.out_of_memory.store(true, Ordering::Relaxed);
        self.killed.notify_one();
    }

    /// Resolves when the out-of-memory killer strikes.
    pub async fn out_of_memory(&self) {
        while !self.is_out_of_memory() {
            self.killed.notified().await;
        }
    }

    pub fn is_out_of_memory(&self) -> bool {
        self.out_of_memory.load(Ordering::Relaxed)
    }

    pub fn memory_limit(&self) -> Option<u64> {
        self.memory_limit
    }

    /// Accounts for work done.
    pub fn charge_cpu(&self, time: Duration) {
        let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        self.cpu_nanoseconds
            .fetch_add(nanoseconds, Ordering::Relaxed);
    }

    /// Accounts for what a program does all the time, in thousandths of a core.
    pub fn set_idle_millicores(&self, millicores: u64) {
        self.idle_rate
            .store(millicores * 1_000_000, Ordering::Relaxed);
    }

    pub fn memory_bytes(&self) -> u64 {
        self.memory.load(Ordering::Relaxed)
    }

    /// CPU time used so far by a container that has run for `running`.
    pub fn cpu_time(&self, running: Duration) -> Duration {
        let idle = self.idle_rate.load(Ordering::Relaxed) as f64 * running.as_secs_f64();
        Duration::from_nanos(self.cpu_nanoseconds.load(Ordering::Relaxed) + idle as u64)
    }
}

impl Drop for Allocation<'_> {
    fn drop(&mut self) {
        self.usage.memory.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}
