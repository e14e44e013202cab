//! Judges the checks of a kata: once until they settle, or for ever as the cluster changes.
//!
//! A check is judged again when something it reads changes, when its own time comes, and, where
//! it asks containers or Services, now and then. Nothing here writes to the cluster but the attack
//! of a `converges`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use futures::future::{FutureExt, join_all, select_all};
use futures::stream::FuturesUnordered;
use jiff::Timestamp;
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use super::belief::Belief;
use super::ground::{ground, on_ground};
use super::rule::{acts, is_behaviour, is_noticed, judge_rule, rule_reads};
use super::scene::{Finding, Phase, Scene, Truth};
use super::spec::Check;
use super::timing::Timing;
use super::verdict::{Outcome, Verdict};
use crate::sandbox::{Listing, Watched};

/// A probe that still waits for its answer begins again when something changes, but not for ever:
/// things that never stop changing must be judged too.
const BEGINS_AGAIN: Duration = Duration::from_secs(10);

/// How often a check that must last is looked at meanwhile, in cluster time.
const WHILE_HOLDING: Duration = Duration::from_secs(1);

/// How long to wait for what may still become true.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Patience {
    /// As long as the check grants.
    Full,
    /// Only as long as what it reads keeps changing, with pauses of at most this (real) time. What
    /// is true and has to last gets its time.
    WhileMoving(Duration),
}

/// The checks of a kata and the cluster they are about.
#[derive(Clone)]
pub struct Judge {
    scene: Scene,
    checks: Vec<Arc<Check>>,
}

impl Judge {
    pub fn new(scene: Scene, checks: Vec<Check>) -> Self {
        Self {
            scene,
            checks: checks.into_iter().map(Arc::new).collect(),
        }
    }

    /// The same judge for some of the checks.
    pub fn only(&self, ids: &[String]) -> Self {
        let named = |check: &&Arc<Check>| ids.contains(&check.id);
        Self {
            checks: self.checks.iter().filter(named).cloned().collect(),
            ..self.clone()
        }
    }

    /// How things are at this moment: nothing is given time, nothing must last.
    pub async fn glance(&self) -> Vec<Verdict> {
        join_all(self.checks.iter().map(|check| async {
            let finding = on_ground(&self.scene, judge_rule(&check.rule, &self.scene)).await;
            let outcome = match finding.truth {
                Truth::True => Outcome::Holds,
                Truth::False => Outcome::Fails,
                Truth::Unknown => Outcome::Unknown,
            };
            verdict(check, finding, outcome)
        }))
        .await
    }

    /// The verdict of each check once it has settled: it holds, or its time is over, or
    /// `patience` is.
    pub async fn settle(&self, patience: Patience) -> Vec<Verdict> {
        join_all(
            self.checks
                .iter()
                .map(|check| self.settle_one(check, patience)),
        )
        .await
    }

    async fn settle_one(&self, check: &Check, patience: Patience) -> Verdict {
        let mut course = Course::new(self, check);
        let mut last_move = Instant::now();
        loop {
            let (verdict, again) = course.look().await;
            let under_way = matches!(
                verdict.outcome,
                Outcome::Holding { .. } | Outcome::Waiting { .. }
            );
            let quiet = match (verdict.outcome, patience) {
                (Outcome::Waiting { .. }, Patience::WhileMoving(quiet))
                    if course.phase != Phase::UnderWay =>
                {
                    Some(quiet)
                }
                _ => None,
            };
            let patient = async {
                match quiet {
                    Some(quiet) => sleep_until(last_move + quiet).await,
                    None => std::future::pending().await,
                }
            };
            if !under_way {
                return verdict;
            }
            tokio::select! {
                woken = course.wait(again) => if woken == Woken::Change {
                    last_move = Instant::now();
                },
                () = patient => return verdict,
            }
        }
    }

    /// Sends each verdict when it changes, until `verdicts` is closed or this is dropped.
    ///
    /// Everything is judged again at once when `again` changes.
    pub async fn watch(&self, verdicts: mpsc::Sender<Verdict>, again: watch::Receiver<u64>) {
        let mut courses: FuturesUnordered<_> = self
            .checks
            .iter()
            .map(|check| self.watch_one(check, verdicts.clone(), again.clone()))
            .collect();
        while courses.next().await.is_some() {}
    }

    async fn watch_one(
        &self,
        check: &Check,
        verdicts: mpsc::Sender<Verdict>,
        mut again: watch::Receiver<u64>,
    ) {
        let mut course = Course {
            restarts: true,
            ..Course::new(self, check)
        };
        let mut last: Option<Verdict> = None;
        loop {
            let (verdict, next) = course.look().await;
            if last.as_ref().is_none_or(|last| is_news(last, &verdict)) {
                last = Some(verdict.clone());
                if verdicts.send(verdict).await.is_err() {
                    return;
                }
            }
            tokio::select! {
                _ = course.wait(next) => {}
                changed = again.changed() => if changed.is_err() {
                    // Nobody can ask any more; changes still count.
                    course.wait(next).await;
                },
                () = verdicts.closed() => return,
            }
        }
    }
}

