//! What every subcommand can ask for: the course, the learner's progress, the cluster.

use std::sync::Arc;

use anyhow::Result;
use jiff::Timestamp;
use pocketkube::clock::Clock;

use super::Misuse;
use super::args::Global;
use super::foreign;
use super::output::{Output, confirmed};
use crate::check;
use crate::course::{self, Course, CourseFiles, GitCourses, Kata, KataInstance, Origin};
use crate::sandbox::{self, Choice, HostPlace, Places, Sandbox};
use crate::session::{self, Attempt, Entry, Journal, Opened, Progress};

/// The options of this run, and how it prints.
pub struct App {
    pub global: Global,
    pub out: Output,
}

/// A learner's work on the disk.
pub struct Learner {
    pub places: Places,
    pub journal: Journal,
    pub progress: Progress,
    /// What katas are drawn from, unless an attempt has a seed of its own.
    pub seed: u64,
    /// The seed of the journal, whatever was named for this run.
    pub own_seed: u64,
    /// The seed was named for this run.
    pub seed_given: bool,
}

/// The kata that is set in the shell for a kata.
pub const KATA_VARIABLE: &str = "KUBEKATA_KATA";

/// The sandbox that this program takes where none is named.
pub const SANDBOX_VARIABLE: &str = "KUBEKATA_SANDBOX";

impl App {
    pub fn new(global: Global) -> Self {
        let out = Output::new(global.no_color, global.ascii);
        Self { global, out }
    }

    /// The course, with every check in it read. The error lists every mistake.
    pub fn course(&self) -> Result<Arc<Course>> {
        let course = course::load_files(&self.course_files()?)?;
        if self.global.course.is_some() {
            // The built-in course was proven when it was built.
            check::validate(&course).or_ok(())?;
        }
        Ok(Arc::new(course))
    }

    /// The files of the course, fetched where they have to be.
    pub fn course_files(&self) -> Result<CourseFiles> {
        match &self.global.course {
            None => Ok(CourseFiles::embedded()?),
            Some(Origin::Folder(folder)) => Ok(CourseFiles::from_folder(folder)?),
            Some(Origin::Git(origin)) => self.git_courses()?.files(origin),
        }
    }

    pub fn git_courses(&self) -> Result<GitCourses> {
        Ok(GitCourses::in_folder(self.places()?.root().join("courses")))
    }

    /// Programs that a course brings run on this machine only when they are asked for, and those
    /// of a course from elsewhere only when somebody agrees.
    pub fn allow_programs(&self, what: &str) -> Result<()> {
        let Some(Origin::Git(origin)) = &self.global.course else {
            return Ok(());
        };
        let question = format!("{what} runs programs of {origin} on this machine. Run them?");
        if !self.global.yes && !confirmed(&question)? {
            return Err(Misuse("nothing was run".to_owned()).into());
        }
        Ok(())
    }

    /// The learner's time, not the cluster's.
    pub fn now(&self) -> Timestamp {
        Clock::real().now()
    }

    pub fn places(&self) -> Result<Places> {
        Places::open(self.global.data.as_deref())
    }

    pub fn learner(&self) -> Result<Learner> {
        let places = self.places()?;
        let Opened {
            journal,
            seed,
            progress,
            warning,
        } = Journal::open(&places.journal())?;
        if let Some(warning) = warning {
            eprintln!("kubekata: {warning}");
        }
        let mut learner = Learner {
            places,
            journal,
            progress,
            seed: self.global.seed.unwrap_or(seed),
            own_seed: seed,
            seed_given: self.global.seed.is_some(),
        };
        // Its time went on while nobody looked.
        let exam = learner.progress.exam();
        if let Some(exam) = exam.filter(|exam| exam.is_over(self.now())) {
            let at = exam.deadline();
            learner.record(Entry::ExamEnded { at })?;
        }
        Ok(learner)
    }

    /// The cluster to work in. The embedded one is left running where it did not run; before a
    /// cluster far away is touched, somebody agrees to that.
    pub async fn sandbox(&self, places: &Places) -> Result<Arc<dyn Sandbox>> {
        match self.global.sandbox {
            Choice::Embedded => {
                self.provide_images(places)?;
                sandbox::attach_or_leave_host(places, &self.global.sandbox).await
            }
            _ => foreign::open(self, places).await,
        }
    }

