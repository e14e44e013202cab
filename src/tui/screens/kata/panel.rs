//! What lies over the list of the cluster pane: a page, a menu, a number, a
//! program.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span, Text};

use super::layout::Panes;
use crate::browse::Side;
use crate::tui::browser::panel::{Menu, PagePanel, Panel, Prompt};
use crate::tui::browser::words as strings;
use crate::tui::shell::ShellSize;
use crate::tui::state::{Pane, State};
use crate::tui::widgets::text::pad;
use crate::tui::widgets::wrap::wrap_text;
use crate::tui::widgets::{document, pane, scroll, shell};

/// Draws the topmost panel.
pub fn view(panel: &Panel, state: &State, frame: &mut Frame<'_>, area: Rect) {
    let focused = state.kata.focus == Pane::Cluster;
    match panel {
        Panel::Page(page) => draw_page(page, focused, state, frame, area),
        Panel::Menu(menu) => {
            let inside = frame_of(&menu.title, focused, state, frame, area);
            draw_menu(menu, state, frame, inside);
        }
        Panel::Prompt(prompt) => {
            let title = strings::scale_title(&prompt.of.short());
            let inside = frame_of(&title, focused, state, frame, area);
            draw_prompt(prompt, state, frame, inside);
        }
        Panel::Program(program) => {
            let title = program.title();
            let inside = frame_of(&title, focused, state, frame, area);
            shell::draw(&program.screen, focused, frame, inside);
        }
    }
}

fn frame_of(title: &str, focused: bool, state: &State, frame: &mut Frame<'_>, area: Rect) -> Rect {
    let titles = pane::Titles {
        name: title.to_owned(),
        ..pane::Titles::default()
    };
    pane::draw(&titles, focused, &state.theme, frame, area)
}

fn draw_page(page: &PagePanel, focused: bool, state: &State, frame: &mut Frame<'_>, area: Rect) {
    let inside = pane::inside(area);
    let height = usize::from(inside.height);
    let above = above(page, usize::from(inside.width), state);
    let content = above.len() + page.lines.len();
    let offset = offset(page, content, height);
    let titles = pane::Titles {
        name: page.page.of.short(),
        about: page.page.of.namespace().to_owned(),
        right: scroll::more(content, offset, height, &state.theme).unwrap_or_default(),
        tabs: Side::ALL
            .map(|side| (side.name(), side == page.page.side))
            .to_vec(),
        ..pane::Titles::default()
    };
    pane::draw(&titles, focused, &state.theme, frame, area);
    let from = offset.saturating_sub(above.len());
    let room = height.saturating_sub(above.len().saturating_sub(offset));
    let width = usize::from(inside.width);
    let log = page.lines.iter().skip(from).take(room);
    let log = log.map(|line| document::log_line(line, width, &state.theme));
    let lines: Vec<Line<'static>> = above
        .into_iter()
        .skip(offset)
        .take(height)
        .chain(log)
        .collect();
    frame.render_widget(Text::from(lines), inside);
}

/// The document; of a log, what stands above it.
fn above(page: &PagePanel, width: usize, state: &State) -> Vec<Line<'static>> {
    match &page.document {
        Some(page) => document::lines(page, width, &state.theme),
        None => vec![Line::styled(strings::LOOKING, state.theme.quiet)],
    }
}

/// A page that stays at its end is shown from as far down as it goes.
fn offset(page: &PagePanel, content: usize, height: usize) -> usize {
    let furthest = scroll::furthest(content, height);
    match page.at_end {
        true => furthest,
        false => page.scroll.min(furthest),
    }
}

fn draw_menu(menu: &Menu, state: &State, frame: &mut Frame<'_>, inside: Rect) {
    let (theme, width) = (&state.theme, usize::from(inside.width));
    let mut lines = wrap_text(&menu.words, theme.quiet, width);
    if !lines.is_empty() {
        lines.push(Line::default());
    }
    let head = lines.len();
    let widest = menu
        .items
        .iter()
        .map(|item| item.label.chars().count())
        .max();
    for (index, item) in menu.items.iter().enumerate() {
        let chosen = index == menu.cursor;
        let mark = if chosen { theme.glyphs.cursor } else { " " };
        let style = if chosen { theme.selected } else { theme.text };
        lines.push(Line::from(vec![
            Span::styled(format!("{mark} "), theme.selected),
            Span::styled(pad(&item.label, widest.unwrap_or(0)), style),
            Span::styled(format!("  {}", item.about), theme.quiet),
        ]));
    }
    if menu.items.is_empty() {
        lines.push(Line::styled(strings::NOTHING_TO_CHOOSE, theme.quiet));
    }
    let height = usize::from(inside.height);
    let offset = (head + menu.cursor + 1).saturating_sub(height);
    scroll::draw(lines, offset, frame, inside);
}

fn draw_prompt(prompt: &Prompt, state: &State, frame: &mut Frame<'_>, inside: Rect) {
    let theme = &state.theme;
    let lines = vec![Line::from(vec![
        Span::styled(strings::HOW_MANY, theme.text),
        Span::styled(format!(" {}_", prompt.text), theme.selected),
    ])];
    frame.render_widget(Text::from(lines), inside);
}

/// Lines of the topmost page and the height they are shown in.
pub fn extent(state: &State) -> Option<(usize, usize, usize)> {
    let area = pane::inside(Panes::of(state).cluster?);
    let Some(Panel::Page(page)) = state.browser.panels.last() else {
        return None;
    };
    let above = above(page, usize::from(area.width), state);
    let (content, height) = (above.len() + page.lines.len(), usize::from(area.height));
    Some((offset(page, content, height), content, height))
}

/// The side of a page whose name is at a column of the pane's last row.
pub fn side_at(state: &State, column: u16) -> Option<Side> {
    let names = Side::ALL.map(Side::name);
    let area = Panes::of(state).cluster?;
    let place = pane::tab_at(&names, area, column)?;
    Side::ALL.get(place).copied()
}

/// The choice of the topmost menu at a row of the screen.
pub fn item_at(menu: &Menu, row: u16, inside: Rect) -> Option<usize> {
    let width = usize::from(inside.width);
    let plain = ratatui::style::Style::new();
    let words = wrap_text(&menu.words, plain, width).len();
    let head = if words == 0 { 0 } else { words + 1 };
    let offset = (head + menu.cursor + 1).saturating_sub(usize::from(inside.height));
    let row = usize::from(row.checked_sub(inside.y)?) + offset;
    row.checked_sub(head).filter(|row| *row < menu.items.len())
}

/// The size of a program's screen in the pane.
pub fn program_size(state: &State) -> ShellSize {
    let area = Panes::of(state).cluster.map(pane::inside);
    let area = area.unwrap_or_default();
    ShellSize::new(area.width, area.height)
}
