//! The screens. Each file draws one from the state and does nothing else; what
//! a screen needs to know about its layout to find a click or a size again is
//! a pure function beside it.

mod ascii;
pub mod exam;
pub mod help;
pub mod home;
pub mod kata;
pub mod kubectl;
mod links;
mod palette;
pub mod reader;
pub mod settings;
pub mod statistics;
pub mod too_small;
pub mod tour;
pub mod trouble;

use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::{Line, Span};

use super::available::shown_bindings;
use super::glyphs;
use super::keymap::Context;
use super::pages::Page;
use super::state::{Screen, State};
use super::strings;
use super::widgets::text::{counted, cut};
use super::widgets::wrap::width_of;
use super::widgets::{dialog, footer, pane};
use crate::session::{ClockReading, Level, SandboxInfo, SandboxState};

/// The smallest terminal that shows anything useful.
pub const SMALLEST: (u16, u16) = (40, 12);

/// Draws the whole frame.
pub fn view(state: &State, frame: &mut Frame<'_>) {
    let area = frame.area();
    frame.buffer_mut().set_style(area, state.theme.base);
    if area.width < SMALLEST.0 || area.height < SMALLEST.1 {
        return too_small::view(state, frame, area);
    }
    // The terminal has changed its size a moment ago; the event is on its way.
    if (area.width, area.height) != (state.columns, state.rows) {
        return;
    }
    let [head, body, foot] = bands(area);
    if state.help.is_some() {
        help::view(state, frame, head, body);
    } else {
        match &state.page {
            Some(page) => page_view(page, state, frame, head, body),
            None => screen_view(state, frame, head, body),
        }
    }
    if let Some(palette) = &state.palette {
        palette::view(palette, state, frame, body);
    }
    frame.render_widget(foot_line(state, foot.width), foot);
    if let Some(confirm) = state.session.confirm {
        let (title, question) = strings::question(confirm);
        let answers: Vec<_> = state.keymap.rows(Context::Dialog).collect();
        dialog::draw(title, question, &answers, &state.theme, frame, body);
    }
    if *state.theme.glyphs == glyphs::ASCII {
        let shell = kata::shell_inside(state);
        ascii::flatten(frame.buffer_mut(), shell);
    }
}

fn screen_view(state: &State, frame: &mut Frame<'_>, head: Rect, body: Rect) {
    match state.screen {
        Screen::Home => home::view(state, frame, head, body),
        Screen::Exam => exam::view(state, frame, head, body),
        Screen::Reader => reader::view(state, frame, head, body),
        Screen::Kata => kata::view(state, frame, head, body),
    }
}

fn page_view(page: &Page, state: &State, frame: &mut Frame<'_>, head: Rect, body: Rect) {
    match page {
        Page::Settings { selected } => settings::view(*selected, state, frame, head, body),
        Page::Statistics { scroll } => statistics::view(*scroll, state, frame, head, body),
        Page::Kubectl { scroll } => kubectl::view(*scroll, state, frame, head, body),
        Page::Tour(tour) => tour::view(tour, state, frame, head, body),
        Page::Links { links, selected } => {
            screen_view(state, frame, head, body);
            links::view(links, *selected, state, frame, body);
        }
    }
}

/// Lines of the page on top and the height they are shown in.
pub fn overlay_extent(state: &State) -> (usize, usize) {
    let [_, body, _] = bands(Rect::new(0, 0, state.columns, state.rows));
    match &state.page {
        Some(Page::Statistics { .. }) => {
            let inside = pane::inside(body);
            let lines = statistics::lines(state, usize::from(inside.width));
            (lines.len(), usize::from(inside.height))
        }
        Some(Page::Kubectl { .. }) => kubectl::extent(body, state),
        Some(Page::Tour(tour)) => tour::extent(tour, body, state),
        _ => (0, 0),
    }
}

/// Title line, body, last line.
pub fn bands(area: Rect) -> [Rect; 3] {
    Layout::vertical([
        Constraint::Length(1),
        Constraint::Fill(1),
        Constraint::Length(1),
    ])
    .areas(area)
}

/// The keys that work now, or a message for a while.
fn foot_line(state: &State, width: u16) -> Line<'static> {
    let theme = &state.theme;
    let width = usize::from(width);
    if let Some(notice) = &state.notice {
        return footer::message(theme.glyphs.dot, notice, theme.accent, width, theme);
    }
    if let Some(message) = state.session.messages.last() {
        let (style, glyph) = match message.level {
            Level::Info => (theme.accent, theme.glyphs.dot),
            Level::Warning => (theme.warn, theme.glyphs.moving),
            Level::Error => (theme.bad, theme.glyphs.bad),
        };
        return footer::message(glyph, &message.text, style, width, theme);
    }
    footer::line(&shown_bindings(state), width, theme)
}

/// A title line: a path on the left, on the right as many facts as there is
/// room for, the first ones first.
fn title_line(path: &[&str], facts: &[Span<'static>], state: &State, width: u16) -> Line<'static> {
    let theme = &state.theme;
    let width = usize::from(width);
    let mut spans = vec![Span::styled(format!(" {}", strings::PROGRAM), theme.accent)];
    let path = path.join(&format!(" {} ", theme.glyphs.path));
    let room = width.saturating_sub(width_of(&spans) + 4);
    let path = cut(&path, room, theme.glyphs.ellipsis);
    if !path.is_empty() {
        spans.push(Span::styled(format!("   {path}"), theme.strong));
    }
    let separator = format!(" {} ", theme.glyphs.dot);
    let mut shown: Vec<Span<'static>> = Vec::new();
    for fact in facts {
        let mut longer = shown.clone();
        if !longer.is_empty() {
            longer.push(Span::styled(separator.clone(), theme.quiet));
        }
        longer.push(fact.clone());
        if width_of(&spans) + width_of(&longer) + 3 > width {
            break;
        }
        shown = longer;
    }
    let gap = width.saturating_sub(width_of(&spans) + width_of(&shown) + 1);
    spans.push(Span::raw(" ".repeat(gap)));
    spans.extend(shown);
    Line::from(spans)
}

/// What the title line says of the cluster.
fn sandbox_facts(state: &State) -> Vec<Span<'static>> {
    let theme = &state.theme;
    let quiet = |text: String| Span::styled(text, theme.quiet);
    match &state.session.sandbox {
        SandboxState::Starting => vec![Span::styled(
            format!("{} {}", theme.glyphs.moving, strings::STARTING),
            theme.warn,
        )],
        SandboxState::Failed(_) => vec![Span::styled(
            format!("{} {}", theme.glyphs.bad, strings::NO_CLUSTER),
            theme.bad,
        )],
        SandboxState::Ready(info) => [
            info.kind.clone(),
            counted(info.nodes, "node"),
            speed(state, info),
            time(state),
        ]
        .into_iter()
        .filter(|fact| !fact.is_empty())
        .map(quiet)
        .collect(),
    }
}

/// How fast the cluster's time runs, or that it stands.
fn speed(state: &State, info: &SandboxInfo) -> String {
    let clock = state.session.clock.as_ref();
    clock.map_or_else(|| info.speed.clone(), ClockReading::words)
}

/// The cluster's time of day.
fn time(state: &State) -> String {
    let now = state.session.cluster_now();
    now.map(|now| now.strftime("%H:%M").to_string())
        .unwrap_or_default()
}

#[cfg(test)]
pub mod tests;
