//! One object on one line.

use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::super::text::{cut, cut_middle, pad};
use super::Canvas;
use crate::tui::browser::ObjectRow;
use crate::tui::browser::{Branch, Step};
use crate::tui::theme::Theme;

/// Blank columns between name, state and facts.
const GAP: usize = 2;
/// Names are not squeezed below this.
const NARROWEST_NAME: usize = 14;

/// The branches as the theme draws them.
pub(super) fn branch(branch: &Branch, theme: &Theme) -> String {
    let [child, last, passing] = theme.glyphs.tree;
    let glyph = |step: &Step| match step {
        Step::Child => child,
        Step::Last => last,
        Step::Passing => passing,
        Step::Nothing => " ",
    };
    let steps = branch.0.iter();
    steps.map(|step| format!("{} ", glyph(step))).collect()
}

/// Names and states get what they want; where that is too much, names are cut
/// in their middle first and states at their end.
pub(super) fn line(canvas: &Canvas<'_>, row: &ObjectRow) -> Line<'static> {
    let (theme, width) = (canvas.theme, canvas.width);
    let ellipsis = theme.glyphs.ellipsis;
    let state_width = (canvas.widths.state + 2).min(width / 2);
    let room = width.saturating_sub(state_width + GAP);
    let name_width = canvas.widths.name.min(room.max(NARROWEST_NAME)).min(width);
    let room = name_width.saturating_sub(row.branch.width());
    let name = cut_middle(&row.name, room, ellipsis);
    let mut spans = vec![
        Span::styled(branch(&row.branch, theme), theme.border),
        Span::styled(pad(&name, room), theme.text),
    ];
    let rest = width.saturating_sub(name_width + GAP);
    let (style, glyph) = match row.grade {
        Some(grade) => theme.grade(grade),
        None => (theme.quiet, " "),
    };
    let state_width = state_width.min(rest);
    let state = cut(&format!("{glyph} {}", row.state), state_width, ellipsis);
    spans.push(Span::raw(" ".repeat(GAP)));
    spans.push(Span::styled(pad(&state, state_width), style));
    let mut left = rest.saturating_sub(state_width);
    for fact in row.facts.iter().filter(|fact| !fact.is_empty()) {
        let needed = fact.width() + GAP;
        if needed > left {
            break;
        }
        left -= needed;
        spans.push(Span::styled(format!("  {fact}"), theme.quiet));
    }
    Line::from(spans)
}
