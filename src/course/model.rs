//! The typed course: tracks of lessons, and the katas they lead to. Immutable once loaded.

use std::collections::BTreeMap;
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::parameters::Parameters;

/// A whole course.
#[derive(Debug, Clone, Default)]
pub struct Course {
    pub title: String,
    pub about: String,
    /// Tracks and their lessons in the order of `course.yaml`.
    pub tracks: Vec<Track>,
    pub katas: BTreeMap<KataId, Kata>,
    /// Images of its own, one repository a file, for clusters that pull nothing.
    pub images: Vec<SourceFile>,
}

impl Course {
    /// The katas in the order in which the lessons lead to them.
    pub fn katas_in_order(&self) -> impl Iterator<Item = &Kata> {
        self.tracks
            .iter()
            .flat_map(|track| &track.lessons)
            .filter_map(|lesson| self.katas.get(lesson.kata.as_ref()?))
    }

    pub fn kata(&self, id: &KataId) -> Option<&Kata> {
        self.katas.get(id)
    }

    /// The kata that a learner means: its whole id, or its slug where only one has it.
    pub fn find(&self, name: &str) -> Option<&Kata> {
        if let Some(kata) = self.katas.values().find(|kata| kata.id.as_str() == name) {
            return Some(kata);
        }
        let mut found = self.katas.values().filter(|kata| kata.id.slug() == name);
        found.next().filter(|_| found.next().is_none())
    }

    /// The lesson that leads to a kata.
    pub fn lesson_of(&self, id: &KataId) -> Option<&Lesson> {
        self.tracks
            .iter()
            .flat_map(|track| &track.lessons)
            .find(|lesson| lesson.kata.as_ref() == Some(id))
    }

    /// The kata after `id` in the order of the course.
    pub fn after(&self, id: &KataId) -> Option<&Kata> {
        self.katas_in_order()
            .skip_while(|kata| kata.id != *id)
            .nth(1)
    }
}

/// A group of lessons on one subject.
#[derive(Debug, Clone)]
pub struct Track {
    pub id: String,
    pub title: String,
    pub about: String,
    pub lessons: Vec<Lesson>,
}

/// One page to read, usually with a kata to do afterwards.
#[derive(Debug, Clone)]
pub struct Lesson {
    /// `track/slug`, as its file under `lessons/`.
    pub id: String,
    pub title: String,
    pub kata: Option<KataId>,
    pub minutes: u32,
    /// Lessons worth reading before; nothing is ever locked.
    pub needs: Vec<String>,
    pub quiz: Vec<Question>,
    /// Markdown, still a template where the lesson has a kata.
    pub text: SourceFile,
}

/// A question at the end of a lesson.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Question {
    pub ask: String,
    pub answers: Vec<Answer>,
}

#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Answer {
    pub text: String,
    #[serde(default)]
    pub right: bool,
    /// Shown once it was chosen: why it is right or wrong.
    #[serde(default)]
    pub because: String,
}

/// `track/slug`, such as `pods/first-pod`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct KataId(String);

impl KataId {
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub fn track(&self) -> &str {
        self.0.split_once('/').map_or("", |(track, _)| track)
    }

    pub fn slug(&self) -> &str {
        self.0.split_once('/').map_or(&self.0, |(_, slug)| slug)
    }
}

impl fmt::Display for KataId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A kata as its author wrote it. [`Kata::instance`] makes the one that a learner does.
#[derive(Debug, Clone)]
pub struct Kata {
    pub id: KataId,
    /// The same for every learner, as are the other fields up to `parameters`.
    pub title: String,
    pub difficulty: Difficulty,
    pub kind: KataKind,
    pub minutes: u32,
    pub parameters: Parameters,
    pub(super) sources: KataSources,
}

#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "lowercase")]
pub enum Difficulty {
    Easy,
    Medium,
    Hard,
}

impl Difficulty {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Easy => "easy",
            Self::Medium => "medium",
            Self::Hard => "hard",
        }
    }
}

/// What a learner does in it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum KataKind {
    /// Makes something new.
    Build,
    /// Mends a broken scene.
    Repair,
}

impl KataKind {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Build => "build",
            Self::Repair => "repair",
        }
    }
}

/// What a kata asks of its cluster.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SandboxNeeds {
    /// At least so many nodes.
    #[serde(default)]
    pub nodes: Option<u32>,
    #[serde(default)]
    pub needs: Vec<Need>,
}

/// An ability that not every cluster has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Need {
    Exec,
    NetworkPolicy,
    Metrics,
    Storage,
    LoadBalancer,
    Ingress,
    /// Time can be skipped and paused.
    Clock,
    /// Nodes fail on order.
    Chaos,
    /// What a user asks is counted, and their watches can be cut.
    Traffic,
    /// Things outside of the kata's namespaces may be made and changed.
    Cluster,
}

impl Need {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Exec => "exec",
            Self::NetworkPolicy => "networkpolicy",
            Self::Metrics => "metrics",
            Self::Storage => "storage",
            Self::LoadBalancer => "loadbalancer",
            Self::Ingress => "ingress",
            Self::Clock => "clock",
            Self::Chaos => "chaos",
            Self::Traffic => "traffic",
            Self::Cluster => "cluster",
        }
    }
}

/// An object of the cluster that is in no namespace.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ObjectName {
    pub api_version: String,
    pub kind: String,
    pub name: String,
}

/// The learner's own program, which runs beside the lab.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct ProgramOfKata {
    /// How it is started, in the learner's folder.
    pub command: Vec<String>,
    /// Whom it acts as, in the first namespace.
    pub service_account: String,
}

/// A text file of the course.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceFile {
    /// Path inside the course, for messages.
    pub path: String,
    /// Path below its folder, such as `deployment.yaml`.
    pub name: String,
    pub text: String,
}

/// The files of a kata before parameters are filled in.
#[derive(Debug, Clone, Default)]
pub(super) struct KataSources {
    pub definition: SourceFile,
    /// Templates of the namespaces, read before the rest because the rest may name them.
    pub namespaces: Vec<String>,
    /// Beginnings of paths inside the kata whose files are no templates.
    pub plain: Vec<String>,
    pub lesson: SourceFile,
    pub checks: SourceFile,
    pub start: Vec<SourceFile>,
    pub workspace: Vec<SourceFile>,
    pub solution: Vec<SourceFile>,
    pub wrong: Vec<SourceFile>,
    pub debrief: SourceFile,
}
