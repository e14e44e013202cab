//! One proof: a fresh cluster, the scene, a script, and the verdicts that must follow.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::script;
use crate::check::{Patience, Verdict};
use crate::course::{KataInstance, SourceFile};
use crate::sandbox::{Embedded, EmbeddedOptions, Observer, Places, Sandbox, ShellEnvironment};
use crate::session::{self, TaskStatus};

/// Cluster seconds per second while scripts run: what they wait for comes soon.
const SPEED_OF_SCRIPTS: f64 = 60.0;

/// Cluster seconds per second while a scene or an answer comes to rest.
const SPEED_OF_SETTLING: f64 = 300.0;

/// Cluster seconds per second once nothing moves and only time has to pass.
const SPEED_OF_WAITING: f64 = 2000.0;

/// Nothing has moved for so long (in real time): what is not true by now needs time to pass.
const QUIET: Duration = Duration::from_millis(50);

/// What is proven about a kata.
pub enum What {
    /// No task is done in the start scene; then the solution passes every check. The commands of
    /// the hints work in one of both.
    Solution,
    /// This wrong answer is refused by the checks that kata.yaml names.
    Wrong(String),
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Solution => f.write_str("solution"),
            Self::Wrong(name) => write!(f, "wrong {name}"),
        }
    }
}

pub struct Case {
    pub kata: Arc<KataInstance>,
    pub what: What,
}

/// How a proof ended.
pub struct Outcome {
    /// Kata and seed.
    pub title: String,
    pub what: String,
    pub time: Duration,
    /// The part of `time` that went into scripts, that is, into kubectl.
    pub scripts: Duration,
    pub failure: Option<String>,
}

impl Outcome {
    pub fn above_scripts(&self) -> Duration {
        self.time.saturating_sub(self.scripts)
    }
}

impl Case {
    /// Never fails: what goes wrong is the outcome.
    pub async fn prove(self) -> Outcome {
        let began = Instant::now();
        let mut scripts = Duration::ZERO;
        let proven = self.prove_in_cluster(&mut scripts).await;
        Outcome {
            title: format!("{} seed {}", self.kata.id, self.kata.seed),
            what: self.what.to_string(),
            time: began.elapsed(),
            scripts,
            failure: proven.err().map(|error| format!("{error:#}")),
        }
    }

    async fn prove_in_cluster(&self, scripts: &mut Duration) -> Result<()> {
        let nodes = self.kata.sandbox.nodes.unwrap_or(0).max(3);
        let sandbox = Embedded::start(&EmbeddedOptions {
            speed: SPEED_OF_SETTLING,
            nodes: usize::try_from(nodes).unwrap_or(3),
            ..EmbeddedOptions::default()
        })
        .await?;
        let proven = self.prove_in(&sandbox, scripts).await;
        sandbox.close().await?;
        proven
    }

    async fn prove_in(&self, sandbox: &Embedded, scripts: &mut Duration) -> Result<()> {
        let folder = tempfile::tempdir()?;
        let places = Places::open(Some(folder.path()))?;
        let silent = |_: &'static str| std::future::ready(());
        let prepared = session::prepare_kata(sandbox, &places, &self.kata, true, silent).await?;
        let mut proof = Proof {
            kata: &self.kata,
            sandbox,
            shell: prepared.shell,
            scripts,
        };
        match &self.what {
            What::Solution => proof.solution().await,
            What::Wrong(name) => proof.wrong(name).await,
        }
    }
}

/// A scene that stands, ready for a script.
struct Proof<'a> {
    kata: &'a KataInstance,
    sandbox: &'a Embedded,
    shell: ShellEnvironment,
    scripts: &'a mut Duration,
}

