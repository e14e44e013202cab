//! The processes of a container: who runs, with what arguments, and how to signal them.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::mpsc;

use super::signal::{Signal, Signals};

/// What `ps` shows of a process.
#[derive(Clone, Debug)]
pub struct ProcessInfo {
    pub pid: u32,
    pub arguments: Vec<String>,
    pub uid: u32,
    pub started: Timestamp,
}

#[derive(Debug, Default)]
pub struct ProcessTable {
    entries: Mutex<BTreeMap<u32, Entry>>,
}

#[derive(Debug)]
struct Entry {
    info: ProcessInfo,
    signals: mpsc::UnboundedSender<Signal>,
}

/// A place in the table, given up when dropped.
#[derive(Debug)]
pub struct Registration {
    pid: u32,
    table: Arc<ProcessTable>,
}

impl ProcessTable {
    /// Enters a process under the next free number; the first is 1.
    pub fn register(
        self: &Arc<Self>,
        arguments: Vec<String>,
        uid: u32,
        started: Timestamp,
    ) -> (Registration, Signals) {
        let (sender, signals) = Signals::channel();
        let mut entries = self.entries.lock();
        let pid = entries.keys().next_back().map_or(1, |last| match last {
            1 => 7,
            last => last + 1,
        });
        let info = ProcessInfo {
            pid,
            arguments,
            uid,
            started,
        };
        entries.insert(
            pid,
            Entry {
                info,
                signals: sender,
            },
        );
        let table = self.clone();
        (Registration { pid, table }, signals)
    }

    pub fn list(&self) -> Vec<ProcessInfo> {
        let entries = self.entries.lock();
        entries.values().map(|entry| entry.info.clone()).collect()
    }

    /// Sends a signal; `false` where there is no such process.
    pub fn signal(&self, pid: u32, signal: Signal) -> bool {
        let entries = self.entries.lock();
        entries
            .get(&pid)
            .is_some_and(|entry| entry.signals.send(signal).is_ok())
    }
}

impl Registration {
    pub fn pid(&self) -> u32 {
        self.pid
    }
}

impl Drop for Registration {
    fn drop(&mut self) {
        self.table.entries.lock().remove(&self.pid);
    }
}
