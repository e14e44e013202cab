//! Whether any task of a group can go on right now.
//!
//! Each task is polled with a waker of its own, which counts the task as ready from the moment it
//! is woken until it has been polled. So "nothing moves until time passes" is known, not guessed
//! from a while of silence, and a busy machine changes nothing. Work outside of the group (threads
//! for blocking calls, other processes) is not seen.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};
use std::time::{Duration, Instant};

use futures::task::AtomicWaker;

/// What the tasks of a group do.
#[derive(Default)]
pub(super) struct Activity {
    /// Tasks that were woken, or are being polled.
    ready: AtomicUsize,
    /// How often any was polled.
    polls: AtomicU64,
}

impl Activity {
    /// `future`, and whether it has something to do.
    pub fn watch<F: Future<Output = ()>>(
        self: &Arc<Self>,
        future: F,
    ) -> impl Future<Output = ()> + use<F> {
        let task = Watched::new(self.clone());
        async move {
            let waker = Waker::from(task.0.clone());
            let mut future = pin!(future);
            poll_fn(|context| {
                task.0.outer.register(context.waker());
                let _polled = task.0.begin();
                future.as_mut().poll(&mut Context::from_waker(&waker))
            })
            .await;
        }
    }

    pub async fn quiet(&self, within: Duration) -> bool {
        /// A task that yields is woken by the runtime a turn later, so one look is not enough.
        const LOOKS: usize = 4;
        let began = Instant::now();
        let mut calm = 0;
        let mut polls = None;
        while calm < LOOKS {
            let seen = Some(self.polls.load(Ordering::SeqCst));
            let still = self.ready.load(Ordering::SeqCst) == 0 && seen == polls;
            calm = if still { calm + 1 } else { 0 };
            polls = seen;
            if calm == 0 && began.elapsed() >= within {
                return false;
            }
            tokio::task::yield_now().await;
        }
        true
    }
}

/// It waits for something.
const WAITS: u8 = 0;
/// It was woken, and counts as ready.
const WOKEN: u8 = 1;
/// It has ended; who wakes it now wakes nobody.
const ENDED: u8 = 2;

struct Signal {
    activity: Arc<Activity>,
    state: AtomicU8,
    outer: AtomicWaker,
}

impl Signal {
    fn woken(&self) {
        let exchanged =
            self.state
                .compare_exchange(WAITS, WOKEN, Ordering::SeqCst, Ordering::SeqCst);
        if exchanged.is_ok() {
            self.activity.ready.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// It is polled while the guard lives, and counts as ready meanwhile.
    fn begin(&self) -> Polled<'_> {
        self.activity.ready.fetch_add(1, Ordering::SeqCst);
        self.activity.polls.fetch_add(1, Ordering::SeqCst);
        let exchanged =
            self.state
                .compare_exchange(WOKEN, WAITS, Ordering::SeqCst, Ordering::SeqCst);
        if exchanged.is_ok() {
            self.activity.ready.fetch_sub(1, Ordering::SeqCst);
        }
        Polled(&self.activity)
    }
}

impl Wake for Signal {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.woken();
        self.outer.wake();
    }
}

struct Polled<'a>(&'a Activity);

impl Drop for Polled<'_> {
    fn drop(&mut self) {
        self.0.ready.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A task from its start, when it is ready, to its end, however it ends.
struct Watched(Arc<Signal>);

impl Watched {
    fn new(activity: Arc<Activity>) -> Self {
        let signal = Signal {
            activity,
            state: AtomicU8::new(WAITS),
            outer: AtomicWaker::new(),
        };
        signal.woken();
        Self(Arc::new(signal))
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        if self.0.state.swap(ENDED, Ordering::SeqCst) == WOKEN {
            self.0.activity.ready.fetch_sub(1, Ordering::SeqCst);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use tokio::sync::oneshot;

    use super::super::Tasks;
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[tokio::test]
    async fn a_group_is_quiet_once_every_chain_of_wakes_has_ended() {
        let tasks = Tasks::new();
        let (first, second) = (oneshot::channel(), oneshot::channel::<()>());
        let done = Arc::new(AtomicBool::new(false));
        let told = done.clone();
        tasks.spawn("relay", async move {
            let _ = first.1.await;
            tokio::task::yield_now().await;
            let _ = second.0.send(());
        });
        tasks.spawn("last", async move {
            let _ = second.1.await;
            told.store(true, Ordering::SeqCst);
            std::future::pending::<()>().await;
        });
        assert!(tasks.quiet(LONG).await);
        assert!(!done.load(Ordering::SeqCst));
        let _ = first.0.send(());
        assert!(tasks.quiet(LONG).await);
        assert!(done.load(Ordering::SeqCst));
    }

    #[tokio::test]
    async fn who_never_rests_makes_no_quiet() {
        let tasks = Tasks::new();
        tasks.spawn("busy", async {
            loop {
                tokio::task::yield_now().await;
            }
        });
        assert!(!tasks.quiet(Duration::from_millis(5)).await);
    }

    #[tokio::test]
    async fn a_task_that_has_ended_is_not_waited_for() {
        let tasks = Tasks::new();
        let activity = tasks.activity.clone();
        let (sender, receiver) = oneshot::channel::<()>();
        tasks.spawn("ends", async move {
            tokio::select! {
                _ = receiver => {}
                () = std::future::ready(()) => {}
            }
        });
        tasks.spawn("is cancelled", std::future::pending());
        assert!(tasks.quiet(LONG).await);
        let _ = sender.send(());
        tasks.shutdown(LONG).await.expect("everything ends");
        assert_eq!(activity.ready.load(Ordering::SeqCst), 0);
    }
}
