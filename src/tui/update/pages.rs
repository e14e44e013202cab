//! Pages that are only read: the lesson before a kata, the list of keys.

use super::super::action::Action;
use super::super::command::Command;
use super::super::screens::{help, reader};
use super::super::state::{Screen, State};
use super::super::widgets::scroll::{Movement, moved};
use super::open_kata;

/// The movement that an action stands for on a page.
pub(super) fn movement(action: Action) -> Option<Movement> {
    Some(match action {
        Action::Up => Movement::Lines(-1),
        Action::Down => Movement::Lines(1),
        Action::PageUp => Movement::Pages(-1),
        Action::PageDown => Movement::Pages(1),
        Action::Top => Movement::Top,
        Action::Bottom => Movement::Bottom,
        _ => return None,
    })
}

pub(super) fn help(state: &mut State, action: Action) {
    let Some(offset) = state.help else {
        return;
    };
    if action == Action::Back {
        state.help = None;
    } else if let Some(movement) = movement(action) {
        scroll_help(state, offset, movement);
    }
}

fn scroll_help(state: &mut State, offset: usize, movement: Movement) {
    let (content, height) = help::extent(state);
    state.help = Some(moved(offset, movement, content, height));
}

pub(super) fn reader(state: &mut State, action: Action, commands: &mut Vec<Command>) {
    match action {
        Action::Open => match state.reader.take().and_then(|reader| reader.kata) {
            Some(kata) => open_kata(state, kata, commands),
            None => state.screen = Screen::Home,
        },
        Action::Back => {
            state.reader = None;
            state.screen = Screen::Home;
        }
        Action::Answer(number) => answer(state, usize::from(number) - 1),
        _ => {
            if let Some(movement) = movement(action) {
                scroll(state, movement);
            }
        }
    }
}

/// Chooses an answer to the open question, and keeps the end of the page, where
/// it is explained, on the screen.
fn answer(state: &mut State, number: usize) {
    let Some(reader) = &mut state.reader else {
        return;
    };
    let question = reader.open_question().map(|(index, _)| index);
    if let Some(slot) = question.and_then(|index| reader.chosen.get_mut(index)) {
        *slot = Some(number);
    }
    scroll(state, Movement::Bottom);
}

/// Scrolls whichever page is on top.
pub(super) fn scroll(state: &mut State, movement: Movement) {
    if let Some(offset) = state.help {
        return scroll_help(state, offset, movement);
    }
    let (content, height) = reader::extent(state);
    if let Some(reader) = &mut state.reader {
        reader.scroll = moved(reader.scroll, movement, content, height);
    }
}
