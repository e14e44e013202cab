//! Pods that wait for a node: ready to be tried, backing off, or waiting for the cluster to change.
//!
//! Mirrors `pkg/scheduler/backend/queue/scheduling_queue.go` (v1.35), with `PopFromBackoffQ`:
//! when nothing else is ready, a Pod that backs off is tried at once.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::pod_info::PodInfo;

const INITIAL_BACKOFF: Duration = Duration::from_secs(1);
const LONGEST_BACKOFF: Duration = Duration::from_secs(10);
/// A Pod that no event wakes is tried again after this time.
const LONGEST_WAIT: SignedDuration = SignedDuration::from_mins(5);

/// A Pod in the queue.
#[derive(Clone, Debug)]
pub struct QueuedPod {
    pub info: Arc<PodInfo>,
    /// How often it was tried.
    pub attempts: u32,
    /// Since when it waits for this try.
    since: Timestamp,
    /// The rules that refused it last time.
    rejected_by: BTreeSet<&'static str>,
}

/// Highest priority first, then whoever waits longest.
type ActiveKey = (std::cmp::Reverse<i32>, Timestamp, u64);
type BackoffKey = (Timestamp, u64);

/// Owned by the scheduler's one task. Every Pod is in exactly one place, named by its uid.
#[derive(Default)]
pub struct Queue {
    pods: HashMap<String, (QueuedPod, Place)>,
    active: BTreeMap<ActiveKey, String>,
    /// Woken early, by the end of the back-off.
    backoff: BTreeMap<BackoffKey, String>,
    /// Met an error, by the end of the back-off, which nothing shortens.
    failed: BTreeMap<BackoffKey, String>,
    unschedulable: BTreeSet<String>,
    arrivals: u64,
}

#[derive(Clone, Copy, Debug)]
enum Place {
    /// A rule holds it back, such as scheduling gates.
    Gated,
    Active(ActiveKey),
    Backoff(BackoffKey),
    Failed(BackoffKey),
    Unschedulable,
}

impl Queue {
    /// A Pod that nobody has tried yet.
    pub fn add(&mut self, info: Arc<PodInfo>, now: Timestamp) {
        self.activate(QueuedPod {
            info,
            attempts: 0,
            since: now,
            rejected_by: BTreeSet::new(),
        });
    }

    /// A Pod that may not be tried until it changes.
    pub fn add_gated(&mut self, info: Arc<PodInfo>, now: Timestamp) {
        let queued = QueuedPod {
            info,
            attempts: 0,
            since: now,
            rejected_by: BTreeSet::new(),
        };
        self.put(queued, Place::Gated);
    }

    /// A new version of a waiting Pod. `is_changed` says that it may fit now.
    pub fn update(&mut self, info: Arc<PodInfo>, is_changed: bool, now: Timestamp) {
        let uid = info.uid().to_owned();
        let Some((queued, place)) = self.pods.get_mut(&uid) else {
            return;
        };
        queued.info = info;
        match place {
            Place::Gated => {
                let queued = self.take(&uid);
                queued.into_iter().for_each(|queued| self.activate(queued));
            }
            Place::Unschedulable if is_changed => self.wake(&uid, now),
            _ => {}
        }
    }

    pub fn contains(&self, uid: &str) -> bool {
        self.pods.contains_key(uid)
    }

    pub fn remove(&mut self, uid: &str) {
        self.take(uid);
    }

    /// The next Pod to try, counted as a try.
    pub fn pop(&mut self, now: Timestamp) -> Option<QueuedPod> {
        self.end_backoffs(now);
        let active = self.active.first_key_value();
        let backing_off = self.backoff.first_key_value();
        let uid = active
            .map(|(_, uid)| uid)
            .or(backing_off.map(|(_, uid)| uid));
        let uid = uid?.clone();
        let mut queued = self.take(&uid)?;
        queued.attempts += 1;
        Some(queued)
    }

