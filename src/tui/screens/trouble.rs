//! The kata screen while there is no cluster or no scene to work on.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span, Text};

use crate::tui::state::State;
use crate::tui::strings;
use crate::tui::widgets::pane;
use crate::tui::widgets::wrap::wrap_text;

/// What went wrong, in full, and who can tell more.
pub fn view(title: &str, reason: &str, state: &State, frame: &mut Frame<'_>, area: Rect) {
    let theme = &state.theme;
    let titles = pane::Titles {
        name: format!("{} {title}", theme.glyphs.bad),
        ..pane::Titles::default()
    };
    let inside = pane::draw(&titles, true, theme, frame, area);
    let mut lines = wrap_text(reason, theme.text, usize::from(inside.width).max(8));
    lines.push(Line::default());
    lines.push(Line::from(Span::styled(strings::DOCTOR, theme.quiet)));
    frame.render_widget(Text::from(lines), inside);
}
