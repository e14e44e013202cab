//! Every key, from the keymap: the context the learner is in comes first.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::tui::keymap::{self, Binding, Context};
use crate::tui::state::{Pane, Screen, State};
use crate::tui::strings;
use crate::tui::widgets::text::pad;
use crate::tui::widgets::wrap::wrap;
use crate::tui::widgets::{pane, scroll};

/// The contexts that are listed; questions explain themselves.
const LISTED: [Context; 9] = [
    Context::Home,
    Context::Search,
    Context::Kata,
    Context::Shell,
    Context::Reader,
    Context::Exam,
    Context::Trouble,
    Context::Help,
    Context::Anywhere,
];

/// Draws the list over the body.
pub fn view(state: &State, frame: &mut Frame<'_>, head: Rect, body: Rect) {
    let title = super::title_line(&[strings::HELP], &[], state, head.width);
    frame.render_widget(title, head);
    let lines = lines(state);
    let height = usize::from(pane::inside(body).height);
    let offset = state.help.unwrap_or(0);
    let titles = pane::Titles {
        name: strings::HELP.to_owned(),
        right: scroll::more(lines.len(), offset, height, &state.theme).unwrap_or_default(),
        ..pane::Titles::default()
    };
    let inside = pane::draw(&titles, true, &state.theme, frame, body);
    scroll::draw(lines, offset, frame, inside);
}

/// Lines of the list and the height they are shown in.
pub fn extent(state: &State) -> (usize, usize) {
    let [_, body, _] = super::bands(Rect::new(0, 0, state.columns, state.rows));
    (lines(state).len(), usize::from(pane::inside(body).height))
}

fn lines(state: &State) -> Vec<Line<'static>> {
    let width = usize::from(state.columns).saturating_sub(4).max(20);
    let names = |row: &Binding| {
        let names: Vec<String> = row
            .keys
            .iter()
            .map(|key| key.name(state.theme.glyphs))
            .collect();
        names.join(", ")
    };
    let mut lines = Vec::new();
    for context in ordered(state) {
        if !lines.is_empty() {
            lines.push(Line::default());
        }
        lines.push(Line::styled(context.title(), state.theme.strong));
        for row in keymap::rows(context) {
            let column = 26.min(width / 2);
            let keys = Span::styled(pad(&names(row), column), state.theme.accent);
            let rest = Span::raw(" ".repeat(column + 1));
            let says = Span::styled(row.says, state.theme.text);
            lines.extend(wrap(&[says], width, &[keys, Span::raw(" ")], &[rest]));
        }
    }
    lines
}

/// The learner's own context first, then the rest.
fn ordered(state: &State) -> Vec<Context> {
    let here: &[Context] = match state.screen {
        Screen::Home => &[Context::Home],
        Screen::Reader => &[Context::Reader],
        Screen::Exam => &[Context::Exam],
        Screen::Kata if state.kata.focus == Pane::Shell => &[Context::Shell, Context::Kata],
        Screen::Kata => &[Context::Kata, Context::Shell],
    };
    let others = LISTED.iter().filter(|context| !here.contains(context));
    here.iter().chain(others).copied().collect()
}