    /// A Pod that was tried and fits nowhere: it waits for a change that one of these rules cares
    /// for.
    pub fn park(
        &mut self,
        mut queued: QueuedPod,
        rejected_by: BTreeSet<&'static str>,
        now: Timestamp,
    ) {
        queued.rejected_by = rejected_by;
        queued.since = now;
        self.put(queued, Place::Unschedulable);
    }

    /// A Pod whose binding failed: it is tried again after its back-off.
    pub fn retry(&mut self, mut queued: QueuedPod, now: Timestamp) {
        queued.since = now;
        let end = later(now, backoff_of(queued.attempts));
        self.arrivals += 1;
        let key = (end, self.arrivals);
        self.put(queued, Place::Failed(key));
    }

    /// When the next Pod that met an error may be tried again.
    pub fn next_retry(&self) -> Option<Timestamp> {
        self.failed.first_key_value().map(|((end, _), _)| *end)
    }

    /// Wakes the Pods that were refused by a rule for which `cares` holds.
    pub fn wake_where(&mut self, cares: impl Fn(&str) -> bool, now: Timestamp) {
        let woken: Vec<String> = self
            .unschedulable
            .iter()
            .filter(|uid| {
                let queued = self.pods.get(*uid);
                queued.is_some_and(|(queued, _)| {
                    // Nobody in particular refused it: any change may help.
                    queued.rejected_by.is_empty()
                        || queued.rejected_by.iter().any(|plugin| cares(plugin))
                })
            })
            .cloned()
            .collect();
        for uid in woken {
            self.wake(&uid, now);
        }
    }

    /// Wakes those that have waited too long for any event.
    pub fn flush(&mut self, now: Timestamp) {
        let overdue: Vec<String> = self
            .unschedulable
            .iter()
            .filter(|uid| {
                let queued = self.pods.get(*uid);
                queued.is_some_and(|(queued, _)| now.duration_since(queued.since) > LONGEST_WAIT)
            })
            .cloned()
            .collect();
        for uid in overdue {
            self.wake(&uid, now);
        }
    }

    pub fn has_unschedulable(&self) -> bool {
        !self.unschedulable.is_empty()
    }

    fn wake(&mut self, uid: &str, now: Timestamp) {
        let Some(queued) = self.take(uid) else {
            return;
        };
        let end = later(queued.since, backoff_of(queued.attempts));
        if end > now {
            self.arrivals += 1;
            let key = (end, self.arrivals);
            self.put(queued, Place::Backoff(key));
        } else {
            self.activate(queued);
        }
    }

    fn end_backoffs(&mut self, now: Timestamp) {
        let ended = |list: &BTreeMap<BackoffKey, String>| -> Vec<String> {
            let ended = list.range(..=(now, u64::MAX));
            ended.map(|(_, uid)| uid.clone()).collect()
        };
        for uid in [ended(&self.backoff), ended(&self.failed)].concat() {
            if let Some(queued) = self.take(&uid) {
                self.activate(queued);
            }
        }
    }

    fn activate(&mut self, queued: QueuedPod) {
        self.arrivals += 1;
        let priority = std::cmp::Reverse(queued.info.priority);
        let key = (priority, queued.since, self.arrivals);
        self.put(queued, Place::Active(key));
    }

    fn put(&mut self, queued: QueuedPod, place: Place) {
        let uid = queued.info.uid().to_owned();
        self.take(&uid);
        match place {
            Place::Gated => {}
            Place::Active(key) => {
                self.active.insert(key, uid.clone());
            }
            Place::Backoff(key) => {
                self.backoff.insert(key, uid.clone());
            }
            Place::Failed(key) => {
                self.failed.insert(key, uid.clone());
            }
            Place::Unschedulable => {
                self.unschedulable.insert(uid.clone());
            }
        }
        self.pods.insert(uid, (queued, place));
    }

    fn take(&mut self, uid: &str) -> Option<QueuedPod> {
        let (queued, place) = self.pods.remove(uid)?;
        match place {
            Place::Gated => {}
            Place::Active(key) => {
                self.active.remove(&key);
            }
            Place::Backoff(key) => {
                self.backoff.remove(&key);
            }
            Place::Failed(key) => {
                self.failed.remove(&key);
            }
            Place::Unschedulable => {
                self.unschedulable.remove(uid);
            }
        }
        Some(queued)
    }
}

