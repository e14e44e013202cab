//! Polls a shell so that it is fair to others while it works and silent while it waits.
//!
//! Two habits of the interpreter are corrected here. It yields while it computes, but would go on
//! for ever at full speed: after a burst it is made to pause. And it looks at a cancellation flag
//! every ten milliseconds even while nothing happens, which thousands of sleeping containers
//! could not afford (and which would make paused time crawl): the first wake-up that comes from
//! outside after each poll is taken for that timer and swallowed. Our own commands wake the task
//! past this filter (see [`Awake`]); any other wake-up the interpreter may wait for is late by
//! one timer period at worst, because the timer then comes second.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::time::Sleep;

/// Yields in a row after which a shell counts as busy; each stands for 64 commands.
const BURST: u32 = 500;
/// How long a busy shell rests, and after how many yields.
const REST: Duration = Duration::from_millis(10);
const REST_EVERY: u32 = 4;

/// Decides which wake-ups reach the task a shell runs on.
#[derive(Default)]
pub struct WakeFilter {
    task: Mutex<Option<Waker>>,
    polling: AtomicBool,
    /// A wake-up came while polling: the shell yielded.
    yielded: AtomicBool,
    swallowed: AtomicBool,
}

impl WakeFilter {
    fn wake_task(&self) {
        let task = self.task.lock().clone();
        if let Some(task) = task {
            task.wake();
        }
    }
}

impl Wake for WakeFilter {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.polling.load(Ordering::Acquire) {
            self.yielded.store(true, Ordering::Release);
        } else if self.swallowed.swap(true, Ordering::AcqRel) {
            self.wake_task();
        }
    }
}

/// Drives the interpreter's future.
pub struct Driver<F> {
    future: Pin<Box<F>>,
    filter: Arc<WakeFilter>,
    yields: u32,
    rest: Option<Pin<Box<Sleep>>>,
    /// Called for each yield of a shell that is busy.
    on_busy: Box<dyn FnMut() + Send>,
}

impl<F: Future> Driver<F> {
    pub fn new(filter: Arc<WakeFilter>, future: F, on_busy: impl FnMut() + Send + 'static) -> Self {
        Self {
            future: Box::pin(future),
            filter,
            yields: 0,
            rest: None,
            on_busy: Box::new(on_busy),
        }
    }
}

impl<F: Future> Future for Driver<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let this = &mut *self;
        if let Some(rest) = &mut this.rest {
            if rest.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            this.rest = None;
        }
        *this.filter.task.lock() = Some(context.waker().clone());
        this.filter.swallowed.store(false, Ordering::Release);
        this.filter.yielded.store(false, Ordering::Release);
        this.filter.polling.store(true, Ordering::Release);
        let waker = Waker::from(this.filter.clone());
        let outcome = this.future.as_mut().poll(&mut Context::from_waker(&waker));
        this.filter.polling.store(false, Ordering::Release);
        if outcome.is_ready() {
            return outcome;
        }
        if !this.filter.yielded.load(Ordering::Acquire) {
            this.yields = 0;
            return Poll::Pending;
        }
        this.yields += 1;
        if this.yields <= BURST {
            context.waker().wake_by_ref();
            return Poll::Pending;
        }
        (this.on_busy)();
        if this.yields.is_multiple_of(REST_EVERY) {
            let mut rest = Box::pin(tokio::time::sleep(REST));
            if rest.as_mut().poll(context).is_pending() {
                this.rest = Some(rest);
                return Poll::Pending;
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

/// Lets a command of ours wake the shell's task past the filter.
pub struct Awake<F> {
    future: Pin<Box<F>>,
    filter: Arc<WakeFilter>,
}

impl<F: Future> Awake<F> {
    pub fn new(filter: Arc<WakeFilter>, future: F) -> Self {
        Self {
            future: Box::pin(future),
            filter,
        }
    }
}

impl<F: Future> Future for Awake<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<F::Output> {
        let both = Both {
            given: context.waker().clone(),
            filter: self.filter.clone(),
        };
        let waker = Waker::from(Arc::new(both));
        self.future.as_mut().poll(&mut Context::from_waker(&waker))
    }
}

/// Wakes whoever polled us (the interpreter keeps books on which of its jobs are ready), and then
/// the task for certain.
struct Both {
    given: Waker,
    filter: Arc<WakeFilter>,
}

impl Wake for Both {
    fn wake(self: Arc<Self>) {
        self.given.wake_by_ref();
        self.filter.wake_task();
    }
}
