//! What was asked over HTTP lately, request by request, for whoever wants to look over somebody's
//! shoulder. No part of Kubernetes; an audit log tells the same and more.

use std::collections::VecDeque;
use std::sync::Arc;

use http::HeaderMap;
use http::header::USER_AGENT;
use parking_lot::Mutex;

use super::request_info::RequestInfo;

/// So many are remembered.
const REMEMBERED: usize = 512;

/// One request to a resource.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Counts from 1, so that nothing is told twice.
    pub number: u64,
    pub user: String,
    /// What the client calls itself; empty where it says nothing.
    pub agent: String,
    /// `get`, `list`, `deletecollection`.
    pub verb: String,
    /// `pods`, `deployments`.
    pub resource: String,
    pub subresource: String,
    /// Empty for cluster-scoped resources and for all namespaces.
    pub namespace: String,
    /// Empty for collections.
    pub name: String,
    /// The status of the answer.
    pub code: u16,
}

/// The latest requests; the oldest ones make room.
#[derive(Default)]
pub(super) struct AskedLog {
    log: Mutex<Log>,
}

#[derive(Default)]
struct Log {
    count: u64,
    latest: VecDeque<Arc<Asked>>,
}

impl AskedLog {
    pub(super) fn add(&self, asked: Asked) {
        let mut log = self.log.lock();
        log.count += 1;
        let number = log.count;
        if log.latest.len() == REMEMBERED {
            log.latest.pop_front();
        }
        log.latest.push_back(Arc::new(Asked { number, ..asked }));
    }

    /// Those after a number, the oldest first.
    pub(super) fn since(&self, number: u64) -> Vec<Arc<Asked>> {
        let log = self.log.lock();
        let after = log.latest.iter().filter(|asked| asked.number > number);
        after.cloned().collect()
    }
}

impl Asked {
    /// A request whose answer is not known yet; `None` where it is about no resource.
    pub(super) fn of(info: &RequestInfo, user: &str, headers: &HeaderMap) -> Option<Self> {
        let agent = headers.get(USER_AGENT);
        let agent = agent.and_then(|agent| agent.to_str().ok());
        info.is_resource.then(|| Self {
            number: 0,
            user: user.to_owned(),
            agent: agent.unwrap_or_default().to_owned(),
            verb: info.verb.clone(),
            resource: info.resource.clone(),
            subresource: info.subresource.clone(),
            namespace: info.namespace.clone(),
            name: info.name.clone(),
            code: 0,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_latest_are_told_once_and_the_oldest_make_room() {
        let log = AskedLog::default();
        let asked = Asked {
            number: 0,
            user: "a".to_owned(),
            agent: String::new(),
            verb: "get".to_owned(),
            resource: "pods".to_owned(),
            subresource: String::new(),
            namespace: String::new(),
            name: String::new(),
            code: 200,
        };
        for _ in 0..REMEMBERED + 3 {
            log.add(asked.clone());
        }
        let all = log.since(0);
        assert_eq!((all.len(), all[0].number), (REMEMBERED, 4));
        let last = all[all.len() - 1].number;
        assert!(log.since(last).is_empty());
        log.add(asked);
        assert_eq!(log.since(last).len(), 1);
    }
}