/// The time that is left to become true is no news.
fn is_news(last: &Verdict, now: &Verdict) -> bool {
    match (last.outcome, now.outcome) {
        (Outcome::Waiting { .. }, Outcome::Waiting { .. }) => last.differences != now.differences,
        _ => last != now,
    }
}

/// One check over time.
struct Course<'a> {
    judge: &'a Judge,
    check: &'a Check,
    timing: Timing,
    feeds: Feeds,
    last: Option<Truth>,
    /// A learner is before the screen: what is not true yet gets its whole time again when
    /// something moves.
    restarts: bool,
    belief: Belief,
    phase: Phase,
}

/// What a check reads, and when it changes.
type Feeds = HashMap<Watched, watch::Receiver<Listing>>;

impl<'a> Course<'a> {
    fn new(judge: &'a Judge, check: &'a Check) -> Self {
        let now = judge.scene.clock.now();
        Self {
            judge,
            check,
            timing: Timing::new(check.within, check.holds, now),
            feeds: HashMap::new(),
            last: None,
            restarts: false,
            belief: Belief::new(now),
            phase: Phase::Open,
        }
    }

    fn moved(&mut self) {
        let now = self.judge.scene.clock.now();
        self.belief.moved(now);
        if self.restarts {
            self.timing.restart(now);
        }
    }

    /// Judges now.
    async fn look(&mut self) -> (Verdict, Option<Timestamp>) {
        let finding = self.find().await;
        let now = self.judge.scene.clock.now();
        // Words alone may differ at every look: a name that leads to another Pod each time.
        let last = self.last.replace(finding.truth);
        if last.is_some_and(|last| last != finding.truth) {
            self.moved();
        }
        let (outcome, change) = self.timing.outcome(finding.truth, now);
        self.phase = finding.phase;
        let outcome = match (finding.phase, outcome) {
            (Phase::Over, Outcome::Waiting { .. }) if !self.restarts => Outcome::Fails,
            (Phase::UnderWay, Outcome::Fails) => Outcome::Waiting {
                left: Duration::ZERO,
            },
            (_, outcome) => outcome,
        };
        let sample = match outcome {
            Outcome::Holding { .. } => Some(WHILE_HOLDING),
            _ if is_behaviour(&self.check.rule) => {
                let awaited =
                    self.restarts && finding.truth != Truth::True && !is_noticed(&self.check.rule);
                Some(self.belief.span(now, awaited))
            }
            _ => None,
        };
        let sample = sample.map(|span| now.checked_add(span).unwrap_or(Timestamp::MAX));
        let again = [change, sample].into_iter().flatten().min();
        (verdict(self.check, finding, outcome), again)
    }

    /// What is found now. A change begins it anew: an answer that is waited for in vain must not
    /// keep the news waiting.
    async fn find(&mut self) -> Finding {
        let scene = &self.judge.scene;
        let patience = Instant::now() + BEGINS_AGAIN;
        let acts = acts(&self.check.rule);
        loop {
            // Subscribed before judging, so that no change in between is missed.
            let mut reads = rule_reads(&self.check.rule, scene).await;
            reads.extend(ground(scene));
            for watched in reads {
                let changes = |watched: &Watched| scene.observer.changes(watched);
                self.feeds.entry(watched).or_insert_with_key(changes);
            }
            tokio::select! {
                biased;
                finding = on_ground(scene, judge_rule(&self.check.rule, scene)) => return finding,
                () = changed(&mut self.feeds), if !acts && Instant::now() < patience => self.moved(),
            }
        }
    }

    /// Waits until something it read changed, or until `time`.
    async fn wait(&mut self, time: Option<Timestamp>) -> Woken {
        let clock = &self.judge.scene.clock;
        let timer = async {
            match time {
                Some(time) => clock.sleep_until(time).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = timer => Woken::Timer,
            () = changed(&mut self.feeds) => {
                self.moved();
                Woken::Change
            }
        }
    }
}

/// Waits until one of the lists changed.
async fn changed(feeds: &mut Feeds) {
    let changes = feeds.values_mut().map(|feed| {
        async move {
            if feed.changed().await.is_err() {
                // The cluster is gone: there will be no news.
                std::future::pending::<()>().await;
            }
        }
        .boxed()
    });
    let changes: Vec<_> = changes.collect();
    match changes.is_empty() {
        true => std::future::pending().await,
        false => {
            select_all(changes).await;
        }
    }
}

/// Why a check is judged again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Woken {
    Change,
    Timer,
}

fn verdict(check: &Check, finding: Finding, outcome: Outcome) -> Verdict {
    let holds = outcome == Outcome::Holds;
    let mut look = match check.look.is_empty() {
        true => finding.look,
        false => check.look.clone(),
    };
    look.dedup();
    Verdict {
        check: check.id.clone(),
        says: check.says.clone(),
        outcome,
        differences: finding.differences,
        otherwise: check.otherwise.clone().filter(|_| !holds),
        look: if holds { Vec::new() } else { look },
    }
}
