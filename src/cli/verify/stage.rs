//! Where proofs happen: threads with a runtime of their own, whose time belongs to the cluster.
//!
//! Between scripts tokio's clock is paused: as soon as nobody has anything left to do, it stands
//! at the next timer. So minutes of cluster time cost what the cluster does in them, "nothing
//! moves any more" is known instead of guessed, and a busy machine changes nothing. While a script
//! runs, which nobody can speed up, time passes in steps.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use parking_lot::Mutex;
use pocketkube::clock::Clock;
use tokio::runtime;
use tokio::sync::mpsc;
use tokio::time::MissedTickBehavior;

use super::case::{Case, Outcome};
use super::shared::SharedCluster;

/// While scripts run, so much cluster time passes with every [`BEAT`]: what they wait for comes
/// soon. In steps, because a machine that is busy with something else must not let so much pass at
/// once that nodes count as silent.
const STEP: Duration = Duration::from_millis(500);

/// Machine time between two steps, or more.
const BEAT: Duration = Duration::from_millis(10);

/// Cases in which a program and the cluster wait for each other leave the processors to others:
/// so many more of them go on at once.
const WAITING_FOR_EACH: usize = 2;

/// Stages that prove cases side by side.
pub struct Stages {
    outcomes: mpsc::UnboundedReceiver<(usize, Outcome)>,
    threads: Vec<thread::JoinHandle<std::io::Result<()>>>,
}

impl Stages {
    /// Begins to prove `cases`, so many at once, besides those that mostly wait. Fails where there can be no thread.
    pub fn open(cases: Vec<Case>, at_once: usize) -> Result<Self> {
        let at_once = at_once.max(1);
        let (patient, busy): (Vec<_>, Vec<_>) = cases
            .into_iter()
            .enumerate()
            .partition(|(_, case)| case.waits_for_a_program());
        let queue = |cases, at_once| Arc::new(Mutex::new(VecDeque::from(rows(cases, at_once))));
        let (patient, busy) = (
            queue(patient, at_once * WAITING_FOR_EACH),
            queue(busy, at_once),
        );
        let (sender, outcomes) = mpsc::unbounded_channel();
        let queues = std::iter::repeat_n(busy, at_once)
            .chain(std::iter::repeat_n(patient, at_once * WAITING_FOR_EACH));
        let threads = queues.enumerate().map(|(number, queue)| {
            let sender = sender.clone();
            thread::Builder::new()
                .name(format!("stage {number}"))
                .spawn(move || play(&queue, &sender))
                .context("cannot start a thread")
        });
        Ok(Self {
            threads: threads.collect::<Result<_>>()?,
            outcomes,
        })
    }

    /// The next outcome and the place of its case; `None` after the last.
    pub async fn next(&mut self) -> Option<(usize, Outcome)> {
        self.outcomes.recv().await
    }

    /// Fails where a stage broke down, so that not every case was proven.
    pub fn close(self) -> Result<()> {
        for thread in self.threads {
            let ended = thread.join().map_err(|_| anyhow!("a proof panicked"))?;
            ended.context("a proof could not begin")?;
        }
        Ok(())
    }
}

/// Cases of one kata for one learner, each with its place among all.
type Row = Vec<(usize, Case)>;

/// The cases by kata and learner; halved as long as there are stages that would have none.
fn rows(cases: Vec<(usize, Case)>, at_once: usize) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for (place, case) in cases {
        match rows.last_mut() {
            Some(row) if Arc::ptr_eq(&row[0].1.kata, &case.kata) => row.push((place, case)),
            _ => rows.push(vec![(place, case)]),
        }
    }
    while rows.len() < at_once
        && let Some(longest) = rows.iter_mut().max_by_key(|row| row.len())
        && longest.len() > 1
    {
        let half = longest.split_off(longest.len().div_ceil(2));
        rows.push(half);
    }
    rows
}

/// Proves cases until there are none left. Each row has a runtime of its own: what one leaves
/// behind is gone before the next begins.
fn play(
    queue: &Mutex<VecDeque<Row>>,
    outcomes: &mpsc::UnboundedSender<(usize, Outcome)>,
) -> std::io::Result<()> {
    let next = || queue.lock().pop_front();
    while let Some(row) = next() {
        let stage = runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()?;
        stage.block_on(play_row(row, outcomes));
    }
    Ok(())
}

async fn play_row(row: Row, outcomes: &mpsc::UnboundedSender<(usize, Outcome)>) {
    let mut shared = SharedCluster::default();
    let mut row = row.into_iter().peekable();
    while let Some((place, case)) = row.next() {
        let mut outcome = case.prove(&mut shared).await;
        if row.peek().is_none() {
            let began = Instant::now();
            if let Err(error) = shared.close().await {
                outcome.failure.get_or_insert(format!("{error:#}"));
            }
            outcome.spent.cluster += began.elapsed();
        }
        // Whoever no longer listens has gone away, and this will be over soon.
        let _ = outcomes.send((place, outcome));
    }
}

/// How time passes where a proof happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pace {
    /// As the stage has it.
    Stage,
    /// As it does for everybody.
    Real,
}

impl Pace {
    /// Lets `work` outside of the cluster go on.
    pub async fn during<T>(self, clock: &Clock, work: impl Future<Output = T>) -> T {
        match self {
            Self::Stage => in_machine_time(clock, work).await,
            Self::Real => work.await,
        }
    }
}

/// Lets `work` outside of the cluster go on while cluster time passes quickly.
///
/// For use on a stage, where time is paused before and after.
async fn in_machine_time<T>(clock: &Clock, work: impl Future<Output = T>) -> T {
    at_pace(clock, work, || STEP).await
}

/// The same, while so much cluster time passes with each beat as `step` says.
pub async fn at_pace<T>(
    clock: &Clock,
    work: impl Future<Output = T>,
    mut step: impl FnMut() -> Duration,
) -> T {
    tokio::time::resume();
    let hold = clock.hold();
    let mut beats = tokio::time::interval(BEAT);
    beats.set_missed_tick_behavior(MissedTickBehavior::Delay);
    tokio::pin!(work);
    let done = loop {
        tokio::select! {
            biased;
            done = &mut work => break done,
            _ = beats.tick() => {
                // The script may have paused the clock, or be skipping ahead; it ends that, too.
                if !clock.is_paused() && clock.holds() == 1 {
                    clock.advance(step());
                }
            }
        }
    };
    drop(hold);
    // Whatever the script did to it, what follows happens at the stage's pace.
    clock.resume();
    clock.set_speed(1.0);
    tokio::time::pause();
    done
}
