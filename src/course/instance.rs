//! A kata for one learner: every text and file with the seeded parameters filled in.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use super::definition::Definition;
use super::model::{
    Difficulty, Kata, KataId, KataKind, ObjectName, ProgramOfKata, SandboxNeeds, SourceFile,
};
use super::parameters::Values;
use super::problem::Problems;
use super::template;

/// What a learner reads, runs and is judged by.
#[derive(Debug, Clone)]
pub struct KataInstance {
    pub id: KataId,
    pub seed: u64,
    /// The drawn parameters, and `namespace`, `namespaces`, `kata`.
    pub values: Values,
    pub title: String,
    pub difficulty: Difficulty,
    pub kind: KataKind,
    pub minutes: u32,
    /// The first is the one that the learner's shell starts in.
    pub namespaces: Vec<String>,
    pub sandbox: SandboxNeeds,
    /// What the learner makes outside of the namespaces; it goes with the scene.
    pub makes: Vec<ObjectName>,
    /// Where the learner writes a program that runs beside the lab.
    pub program: Option<ProgramOfKata>,
    /// Further solutions: `solution/<name>.sh` → the command that finds out whether this machine
    /// has what it needs.
    pub also: BTreeMap<String, String>,
    /// The situation, markdown.
    pub story: String,
    /// The lesson that leads to it, markdown.
    pub lesson: String,
    pub tasks: Vec<TaskText>,
    pub hints: Vec<Hint>,
    /// Checks that hold once the start scene stands, before the learner does anything.
    pub scene: Vec<String>,
    /// Wrong answer → the checks that refuse it.
    pub wrong: BTreeMap<String, Vec<String>>,
    pub debrief: String,
    /// The check file, as YAML text for `check` to read.
    pub checks: SourceFile,
    /// Manifests of the start scene.
    pub start: Vec<SourceFile>,
    /// Files that are copied into the learner's folder.
    pub workspace: Vec<SourceFile>,
    /// `solve.sh` and its manifests.
    pub solution: Vec<SourceFile>,
    /// `<name>.sh` of each wrong answer, and what they use.
    pub wrong_scripts: Vec<SourceFile>,
}

impl KataInstance {
    pub fn namespace(&self) -> &str {
        self.namespaces.first().map_or("default", String::as_str)
    }

    /// The checks that some task names. The others only describe the scene, and are over once it
    /// is mended.
    pub fn checks_of_tasks(&self) -> Vec<String> {
        let checks = self.tasks.iter().flat_map(|task| &task.checks);
        checks.cloned().collect()
    }

    pub fn task(&self, id: &str) -> Option<&TaskText> {
        self.tasks.iter().find(|task| task.id == id)
    }
}

/// One thing to do; it is done when all of its checks hold.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TaskText {
    pub id: String,
    pub text: String,
    pub checks: Vec<String>,
}

/// One step of help; hints are shown in the order of the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hint {
    pub tier: HintTier,
    /// The task it is about; it is passed over once that task is done.
    pub task: Option<String>,
    pub text: String,
    /// The command that looks.
    pub command: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HintTier {
    Nudge,
    Look,
    Answer,
}

impl HintTier {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Nudge => "nudge",
            Self::Look => "look",
            Self::Answer => "answer",
        }
    }
}

impl Kata {
    /// This kata as the learner with `seed` gets it.
    ///
    /// Fails with every mistake found; a course that passed `load` and `lint` has none.
    pub fn instance(&self, seed: u64) -> Result<KataInstance, Problems> {
        let values = self.values(seed)?;
        let mut filler = Filler {
            values: &values,
            plain: &self.sources.plain,
            problems: Problems::default(),
        };
        let sources = &self.sources;
        let definition_text = filler.file(&sources.definition);
        let is_filled = filler.problems.is_empty();
        let checks = filler.file(&sources.checks);
        let lesson = filler.file(&sources.lesson).text;
        let debrief = filler.file(&sources.debrief).text;
        let start = filler.files(&sources.start);
        let workspace = filler.files(&sources.workspace);
        let solution = filler.files(&sources.solution);
        let wrong_scripts = filler.files(&sources.wrong);
        let mut problems = filler.problems;
        if !is_filled {
            // There is no text of the definition that more could be said about.
            return Err(problems);
        }
        let Some(definition) = Definition::read(&definition_text, &mut problems) else {
            return Err(problems);
        };
        problems.or_ok(KataInstance {
            id: self.id.clone(),
            seed,
            namespaces: namespaces_in(&values),
            values,
            title: definition.title,
            difficulty: definition.difficulty,
            kind: definition.kind,
            minutes: definition.minutes,
            sandbox: definition.sandbox,
            makes: definition.makes,
            program: definition.program,
            also: definition.also,
            story: definition.story,
            lesson,
            tasks: definition.tasks,
            hints: definition.hints,
            scene: definition.scene,
            wrong: definition.wrong,
            debrief,
            checks,
            start,
            workspace,
            solution,
            wrong_scripts,
        })
    }

    /// Parameters, then the names that every kata has.
    fn values(&self, seed: u64) -> Result<Values, Problems> {
        let mut values = self.parameters.draw(seed, self.id.as_str())?;
        let file = &self.sources.definition.path;
        let mut namespaces = Vec::new();
        for namespace in &self.sources.namespaces {
            namespaces.push(Value::from(template::render(file, namespace, &values)?));
        }
        values.insert("kata".to_owned(), self.id.as_str().into());
        values.insert(
            "namespace".to_owned(),
            namespaces.first().cloned().unwrap_or(Value::Null),
        );
        values.insert("namespaces".to_owned(), namespaces.into());
        Ok(values)
    }
}

fn namespaces_in(values: &Values) -> Vec<String> {
    let list = values.get("namespaces").and_then(Value::as_array);
    list.into_iter()
        .flatten()
        .filter_map(|name| name.as_str().map(str::to_owned))
        .collect()
}

/// Fills one file after the other and remembers what went wrong.
struct Filler<'a> {
    values: &'a Values,
    plain: &'a [String],
    problems: Problems,
}

impl Filler<'_> {
    fn file(&mut self, file: &SourceFile) -> SourceFile {
        if self.plain.iter().any(|start| file.path.starts_with(start)) {
            return file.clone();
        }
        let text = template::render(&file.path, &file.text, self.values).unwrap_or_else(|error| {
            self.problems.push(error);
            String::new()
        });
        SourceFile {
            path: file.path.clone(),
            name: file.name.clone(),
            text,
        }
    }

    fn files(&mut self, files: &[SourceFile]) -> Vec<SourceFile> {
        files.iter().map(|file| self.file(file)).collect()
    }
}
