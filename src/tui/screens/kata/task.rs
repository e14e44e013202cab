//! What stands in the task pane: the story, the tasks with their ticks, why
//! the current one is open, hints, the solution; the debrief when all is done;
//! the lesson when it is asked for.

use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::session::{OpenKata, Phase};
use crate::tui::action::Action;
use crate::tui::keymap::Context;
use crate::tui::state::State;
use crate::tui::strings;
use crate::tui::widgets::scroll::furthest;
use crate::tui::widgets::text::{counted, spent as time_spent};
use crate::tui::widgets::wrap::{wrap, wrap_text};
use crate::tui::widgets::{markdown, path, tasks};

/// The lines of the pane, and where the newest help begins.
#[derive(Debug, Default)]
pub struct Content {
    /// Everything, top to bottom.
    pub lines: Vec<Line<'static>>,
    /// The first line of the tasks.
    pub tasks_at: Option<usize>,
    /// The line of the newest hint's heading.
    pub hint_at: Option<usize>,
    /// The line of the solution's heading.
    pub solution_at: Option<usize>,
}

/// The pane's name.
pub fn name(open: &OpenKata, state: &State) -> &'static str {
    match open.phase {
        _ if state.kata.lesson => strings::LESSON,
        Phase::Debrief => strings::DEBRIEF,
        _ => strings::TASK,
    }
}

/// What kind of kata it is.
pub fn about(open: &OpenKata, state: &State) -> String {
    format!(
        "{} {} {}",
        open.kata.kind.as_str(),
        state.theme.glyphs.dot,
        open.kata.difficulty.as_str()
    )
}

/// Hints, attempt and time, for the border.
pub fn spent(open: &OpenKata, state: &State) -> String {
    let dot = state.theme.glyphs.dot;
    let mut facts = Vec::new();
    if !open.kata.hints.is_empty() {
        facts.push(format!(
            "hints {} of {}",
            open.hints.len(),
            open.kata.hints.len()
        ));
    }
    if open.attempt > 1 {
        facts.push(format!("attempt {}", open.attempt));
    }
    if open.seconds >= 60 {
        facts.push(time_spent(open.seconds));
    }
    facts.join(&format!(" {dot} "))
}

/// The command that the pane shows last for looking: a hint's, else that of
/// the check that does not hold.
pub fn command_that_looks(open: &OpenKata) -> Option<String> {
    let hints = open.shown_hints();
    let of_hint = hints.iter().rev().find_map(|hint| hint.command.clone());
    of_hint.or_else(|| {
        let task = open.current_task()?;
        open.open_verdicts(task).first()?.look.first().cloned()
    })
}

/// The command under a cell of the pane, where there is one: known by its
/// style, and completed from the text that it was broken out of.
pub fn command_at(state: &State, inside: Rect, column: u16, row: u16) -> Option<String> {
    let open = state.session.open.as_ref()?;
    let lines = content(open, state, inside.width).lines;
    let scrolled = if state.kata.lesson {
        state.kata.lesson_scroll
    } else {
        state.kata.task_scroll
    };
    let offset = scrolled.min(furthest(lines.len(), usize::from(inside.height)));
    let line = lines.get(offset + usize::from(row))?;
    let mut end = 0;
    let span = line.spans.iter().find(|span| {
        end += span.width();
        usize::from(column) < end
    })?;
    if span.style != state.theme.code {
        return None;
    }
    let fragment = span.content.trim();
    let commands = commands(open, state);
    let whole = commands.iter().find(|command| command.trim() == fragment);
    let part = || commands.iter().find(|command| command.contains(fragment));
    whole
        .or_else(part)
        .filter(|_| !fragment.is_empty())
        .cloned()
}

/// Every command that the pane can show now.
fn commands(open: &OpenKata, state: &State) -> Vec<String> {
    if state.kata.lesson {
        return markdown::commands(&open.kata.lesson);
    }
    let mut commands = Vec::new();
    for hint in open.shown_hints() {
        commands.extend(hint.command.clone());
        commands.extend(markdown::commands(&hint.text));
    }
    if let Some(task) = open.current_task() {
        for verdict in open.open_verdicts(task) {
            commands.extend(verdict.look.iter().cloned());
        }
    }
    commands.extend(markdown::commands(&open.kata.story));
    if open.phase == Phase::Debrief {
        commands.extend(markdown::commands(&open.kata.debrief));
    }
    if open.solution_shown {
        let scripts = open
            .kata
            .solution
            .iter()
            .filter(|file| file.name.ends_with(".sh"));
        for script in scripts {
            commands.extend(markdown::commands(&format!("```sh\n{}\n```", script.text)));
        }
    }
    commands
}

/// Writes the pane at a width.
pub fn content(open: &OpenKata, state: &State, width: u16) -> Content {
    let mut writer = Writer {
        open,
        state,
        width,
        content: Content::default(),
    };
    if state.kata.lesson {
        writer.markdown(&open.kata.lesson);
    } else if open.phase == Phase::Debrief {
        writer.debrief();
    } else {
        writer.task();
    }
    writer.content
}

