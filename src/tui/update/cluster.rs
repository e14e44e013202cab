//! The cluster pane's actions: the cursor, the views, the filter.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Rect;

use super::super::action::Action;
use super::super::screens::kata::cluster::{Hit, height, hit};
use super::super::state::State;
use super::super::widgets::scroll::Movement;
use super::pages::movement;
use super::panel;

/// Returns whether it was an action of the pane.
pub(super) fn carry_out(state: &mut State, action: Action) -> bool {
    let browser = &mut state.browser;
    match action {
        Action::Open | Action::Back if browser.typing => {
            browser.typing = false;
            if action == Action::Back {
                browser.filter.clear();
            }
        }
        Action::NextView => browser.show(browser.tab.next()),
        Action::PreviousView => browser.show(browser.tab.previous()),
        Action::Filter => browser.typing = true,
        // The way out of a filter comes before the way home.
        Action::Home if !browser.filter.is_empty() => browser.filter.clear(),
        _ => match movement(action) {
            Some(movement) => move_cursor(state, movement),
            None => return false,
        },
    }
    true
}

fn move_cursor(state: &mut State, movement: Movement) {
    let page = height(state).saturating_sub(1).max(1).cast_signed();
    let steps = match movement {
        Movement::Lines(lines) => lines,
        Movement::Pages(pages) => pages.saturating_mul(page),
        Movement::Top => isize::MIN,
        Movement::Bottom => isize::MAX,
    };
    state.browser.step(steps);
    state.browser.offset = state.browser.window(height(state));
}

/// The wheel.
pub(super) fn scroll(state: &mut State, movement: Movement) {
    if !state.browser.panels.is_empty() {
        return panel::scroll(state, movement);
    }
    let height = height(state);
    match movement {
        Movement::Lines(lines) => state.browser.scroll(lines, height),
        other => move_cursor(state, other),
    }
}

/// A click on a row chooses it; on the name of a view, shows it. Returns
/// whether the row was chosen before.
pub(super) fn click(state: &mut State, column: u16, row: u16, inside: Rect) -> bool {
    match hit(state, column, row, inside) {
        Some(Hit::Tab(tab)) => state.browser.show(tab),
        Some(Hit::Row(row)) if state.browser.chosen.is_some() && state.browser.cursor == row => {
            return true;
        }
        Some(Hit::Row(row)) => state.browser.choose(row),
        None => {}
    }
    false
}

/// Letters of the filter.
pub(super) fn type_filter(state: &mut State, key: &KeyEvent) {
    let control = key
        .modifiers
        .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    let filter = &mut state.browser.filter;
    match key.code {
        KeyCode::Char('u') if control => filter.clear(),
        KeyCode::Char(letter) if !control => filter.push(letter),
        KeyCode::Backspace => {
            filter.pop();
        }
        _ => {}
    }
}