impl Proof<'_> {
    async fn solution(&mut self) -> Result<()> {
        nothing_is_done(self.kata, &self.settled().await?)?;
        let unhelpful = self.failing_looks(self.looks()).await?;
        let solve = named(&self.kata.solution, "solve.sh")?;
        self.run(solve, &self.kata.solution).await?;
        all_hold(&self.settled().await?)?;
        let unhelpful = self.failing_looks(unhelpful).await?;
        if !unhelpful.is_empty() {
            bail!(
                "hints whose command works neither before nor after:\n  {}",
                unhelpful.join("\n  ")
            );
        }
        Ok(())
    }

    async fn wrong(&mut self, name: &str) -> Result<()> {
        let script = named(&self.kata.wrong_scripts, &format!("{name}.sh"))?;
        self.run(script, &self.kata.wrong_scripts).await?;
        let expected = self.kata.wrong.get(name).map_or(&[][..], Vec::as_slice);
        refused_by(expected, &self.settled().await?)
    }

    async fn run(&mut self, script: &SourceFile, beside: &[SourceFile]) -> Result<()> {
        self.sandbox.clock().set_speed(SPEED_OF_SCRIPTS);
        *self.scripts += script::run(self.kata, script, beside, &self.shell).await?;
        Ok(())
    }

    fn looks(&self) -> Vec<String> {
        let commands = self
            .kata
            .hints
            .iter()
            .filter_map(|hint| hint.command.clone());
        commands.collect()
    }

    /// Those of the commands that do not work now.
    async fn failing_looks(&mut self, commands: Vec<String>) -> Result<Vec<String>> {
        self.sandbox.clock().set_speed(SPEED_OF_SCRIPTS);
        let mut failing = Vec::new();
        for command in commands {
            let (took, works) = script::try_command(&command, &self.shell).await?;
            *self.scripts += took;
            if !works {
                failing.push(command);
            }
        }
        Ok(failing)
    }

    /// The verdicts when all time has passed that the checks grant. First what moves may come to
    /// rest, then time runs faster for what is not true.
    async fn settled(&self) -> Result<Vec<Verdict>> {
        self.sandbox.clock().set_speed(SPEED_OF_SETTLING);
        // Made after the script: its first lists hold everything that the script did.
        let observer = Observer::new(self.sandbox.client());
        let judge = session::judge(self.sandbox, &observer, self.kata)?;
        let mut verdicts = judge.settle(Patience::UntilStill(QUIET)).await;
        let open: Vec<String> = verdicts
            .iter()
            .filter(|verdict| !verdict.holds())
            .map(|verdict| verdict.check.clone())
            .collect();
        self.sandbox.clock().set_speed(SPEED_OF_WAITING);
        for verdict in judge.only(&open).settle(Patience::Full).await {
            verdicts.retain(|earlier| earlier.check != verdict.check);
            verdicts.push(verdict);
        }
        Ok(verdicts)
    }
}

fn named<'a>(files: &'a [SourceFile], name: &str) -> Result<&'a SourceFile> {
    match files.iter().find(|file| file.name == name) {
        Some(file) => Ok(file),
        None => bail!("no file {name}"),
    }
}

fn nothing_is_done(kata: &KataInstance, verdicts: &[Verdict]) -> Result<()> {
    let done: Vec<String> = session::judge_tasks(kata, verdicts)
        .into_iter()
        .filter(|task| task.status == TaskStatus::Done)
        .map(|task| task.id)
        .collect();
    if !done.is_empty() {
        bail!("done before the learner did anything: {}", done.join(", "));
    }
    Ok(())
}

fn all_hold(verdicts: &[Verdict]) -> Result<()> {
    let wrong: Vec<&Verdict> = verdicts.iter().filter(|verdict| !verdict.holds()).collect();
    if !wrong.is_empty() {
        bail!("the solution is refused:\n{}", listed(&wrong));
    }
    Ok(())
}

fn refused_by(expected: &[String], verdicts: &[Verdict]) -> Result<()> {
    let wrong: Vec<&Verdict> = verdicts.iter().filter(|verdict| !verdict.holds()).collect();
    let missing: Vec<&str> = expected
        .iter()
        .filter(|check| !wrong.iter().any(|verdict| verdict.check == **check))
        .map(String::as_str)
        .collect();
    let surplus: Vec<&Verdict> = wrong
        .iter()
        .copied()
        .filter(|verdict| !expected.contains(&verdict.check))
        .collect();
    if !missing.is_empty() {
        bail!("not refused by {}", missing.join(", "));
    }
    if !surplus.is_empty() {
        bail!("refused by more than kata.yaml says:\n{}", listed(&surplus));
    }
    Ok(())
}

fn listed(verdicts: &[&Verdict]) -> String {
    let lines: Vec<String> = verdicts
        .iter()
        .map(|verdict| {
            let differences: Vec<String> = verdict
                .differences
                .iter()
                .map(|it| {
                    format!(
                        "\n    {}: expected {}, seen {}",
                        it.field, it.expected, it.seen
                    )
                })
                .collect();
            format!(
                "  {}: {}{}",
                verdict.check,
                verdict.says,
                differences.concat()
            )
        })
        .collect();
    lines.join("\n")
}