struct Writer<'a> {
    open: &'a OpenKata,
    state: &'a State,
    width: u16,
    content: Content,
}

impl Writer<'_> {
    fn task(&mut self) {
        let (open, theme, width) = (self.open, &self.state.theme, usize::from(self.width));
        self.markdown(&open.kata.story);
        self.gap();
        self.content.tasks_at = Some(self.content.lines.len());
        self.content.lines.extend(tasks::list(open, width, theme));
        let failure = tasks::current_failure(open, width, theme);
        if !failure.is_empty() {
            self.gap();
            self.content.lines.extend(failure);
        }
        self.coach();
        self.hints();
        if open.solution_shown {
            self.solution();
            self.compared();
        }
    }

    /// One quiet line, or none.
    fn coach(&mut self) {
        let Some(words) = self.state.session.coach.says() else {
            return;
        };
        let words = format!("{}: {words}", strings::COACH);
        let lines = wrap_text(&words, self.state.theme.accent, usize::from(self.width));
        self.gap();
        self.content.lines.extend(lines);
    }

    /// Where what the learner has differs from the solution.
    fn compared(&mut self) {
        let (theme, width) = (&self.state.theme, usize::from(self.width));
        let compared = self.open.compared.as_deref().unwrap_or_default();
        if compared.is_empty() {
            return;
        }
        let lines = path::compared(compared, width, theme);
        self.gap();
        let title = Line::styled(strings::AGAINST_SOLUTION, theme.accent);
        self.content.lines.push(title);
        self.content.lines.extend(lines);
    }

    fn hints(&mut self) {
        let theme = &self.state.theme;
        let of = self.open.kata.hints.len();
        for (index, hint) in self.open.shown_hints().into_iter().enumerate() {
            self.gap();
            self.content.hint_at = Some(self.content.lines.len());
            let title = strings::hint_title(index + 1, of, hint.tier);
            self.content.lines.push(Line::styled(title, theme.accent));
            self.markdown(&hint.text);
            if let Some(command) = &hint.command {
                let indent = [Span::raw("  ")];
                let command = [Span::styled(command.trim().to_owned(), theme.code)];
                let lines = wrap(&command, usize::from(self.width), &indent, &indent);
                self.content.lines.extend(lines);
            }
        }
    }

    /// The script first, then what it uses.
    fn solution(&mut self) {
        self.gap();
        self.content.solution_at = Some(self.content.lines.len());
        let title = Line::styled(strings::SOLUTION, self.state.theme.accent);
        self.content.lines.push(title);
        let files = &self.open.kata.solution;
        let is_script = |name: &str| name.ends_with(".sh");
        let scripts = files.iter().filter(|file| is_script(&file.name));
        let others = files.iter().filter(|file| !is_script(&file.name));
        for file in scripts.chain(others) {
            let language = if is_script(&file.name) { "sh" } else { "yaml" };
            let source = format!("`{}`\n\n```{language}\n{}\n```", file.name, file.text);
            self.markdown(&source);
            self.gap();
        }
    }

    fn debrief(&mut self) {
        let (open, theme, width) = (self.open, &self.state.theme, usize::from(self.width));
        let words = format!(
            "{} {} in {} with {}{}",
            theme.glyphs.done,
            strings::SOLVED,
            time_spent(open.seconds),
            counted(open.hints.len(), "hint"),
            if open.solution_shown {
                " and the solution"
            } else {
                ""
            },
        );
        self.content
            .lines
            .extend(wrap_text(&words, theme.good, width));
        self.gap();
        self.content.lines.extend(tasks::list(open, width, theme));
        self.gap();
        self.markdown(&open.kata.debrief);
        let path = path::typed(open, width, theme);
        if !path.is_empty() {
            self.gap();
            self.content.lines.extend(path);
        }
        if open.solution_shown {
            self.solution();
        }
        self.compared();
        if let Some(next) = self.state.session.course.after(&open.kata.id) {
            self.gap();
            let key = self.state.keymap.key_of(Context::Kata, Action::NextKata);
            let key = key.map(|key| key.name(theme.glyphs)).unwrap_or_default();
            self.content.lines.push(Line::from(vec![
                Span::styled(
                    format!("{} {} ", strings::NEXT, theme.glyphs.path),
                    theme.accent,
                ),
                Span::styled(next.title.clone(), theme.strong),
                Span::styled(format!("   {key}"), theme.accent),
            ]));
        }
    }

    fn markdown(&mut self, source: &str) {
        let lines = markdown::render(source, self.width, &self.state.theme);
        self.content.lines.extend(lines);
    }

    /// One blank line, never two and none at the top.
    fn gap(&mut self) {
        if self
            .content
            .lines
            .last()
            .is_some_and(|line| line.width() > 0)
        {
            self.content.lines.push(Line::default());
        }
    }
}
