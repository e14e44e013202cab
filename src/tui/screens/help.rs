//! Every key, from the keymap: the context the learner is in comes first.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::tui::keymap::{Binding, Context};
use crate::tui::pages::Page;
use crate::tui::state::{Pane, Screen, State};
use crate::tui::strings;
use crate::tui::widgets::text::pad;
use crate::tui::widgets::wrap::wrap;
use crate::tui::widgets::{pane, scroll};

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
        let rows = state.keymap.rows(context);
        for row in rows.filter(|row| !row.keys.is_empty()) {
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
    let mut here: Vec<Context> = state.page.iter().map(Page::context).collect();
    here.extend(match state.screen {
        Screen::Kata if state.kata.focus == Pane::Shell => vec![Context::Shell, Context::Kata],
        Screen::Kata if state.kata.focus == Pane::Cluster => {
            vec![Context::Cluster, Context::Kata, Context::Shell]
        }
        Screen::Kata => vec![Context::Kata, Context::Shell],
        _ => vec![state.screen_context()],
    });
    // Questions explain themselves.
    let others = Context::ALL
        .into_iter()
        .filter(|context| !here.contains(context) && *context != Context::Dialog);
    let others: Vec<Context> = others.collect();
    here.extend(others);
    here
}
