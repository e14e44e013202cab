//! Connections that wait for the next question to the same server.

use std::collections::HashMap;

use bytes::Bytes;
use http_body_util::Full;
use hyper::client::conn::http1::SendRequest;
use parking_lot::Mutex;

use super::Target;

pub(super) type Sender = SendRequest<Full<Bytes>>;

/// Idle connections to one server.
const PER_TARGET: usize = 8;
/// Servers with idle connections. Those of forgotten configurations go when there are more.
const TARGETS: usize = 64;

/// Open connections that nobody uses.
#[derive(Default)]
pub(super) struct Pool {
    idle: Mutex<HashMap<Target, Vec<Sender>>>,
}

impl Pool {
    /// A connection that, as far as is known, the server has not closed.
    pub(super) fn take(&self, target: &Target) -> Option<Sender> {
        let mut idle = self.idle.lock();
        let senders = idle.get_mut(target)?;
        while let Some(sender) = senders.pop() {
            if sender.is_ready() {
                return Some(sender);
            }
        }
        idle.remove(target);
        None
    }

    /// Keeps a connection whose answer has been read.
    pub(super) fn keep(&self, target: &Target, sender: Sender) {
        if sender.is_closed() {
            return;
        }
        let mut idle = self.idle.lock();
        if !idle.contains_key(target) && idle.len() >= TARGETS {
            idle.clear();
        }
        let senders = idle.entry(target.clone()).or_default();
        if senders.len() < PER_TARGET {
            senders.push(sender);
        }
    }
}
