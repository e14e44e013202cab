//! The addresses that a page names, to open or copy one.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Clear;

use crate::tui::state::State;
use crate::tui::strings;
use crate::tui::widgets::text::cut_middle;
use crate::tui::widgets::{pane, scroll};

/// Draws the list in the middle of the body.
pub fn view(links: &[String], selected: usize, state: &State, frame: &mut Frame<'_>, body: Rect) {
    let theme = &state.theme;
    let height = u16::try_from(links.len())
        .unwrap_or(u16::MAX)
        .saturating_add(2);
    let area = body.centered(
        Constraint::Length(body.width.min(90)),
        Constraint::Length(height.min(body.height)),
    );
    frame.render_widget(Clear, area);
    frame.buffer_mut().set_style(area, theme.base);
    let titles = pane::Titles {
        name: strings::LINKS.to_owned(),
        ..pane::Titles::default()
    };
    let inside = pane::draw(&titles, true, theme, frame, area);
    let width = usize::from(inside.width).saturating_sub(2);
    let lines: Vec<Line<'static>> = links
        .iter()
        .enumerate()
        .map(|(index, link)| {
            let (mark, style) = if index == selected {
                (theme.glyphs.cursor, theme.selected)
            } else {
                (" ", theme.text)
            };
            let link = cut_middle(link, width, theme.glyphs.ellipsis);
            Line::from(vec![
                Span::styled(format!("{mark} "), theme.accent),
                Span::styled(link, style),
            ])
        })
        .collect();
    let offset = (selected + 1).saturating_sub(usize::from(inside.height));
    scroll::draw(lines, offset, frame, inside);
}
