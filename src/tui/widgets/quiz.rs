//! A question with its answers: chosen by number, explained at once, open
//! until the right one is found.

use ratatui::text::{Line, Span};

use super::markdown;
use super::wrap::wrap;
use crate::course::Question;
use crate::tui::strings;
use crate::tui::theme::Theme;

/// The question, its answers, and why the chosen one is right or wrong.
/// Numbers are shown while the question is open.
pub fn lines(
    question: &Question,
    chosen: Option<usize>,
    is_open: bool,
    width: usize,
    theme: &Theme,
) -> Vec<Line<'static>> {
    let ask = markdown::inline(&question.ask, theme.strong, theme);
    let mut lines = wrap(&ask, width, &[], &[]);
    for (index, answer) in question.answers.iter().enumerate() {
        let is_chosen = chosen == Some(index);
        let (style, glyph) = match (is_chosen, answer.right) {
            (true, true) => (theme.good, theme.glyphs.done),
            (true, false) => (theme.bad, theme.glyphs.failed),
            (false, _) => (theme.quiet, " "),
        };
        let number = if is_open {
            format!("{} ", index + 1)
        } else {
            "  ".to_owned()
        };
        let first = [
            Span::styled(format!("{glyph} "), style),
            Span::styled(number, theme.accent),
        ];
        let rest = [Span::raw("    ")];
        let text = markdown::inline(&answer.text, theme.text, theme);
        lines.extend(wrap(&text, width, &first, &rest));
        if is_chosen {
            let word = if answer.right {
                strings::RIGHT
            } else {
                strings::WRONG
            };
            let mut why = vec![Span::styled(format!("{word}. "), style)];
            why.extend(markdown::inline(&answer.because, theme.text, theme));
            lines.extend(wrap(&why, width, &rest, &rest));
        }
    }
    lines
}
