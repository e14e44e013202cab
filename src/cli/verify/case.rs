//! One proof: the scene, a script, and the verdicts that must follow.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow, bail};

use super::super::run::launch;
use super::attention::Attention;
use super::judgement::{all_hold, nothing_is_done, refused_by};
use super::script;
use super::shared::{Left, SharedCluster};
use super::stage::{Pace, at_pace};
use crate::check::{Patience, Verdict};
use crate::course::{Course, KataInstance, SourceFile};
use crate::sandbox::{
    Embedded, Keeper, Observer, Places, Sandbox, ShellEnvironment, publish, service_account_user,
};
use crate::session;

/// In real time, a scene in which nothing has moved for so long stands.
const QUIET: Duration = Duration::from_secs(3);

/// And nothing comes any more of what was done wrong.
const LONG_QUIET: Duration = Duration::from_secs(10);

/// What is proven about a kata.
pub enum What {
    /// No task is done in the start scene; then the solution passes every check. The commands of
    /// the hints work in one of both.
    Solution,
    /// Another solution passes every check, too; skipped where this machine lacks what it needs.
    Also(String),
    /// This wrong answer is refused by the checks that kata.yaml names.
    Wrong(String),
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Solution => f.write_str("start and solution"),
            Self::Also(name) => write!(f, "solution {name}"),
            Self::Wrong(name) => write!(f, "wrong {name}"),
        }
    }
}

pub struct Case {
    pub kata: Arc<KataInstance>,
    pub what: What,
    pub course: Arc<Course>,
}

/// How a proof ended.
pub struct Outcome {
    /// Kata and seed.
    pub title: String,
    pub what: String,
    pub spent: Spent,
    pub failure: Option<String>,
    /// Why nothing was proven, and nothing is wrong.
    pub skipped: Option<String>,
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
    /// Into the learner's program, which runs at its own pace.
    pub program: Duration,
    /// Into judging, and into the cluster time that checks grant.
    pub checks: Duration,
}

impl Spent {
    pub fn whole(&self) -> Duration {
        self.above_scripts() + self.scripts + self.program
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
        self.program += other.program;
        self.checks += other.checks;
    }
}

impl Case {
    pub fn waits_for_a_program(&self) -> bool {
        self.kata.program.is_some()
    }

    /// Never fails: what goes wrong is the outcome. For a stage, where time is paused.
    pub async fn prove(self, shared: &mut SharedCluster) -> Outcome {
        let mut spent = Spent::default();
        let skipped = self.lacks().await;
        let proven = match skipped {
            Some(_) => Ok(()),
            None => self.prove_in_cluster(shared, &mut spent).await,
        };
        self.outcome(spent, proven, skipped)
    }

    /// What this machine lacks for it.
    async fn lacks(&self) -> Option<String> {
        let What::Also(name) = &self.what else {
            return None;
        };
        let command = self.kata.also.get(name)?;
        let has = script::succeeds(command).await;
        (!has).then(|| format!("`{}` fails here", command.trim_end()))
    }

    async fn prove_in_cluster(&self, shared: &mut SharedCluster, spent: &mut Spent) -> Result<()> {
        let began = Instant::now();
        let sandbox = shared.take(&self.kata, &self.course.images).await?;
        let folder = tempfile::tempdir()?;
        let places = Places::open(Some(folder.path()))?;
        // Scripts may call this program, which finds the cluster as it finds a learner's.
        let desk = publish(&places, sandbox.clone()).await?;
        spent.cluster += began.elapsed();
        let whole = Ground {
            sandbox: sandbox.as_ref(),
            embedded: Some(&sandbox),
            shared: Some(&*shared),
            pace: Pace::Stage,
        };
        let proven = self.prove_in(whole, &places, spent).await;
        let began = Instant::now();
        desk.close().await?;
        let left = match &proven {
            Ok(()) if !self.waits_for_a_program() => Left::Clean,
            _ => Left::Spoilt,
        };
        let closed = shared.leave(&self.kata, left).await;
        spent.cluster += began.elapsed();
        proven.and(closed)
    }

    /// The same in a cluster that is there and stays, in real time.
    pub async fn prove_on(self, sandbox: &dyn Sandbox, skipped: Option<String>) -> Outcome {
        let mut spent = Spent::default();
        let ground = Ground {
            sandbox,
            embedded: None,
            shared: None,
            pace: Pace::Real,
        };
        let skipped = match skipped {
            None => self.lacks().await,
            some => some,
        };
        let proven = match (&skipped, tempfile::tempdir()) {
            (Some(_), _) => Ok(()),
            (None, Err(error)) => Err(error.into()),
            (None, Ok(folder)) => match Places::open(Some(folder.path())) {
                Ok(places) => self.prove_in(ground, &places, &mut spent).await,
                Err(error) => Err(error),
            },
        };
        self.outcome(spent, proven, skipped)
    }

    fn outcome(&self, spent: Spent, proven: Result<()>, skipped: Option<String>) -> Outcome {
        Outcome {
            title: format!("{} seed {}", self.kata.id, self.kata.seed),
            what: self.what.to_string(),
            spent,
            failure: proven.err().map(|error| format!("{error:#}")),
            skipped,
        }
    }

