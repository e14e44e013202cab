//! Lines the rows up: names in one column, states in the next, facts behind
//! them as far as there is room.

use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::super::text::{cut, cut_middle, pad};
use super::super::wrap::wrap;
use super::rows::Row;
use crate::tui::theme::Theme;

/// Blank columns between name, state and facts.
const GAP: usize = 2;
/// Names are not squeezed below this.
const NARROWEST_NAME: usize = 14;

/// One line per row, and the sentences that explain it.
pub(super) fn lines(rows: &[Row], width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let columns = Columns::of(rows, width);
    rows.iter()
        .flat_map(|row| columns.row_lines(row, theme))
        .collect()
}

struct Columns {
    width: usize,
    name: usize,
    state: usize,
}

impl Columns {
    /// Names and states get what they want; where that is too much, names are
    /// cut in their middle first and states at their end.
    fn of(rows: &[Row], width: usize) -> Self {
        let widest = |measure: fn(&Row) -> usize| rows.iter().map(measure).max().unwrap_or(0);
        let state = widest(|row| row.state.width() + 2).min(width / 2);
        let name = widest(|row| row.branch.width() + row.name.width());
        let room = width.saturating_sub(state + GAP);
        Self {
            width,
            name: name.min(room.max(NARROWEST_NAME)).min(width),
            state,
        }
    }

    fn row_lines(&self, row: &Row, theme: &Theme) -> Vec<Line<'static>> {
        let ellipsis = theme.glyphs.ellipsis;
        let room = self.name.saturating_sub(row.branch.width());
        let name = cut_middle(&row.name, room, ellipsis);
        let mut spans = vec![
            Span::styled(row.branch.clone(), theme.border),
            Span::styled(pad(&name, room), theme.text),
        ];
        let rest = self.width.saturating_sub(self.name + GAP);
        let (style, glyph) = match row.grade {
            Some(grade) => theme.grade(grade),
            None => (theme.quiet, " "),
        };
        let state = match row.grade {
            Some(_) => format!("{glyph} {}", row.state),
            None => format!("  {}", row.state),
        };
        let state = cut(&state, self.state.min(rest), ellipsis);
        spans.push(Span::raw(" ".repeat(GAP)));
        spans.push(Span::styled(pad(&state, self.state.min(rest)), style));
        let mut left = rest.saturating_sub(self.state);
        for fact in row.facts.iter().filter(|fact| !fact.is_empty()) {
            let needed = fact.width() + GAP;
            if needed > left {
                break;
            }
            left -= needed;
            spans.push(Span::styled(format!("  {fact}"), theme.quiet));
        }
        let mut lines = vec![Line::from(spans)];
        if let Some(detail) = &row.detail {
            let indent = [Span::styled(row.below.clone(), theme.border)];
            let text = [Span::styled(detail.trim().to_owned(), theme.quiet)];
            lines.extend(
                wrap(&text, self.width, &indent, &indent)
                    .into_iter()
                    .take(2),
            );
        }
        lines
    }
}
