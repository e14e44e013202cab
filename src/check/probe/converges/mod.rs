//! `converges`: after an attack things become again what they were.
//!
//! ```yaml
//! converges:
//!   once:                    # the attack begins when this is true; `to` where it is left out
//!     object: {kind: ConfigMap, name: web}
//!   attack:
//!     - delete: {kind: Deployment, name: web}
//!     - patch: {kind: ConfigMap, name: web, merge: {data: {color: red}}}
//!     - create: {apiVersion: v1, kind: Secret, metadata: {name: web}}     # unless it is there
//!     - await: {object: {kind: ConfigMap, name: web}}
//!     - cut: {serviceAccount: gardener}            # its watches are broken off
//!     - chaos: {what: node-loss, of: {kind: Pod, labels: {app: web}}}      # or `to: [NODE]`
//!     - restart:                                   # the learner's program
//!         serviceAccount: gardener
//!         during: [{delete: {kind: Secret, name: web}}]
//!   to:                      # any probe or combination
//!     object: {kind: ConfigMap, name: web, match: {data: {color: blue}}}
//!   in: 30s                  # so long it may take; a minute where it is left out
//!   then: {serviceAccount: gardener, for: 20s, writes: 0}      # and then it is this quiet
//!   keeps: [{kind: ConfigMap, name: web}]                      # these are not written to at all
//! ```
//! One attack at a time, whichever check it belongs to. It is won when `to` is true, every object
//! that was attacked has changed or is gone, and it was as quiet as asked; it is lost when that
//! does not happen `in` time. Who asks once is told so at once; where a learner watches, the next
//! attack comes when `once` is true again. This is the one probe that writes.

mod attack;
mod silence;

use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use parking_lot::Mutex;

use self::attack::{Blow, Mark, Struck, mark, read_blows, still_marked};
use self::silence::{Quiet, Silence};
use super::super::rule;
use super::super::scene::{Finding, Phase, Scene, Turn};
use super::super::spec::{Rule, take_rule};
use super::super::target::Target;
use super::{Probe, ProbeKind};
use crate::course::Fields;
use crate::sandbox::Watched;

pub(super) const KIND: ProbeKind = ProbeKind {
    name: "converges",
    read,
};

/// How long an attack may take to be made good where the check does not say.
const IN: Duration = Duration::from_secs(60);

/// After a lost attack: time to read what happened before the next one.
const REST: Duration = Duration::from_secs(30);

#[derive(Debug)]
struct Converges {
    once: Option<Rule>,
    blows: Vec<Blow>,
    to: Rule,
    within: Duration,
    quiet: Option<Quiet>,
    keeps: Vec<Target>,
    stage: Mutex<Stage>,
}

#[derive(Debug, Clone, Default)]
enum Stage {
    /// Nothing was attacked yet, or what was won is over.
    #[default]
    Ready,
    Struck(Siege),
    Lost {
        finding: Finding,
        until: Timestamp,
    },
    Won,
}

/// An attack that is going on.
#[derive(Debug, Clone)]
struct Siege {
    turn: Turn,
    until: Timestamp,
    marks: Vec<Mark>,
    kept: Vec<Mark>,
    silence: Option<Silence>,
}

fn read(mut fields: Fields<'_>) -> Option<Box<dyn Probe>> {
    let once = fields
        .node("once")
        .is_some()
        .then(|| take_rule(&mut fields, "once"));
    let blows = read_blows(&mut fields, "attack");
    if blows.is_empty() {
        fields.refuse("attack", "say what is attacked");
    }
    let to = take_rule(&mut fields, "to");
    let within = fields.span("in").unwrap_or(IN);
    let quiet = Quiet::take(&mut fields);
    let mut keeps = Vec::new();
    fields.each("keeps", |document, node, path, problems| {
        if let Some(mut inner) = Fields::of(document, node, path, problems) {
            keeps.extend(Target::take(&mut inner));
            inner.end();
        }
    });
    fields.end();
    Some(Box::new(Converges {
        once: match once {
            Some(once) => Some(once?),
            None => None,
        },
        blows,
        to: to?,
        within,
        quiet,
        keeps,
        stage: Mutex::default(),
    }))
}

#[async_trait]
impl Probe for Converges {
    async fn reads(&self, scene: &Scene) -> Vec<Watched> {
        let mut reads = rule::rule_reads(&self.to, scene).await;
        if let Some(once) = &self.once {
            reads.extend(rule::rule_reads(once, scene).await);
        }
        for target in self.blows.iter().flat_map(Blow::targets) {
            reads.extend(target.reads(scene).await);
        }
        reads
    }

    /// Turns, deadlines and silence come without any object changing.
    fn is_behaviour(&self) -> bool {
        true
    }

    fn acts(&self) -> bool {
        true
    }

    fn title(&self) -> String {
        format!("{} again after {}", rule::title(&self.to), self.attack())
    }

