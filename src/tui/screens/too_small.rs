//! Said where nothing else fits.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Text;

use crate::tui::state::State;
use crate::tui::strings;
use crate::tui::widgets::wrap::wrap_text;

/// The size there is and the size it takes.
pub fn view(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let words = strings::too_small(area.width, area.height);
    let lines = wrap_text(&words, state.theme.text, usize::from(area.width).max(1));
    frame.render_widget(Text::from(lines), area);
}
