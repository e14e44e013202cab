//! The formats of a course's files as JSON schemas, for editors: made from the types that the files
//! are read into.
//!
//! Editors see files before parameters are filled in, so a number may also be a template. What a
//! check file holds is described by `check`.

use std::collections::BTreeMap;

use schemars::{JsonSchema, SchemaGenerator, generate::SchemaSettings};
use serde_json::{Value, json};

use super::definition::HintForm;
use super::instance::TaskText;
use super::loader::TrackForm;
use super::model::{Difficulty, KataKind, ObjectName, ProgramOfKata, Question, SandboxNeeds};

/// `katas/<track>/<slug>/kata.yaml`
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code, reason = "it only describes what `Definition` reads")]
struct KataFile {
    /// The format of this file: 1.
    format: Format,
    /// The same for every learner.
    title: String,
    difficulty: Difficulty,
    kind: KataKind,
    /// How long it takes.
    minutes: u32,
    /// The situation and what is wanted, as markdown; no solution in it.
    story: String,
    /// Drawn for every learner, and filled into every text, manifest, check and script.
    #[serde(default)]
    parameters: BTreeMap<String, ParameterForm>,
    /// The slug where left out; the learner's shell starts in the first.
    #[serde(default)]
    namespaces: Vec<String>,
    /// Files whose braces stay as they are: beginnings of paths, such as `workspace/chart/`.
    #[serde(default)]
    plain: Vec<String>,
    #[serde(default)]
    sandbox: SandboxNeeds,
    /// What the learner makes outside of the namespaces: it goes with the scene.
    #[serde(default)]
    makes: Vec<ObjectName>,
    /// The learner's own program, where the kata asks for one.
    #[serde(default)]
    program: Option<ProgramOfKata>,
    /// Further solutions: `solution/<name>.sh`, and the command that finds out whether this machine
    /// can run them.
    #[serde(default)]
    also: BTreeMap<String, String>,
    /// Checks that hold once the scene stands, before anyone did anything.
    #[serde(default)]
    scene: Vec<String>,
    tasks: Vec<TaskText>,
    /// Shown one after the other, for the first task that is not done.
    #[serde(default)]
    hints: Vec<HintForm>,
    /// `wrong/<name>.sh`, and the checks that refuse it: these, and no others.
    #[serde(default)]
    wrong: BTreeMap<String, OneOrMany>,
}

/// `lessons/course.yaml`
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code, reason = "it only describes what the loader reads")]
struct CourseFile {
    format: Format,
    title: String,
    #[serde(default)]
    about: String,
    #[serde(default)]
    tracks: Vec<TrackForm>,
}

/// What stands between the two lines of `---` of a lesson.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
#[allow(dead_code, reason = "it only describes what the loader reads")]
struct LessonFront {
    format: Format,
    title: String,
    /// The kata that it leads to: `track/slug`.
    #[serde(default)]
    kata: Option<String>,
    minutes: u32,
    /// Lessons worth reading before; nothing is ever locked.
    #[serde(default)]
    needs: Vec<String>,
    #[serde(default)]
    quiz: Vec<Question>,
}

/// How one parameter is drawn.
#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "it only describes what `Parameter` reads")]
enum ParameterForm {
    /// One of these; entries may be mappings.
    Choice(Vec<Value>),
    /// A whole number, both ends included.
    Range {
        from: i64,
        to: i64,
        step: Option<i64>,
    },
    /// A made-up name of so many words.
    Words { words: usize },
    /// Made from the parameters above it.
    Derived { value: String },
}

/// One check, or several.
#[derive(JsonSchema)]
#[serde(untagged)]
#[allow(dead_code, reason = "it only describes what `Definition` reads")]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

/// Every file is of format 1.
#[allow(dead_code, reason = "it only describes a number")]
struct Format;

impl JsonSchema for Format {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Format".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({"const": 1})
    }
}

/// The schema of kata.yaml.
pub fn kata_schema() -> Value {
    with_templates(of::<KataFile>())
}

/// The schema of course.yaml.
pub fn course_schema() -> Value {
    of::<CourseFile>()
}

/// The schema of a lesson's front matter.
pub fn lesson_schema() -> Value {
    of::<LessonFront>()
}

fn of<T: JsonSchema>() -> Value {
    let generator = SchemaSettings::draft07().into_generator();
    let schema = generator.into_root_schema_for::<T>();
    serde_json::to_value(schema).unwrap_or(Value::Null)
}

/// A number of a kata may be drawn, but for those that are the same for everybody.
fn with_templates(mut schema: Value) -> Value {
    let nodes = schema.pointer_mut("/definitions/SandboxNeeds/properties/nodes");
    if let Some(nodes) = nodes {
        let number = nodes.take();
        *nodes = json!({"anyOf": [number, {"type": "string", "pattern": "\\{\\{"}]});
    }
    schema
}

#[cfg(test)]
mod tests {
    use super::super::problem::Problems;
    use super::*;

    fn properties(schema: &Value) -> Vec<String> {
        let properties = schema["properties"].as_object().expect("it has fields");
        properties.keys().cloned().collect()
    }

    /// What a reader of `text` says that it knows, when it meets a field that it does not know.
    fn known(
        text: &str,
        read: impl Fn(&super::super::model::SourceFile, &mut Problems),
    ) -> Vec<String> {
        let file = super::super::model::SourceFile {
            path: "f.yaml".to_owned(),
            name: "f.yaml".to_owned(),
            text: text.to_owned(),
        };
        let mut problems = Problems::default();
        read(&file, &mut problems);
        let said = problems.iter().map(ToString::to_string);
        let said: Vec<String> = said.filter(|line| line.contains("unknown field")).collect();
        let (_, names) = said[0].split_once("one of ").expect("it names them");
        let mut names: Vec<_> = names
            .split(", ")
            .map(|name| name.trim_matches('`').to_owned())
            .collect();
        names.sort();
        names
    }

    #[test]
    fn the_schema_of_a_kata_has_the_fields_that_are_read() {
        let read = |file: &super::super::model::SourceFile, problems: &mut Problems| {
            super::super::definition::Definition::read(file, problems);
        };
        assert_eq!(properties(&kata_schema()), known("colour: red\n", read));
    }

    #[test]
    fn the_schema_of_a_kata_knows_every_need() {
        let schema = kata_schema();
        let needs = schema.pointer("/definitions/Need");
        let needs = serde_json::to_string(&needs).expect("it is JSON");
        for need in ["exec", "networkpolicy", "clock", "traffic", "cluster"] {
            assert!(needs.contains(&format!("\"{need}\"")), "{needs}");
        }
    }
}
