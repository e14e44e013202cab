//! The seats of one priority level, and those who wait for them: flows in turn, each in its order.
//!
//! Every flow has a queue of its own, where upstream deals flows onto a fixed number of queues;
//! seats that a level doesn't need are not lent to others (LIMITATIONS API-7).

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use http::HeaderValue;
use parking_lot::Mutex;
use tokio::sync::oneshot;

/// What a level gives.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    /// Without a number nobody needs a seat.
    pub(super) seats: Option<usize>,
    /// How many of one flow may wait.
    pub(super) waiting: usize,
}

#[derive(Debug)]
pub(super) struct Level {
    uid: HeaderValue,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    limits: Limits,
    taken: usize,
    queues: BTreeMap<String, VecDeque<oneshot::Sender<()>>>,
    /// The flows that wait, the next one first.
    turns: VecDeque<String>,
}

/// Taken until it is dropped.
#[derive(Debug)]
pub(super) struct Seat(Arc<Level>);

impl Drop for Seat {
    fn drop(&mut self) {
        let mut state = self.0.state.lock();
        state.taken = state.taken.saturating_sub(1);
        state.call_next();
    }
}

/// A place in a queue. Whoever leaves it after being called gives the seat back.
struct Place {
    level: Arc<Level>,
    called: oneshot::Receiver<()>,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.called.close();
        if self.called.try_recv().is_ok() {
            drop(Seat(self.level.clone()));
        }
    }
}

impl Level {
    pub(super) fn new(uid: HeaderValue) -> Self {
        Self {
            uid,
            state: Mutex::default(),
        }
    }

    pub(super) fn uid(&self) -> &HeaderValue {
        &self.uid
    }

    pub(super) fn set(&self, limits: Limits) {
        let mut state = self.state.lock();
        state.limits = limits;
        state.call_next();
    }

    /// A seat for a flow, at once or in turn; `None` where that would take too long.
    pub(super) async fn seat(self: &Arc<Self>, flow: &str, patience: Duration) -> Option<Seat> {
        let mut place = match self.sit_or_queue(flow)? {
            None => return Some(Seat(self.clone())),
            Some(place) => place,
        };
        let called = tokio::time::timeout(patience, &mut place.called).await;
        matches!(called, Ok(Ok(()))).then(|| Seat(self.clone()))
    }

    /// `Some(None)` is a seat at once.
    fn sit_or_queue(self: &Arc<Self>, flow: &str) -> Option<Option<Place>> {
        let mut state = self.state.lock();
        if state.has_seat() && state.turns.is_empty() {
            state.taken += 1;
            return Some(None);
        }
        let (caller, called) = oneshot::channel();
        state.queue(flow, caller)?;
        let level = self.clone();
        Some(Some(Place { level, called }))
    }
}

impl State {
    fn has_seat(&self) -> bool {
        self.limits.seats.is_none_or(|seats| self.taken < seats)
    }

    fn queue(&mut self, flow: &str, caller: oneshot::Sender<()>) -> Option<()> {
        let waiting = self.limits.waiting;
        let queue = self.queues.entry(flow.to_owned()).or_default();
        queue.retain(|other| !other.is_closed());
        if queue.len() >= waiting {
            if queue.is_empty() {
                self.queues.remove(flow);
            }
            return None;
        }
        queue.push_back(caller);
        if !self.turns.iter().any(|own| own == flow) {
            self.turns.push_back(flow.to_owned());
        }
        Some(())
    }

    /// Gives free seats to those who wait, one flow after the other.
    fn call_next(&mut self) {
        while self.has_seat() {
            let Some(flow) = self.turns.pop_front() else {
                return;
            };
            let Some(queue) = self.queues.get_mut(&flow) else {
                continue;
            };
            // Who has left in the meantime is passed over.
            while let Some(caller) = queue.pop_front() {
                if caller.send(()).is_ok() {
                    self.taken += 1;
                    break;
                }
            }
            if queue.is_empty() {
                self.queues.remove(&flow);
            } else {
                self.turns.push_back(flow);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn flows_take_turns_however_many_of_one_wait() {
        let level = Arc::new(Level::new(HeaderValue::from_static("uid")));
        level.set(Limits {
            seats: Some(1),
            waiting: 10,
        });
        let patience = Duration::from_secs(60);
        let first = level.seat("a", patience).await;
        let order = Mutex::new(Vec::new());
        let wait = async |flow: &'static str| {
            let seat = level.seat(flow, patience).await;
            order.lock().push(flow);
            drop(seat);
        };
        tokio::join!(wait("a"), wait("a"), wait("a"), wait("b"), async {
            tokio::time::sleep(Duration::from_secs(1)).await;
            drop(first);
        });
        assert_eq!(*order.lock(), ["a", "b", "a", "a"]);
        assert!(level.state.lock().queues.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn who_gives_up_leaves_no_seat_taken() {
        let level = Arc::new(Level::new(HeaderValue::from_static("uid")));
        level.set(Limits {
            seats: Some(1),
            waiting: 1,
        });
        let second = Duration::from_secs(1);
        let seat = level.seat("a", second).await.unwrap();
        assert!(level.seat("a", second).await.is_none());
        drop(seat);
        assert!(level.seat("b", second).await.is_some());
        assert_eq!(level.state.lock().taken, 0);
    }
}
