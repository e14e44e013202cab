//! A question over the screen, with its answers from the keymap.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::text::{Line, Text};
use ratatui::widgets::Clear;

use super::wrap::wrap_text;
use super::{footer, pane};
use crate::tui::keymap::Binding;
use crate::tui::theme::Theme;

/// Draws the question in the middle of `area`.
pub fn draw(
    title: &str,
    question: &str,
    answers: &[&Binding],
    theme: &Theme,
    frame: &mut Frame<'_>,
    area: Rect,
) {
    let width = area.width.min(60);
    let text_width = usize::from(width).saturating_sub(4);
    let mut lines = wrap_text(question, theme.text, text_width);
    lines.push(Line::default());
    let answers = footer::line(answers, text_width, theme);
    lines.push(Line::from(answers.spans[1..].to_vec()));
    let height = u16::try_from(lines.len())
        .unwrap_or(u16::MAX)
        .saturating_add(2);
    let area = area.centered(Constraint::Length(width), Constraint::Length(height));
    frame.render_widget(Clear, area);
    frame.buffer_mut().set_style(area, theme.base);
    let titles = pane::Titles {
        name: title.to_owned(),
        ..pane::Titles::default()
    };
    let inside = pane::draw(&titles, true, theme, frame, area);
    frame.render_widget(Text::from(lines), inside);
}
