//! What lies over the screens: the list of orders, the settings, the tour, the
//! statistics, the links of a page.

use super::super::action::Action;
use super::super::available::is_available;
use super::super::command::Command;
use super::super::pages::{Page, Tour};
use super::super::palette::{self, Choice, Palette};
use super::super::screens::{overlay_extent, settings, tour};
use super::super::state::{Screen, State};
use super::super::strings;
use super::super::widgets::markdown;
use super::super::widgets::scroll::moved;
use super::pages::movement;
use super::{act, copy, home, keys, notify};
use crate::session;

/// Entries of a page of the list.
const PAGE: usize = 10;

/// Opens one of the pages, where the action is about them.
pub(super) fn open(state: &mut State, action: Action) -> bool {
    let page = match action {
        Action::ShowSettings => Page::Settings { selected: 0 },
        Action::ShowStatistics => Page::Statistics { scroll: 0 },
        Action::ShowKubectl => Page::Kubectl { scroll: 0 },
        Action::TakeTour => Page::Tour(Tour::default()),
        Action::ShowLinks => {
            let text = state.reader.as_ref().map(|reader| reader.text.as_str());
            Page::Links {
                links: markdown::links(text.unwrap_or_default()),
                selected: 0,
            }
        }
        Action::OpenPalette => {
            state.palette = Some(Palette::default());
            return true;
        }
        _ => return false,
    };
    state.help = None;
    state.page = Some(page);
    true
}

/// An action while the list of orders is open.
pub(super) fn palette(state: &mut State, action: Action, commands: &mut Vec<Command>) {
    let found = palette::found(state);
    let last = found.len().saturating_sub(1);
    let Some(palette) = &mut state.palette else {
        return;
    };
    let selected = palette.selected.min(last);
    match action {
        Action::Up => palette.selected = selected.saturating_sub(1),
        Action::Down => palette.selected = (selected + 1).min(last),
        Action::PageUp => palette.selected = selected.saturating_sub(PAGE),
        Action::PageDown => palette.selected = (selected + PAGE).min(last),
        Action::Back => state.palette = None,
        Action::Open => {
            state.palette = None;
            if let Some(entry) = found.into_iter().nth(selected) {
                choose(state, entry.choice, commands);
            }
        }
        _ => {}
    }
}

fn choose(state: &mut State, choice: Choice, commands: &mut Vec<Command>) {
    match choice {
        Choice::Order(action) if is_available(action, state) => {
            keys::carry_out(state, action, commands);
        }
        Choice::Order(_) => {}
        Choice::Kata(id) => {
            (state.page, state.help) = (None, None);
            copy::end(state, commands);
            if state
                .session
                .open
                .as_ref()
                .is_some_and(|open| open.kata.id == id)
            {
                state.screen = Screen::Kata;
                return;
            }
            act(state, session::Action::LeaveKata, commands);
            state.screen = Screen::Home;
            home::enter(state, id, commands);
        }
    }
}

/// An action while a page lies over the screen.
pub(super) fn page(state: &mut State, action: Action, commands: &mut Vec<Command>) {
    if action == Action::Back {
        return leave(state, commands);
    }
    let extent = overlay_extent(state);
    match &mut state.page {
        Some(Page::Settings { selected }) => match action {
            Action::Up => *selected = selected.saturating_sub(1),
            Action::Down => *selected = (*selected + 1).min(settings::ROWS.len() - 1),
            Action::NextValue => turn(state, true, commands),
            Action::PreviousValue => turn(state, false, commands),
            _ => {}
        },
        Some(Page::Statistics { scroll } | Page::Kubectl { scroll }) => {
            if let Some(movement) = movement(action) {
                *scroll = moved(*scroll, movement, extent.0, extent.1);
            }
        }
        Some(Page::Tour(steps)) => match action {
            Action::Open if steps.step + 1 >= tour::STEPS => leave(state, commands),
            Action::Open => {
                steps.step += 1;
                steps.scroll = 0;
            }
            Action::PreviousValue => {
                steps.step = steps.step.saturating_sub(1);
                steps.scroll = 0;
            }
            Action::NextPane => {
                steps.focus = (steps.focus + 1) % 3;
                steps.tried = true;
            }
            _ => {
                if let Some(movement) = movement(action) {
                    steps.scroll = moved(steps.scroll, movement, extent.0, extent.1);
                }
            }
        },
        Some(Page::Links { links, selected }) => match action {
            Action::Up => *selected = selected.saturating_sub(1),
            Action::Down => *selected = (*selected + 1).min(links.len().saturating_sub(1)),
            Action::Open | Action::Copy => {
                let Some(link) = links.get(*selected).cloned() else {
                    return;
                };
                if action == Action::Open {
                    commands.push(Command::OpenLink(link));
                } else {
                    commands.push(Command::Copy(link));
                    notify(state, strings::COPIED);
                }
            }
            _ => {}
        },
        None => {}
    }
}

/// Back to where the learner came from. A tour that was left is not begun again
/// by itself.
fn leave(state: &mut State, commands: &mut Vec<Command>) {
    if let Some(Page::Tour(_)) = state.page.take()
        && let Some(mark) = state.setup.welcome_mark.take()
    {
        commands.push(Command::Remember(mark));
    }
}

/// Gives the selected setting its next value, which holds at once.
fn turn(state: &mut State, forward: bool, commands: &mut Vec<Command>) {
    let Some(Page::Settings { selected }) = state.page else {
        return;
    };
    let Some(row) = settings::ROWS.get(selected) else {
        return;
    };
    let Some((field, value)) = settings::turned(*row, &mut state.settings, forward) else {
        return;
    };
    if field == "mouse" {
        state.mouse = state.settings.mouse;
        commands.push(Command::SetMouse(state.mouse));
    }
    state.restyle();
    commands.push(Command::WriteSetting(field, value));
}

/// Letters for the list of orders.
pub(super) fn type_into_palette(state: &mut State, text: &str) {
    if let Some(palette) = &mut state.palette {
        palette
            .text
            .extend(text.chars().filter(|c| !c.is_control()));
        palette.selected = 0;
    }
}
