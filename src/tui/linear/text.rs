//! Writes course, tasks, hints and the cluster as plain lines. The widgets of
//! the screens lay texts out; here they lose colours and keep every word.

use jiff::Timestamp;
use ratatui::text::Line;

use crate::course::{Answer, Question};
use crate::sandbox::ClusterView;
use crate::session::{KataStatus, OpenKata, State, TaskStatus};
use crate::tui::browser::{Tab, Widths};
use crate::tui::glyphs::ASCII;
use crate::tui::strings::{self, linear as words};
use crate::tui::theme::{Theme, ThemeName};
use crate::tui::widgets::cluster::Canvas;
use crate::tui::widgets::text::{counted, spent};
use crate::tui::widgets::{markdown, tasks};

/// Lays texts out for a width.
pub(super) struct Writer {
    columns: u16,
    theme: Theme,
}

impl Writer {
    pub(super) fn new(columns: u16) -> Self {
        Self {
            columns,
            theme: Theme::new(ThemeName::Plain, false, &ASCII),
        }
    }

    /// Markdown as lines.
    pub(super) fn prose(&self, source: &str) -> Vec<String> {
        plain(markdown::render(source, self.columns, &self.theme))
    }

    /// Tracks and katas, numbered through; `only` narrows it to tracks with
    /// these letters in their title.
    pub(super) fn course(&self, session: &State, only: &str) -> Vec<String> {
        let mut said = Vec::new();
        let mut number = 0;
        for track in session.map() {
            let katas: Vec<String> = track
                .katas
                .iter()
                .map(|kata| {
                    number += 1;
                    let status = match kata.status {
                        KataStatus::Open => strings::OPEN.to_owned(),
                        KataStatus::Started => strings::STARTED.to_owned(),
                        KataStatus::Solved { hints, seconds } => format!(
                            "{} in {} with {}",
                            strings::DONE,
                            spent(seconds),
                            counted(hints, "hint")
                        ),
                    };
                    let (kind, difficulty) = (kata.kind.as_str(), kata.difficulty.as_str());
                    format!(
                        "{number}. {}, {status}, {kind}, {difficulty}, {} min",
                        kata.title, kata.minutes
                    )
                })
                .collect();
            if !track.title.to_lowercase().contains(&only.to_lowercase()) {
                continue;
            }
            let count = strings::katas_done(track.solved, track.katas.len());
            said.push(format!("{}: {count}", track.title));
            said.extend(katas);
        }
        if said.is_empty() {
            said.push(words::no_track(only));
        }
        said
    }

    pub(super) fn story(&self, open: &OpenKata) -> Vec<String> {
        self.prose(&open.kata.story)
    }

    /// Every task with its state, and why the first open one is open.
    pub(super) fn tasks(&self, open: &OpenKata) -> Vec<String> {
        let mut said = Vec::new();
        for (index, task) in open.tasks.iter().enumerate() {
            let status = match task.status {
                TaskStatus::Done => strings::DONE.to_owned(),
                TaskStatus::Open => strings::OPEN.to_owned(),
                TaskStatus::Partial { done, of } => format!("{done} of {of}"),
            };
            let text = markdown::inline(&task.text, self.theme.text, &self.theme);
            let text: String = text.iter().map(|span| span.content.as_ref()).collect();
            said.push(format!("Task {}, {status}: {text}", index + 1));
        }
        let width = usize::from(self.columns);
        let failure = tasks::current_failure(open, width, &self.theme);
        said.extend(plain(failure));
        said
    }

    /// The hint that was shown last.
    pub(super) fn last_hint(&self, open: &OpenKata) -> Vec<String> {
        let hints = open.shown_hints();
        let Some(hint) = hints.last() else {
            return Vec::new();
        };
        let mut said = vec![strings::hint_title(
            hints.len(),
            open.kata.hints.len(),
            hint.tier,
        )];
        said.extend(self.prose(&hint.text));
        said.extend(hint.command.clone());
        said
    }

    pub(super) fn solution(&self, open: &OpenKata) -> Vec<String> {
        let mut said = Vec::new();
        for file in &open.kata.solution {
            said.push(format!("{}: {}", strings::SOLUTION, file.name));
            said.extend(file.text.trim_end().lines().map(str::to_owned));
        }
        said
    }

    pub(super) fn debrief(&self, open: &OpenKata) -> Vec<String> {
        let hints = counted(open.hints.len(), "hint");
        let mut said = vec![words::solved(&spent(open.seconds), &hints)];
        said.extend(self.prose(&open.kata.debrief));
        said.push(words::AFTER_DEBRIEF.to_owned());
        said
    }

    /// Every view of the cluster, one after the other.
    pub(super) fn cluster(&self, view: &ClusterView) -> Vec<String> {
        let mut said = Vec::new();
        for tab in Tab::all() {
            let rows = tab.rows(view);
            let canvas = Canvas {
                width: usize::from(self.columns),
                widths: Widths::of(&rows),
                now: view.taken.map(Timestamp::as_second),
                theme: &self.theme,
            };
            said.push(format!("{}:", tab.name()));
            said.extend(plain(rows.iter().map(|row| canvas.line(row)).collect()));
        }
        said
    }

    pub(super) fn statistics(&self, session: &State) -> Vec<String> {
        let numbers = crate::tui::screens::statistics::Numbers::of(session);
        vec![
            strings::katas_done(numbers.solved, numbers.katas),
            format!("{}: {}", strings::ALONE, numbers.alone),
            format!("{}: {}", strings::ATTEMPTS, numbers.attempts),
            format!("{}: {}", strings::TIME, spent(numbers.seconds)),
        ]
    }

    pub(super) fn question(&self, question: &Question) -> Vec<String> {
        let mut said = vec![String::new()];
        said.extend(self.prose(&question.ask));
        for (index, answer) in question.answers.iter().enumerate() {
            said.push(format!("answer {}: {}", index + 1, answer.text));
        }
        said
    }

    /// Whether the answer is right, and why.
    pub(super) fn chosen(&self, answer: &Answer) -> Vec<String> {
        let word = if answer.right {
            strings::RIGHT
        } else {
            strings::WRONG
        };
        self.prose(&format!("{word}. {}", answer.because))
    }
}

fn plain(lines: Vec<Line<'static>>) -> Vec<String> {
    lines
        .into_iter()
        .map(|line| line.to_string().trim_end().to_owned())
        .collect()
}
