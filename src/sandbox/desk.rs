//! The front desk of a cluster that others may find: takes their orders and has them carried out.
//!
//! What takes its time goes on in a task of its own, and is given up when nobody waits for it.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, anyhow};
use pocketkube::clock::Clock;
use pocketkube::tasks::Tasks;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::api::Sandbox;
use super::control::{Asked, ClockOrder, Control, HostStatus, HostTimer, Order};
use super::embedded::Embedded;
use super::fleet::reinforce;
use super::host::{HostFile, HostLock, HostPlace};
use super::insight::Question;
use super::places::Places;

/// A host in the background ends after so long without work.
const IDLE_LIMIT: Duration = Duration::from_secs(30 * 60);

/// How often the host looks whether requests came.
const LOOK: Duration = Duration::from_secs(15);

/// How long its own tasks may take to end.
const END_LIMIT: Duration = Duration::from_secs(2);

/// So many timers are told about.
const TIMERS: usize = 8;

/// Open while others may find the cluster.
pub struct FrontDesk {
    tasks: Tasks,
    /// Cancelled when another process orders to stop, or nobody works here any more.
    stopped: CancellationToken,
    _lock: HostLock,
}

/// Lets other processes find a cluster of this process by its data folder.
pub async fn publish(places: &Places, embedded: Arc<Embedded>) -> Result<FrontDesk> {
    let place = HostPlace::of(places)?;
    let lock = place.lock_host()?;
    let lock = lock.ok_or_else(|| anyhow!("the data folder has a cluster already"))?;
    FrontDesk::open(lock, embedded, false).await
}

impl FrontDesk {
    /// Tells everyone, and begins to take orders.
    pub(super) async fn open(
        lock: HostLock,
        embedded: Arc<Embedded>,
        background: bool,
    ) -> Result<Self> {
        let control = Control::listen().await?;
        let host = HostFile {
            pid: std::process::id(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            address: embedded.socket(),
            control: control.address()?,
            token: control.token().to_owned(),
            started: Clock::real().now(),
        };
        lock.tell(&host, &embedded.kubeconfig())?;
        let tasks = Tasks::new();
        let stopped = CancellationToken::new();
        let (sender, asked) = mpsc::channel(4);
        // It ends when the desk does, once the last answer is on its way.
        tasks.spawn_cooperative("host control", control.run(sender));
        let desk = Desk {
            embedded,
            tasks: tasks.clone(),
            background,
            requests: 0,
            last_work: Instant::now(),
        };
        tasks.spawn("host desk", desk.run(asked, stopped.clone()));
        Ok(Self {
            tasks,
            stopped,
            _lock: lock,
        })
    }

    /// Waits for the order to stop, or for half an hour without work in the background.
    pub async fn stopped(&self) {
        self.stopped.cancelled().await;
    }

    #[cfg(test)]
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.is_cancelled()
    }

    /// Takes no more orders.
    pub async fn close(&self) -> Result<()> {
        let ended = self.tasks.shutdown(END_LIMIT).await;
        ended.map_err(|names| anyhow!("did not end in time: {}", names.join(", ")))
    }
}

/// Answers other processes.
struct Desk {
    embedded: Arc<Embedded>,
    tasks: Tasks,
    background: bool,
    /// Requests that were there at the last look.
    requests: u64,
    last_work: Instant,
}

impl Desk {
    async fn run(mut self, mut asked: mpsc::Receiver<Asked>, stopped: CancellationToken) {
        loop {
            let order = tokio::select! {
                order = asked.recv() => order,
                () = tokio::time::sleep(LOOK), if self.background => {
                    self.notice_requests();
                    if self.last_work.elapsed() >= IDLE_LIMIT {
                        return stopped.cancel();
                    }
                    continue;
                }
            };
            let Some(Asked { order, answer }) = order else {
                return stopped.cancel();
            };
            self.notice_requests();
            // In the foreground a learner looks at it; only they end it.
            let ends = order == Order::Stop && self.background;
            self.carry_out(order, answer);
            if ends {
                return stopped.cancel();
            }
        }
    }