    /// Sees to it that the embedded cluster has the images of the course when it starts.
    pub fn provide_images(&self, places: &Places) -> Result<()> {
        if self.global.course.is_none() {
            return Ok(());
        }
        let images = &self.course()?.images;
        if !HostPlace::of(places)?.provide(images)? {
            eprintln!(
                "kubekata: the cluster was started without the images of this course; \
                 kubekata cluster stop, and it has them with the next start"
            );
        }
        Ok(())
    }

    /// Fails where the sandbox is not the cluster inside this program.
    pub fn require_embedded(&self, what: &str) -> Result<()> {
        match &self.global.sandbox {
            Choice::Embedded => Ok(()),
            other => {
                let message = format!("{what}: only the embedded cluster can do this, not {other}");
                Err(Misuse(message).into())
            }
        }
    }

    /// The kata that is meant: named, or the shell's own, or the one under way.
    pub fn kata<'a>(
        &self,
        course: &'a Course,
        learner: &Learner,
        name: Option<&str>,
    ) -> Result<&'a Kata> {
        let inherited = std::env::var(KATA_VARIABLE).ok();
        if let Some(name) = name.or(inherited.as_deref()) {
            return course.find(name).ok_or_else(|| {
                Misuse(format!("no kata {name}; `kubekata list` shows them all")).into()
            });
        }
        learner.under_way(course).ok_or_else(none_under_way)
    }
}

pub fn none_under_way() -> anyhow::Error {
    let message =
        "no kata is under way; `kubekata list` shows them, `kubekata start KATA` begins one";
    Misuse(message.to_owned()).into()
}

impl Learner {
    /// The kata whose attempt began last.
    pub fn under_way<'a>(&self, course: &'a Course) -> Option<&'a Kata> {
        let last = self
            .progress
            .katas
            .iter()
            .filter(|(id, _)| course.kata(id).is_some())
            .max_by_key(|(_, kata)| kata.attempt.started)?;
        course.kata(last.0)
    }

    pub fn instance(&self, kata: &Kata) -> Result<Arc<KataInstance>> {
        Ok(Arc::new(kata.instance(self.seed_of(kata))?))
    }

    /// What this kata's parameters are drawn from.
    pub fn seed_of(&self, kata: &Kata) -> u64 {
        match self.seed_given {
            true => self.seed,
            false => self.progress.seed_of(&kata.id, self.seed),
        }
    }

    /// The attempt on a kata; fails where it was never started.
    pub fn attempt(&self, kata: &KataInstance) -> Result<Attempt> {
        let attempt = self.progress.attempt(&kata.id);
        if attempt.number == 0 {
            let message = format!("not started yet: kubekata start {}", kata.id);
            return Err(Misuse(message).into());
        }
        Ok(attempt)
    }

    pub fn record(&mut self, entry: Entry) -> Result<()> {
        self.record_all(vec![entry])
    }

    /// Takes over what other programs have written down meanwhile.
    pub fn listen(&mut self) -> Result<()> {
        for entry in self.journal.news()? {
            self.progress.apply(&entry);
        }
        Ok(())
    }

    /// Writes down what belongs together. What other programs wrote meanwhile came before it.
    pub fn record_all(&mut self, entries: Vec<Entry>) -> Result<()> {
        let heard = self.journal.append_all(&entries)?;
        for entry in heard.iter().chain(&entries) {
            self.progress.apply(entry);
        }
        Ok(())
    }

    /// Writes down that every task is done, with the time since the attempt began where no
    /// session counted it.
    pub fn record_solved(&mut self, kata: &KataInstance, now: Timestamp) -> Result<()> {
        let attempt = self.progress.attempt(&kata.id);
        if attempt.solved {
            return Ok(());
        }
        if attempt.seconds == 0
            && let Some(started) = attempt.started
        {
            let seconds = now.as_second().saturating_sub(started.as_second());
            self.record(Entry::Spent {
                kata: kata.id.clone(),
                seconds: u64::try_from(seconds).unwrap_or(0),
            })?;
        }
        let started = attempt.started.map(|at| at.as_second());
        let steps = session::walked(&self.places, &kata.id, started);
        let mut entries = Vec::new();
        if !steps.is_empty() {
            entries.push(Entry::Walked {
                kata: kata.id.clone(),
                steps,
            });
        }
        entries.push(Entry::Solved {
            kata: kata.id.clone(),
            at: now,
        });
        self.record_all(entries)
    }
}
