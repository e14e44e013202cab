//! The list of all orders over the upper half of the screen: a field, and under
//! it what matches, with its keys.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::text::{Line, Span, Text};
use ratatui::widgets::Clear;
use unicode_width::UnicodeWidthStr;

use super::home::layout::first_shown;
use crate::tui::palette::{Palette, found};
use crate::tui::state::State;
use crate::tui::strings;
use crate::tui::widgets::pane;
use crate::tui::widgets::text::{cut, pad};

/// Columns of the list.
const WIDTH: u16 = 76;
/// Entries that are shown at once.
const MOST: u16 = 14;

/// Draws the list.
pub fn view(palette: &Palette, state: &State, frame: &mut Frame<'_>, body: Rect) {
    let theme = &state.theme;
    let found = found(state);
    let entries = u16::try_from(found.len()).unwrap_or(MOST).clamp(1, MOST);
    let area = Rect {
        height: (entries + 3).min(body.height),
        ..body
    }
    .centered_horizontally(Constraint::Length(body.width.min(WIDTH)));
    frame.render_widget(Clear, area);
    frame.buffer_mut().set_style(area, theme.base);
    let titles = pane::Titles {
        name: strings::PALETTE.to_owned(),
        about: strings::matches(found.len()),
        ..pane::Titles::default()
    };
    let inside = pane::draw(&titles, true, theme, frame, area);
    if inside.height == 0 {
        return;
    }
    let width = usize::from(inside.width);
    let lead = format!("{} ", theme.glyphs.cursor);
    let room = width.saturating_sub(3);
    // The end of a long text is what is being typed.
    let skipped = palette.text.chars().count().saturating_sub(room);
    let typed: String = palette.text.chars().skip(skipped).collect();
    let mut lines = vec![Line::from(vec![
        Span::styled(lead.clone(), theme.accent),
        Span::styled(typed.clone(), theme.strong),
    ])];
    let height = usize::from(inside.height) - 1;
    let selected = palette.selected.min(found.len().saturating_sub(1));
    let first = first_shown(selected, found.len(), height);
    if found.is_empty() {
        lines.push(Line::styled(strings::NOTHING_FOUND, theme.quiet));
    }
    for (index, entry) in found.iter().enumerate().skip(first).take(height) {
        let style = if index == selected {
            theme.selected
        } else {
            theme.text
        };
        let mark = if index == selected {
            theme.glyphs.cursor
        } else {
            " "
        };
        let detail = cut(&entry.detail, width / 3, theme.glyphs.ellipsis);
        let room = width.saturating_sub(detail.width() + 4);
        let label = cut(&entry.label, room, theme.glyphs.ellipsis);
        lines.push(Line::from(vec![
            Span::styled(format!("{mark} "), theme.accent),
            Span::styled(pad(&label, room), style),
            Span::styled(format!("  {detail}"), theme.quiet),
        ]));
    }
    frame.render_widget(Text::from(lines), inside);
    let column = inside.x + u16::try_from(lead.width() + typed.width()).unwrap_or(0);
    if column < inside.right() {
        frame.set_cursor_position((column, inside.y));
    }
}
