//! Menus and numbers: what was chosen is carried out.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::program::open_shell;
use super::{browse, close, show_page, subject};
use crate::browse::{Deed, Order, Side};
use crate::session::Effect;
use crate::tui::browser::panel::{Choice, Panel};
use crate::tui::browser::words;
use crate::tui::command::Command;
use crate::tui::state::State;
use crate::tui::update::notify;

/// Digits of a number of replicas.
const MOST_DIGITS: usize = 4;

/// What the menu's cursor is on.
pub(super) fn choose(state: &mut State, commands: &mut Vec<Command>) {
    let Some(Panel::Menu(menu)) = state.browser.panels.last() else {
        return;
    };
    let choice = menu.chosen().cloned();
    state.browser.panels.pop();
    let under = subject(state);
    if state.browser.panels.is_empty() {
        state.kata.zoomed = state.browser.zoomed_before;
    }
    match (choice, under) {
        (Some(Choice::Control(control)), _) => {
            commands.push(Command::Session(Effect::Control(control)));
        }
        (Some(Choice::Do(deed)), _) => browse(Order::Do(deed), commands),
        (Some(Choice::Begin(template)), _) => browse(Order::Begin(template), commands),
        (
            Some(Choice::Log {
                container,
                previous,
            }),
            Some(of),
        ) => {
            show_page(state, of, Side::Logs, container, previous, commands);
        }
        (Some(Choice::Exec(container)), Some(of)) => {
            open_shell(state, &of, Some(container), commands);
        }
        _ => {}
    }
}

pub(super) fn answer(state: &mut State, commands: &mut Vec<Command>) {
    let Some(Panel::Prompt(prompt)) = state.browser.panels.last() else {
        return;
    };
    let Ok(replicas) = prompt.text.parse() else {
        return notify(state, words::NO_NUMBER);
    };
    let of = prompt.of.clone();
    browse(Order::Do(Deed::Scale { of, replicas }), commands);
    close(state, commands);
}

/// Digits of the number asked for.
pub(in crate::tui::update) fn type_number(state: &mut State, key: &KeyEvent) {
    let Some(Panel::Prompt(prompt)) = state.browser.panels.last_mut() else {
        return;
    };
    match key.code {
        KeyCode::Char(digit) if digit.is_ascii_digit() && prompt.text.len() < MOST_DIGITS => {
            prompt.text.push(digit);
        }
        KeyCode::Char('u') if key.modifiers.contains(KeyModifiers::CONTROL) => {
            prompt.text.clear();
        }
        KeyCode::Backspace => {
            prompt.text.pop();
        }
        _ => {}
    }
}
