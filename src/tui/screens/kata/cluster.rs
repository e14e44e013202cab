//! The cluster pane: the rows of its view that are on the screen, the cursor
//! in the border's margin.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span, Text};

use super::layout::Panes;
use crate::tui::browser::Tab;
use crate::tui::browser::words;
use crate::tui::state::{Pane, State};
use crate::tui::strings;
use crate::tui::widgets::cluster::Canvas;
use crate::tui::widgets::{pane, scroll};

/// Draws it.
pub fn view(state: &State, frame: &mut Frame<'_>, area: Rect) {
    let browser = &state.browser;
    if let Some(panel) = browser.panels.last() {
        return super::panel::view(panel, state, frame, area);
    }
    let focused = state.kata.focus == Pane::Cluster;
    let inside = pane::inside(area);
    let height = usize::from(inside.height);
    let offset = browser.window(height);
    let titles = pane::Titles {
        name: name(state),
        about: namespaces(state),
        right: scroll::more(browser.rows.len(), offset, height, &state.theme).unwrap_or_default(),
        tabs: Tab::all()
            .map(|tab| (tab.name(), tab == browser.tab))
            .collect(),
        ..pane::Titles::default()
    };
    pane::draw(&titles, focused, &state.theme, frame, area);
    if browser.rows.is_empty() && !browser.filter.is_empty() {
        let words = Line::styled(words::NO_ROWS, state.theme.quiet);
        return frame.render_widget(words, inside);
    }
    let canvas = Canvas {
        width: usize::from(inside.width),
        widths: browser.widths,
        now: state
            .session
            .cluster
            .taken
            .map(|taken| taken.as_second() + state.since_picture()),
        theme: &state.theme,
    };
    let rows = browser.rows.iter().enumerate().skip(offset).take(height);
    let lines: Vec<Line<'static>> = rows
        .map(|(row, body)| {
            let line = canvas.line(body);
            match focused && row == browser.cursor {
                true => line.patch_style(state.theme.strong),
                false => line,
            }
        })
        .collect();
    frame.render_widget(Text::from(lines), inside);
    if focused && browser.selected().is_some() {
        draw_cursor(state, browser.cursor - offset, frame, inside);
    }
}

fn draw_cursor(state: &State, row: usize, frame: &mut Frame<'_>, inside: Rect) {
    let (Some(x), Ok(row)) = (inside.x.checked_sub(1), u16::try_from(row)) else {
        return;
    };
    let cursor = Span::styled(state.theme.glyphs.cursor, state.theme.selected);
    let at = Rect::new(x, inside.y.saturating_add(row), 1, 1);
    frame.render_widget(cursor, at.intersection(frame.area()));
}

/// What is shown, and which letters it must have.
fn name(state: &State) -> String {
    let browser = &state.browser;
    if !browser.typing && browser.filter.is_empty() {
        return strings::CLUSTER.to_owned();
    }
    let mark = if browser.typing { "_" } else { "" };
    format!("{} /{}{mark}", strings::CLUSTER, browser.filter)
}

fn namespaces(state: &State) -> String {
    match &state.session.open {
        Some(open) if !open.kata.namespaces.is_empty() => {
            format!("ns {}", open.kata.namespaces.join(" "))
        }
        _ => String::new(),
    }
}

/// Rows that are on the screen at once.
pub fn height(state: &State) -> usize {
    let area = Panes::of(state).cluster.map(pane::inside);
    usize::from(area.unwrap_or_default().height)
}

/// What lies at a position of the pane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    /// A row of the list.
    Row(usize),
    /// The name of a view.
    Tab(Tab),
}

/// What lies at a position, `inside` being the inside of the pane.
pub fn hit(state: &State, column: u16, row: u16, inside: Rect) -> Option<Hit> {
    if row == inside.bottom() {
        let names: Vec<_> = Tab::all().map(Tab::name).collect();
        let area = Panes::of(state).cluster?;
        let tab = pane::tab_at(&names, area, column)?;
        return Tab::all().nth(tab).map(Hit::Tab);
    }
    let row = row
        .checked_sub(inside.y)
        .filter(|row| *row < inside.height)?;
    let row = state.browser.window(usize::from(inside.height)) + usize::from(row);
    (row < state.browser.rows.len()).then_some(Hit::Row(row))
}
