//! Tasks and verdicts in words, and as JSON.

use serde::Serialize;

use super::output::{Output, Tone, counted, hanging, span};
use crate::check::{Difference, Outcome, Verdict};
use crate::course::KataInstance;
use crate::session::{Attempt, TaskState, TaskStatus};

/// A kata's tasks with their verdicts.
pub struct Report<'a> {
    pub kata: &'a KataInstance,
    pub tasks: Vec<TaskState>,
    pub verdicts: Vec<Verdict>,
}

impl<'a> Report<'a> {
    pub fn new(kata: &'a KataInstance, verdicts: Vec<Verdict>) -> Self {
        let tasks = crate::session::judge_tasks(kata, &verdicts);
        Self {
            kata,
            tasks,
            verdicts,
        }
    }

    pub fn is_solved(&self) -> bool {
        self.tasks
            .iter()
            .all(|task| task.status == TaskStatus::Done)
    }

    /// The ids of the tasks that are done.
    pub fn done(&self) -> Vec<String> {
        let tasks = self.tasks.iter();
        let done = tasks.filter(|task| task.status == TaskStatus::Done);
        done.map(|task| task.id.clone()).collect()
    }

    /// The tasks, then what is different, then where to look.
    pub fn print(&self, out: &Output) {
        for task in &self.tasks {
            say!("{}", task_line(out, task));
        }
        let mut wrong = self
            .verdicts
            .iter()
            .filter(|verdict| !verdict.holds())
            .peekable();
        if wrong.peek().is_some() {
            say!("");
        }
        for verdict in wrong {
            say!("{}\n", verdict_text(out, verdict));
        }
    }

    pub fn json(&self) -> serde_json::Value {
        let task = |task: &TaskState| {
            serde_json::json!({
                "id": task.id,
                "text": task.text.trim_end(),
                "done": task.status == TaskStatus::Done,
                "checks": task.checks,
            })
        };
        #[derive(Serialize)]
        struct Whole<'a> {
            kata: &'a str,
            seed: u64,
            solved: bool,
            tasks: Vec<serde_json::Value>,
            verdicts: &'a [Verdict],
        }
        let whole = Whole {
            kata: self.kata.id.as_str(),
            seed: self.kata.seed,
            solved: self.is_solved(),
            tasks: self.tasks.iter().map(task).collect(),
            verdicts: &self.verdicts,
        };
        serde_json::to_value(whole).unwrap_or_default()
    }
}

/// So many commands of a path are shown, the latest ones.
const SHOWN_STEPS: usize = 20;

/// Time and help, then what was typed and which of it failed.
pub fn path_lines(out: &Output, attempt: &Attempt) -> Vec<String> {
    let failed = attempt.steps.iter().filter(|step| step.exit != 0).count();
    let mut facts = vec![span(attempt.seconds), counted(attempt.hints.len(), "hint")];
    if attempt.solution_seen {
        facts.push("the solution was shown".to_owned());
    }
    if !attempt.steps.is_empty() {
        let words = format!(
            "{}, {failed} failed",
            counted(attempt.steps.len(), "command")
        );
        facts.push(words);
    }
    let mut lines = vec![facts.join(", ")];
    let hidden = attempt.steps.len().saturating_sub(SHOWN_STEPS);
    for step in &attempt.steps[hidden..] {
        let command = &step.command;
        lines.push(match step.exit {
            0 => format!("  {command}"),
            _ => out.bad(command),
        });
    }
    lines
}

/// `✓ done    The Pod runs`.
pub fn task_line(out: &Output, task: &TaskState) -> String {
    let status = out.task(task.status);
    // Colours have no width: the indent counts what is seen.
    let indent = " ".repeat(12);
    let lines: Vec<&str> = task.text.trim_end().lines().collect();
    let text = lines.join(&format!("\n{indent}"));
    format!(" {status}  {text}")
}

/// What a check found, in the words of a person.
pub fn verdict_text(out: &Output, verdict: &Verdict) -> String {
    let mark = match verdict.outcome {
        Outcome::Holds => out.good("holds"),
        Outcome::Holding { so_far, of } => out.partial(&format!(
            "holds for {} of {} s",
            so_far.as_secs(),
            of.as_secs()
        )),
        Outcome::Waiting { .. } => out.partial("not yet"),
        Outcome::Fails => out.bad("not so"),
        Outcome::Unknown => out.bad("not known"),
    };
    let mut lines = vec![format!(
        " {mark}  {}",
        out.paint(Tone::Strong, verdict.says.trim_end())
    )];
    for difference in &verdict.differences {
        lines.extend(difference_lines(out, difference));
    }
    let dim = |word: &str| out.paint(Tone::Dim, word);
    if let Some(otherwise) = &verdict.otherwise {
        lines.push(labelled(&dim("why       "), otherwise));
    }
    for (index, command) in verdict.look.iter().enumerate() {
        let label = if index == 0 {
            "look      "
        } else {
            "          "
        };
        lines.push(labelled(&dim(label), &out.paint(Tone::Accent, command)));
    }
    lines.join("\n")
}

fn difference_lines(out: &Output, difference: &Difference) -> Vec<String> {
    let dim = |word: &str| out.paint(Tone::Dim, word);
    if !difference.is_short() {
        let mut lines = vec![format!("   {}{}", dim("differs   "), difference.field)];
        lines.extend(difference.diff().iter().map(|line| {
            let tone = match line.sign {
                '-' => Tone::Bad,
                '+' => Tone::Good,
                _ => Tone::Plain,
            };
            let text = format!("{} {}", line.sign, line.text);
            format!("             {}", out.paint(tone, &text))
        }));
        return lines;
    }
    let side = |word: &str, value: &str| match difference.field.as_str() {
        "" => format!("   {}{value}", dim(word)),
        field => format!("   {}{field}: {value}", dim(word)),
    };
    let mut lines = Vec::new();
    if !difference.expected.is_empty() {
        lines.push(side("expected  ", &difference.expected));
    }
    lines.push(side("seen      ", &difference.seen));
    lines
}

fn labelled(label: &str, text: &str) -> String {
    let text = hanging("", text).replace('\n', &format!("\n{}", " ".repeat(13)));
    format!("   {label}{text}")
}
