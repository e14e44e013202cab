//! What to do where there is no kubectl: how it is installed on this system,
//! and what works without it.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::text::Line;

use crate::tui::state::State;
use crate::tui::strings;
use crate::tui::widgets::wrap::wrap_text;
use crate::tui::widgets::{markdown, scroll};

/// Lines longer than this tire the eye.
const WIDEST: u16 = 80;

/// Draws the page over the body.
pub fn view(offset: usize, state: &State, frame: &mut Frame<'_>, head: Rect, body: Rect) {
    let title = super::title_line(&[strings::KUBECTL_TITLE], &[], state, head.width);
    frame.render_widget(title, head);
    let page = page(body);
    scroll::draw(lines(page.width, state), offset, frame, page);
}

/// Lines of the page and the height they are shown in.
pub fn extent(body: Rect, state: &State) -> (usize, usize) {
    let page = page(body);
    (lines(page.width, state).len(), usize::from(page.height))
}

fn page(body: Rect) -> Rect {
    let width = body.width.saturating_sub(4).min(WIDEST);
    Rect {
        y: body.y.saturating_add(1),
        height: body.height.saturating_sub(1),
        ..body
    }
    .centered_horizontally(Constraint::Length(width))
}

/// Whether it is missing, and the commands that bring it.
pub fn lines(width: u16, state: &State) -> Vec<Line<'static>> {
    let theme = &state.theme;
    let (glyph, style, words) = if state.setup.lacks_kubectl {
        (theme.glyphs.moving, theme.warn, strings::LACKS_KUBECTL)
    } else {
        (theme.glyphs.done, theme.good, strings::HAS_KUBECTL)
    };
    let mut lines = wrap_text(&format!("{glyph} {words}"), style, usize::from(width));
    lines.push(Line::default());
    let (system, processor) = state.setup.machine;
    let source = strings::install_kubectl(system, processor);
    lines.extend(markdown::render(&source, width, theme));
    lines
}