    async fn prove_in(&self, ground: Ground<'_>, places: &Places, spent: &mut Spent) -> Result<()> {
        let began = Instant::now();
        let silent = |_: &'static str| std::future::ready(());
        let prepared =
            session::prepare_kata(ground.sandbox, places, &self.kata, true, silent).await;
        if let Some(shared) = ground.shared {
            shared.scene_stands(&self.kata);
        }
        spent.scene += began.elapsed();
        let mut shell = prepared?.shell;
        script::lead_to_this_program(&mut shell, &places.root().join("bin"))?;
        let mut proof = Proof {
            kata: &self.kata,
            ground,
            shell,
            places,
            said: String::new(),
            spent,
        };
        let proven = match &self.what {
            What::Solution => proof.solution().await,
            What::Also(name) => proof.also(name).await,
            What::Wrong(name) => proof.wrong(name).await,
        };
        proven.map_err(|error| match proof.last_words() {
            None => error,
            Some(words) => anyhow!("{error:#}\nThe program said at last:\n{words}"),
        })
    }
}

/// Where a proof happens.
#[derive(Clone, Copy)]
struct Ground<'a> {
    sandbox: &'a dyn Sandbox,
    /// The same, where it is a cluster on a stage.
    embedded: Option<&'a Embedded>,
    /// The same, where other proofs have it, too.
    shared: Option<&'a SharedCluster>,
    pace: Pace,
}

/// A scene that stands, ready for a script.
struct Proof<'a> {
    kata: &'a KataInstance,
    ground: Ground<'a>,
    shell: ShellEnvironment,
    places: &'a Places,
    /// What the program printed.
    said: String,
    spent: &'a mut Spent,
}

impl Proof<'_> {
    async fn solution(&mut self) -> Result<()> {
        nothing_is_done(self.kata, &self.at_first().await?)?;
        let unhelpful = self.failing_looks(self.looks()).await?;
        let solve = named(&self.kata.solution, "solve.sh")?;
        self.run(solve, &self.kata.solution).await?;
        all_hold(&self.judged().await?)?;
        let unhelpful = self.failing_looks(unhelpful).await?;
        if !unhelpful.is_empty() {
            bail!(
                "hints whose command works neither before nor after:\n  {}",
                unhelpful.join("\n  ")
            );
        }
        Ok(())
    }

    async fn also(&mut self, name: &str) -> Result<()> {
        let solve = named(&self.kata.solution, &format!("{name}.sh"))?;
        self.run(solve, &self.kata.solution).await?;
        all_hold(&self.judged().await?)
    }

    async fn wrong(&mut self, name: &str) -> Result<()> {
        let script = named(&self.kata.wrong_scripts, &format!("{name}.sh"))?;
        self.run(script, &self.kata.wrong_scripts).await?;
        let expected = self.kata.wrong.get(name).map_or(&[][..], Vec::as_slice);
        let verdicts = match self.ground.pace {
            Pace::Stage => self.judged().await?,
            Pace::Real => self.settled(Patience::WhileMoving(LONG_QUIET)).await?,
        };
        refused_by(expected, &verdicts)
    }

    /// The verdicts on what was done, with the learner's program beside it where there is one.
    async fn judged(&mut self) -> Result<Vec<Verdict>> {
        let (Some(program), Some(sandbox)) = (&self.kata.program, self.ground.embedded) else {
            return self.settled(Patience::Full).await;
        };
        let began = Instant::now();
        let mut launch = launch(sandbox, self.places, self.kata).await?;
        let log = self.places.root().join("program.log");
        launch.log = Some(log.clone());
        let observer = Observer::new(sandbox.client());
        let judge = session::judge(sandbox, &observer, self.kata)?;
        let account = &program.service_account;
        let client = sandbox.client();
        let keeper = Keeper::new(client, self.kata.namespace(), account, launch, drop);
        let judged = async {
            let (judged, done) = tokio::sync::oneshot::channel();
            let kept = keeper.run(async {
                // Whether it was sent or dropped: it is over.
                let _ = done.await;
            });
            let verdicts = async {
                let verdicts = judge.settle(Patience::Full).await;
                let _ = judged.send(());
                verdicts
            };
            tokio::join!(verdicts, kept)
        };
        let user = service_account_user(self.kata.namespace(), account);
        let mut attention = Attention::new(sandbox, &user);
        let step = || attention.step();
        let (verdicts, kept) = at_pace(sandbox.clock(), judged, step).await;
        self.spent.program += began.elapsed();
        kept.context("the program could not be kept")?;
        self.said = std::fs::read_to_string(&log).unwrap_or_default();
        Ok(verdicts)
    }

    fn last_words(&self) -> Option<String> {
        const LINES: usize = 15;
        let mut lines: Vec<&str> = self.said.lines().rev().take(LINES).collect();
        lines.reverse();
        (!lines.is_empty()).then(|| lines.join("\n"))
    }

    async fn run(&mut self, script: &SourceFile, beside: &[SourceFile]) -> Result<()> {
        let began = Instant::now();
        let run = script::run(self.kata, script, beside, &self.shell);
        let ran = self
            .ground
            .pace
            .during(self.ground.sandbox.clock(), run)
            .await;
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
            let clock = self.ground.sandbox.clock();
            let works = self.ground.pace.during(clock, works).await;
            self.spent.scripts += began.elapsed();
            if !works? {
                failing.push(command);
            }
        }
        Ok(failing)
    }

    /// The verdicts on the start scene. Where time is real, only what moves is waited for.
    async fn at_first(&mut self) -> Result<Vec<Verdict>> {
        match self.ground.pace {
            Pace::Stage => self.settled(Patience::Full).await,
            Pace::Real => self.settled(Patience::WhileMoving(QUIET)).await,
        }
    }

    /// The verdicts when all the cluster time has passed that the checks grant.
    async fn settled(&mut self, patience: Patience) -> Result<Vec<Verdict>> {
        let began = Instant::now();
        // Made after the script: its first lists hold everything that the script did.
        let sandbox = self.ground.sandbox;
        let observer = Observer::new(sandbox.client());
        let judge = session::judge(sandbox, &observer, self.kata)?;
        let verdicts = judge.settle(patience).await;
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
