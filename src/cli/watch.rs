//! `kubekata check --watch`: the same judge in a pane of the learner's own terminal.
//!
//! On a terminal one picture is kept up to date in place; in a pipe only what changes is written,
//! with `--json` a line for each change.

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

use anyhow::Result;
use crossterm::terminal;
use tokio::sync::{mpsc, watch};

use super::app::{App, Learner};
use super::output::{Tone, counted, span};
use super::report::{Report, task_line, verdict_text};
use super::{GOOD, refused};
use crate::check::{Judge, Verdict};
use crate::course::KataInstance;
use crate::session::{self, TaskState, TaskStatus};

/// Shows the kata until it is solved or the learner leaves.
pub(super) async fn run(
    app: &App,
    learner: &mut Learner,
    kata: &KataInstance,
    judge: &Judge,
    json: bool,
) -> Result<ExitCode> {
    let (sender, mut verdicts) = mpsc::channel(16);
    let (_again, again) = watch::channel(0);
    let mut screen: Box<dyn Screen> = match (json, std::io::stdout().is_terminal()) {
        (true, _) => Box::new(Lines),
        (false, true) => Box::new(Pane::default()),
        (false, false) => Box::new(Log::default()),
    };
    let mut known: Vec<Verdict> = Vec::new();
    screen.show(app, learner, &Report::new(kata, Vec::new()))?;
    let judged = judge.watch(sender, again);
    tokio::pin!(judged);
    loop {
        let verdict = tokio::select! {
            () = &mut judged => return Ok(refused()),
            verdict = verdicts.recv() => match verdict {
                Some(verdict) => verdict,
                None => return Ok(refused()),
            },
            _ = tokio::signal::ctrl_c() => return Ok(refused()),
        };
        known.retain(|earlier| earlier.check != verdict.check);
        known.push(verdict);
        // Others write to the same journal: hints that were shown, a new attempt.
        learner.listen()?;
        let report = Report::new(kata, known.clone());
        screen.show(app, learner, &report)?;
        let all_judged = session::checks_left(kata, &known) == 0;
        if all_judged {
            super::exam::record_score(app, learner, kata, report.done())?;
        }
        if report.is_solved() {
            learner.record_solved(kata, app.now())?;
            screen.solved(app, learner, kata);
            return Ok(GOOD);
        }
    }
}

/// Where news are shown.
trait Screen {
    fn show(&mut self, app: &App, learner: &Learner, report: &Report<'_>) -> Result<()>;

    fn solved(&mut self, app: &App, learner: &Learner, kata: &KataInstance) {
        super::check::print_solved(app, learner, kata);
    }
}

/// For programs: a line of JSON for each change.
struct Lines;

impl Screen for Lines {
    fn show(&mut self, _: &App, _: &Learner, report: &Report<'_>) -> Result<()> {
        say!("{}", serde_json::to_string(&report.json())?);
        Ok(())
    }

    fn solved(&mut self, _: &App, _: &Learner, _: &KataInstance) {}
}

/// For a pipe: each task when its status changes, each new verdict that does not hold.
#[derive(Default)]
struct Log {
    tasks: Vec<TaskState>,
    verdicts: Vec<Verdict>,
}

impl Screen for Log {
    fn show(&mut self, app: &App, _: &Learner, report: &Report<'_>) -> Result<()> {
        for verdict in &report.verdicts {
            if !verdict.holds() && !self.verdicts.contains(verdict) {
                say!("\n{}", verdict_text(&app.out, verdict));
            }
        }
        for (index, task) in report.tasks.iter().enumerate() {
            match self.tasks.get(index) {
                Some(before) if before.status == task.status => {}
                Some(_) => say!("\n{}", task_line(&app.out, task)),
                None => say!("{}", task_line(&app.out, task)),
            }
        }
        self.tasks.clone_from(&report.tasks);
        self.verdicts.clone_from(&report.verdicts);
        Ok(())
    }
}

/// For a terminal: one picture, drawn again in its place.
#[derive(Default)]
struct Pane {
    /// The lines that the last picture took.
    drawn: usize,
}

impl Screen for Pane {
    fn show(&mut self, app: &App, learner: &Learner, report: &Report<'_>) -> Result<()> {
        let (columns, rows) = terminal::size().unwrap_or((80, 24));
        let lines = picture(app, learner, report);
        self.draw(&lines, usize::from(columns), usize::from(rows))
    }
}

impl Pane {
    fn draw(&mut self, lines: &[String], columns: usize, rows: usize) -> Result<()> {
        let mut text = String::new();
        if self.drawn > 0 {
            text.push_str(&format!("\u{1b}[{}A", self.drawn));
        }
        text.push_str("\r\u{1b}[J");
        // The last row stays free for the cursor: nothing scrolls away.
        let shown = lines.len().min(rows.saturating_sub(1));
        for line in &lines[..shown] {
            text.push_str(&clip(line, columns.saturating_sub(1)));
            text.push('\n');
        }
        self.drawn = shown;
        let mut out = std::io::stdout();
        out.write_all(text.as_bytes())?;
        Ok(out.flush()?)
    }
}

/// Title, tasks, and why the first task that is open is not done.
fn picture(app: &App, learner: &Learner, report: &Report<'_>) -> Vec<String> {
    let out = &app.out;
    let kata = report.kata;
    let attempt = learner.progress.attempt(&kata.id);
    let facts = [
        format!("attempt {}", attempt.number.max(1)),
        counted(attempt.hints.len(), "hint"),
        span(attempt.seconds),
    ];
    let mut lines = vec![
        format!(
            "{}  {}",
            out.paint(Tone::Strong, &kata.title),
            out.paint(Tone::Dim, &facts.join(", "))
        ),
        String::new(),
    ];
    let mut push = |text: &str| lines.extend(text.lines().map(str::to_owned));
    for task in &report.tasks {
        push(&task_line(out, task));
    }
    let open = report
        .tasks
        .iter()
        .find(|task| task.status != TaskStatus::Done);
    let of_task = |verdict: &&Verdict| {
        !verdict.holds() && open.is_some_and(|task| task.checks.contains(&verdict.check))
    };
    for verdict in report.verdicts.iter().filter(of_task) {
        push("\n");
        push(&verdict_text(out, verdict));
    }
    push("\n");
    let clock = app.now().strftime("%T UTC").to_string();
    let words = format!("looked at {clock}, again when something changes; ctrl-c ends");
    push(&out.paint(Tone::Dim, &words));
    lines
}

/// The line as far as it fits, with its colours.
fn clip(line: &str, columns: usize) -> String {
    let mut clipped = String::new();
    let mut width = 0;
    let mut escape = false;
    for letter in line.chars() {
        match letter {
            '\u{1b}' => escape = true,
            'm' if escape => {
                escape = false;
                clipped.push(letter);
                continue;
            }
            _ => {}
        }
        if escape {
            clipped.push(letter);
            continue;
        }
        width += unicode_width::UnicodeWidthChar::width(letter).unwrap_or(0);
        if width <= columns {
            clipped.push(letter);
        }
    }
    clipped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_ends_at_the_edge_and_keeps_its_colours() {
        let line = "\u{1b}[32mgreen and long\u{1b}[0m";
        assert_eq!(clip(line, 5), "\u{1b}[32mgreen\u{1b}[0m");
        assert_eq!(clip("short", 80), "short");
    }
}