    fn carry_out(&mut self, order: Order, answer: oneshot::Sender<HostStatus>) {
        match order {
            Order::Status | Order::Stop => {}
            Order::Touch => self.last_work = Instant::now(),
            Order::Traffic { user } => {
                let traffic = Some(self.embedded.traffic(&user));
                let status = self.status();
                return send(answer, HostStatus { traffic, ..status });
            }
            Order::Asked { since } => {
                let asked = self.embedded.calls(since);
                let status = self.status();
                return send(answer, HostStatus { asked, ..status });
            }
            Order::Cut { user } => self.embedded.cut_watches(&user),
            Order::Clock { order } => return self.set_clock(order, answer),
            Order::Explain { question } => return send(answer, self.explain(&question)),
            Order::Chaos { chaos } => {
                let fleet = self.embedded.fleet();
                return self.do_it("chaos", answer, async move { chaos.act(&fleet).await });
            }
            Order::Rewind { back } => {
                let rewinder = self.embedded.rewinder();
                return self.do_it("rewind", answer, async move { back.act(&rewinder).await });
            }
            Order::Nodes { at_least } => return self.reinforce(at_least, answer),
        }
        send(answer, self.status());
    }

    fn set_clock(&mut self, order: ClockOrder, answer: oneshot::Sender<HostStatus>) {
        let clock = self.embedded.clock();
        match order {
            ClockOrder::Timers => {
                let timers = self.embedded.next_timers(TIMERS).into_iter();
                let timers = timers
                    .map(|timer| HostTimer {
                        due: timer.due,
                        who: timer.who,
                    })
                    .collect();
                let status = self.status();
                return send(answer, HostStatus { timers, ..status });
            }
            ClockOrder::Pause => clock.pause(),
            ClockOrder::Resume => clock.resume(),
            ClockOrder::Speed { speed } => clock.set_speed(speed),
            ClockOrder::Skip { seconds } => {
                let span = Duration::try_from_secs_f64(seconds).unwrap_or_default();
                let embedded = self.embedded.clone();
                return self.take_time(answer, async move { embedded.skip(span).await });
            }
            ClockOrder::SkipUntil { until } => {
                let embedded = self.embedded.clone();
                return self.take_time(answer, async move { embedded.skip_until(until).await });
            }
            ClockOrder::Follow { changes } => {
                let clock = clock.clone();
                return self.wait(answer, async move { clock.jumped_since(changes).await });
            }
        }
        self.last_work = Instant::now();
        send(answer, self.status());
    }

    fn explain(&self, question: &Question) -> HostStatus {
        let told = question.answer(&self.embedded.insight());
        HostStatus {
            refused: told.as_ref().err().map(|why| format!("{why:#}")),
            answer: told.ok(),
            ..self.status()
        }
    }

    /// Answers with what was done, or why it was not.
    fn do_it(
        &mut self,
        name: &'static str,
        answer: oneshot::Sender<HostStatus>,
        work: impl Future<Output = Result<String>> + Send + 'static,
    ) {
        self.last_work = Instant::now();
        let status = self.status();
        self.tasks.spawn(name, async move {
            let done = work.await;
            let refused = done.as_ref().err().map(|error| format!("{error:#}"));
            let said = done.ok();
            send(
                answer,
                HostStatus {
                    said,
                    refused,
                    ..status
                },
            );
        });
    }

    fn reinforce(&mut self, nodes: usize, answer: oneshot::Sender<HostStatus>) {
        self.last_work = Instant::now();
        let (status, fleet) = (self.status(), self.embedded.fleet());
        self.tasks.spawn("more nodes", async move {
            let refused = reinforce(&fleet, nodes).await.err();
            let refused = refused.map(|error| format!("{error:#}"));
            send(answer, HostStatus { refused, ..status });
        });
    }

    /// Answers when `work` is done, which is work with the cluster.
    fn take_time(
        &mut self,
        answer: oneshot::Sender<HostStatus>,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        self.last_work = Instant::now();
        self.wait(answer, work);
    }

    fn wait(
        &self,
        mut answer: oneshot::Sender<HostStatus>,
        work: impl Future<Output = ()> + Send + 'static,
    ) {
        let (status, embedded) = (self.status(), self.embedded.clone());
        self.tasks.spawn("an order", async move {
            tokio::select! {
                () = work => send(answer, with_time(status, embedded.clock())),
                () = answer.closed() => {}
            }
        });
    }

    /// kubectl in a terminal is work too.
    fn notice_requests(&mut self) {
        let requests = self.embedded.requests();
        if requests != self.requests {
            self.requests = requests;
            self.last_work = Instant::now();
        }
    }

    fn status(&self) -> HostStatus {
        let status = HostStatus {
            idle: self.last_work.elapsed().as_secs(),
            nodes: self.embedded.nodes(),
            background: self.background,
            ..HostStatus::default()
        };
        with_time(status, self.embedded.clock())
    }
}

