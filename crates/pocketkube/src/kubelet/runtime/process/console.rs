//! Where a container's main process writes: into its log, and to whoever is attached.

use std::sync::Arc;

use bytes::Bytes;
use parking_lot::Mutex;
use tokio::sync::broadcast;

use super::io::with_carriage_returns;
use crate::clock::Clock;
use crate::kubelet::runtime::logs::LogBuffer;

/// One of the two streams of output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamKind {
    Stdout,
    Stderr,
}

/// The output end of a container.
pub struct Console {
    log: Arc<LogBuffer>,
    clock: Clock,
    /// On a terminal line feeds gain a carriage return, in the log too.
    is_terminal: bool,
    /// Made when somebody attaches for the first time.
    attached: Mutex<Option<broadcast::Sender<(StreamKind, Bytes)>>>,
}

/// How many chunks an attached client may lag behind before it loses some.
const ATTACH_BACKLOG: usize = 256;

impl Console {
    pub fn new(log: Arc<LogBuffer>, clock: Clock, is_terminal: bool) -> Arc<Self> {
        Arc::new(Self {
            log,
            clock,
            is_terminal,
            attached: Mutex::new(None),
        })
    }

    pub fn log(&self) -> &Arc<LogBuffer> {
        &self.log
    }

    pub fn write(&self, kind: StreamKind, content: &[u8]) {
        let cooked;
        let content = if self.is_terminal {
            cooked = with_carriage_returns(content);
            &cooked
        } else {
            content
        };
        self.log.append(self.clock.now(), kind, content);
        if let Some(attached) = &*self.attached.lock() {
            let _ = attached.send((kind, Bytes::copy_from_slice(content)));
        }
    }

    /// Everything written from now on.
    pub fn attach(&self) -> broadcast::Receiver<(StreamKind, Bytes)> {
        let mut attached = self.attached.lock();
        attached
            .get_or_insert_with(|| broadcast::channel(ATTACH_BACKLOG).0)
            .subscribe()
    }

    /// No more is coming: flushes the last line and lets attached clients and log readers end.
    pub fn close(&self) {
        self.log.close(self.clock.now());
        *self.attached.lock() = None;
    }
}