    async fn judge(&self, scene: &Scene) -> Finding {
        let stage = self.stage.lock().clone();
        match stage {
            Stage::Ready => self.begin(scene).await,
            Stage::Struck(siege) => self.look(siege, scene).await,
            Stage::Lost { finding, until } if scene.clock.now() < until => finding,
            Stage::Lost { finding, .. } => match self.is_time(scene).await.is_true() {
                true => self.begin(scene).await,
                false => finding,
            },
            Stage::Won => {
                let finding = rule::judge_rule(&self.to, scene).await;
                if !finding.is_true() {
                    *self.stage.lock() = Stage::Ready;
                }
                finding
            }
        }
    }
}

impl Converges {
    fn attack(&self) -> String {
        let blows: Vec<String> = self.blows.iter().map(Blow::title).collect();
        blows.join(", ")
    }

    /// Whether there is something to attack.
    async fn is_time(&self, scene: &Scene) -> Finding {
        rule::judge_rule(self.once.as_ref().unwrap_or(&self.to), scene).await
    }

    async fn begin(&self, scene: &Scene) -> Finding {
        let finding = self.is_time(scene).await;
        if !finding.is_true() {
            return finding;
        }
        let Some(turn) = scene.arena.take(scene.clock.now(), self.longest()) else {
            return Finding::fails("", "", "waits until another attack is over")
                .in_phase(Phase::UnderWay);
        };
        match self.strike(turn, scene).await {
            Ok(siege) => {
                *self.stage.lock() = Stage::Struck(siege);
                let waiting = Finding::fails("", "all is well again", "only just attacked");
                self.told(waiting).in_phase(Phase::UnderWay)
            }
            Err(finding) => {
                scene.arena.give_back(turn);
                finding
            }
        }
    }

    async fn strike(&self, turn: Turn, scene: &Scene) -> Result<Siege, Finding> {
        let mut kept = Vec::new();
        for target in &self.keeps {
            kept.extend(mark(target, scene).await.map_err(Finding::unknown)?);
        }
        let mut marks = Vec::new();
        for blow in &self.blows {
            match blow.strike(scene).await {
                Ok(Struck::Missed(nothing)) => return Err(nothing),
                Ok(Struck::Hit(more)) => marks.extend(more),
                Err(reason) => return Err(Finding::unknown(reason)),
            }
        }
        Ok(Siege {
            turn,
            until: after(scene.clock.now(), self.within),
            marks,
            kept,
            silence: None,
        })
    }

    /// How an attack that is going on stands.
    async fn look(&self, mut siege: Siege, scene: &Scene) -> Finding {
        let finding = match self.standing(&mut siege, scene).await {
            Ok(finding) => finding,
            Err(reason) => return Finding::unknown(reason),
        };
        if finding.is_true() {
            scene.arena.give_back(siege.turn);
            *self.stage.lock() = Stage::Won;
            return finding;
        }
        let finding = self.told(finding);
        let now = scene.clock.now();
        if now < siege.until || finding.phase == Phase::UnderWay && siege.silence.is_some() {
            *self.stage.lock() = Stage::Struck(siege);
            return finding.in_phase(Phase::UnderWay);
        }
        scene.arena.give_back(siege.turn);
        let finding = finding.in_phase(Phase::Over);
        *self.stage.lock() = Stage::Lost {
            finding: finding.clone(),
            until: after(now, REST),
        };
        finding
    }

    async fn standing(&self, siege: &mut Siege, scene: &Scene) -> Result<Finding, String> {
        let finding = rule::judge_rule(&self.to, scene).await;
        if !finding.is_true() {
            siege.silence = None;
            return Ok(finding);
        }
        let marked = still_marked(&siege.marks, scene).await?;
        if !marked.is_empty() {
            let expected = "made good again";
            return Ok(Finding::fails(
                marked.join(", "),
                expected,
                "as the attack left it",
            ));
        }
        if let Some(quiet) = &self.quiet {
            let finding = quiet.listen(&mut siege.silence, siege.until, scene).await?;
            if !finding.is_true() {
                return Ok(finding);
            }
        }
        for kept in &siege.kept {
            if !kept.is_untouched(scene).await? {
                return Ok(Finding::fails(&kept.title, "left alone", "written to"));
            }
        }
        Ok(Finding::holds())
    }

    /// What is found after the attack, with a word about the attack where something is wrong.
    fn told(&self, mut finding: Finding) -> Finding {
        if !finding.is_true() {
            for difference in &mut finding.differences {
                let field = format!("after {}: {}", self.attack(), difference.field);
                difference.field = field.trim_end_matches(": ").to_owned();
            }
        }
        finding
    }

    /// Nobody else waits longer than this for a turn.
    fn longest(&self) -> Duration {
        let quiet = self.quiet.as_ref().map(Quiet::span).unwrap_or_default();
        self.within + quiet + REST
    }
}

fn after(now: Timestamp, span: Duration) -> Timestamp {
    let span = SignedDuration::try_from(span).unwrap_or(SignedDuration::MAX);
    now.saturating_add(span).unwrap_or(Timestamp::MAX)
}