fn with_time(status: HostStatus, clock: &Clock) -> HostStatus {
    HostStatus {
        // Before the time is read: a change in between is then noticed once too often, never missed.
        changes: clock.jumps(),
        now: clock.now(),
        speed: clock.speed(),
        paused: clock.is_paused(),
        pace: clock.pace(),
        ..status
    }
}

/// Whoever asked may be gone.
fn send(answer: oneshot::Sender<HostStatus>, status: HostStatus) {
    let _ = answer.send(status);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::host::HostPlace;
    use crate::sandbox::{Answer, Attached, Hosting, Places, Sandbox, control};
    use jiff::SignedDuration;

    async fn host(background: bool) -> (tempfile::TempDir, HostPlace, Hosting) {
        let folder = tempfile::tempdir().expect("a folder");
        let places = Places::open(Some(folder.path())).expect("places");
        let place = HostPlace::of(&places).expect("a place");
        let lock = place.lock_host().expect("it locks").expect("nobody hosts");
        let hosting = Hosting::start(lock, &place, background)
            .await
            .expect("it hosts");
        (folder, place, hosting)
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_in_the_background_ends_after_half_an_hour_without_work() {
        let (_folder, _place, hosting) = host(true).await;
        let began = Instant::now();
        hosting.stopped().await;
        let idle = began.elapsed();
        assert!(
            idle >= IDLE_LIMIT && idle < IDLE_LIMIT + 2 * LOOK,
            "{idle:?}"
        );
        hosting.close().await.expect("it ends");
    }

    #[tokio::test]
    async fn an_attached_command_follows_the_hosts_clock() {
        let (_folder, place, hosting) = host(false).await;
        let file = place.told().expect("it reads").expect("it was told");
        let attached = Attached::connect(&place, file.clone()).await;
        let attached = attached.expect("it connects");
        let order = |order| control::ask(&file, Order::Clock { order });
        let pause = order(ClockOrder::Pause).await.expect("an answer");
        assert_eq!((pause.paused, pause.pace), (true, 0.0));
        let clock = attached.clock();
        while clock.pace() != 0.0 {
            clock.jumped_since(clock.jumps()).await;
        }
        let skipped = order(ClockOrder::Skip { seconds: 600.0 }).await;
        let now = skipped.expect("an answer").now;
        assert!(now.duration_since(pause.now) >= SignedDuration::from_mins(10));
        while clock.now() < now {
            clock.jumped_since(clock.jumps()).await;
        }
        attached.close().await.expect("it lets go");
        hosting.close().await.expect("it ends");
    }

    #[tokio::test]
    async fn another_process_is_told_why_things_are_as_they_are() {
        let (_folder, place, hosting) = host(false).await;
        let file = place.told().expect("it reads").expect("it was told");
        let explain = |question| control::ask(&file, Order::Explain { question });
        let timeline = explain(Question::Timeline { limit: 5 }).await;
        let Some(Answer::Trace(timeline)) = timeline.expect("an answer").answer else {
            panic!("another answer");
        };
        assert_eq!(timeline.len(), 5);
        let trace = Question::Trace {
            kind: "node".to_owned(),
            namespace: String::new(),
            name: "kubekata-worker".to_owned(),
        };
        let Some(Answer::Trace(trace)) = explain(trace).await.expect("an answer").answer else {
            panic!("another answer");
        };
        assert_eq!(trace[0].who, "kubelet on kubekata-worker");
        assert_eq!(trace[0].did, "created");
        let nobody = Question::Trace {
            kind: "pod".to_owned(),
            namespace: "default".to_owned(),
            name: "nobody".to_owned(),
        };
        let refused = explain(nobody).await.expect_err("nobody knows");
        let expected = "nothing is remembered of pod/nobody in namespace default";
        assert_eq!(refused.to_string(), expected);
        hosting.close().await.expect("it ends");
    }

    #[tokio::test]
    async fn the_order_to_stop_ends_a_host_in_the_background_only() {
        for background in [true, false] {
            let (_folder, place, hosting) = host(background).await;
            let file = place.told().expect("it reads").expect("it was told");
            let status = control::ask(&file, Order::Stop).await.expect("an answer");
            assert_eq!(status.background, background);
            tokio::task::yield_now().await;
            assert_eq!(hosting.is_stopped(), background);
            hosting.close().await.expect("it ends");
        }
    }
}
