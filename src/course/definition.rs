//! The format of `kata.yaml`, read after its parameters are filled in.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::document::{Document, NodeValue};
use super::fields::Fields;
use super::instance::{Hint, HintTier, TaskText};
use super::model::{Difficulty, KataKind, ObjectName, ProgramOfKata, SandboxNeeds, SourceFile};
use super::problem::{Problem, Problems};

/// One of `nudge`, `look` and `answer`, in this order.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct HintForm {
    /// A question that leads on.
    nudge: Option<String>,
    /// What one sees with the `command`.
    look: Option<String>,
    /// What can be typed.
    answer: Option<String>,
    /// It works when the hint is shown.
    command: Option<String>,
    /// Passed over once this task is done.
    task: Option<String>,
}

/// `kata.yaml` after filling in.
pub(super) struct Definition {
    pub title: String,
    pub difficulty: Difficulty,
    pub kind: KataKind,
    pub minutes: u32,
    pub story: String,
    pub sandbox: SandboxNeeds,
    pub makes: Vec<ObjectName>,
    pub program: Option<ProgramOfKata>,
    pub also: BTreeMap<String, String>,
    pub scene: Vec<String>,
    pub tasks: Vec<TaskText>,
    pub hints: Vec<Hint>,
    pub wrong: BTreeMap<String, Vec<String>>,
}

impl Definition {
    /// Reads a filled `kata.yaml`; mistakes go to `problems`, and `None` means it is unusable.
    pub(super) fn read(file: &SourceFile, problems: &mut Problems) -> Option<Self> {
        let document = match Document::parse(&file.path, &file.text) {
            Ok(document) => document,
            Err(problem) => {
                problems.push(problem);
                return None;
            }
        };
        let mut fields = Fields::of(&document, &document.root, "", problems)?;
        fields.format();
        let title = fields.required("title");
        let difficulty = fields.required("difficulty");
        let kind = fields.required("kind");
        let minutes = fields.required("minutes");
        let story = fields.required("story");
        fields.node("parameters");
        fields.node("namespaces");
        fields.node("plain");
        let sandbox = fields.optional("sandbox").unwrap_or_default();
        let makes = fields.list("makes");
        let program = fields.optional("program");
        let also = fields.optional("also").unwrap_or_default();
        let scene = fields.list("scene");
        let tasks: Vec<TaskText> = fields.list("tasks");
        if tasks.is_empty() {
            fields.refuse("tasks", "a kata has at least one task");
        }
        let hints = read_hints(&mut fields, &tasks);
        let wrong = read_wrong(&mut fields);
        refuse_repeated(&mut fields, &tasks);
        fields.end();
        Some(Self {
            title: title?,
            difficulty: difficulty?,
            kind: kind?,
            minutes: minutes?,
            story: story?,
            sandbox,
            makes,
            program,
            also,
            scene,
            tasks,
            hints,
            wrong,
        })
    }
}

fn refuse_repeated(fields: &mut Fields<'_>, tasks: &[TaskText]) {
    for (index, task) in tasks.iter().enumerate() {
        if tasks[..index].iter().any(|earlier| earlier.id == task.id) {
            fields.refuse("tasks", format!("two tasks are called `{}`", task.id));
        }
        if task.checks.is_empty() {
            fields.refuse("tasks", format!("task `{}` has no checks", task.id));
        }
    }
}

fn read_hints(fields: &mut Fields<'_>, tasks: &[TaskText]) -> Vec<Hint> {
    let mut hints = Vec::new();
    fields.each("hints", |document, node, path, problems| {
        let form: HintForm = match document.decode(node, path) {
            Ok(form) => form,
            Err(problem) => return problems.push(problem),
        };
        let texts = [
            (HintTier::Nudge, form.nudge),
            (HintTier::Look, form.look),
            (HintTier::Answer, form.answer),
        ];
        let mut given = texts
            .into_iter()
            .filter_map(|(tier, text)| text.map(|text| (tier, text)));
        let (Some((tier, text)), None) = (given.next(), given.next()) else {
            let message = "expected exactly one of `nudge`, `look` and `answer`";
            return problems.push(document.problem(node, path, message));
        };
        if tier == HintTier::Look && form.command.is_none() {
            let message = "a `look` shows the `command` that looks";
            problems.push(document.problem(node, path, message));
        }
        if let Some(task) = &form.task
            && !tasks.iter().any(|known| known.id == *task)
        {
            problems.push(document.problem(node, path, format!("no task `{task}` in this kata")));
        }
        hints.push(Hint {
            tier,
            task: form.task,
            text,
            command: form.command,
        });
    });
    hints
}

/// `name: check` or `name: [check, check]`.
fn read_wrong(fields: &mut Fields<'_>) -> BTreeMap<String, Vec<String>> {
    let mut wrong = BTreeMap::new();
    let Some(node) = fields.node("wrong") else {
        return wrong;
    };
    let NodeValue::Map(entries) = &node.value else {
        fields.refuse("wrong", "expected a mapping of wrong answer to check");
        return wrong;
    };
    for (name, _, node) in entries {
        let path = format!("wrong.{name}");
        let checks = match node.as_str() {
            Some(check) => Ok(vec![check.to_owned()]),
            None => fields.document().decode::<Vec<String>>(node, &path),
        };
        match checks {
            Ok(checks) if checks.is_empty() => {
                let message = "names no check that refuses it";
                let problem = fields.document().problem(node, &path, message);
                fields.problems().push(problem);
            }
            Ok(checks) => {
                wrong.insert(name.clone(), checks);
            }
            Err(problem) => fields.problems().push(problem),
        }
    }
    wrong
}

/// Templates in the fields that are the same for every learner are a mistake.
pub(super) fn refuse_templates(document: &Document, problems: &mut Problems) {
    for name in ["title", "difficulty", "kind", "minutes"] {
        let Some(node) = document.root.get(name) else {
            continue;
        };
        if node.to_json().to_string().contains("{{") {
            let problem: Problem = document.problem(
                node,
                name,
                "is the same for every learner: no parameters here",
            );
            problems.push(problem);
        }
    }
}
