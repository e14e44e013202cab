//! A lesson on the whole screen, set in a column that reads well.

use ratatui::Frame;
use ratatui::layout::{Constraint, Rect};
use ratatui::text::Line;

use crate::tui::state::{Reader, State};
use crate::tui::strings;
use crate::tui::widgets::{markdown, quiz, scroll};

/// Lines longer than this tire the eye.
const WIDEST: u16 = 80;

/// Draws the page.
pub fn view(state: &State, frame: &mut Frame<'_>, head: Rect, body: Rect) {
    let Some(reader) = &state.reader else {
        return;
    };
    let page = page(body);
    let lines = lines(reader, page.width, state);
    let height = usize::from(page.height);
    let more = scroll::more(lines.len(), reader.scroll, height, &state.theme);
    let facts: Vec<_> = more
        .map(|words| ratatui::text::Span::styled(words, state.theme.quiet))
        .into_iter()
        .collect();
    let path = [strings::LESSON, reader.title.as_str()];
    frame.render_widget(super::title_line(&path, &facts, state, head.width), head);
    scroll::draw(lines, reader.scroll, frame, page);
}

/// Lines of the page and the height they are shown in.
pub fn extent(state: &State) -> (usize, usize) {
    let [_, body, _] = super::bands(Rect::new(0, 0, state.columns, state.rows));
    let page = page(body);
    let content = match &state.reader {
        Some(reader) => lines(reader, page.width, state).len(),
        None => 0,
    };
    (content, usize::from(page.height))
}

/// One blank line under the title, margins at the sides.
fn page(body: Rect) -> Rect {
    let below = Rect {
        y: body.y.saturating_add(1),
        height: body.height.saturating_sub(1),
        ..body
    };
    let width = below.width.saturating_sub(4).min(WIDEST);
    below.centered_horizontally(Constraint::Length(width))
}

fn lines(reader: &Reader, width: u16, state: &State) -> Vec<Line<'static>> {
    let mut lines = markdown::render(&reader.text, width, &state.theme);
    let open = reader.open_question().map(|(index, _)| index);
    let width = usize::from(width);
    for (index, question) in reader.quiz.iter().enumerate() {
        let chosen = reader.chosen.get(index).copied().flatten();
        lines.push(Line::default());
        let is_open = open == Some(index);
        lines.extend(quiz::lines(question, chosen, is_open, width, &state.theme));
    }
    lines
}