fn backoff_of(attempts: u32) -> Duration {
    let doublings = attempts.saturating_sub(1).min(10);
    (INITIAL_BACKOFF * 2_u32.pow(doublings)).min(LONGEST_BACKOFF)
}

fn later(time: Timestamp, by: Duration) -> Timestamp {
    time.saturating_add(by).unwrap_or(time)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::scheduler::testing::pod;

    fn start() -> Timestamp {
        "2026-01-01T00:00:00Z".parse().unwrap()
    }

    fn info(name: &str, priority: i32) -> Arc<PodInfo> {
        let pod = pod(json!({"metadata": {"name": name},
            "spec": {"containers": [], "priority": priority}}));
        Arc::new(PodInfo::new(Arc::new(pod)))
    }

    fn pop(queue: &mut Queue, now: Timestamp) -> Option<String> {
        queue.pop(now).map(|queued| queued.info.uid().to_owned())
    }

    #[test]
    fn priority_goes_before_age() {
        let mut queue = Queue::default();
        queue.add(info("old", 0), start());
        queue.add(info("young", 0), later(start(), Duration::from_secs(1)));
        queue.add(
            info("important", 10),
            later(start(), Duration::from_secs(2)),
        );
        let order: Vec<_> = std::iter::from_fn(|| pop(&mut queue, start())).collect();
        assert_eq!(order, ["important", "old", "young"]);
    }

    #[test]
    fn only_a_change_that_a_refusing_rule_cares_for_wakes_a_pod() {
        let mut queue = Queue::default();
        queue.add(info("p", 0), start());
        let queued = queue.pop(start()).unwrap();
        queue.park(queued, ["NodePorts"].into(), start());
        queue.wake_where(|plugin| plugin == "TaintToleration", start());
        assert_eq!(pop(&mut queue, start()), None);
        queue.wake_where(|plugin| plugin == "NodePorts", start());
        assert_eq!(pop(&mut queue, start()).as_deref(), Some("p"));
    }

    #[test]
    fn a_pod_that_nothing_wakes_is_tried_again_in_the_end() {
        let mut queue = Queue::default();
        queue.add(info("p", 0), start());
        let queued = queue.pop(start()).unwrap();
        queue.park(queued, ["NodePorts"].into(), start());
        let now = later(start(), Duration::from_secs(301));
        queue.flush(now);
        assert_eq!(pop(&mut queue, now).as_deref(), Some("p"));
    }

    #[test]
    fn backing_off_yields_to_whoever_is_ready() {
        let mut queue = Queue::default();
        queue.add(info("p", 5), start());
        let queued = queue.pop(start()).unwrap();
        queue.park(queued, ["NodePorts"].into(), start());
        queue.wake_where(|_| true, start());
        queue.add(info("q", 0), start());
        assert_eq!(pop(&mut queue, start()).as_deref(), Some("q"));
        assert_eq!(pop(&mut queue, start()).as_deref(), Some("p"));
    }

    #[test]
    fn after_an_error_the_back_off_is_kept_and_grows() {
        let mut queue = Queue::default();
        queue.add(info("p", 0), start());
        let mut now = start();
        for seconds in [1, 2, 4, 8, 10, 10] {
            let queued = queue.pop(now).unwrap();
            queue.retry(queued, now);
            assert_eq!(pop(&mut queue, now), None);
            now = later(now, Duration::from_secs(seconds));
            assert_eq!(queue.next_retry(), Some(now));
        }
    }

    #[test]
    fn a_gated_pod_waits_for_its_update() {
        let mut queue = Queue::default();
        queue.add_gated(info("p", 0), start());
        assert_eq!(pop(&mut queue, start()), None);
        queue.update(info("p", 0), true, start());
        assert_eq!(pop(&mut queue, start()).as_deref(), Some("p"));
    }
}
