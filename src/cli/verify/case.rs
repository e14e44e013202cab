//! One proof: a fresh cluster, the scene, a script, and the verdicts that must follow.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::judgement::{all_hold, nothing_is_done, refused_by};
use super::script;
use super::stage::in_machine_time;
use crate::check::{Patience, Verdict};
use crate::course::{KataInstance, SourceFile};
use crate::sandbox::{Embedded, EmbeddedOptions, Observer, Places, Sandbox, ShellEnvironment};
use crate::session;

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
            Self::Solution => f.write_str("start and solution"),
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
    pub spent: Spent,
    pub failure: Option<String>,
}

/// Where the time of a proof went.
#[derive(Debug, Clone, Copy, Default)]
pub struct Spent {
    /// Into starting and ending the cluster.
    pub cluster: Duration,
    /// Into setting the scene and letting it come to be.
    pub scene: Duration,
    /// Into scripts and the commands of hints, that is, into bash and kubectl.
    pub scripts: Duration,
    /// Into judging, and into the cluster time that checks grant.
    pub checks: Duration,
}

impl Spent {
    pub fn whole(&self) -> Duration {
        self.above_scripts() + self.scripts
    }

    pub fn above_scripts(&self) -> Duration {
        self.cluster + self.scene + self.checks
    }
}

impl std::ops::AddAssign for Spent {
    fn add_assign(&mut self, other: Self) {
        self.cluster += other.cluster;
        self.scene += other.scene;
        self.scripts += other.scripts;
        self.checks += other.checks;
    }
}

impl Case {
    /// Never fails: what goes wrong is the outcome. For a stage, where time is paused.
    pub async fn prove(self) -> Outcome {
        let mut spent = Spent::default();
        let proven = self.prove_in_cluster(&mut spent).await;
        Outcome {
            title: format!("{} seed {}", self.kata.id, self.kata.seed),
            what: self.what.to_string(),
            spent,
            failure: proven.err().map(|error| format!("{error:#}")),
        }
    }

    async fn prove_in_cluster(&self, spent: &mut Spent) -> Result<()> {
        let began = Instant::now();
        let nodes = self.kata.sandbox.nodes.unwrap_or(0).max(3);
        let sandbox = Embedded::start(&EmbeddedOptions {
            nodes: usize::try_from(nodes).unwrap_or(3),
            ..EmbeddedOptions::default()
        })
        .await?;
        spent.cluster += began.elapsed();
        let proven = self.prove_in(&sandbox, spent).await;
        let began = Instant::now();
        let closed = sandbox.close().await;
        spent.cluster += began.elapsed();
        proven.and(closed)
    }

    async fn prove_in(&self, sandbox: &Embedded, spent: &mut Spent) -> Result<()> {
        let began = Instant::now();
        let folder = tempfile::tempdir()?;
        let places = Places::open(Some(folder.path()))?;
        let silent = |_: &'static str| std::future::ready(());
        let prepared = session::prepare_kata(sandbox, &places, &self.kata, true, silent).await;
        spent.scene += began.elapsed();
        let mut proof = Proof {
            kata: &self.kata,
            sandbox,
            shell: prepared?.shell,
            spent,
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
    spent: &'a mut Spent,
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
        let began = Instant::now();
        let run = script::run(self.kata, script, beside, &self.shell);
        let ran = in_machine_time(self.sandbox.clock(), run).await;
        self.spent.scripts += began.elapsed();
        ran
    }

    fn looks(&self) -> Vec<String> {
        let hints = self.kata.hints.iter();
        hints.filter_map(|hint| hint.command.clone()).collect()
    }

    /// Those of the commands that do not work now.
    async fn failing_looks(&mut self, commands: Vec<String>) -> Result<Vec<String>> {
        let mut failing = Vec::new();
        for command in commands {
            let began = Instant::now();
            let works = script::works(&command, &self.shell);
            let works = in_machine_time(self.sandbox.clock(), works).await;
            self.spent.scripts += began.elapsed();
            if !works? {
                failing.push(command);
            }
        }
        Ok(failing)
    }

    /// The verdicts when all the cluster time has passed that the checks grant.
    async fn settled(&mut self) -> Result<Vec<Verdict>> {
        let began = Instant::now();
        // Made after the script: its first lists hold everything that the script did.
        let observer = Observer::new(self.sandbox.client());
        let judge = session::judge(self.sandbox, &observer, self.kata)?;
        let verdicts = judge.settle(Patience::Full).await;
        self.spent.checks += began.elapsed();
        Ok(verdicts)
    }
}

fn named<'a>(files: &'a [SourceFile], name: &str) -> Result<&'a SourceFile> {
    match files.iter().find(|file| file.name == name) {
        Some(file) => Ok(file),
        None => bail!("no file {name}"),
    }
}
