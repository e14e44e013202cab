//! The task list with its ticks, and the reason why the current task is open.

use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::markdown;
use super::text::{cut, pad, spent};
use super::wrap::wrap;
use crate::check::{Difference, Outcome, Verdict};
use crate::session::{OpenKata, TaskState, TaskStatus};
use crate::tui::strings;
use crate::tui::theme::Theme;

/// Columns of `✓ done` and its like, with the number of the task.
const STATUS: usize = 9;
/// Columns of `expected` and its like.
const LABEL: usize = 10;
/// Differences of one check that are shown; the first ones say enough.
const MOST_DIFFERENCES: usize = 3;
/// Lines of a diff that are shown before it is cut.
const LONGEST_DIFF: usize = 12;

/// One entry per task: state as glyph and word, number, text.
pub fn list(kata: &OpenKata, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let current = kata.current_task().map(|task| task.id.as_str());
    let mut lines = Vec::new();
    for (index, task) in kata.tasks.iter().enumerate() {
        let (style, status) = status(task, theme);
        let number = format!("{} ", index + 1);
        let first = [
            Span::styled(pad(&status, STATUS), style),
            Span::styled(number.clone(), theme.quiet),
        ];
        let indent = [Span::raw(" ".repeat(STATUS + number.len()))];
        let text_style = match task.status {
            TaskStatus::Done => theme.quiet,
            _ if current == Some(task.id.as_str()) => theme.strong,
            _ => theme.text,
        };
        let text = markdown::inline(&task.text, text_style, theme);
        lines.extend(wrap(&text, width, &first, &indent));
    }
    lines
}

fn status(task: &TaskState, theme: &Theme) -> (Style, String) {
    let glyphs = theme.glyphs;
    match task.status {
        TaskStatus::Done => (theme.good, format!("{} {}", glyphs.done, strings::DONE)),
        TaskStatus::Open => (theme.quiet, format!("{} {}", glyphs.open, strings::OPEN)),
        TaskStatus::Partial { done, of } => {
            (theme.warn, format!("{} {done} of {of}", glyphs.partial))
        }
    }
}

/// What was expected, what was seen and where to look, for the first check of
/// the current task that does not hold; nothing before it was judged.
pub fn current_failure(kata: &OpenKata, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let Some(task) = kata.current_task() else {
        return Vec::new();
    };
    match kata.open_verdicts(task).first() {
        Some(verdict) => verdict_lines(verdict, task.checks.len() > 1, width, theme),
        None => Vec::new(),
    }
}

fn verdict_lines(
    verdict: &Verdict,
    with_name: bool,
    width: usize,
    theme: &Theme,
) -> Vec<Line<'static>> {
    let mut sheet = Sheet::new(width, theme);
    if with_name {
        let says = markdown::inline(&verdict.says, theme.text, theme);
        sheet.spans(strings::CHECK, &says);
    }
    match verdict.outcome {
        Outcome::Holding { so_far, of } => {
            let text = strings::holding(so_far.as_secs(), of.as_secs());
            sheet.fact(strings::HOLDS, &text, theme.warn);
        }
        Outcome::Waiting { left } if left.as_secs() > 0 => {
            let text = strings::waiting(&spent(left.as_secs()));
            sheet.fact(strings::WAITS, &text, theme.warn);
        }
        _ => {}
    }
    for difference in verdict.differences.iter().take(MOST_DIFFERENCES) {
        sheet.difference(difference);
    }
    if let Some(words) = &verdict.otherwise {
        let words = markdown::inline(words, theme.text, theme);
        sheet.spans(strings::NOTE, &words);
    }
    for command in &verdict.look {
        sheet.fact(strings::LOOK, command, theme.code);
    }
    sheet.lines
}

/// Facts under each other, their labels in one column.
struct Sheet<'t> {
    lines: Vec<Line<'static>>,
    width: usize,
    theme: &'t Theme,
}

impl<'t> Sheet<'t> {
    fn new(width: usize, theme: &'t Theme) -> Self {
        Self {
            lines: Vec::new(),
            width,
            theme,
        }
    }

    fn fact(&mut self, label: &str, text: &str, style: Style) {
        self.spans(label, &[Span::styled(text.trim().to_owned(), style)]);
    }

    fn spans(&mut self, label: &str, text: &[Span<'static>]) {
        let label = [Span::styled(pad(label, LABEL), self.theme.quiet)];
        let indent = [Span::raw(" ".repeat(LABEL))];
        self.lines.extend(wrap(text, self.width, &label, &indent));
    }

    /// Two lines where both sides are short, a diff where they are not.
    fn difference(&mut self, difference: &Difference) {
        let theme = self.theme;
        if difference.is_short() {
            let Difference {
                field,
                expected,
                seen,
            } = difference;
            self.fact(strings::EXPECTED, &equation(field, expected), theme.text);
            self.fact(strings::SEEN, &equation(field, seen), theme.bad);
            return;
        }
        self.fact(strings::DIFFERS, &difference.field, theme.text);
        for line in difference.diff().into_iter().take(LONGEST_DIFF) {
            let style = match line.sign {
                '+' => theme.bad,
                '-' => theme.good,
                _ => theme.quiet,
            };
            let text = format!("  {}{}", line.sign, line.text);
            let text = cut(&text, self.width, theme.glyphs.ellipsis);
            self.lines.push(Line::from(Span::styled(text, style)));
        }
    }
}

fn equation(field: &str, value: &str) -> String {
    if field.is_empty() {
        value.to_owned()
    } else {
        format!("{field} = {value}")
    }
}
