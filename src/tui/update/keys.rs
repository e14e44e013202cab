//! From a key to what it does: the keymap decides, and what it leaves over
//! belongs to the shell or the text field that has the focus.

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::super::action::Action;
use super::super::available::is_available;
use super::super::command::Command;
use super::super::key::Key;
use super::super::keymap::Context;
use super::super::shell::{key_bytes, paste_bytes};
use super::super::state::{Screen, ShellStatus, State};
use super::super::strings;
use super::{
    act, cluster, copy, dismiss_notices, exam, home, kata, notify, overlays, pages, panel,
};
use crate::session;

/// A key was pressed (or repeats).
pub(super) fn press(state: &mut State, key: KeyEvent, commands: &mut Vec<Command>) {
    if key.kind == KeyEventKind::Release {
        return;
    }
    let context = state.context();
    if context != Context::Shell {
        dismiss_notices(state, commands);
    }
    let action = state
        .keymap
        .action_for(context, Key::of(&key))
        .filter(|action| is_available(*action, state));
    match action {
        Some(action) => {
            carry_out(state, action, commands);
            if context == Context::Shell && state.context() != Context::Shell {
                dismiss_notices(state, commands);
            }
        }
        None if context == Context::Shell => type_into_shell(state, &key, commands),
        None if context == Context::Search => type_into_search(state, &key),
        None if context == Context::Prompt => panel::type_number(state, &key),
        None if context == Context::Program => {
            panel::type_into_program(state, &key, commands);
        }
        None if context == Context::Filter => cluster::type_filter(state, &key),
        None if context == Context::Palette => type_into_palette(state, &key),
        None => {}
    }
}

/// Does what an action orders, on whatever is on top.
pub(super) fn carry_out(state: &mut State, action: Action, commands: &mut Vec<Command>) {
    if state.palette.is_some() && action != Action::Quit {
        return overlays::palette(state, action, commands);
    }
    if overlays::open(state, action) {
        return;
    }
    match action {
        Action::Quit => act(state, session::Action::Quit, commands),
        Action::CopyMode => copy::begin(state),
        Action::Suspend => commands.push(Command::Suspend),
        Action::ShowHelp => state.help = Some(0),
        Action::ToggleMouse => toggle_mouse(state, commands),
        Action::Confirm => kata::confirm(state, commands),
        Action::Cancel => act(state, session::Action::ConfirmNo, commands),
        _ if state.help.is_some() => pages::help(state, action),
        _ if state.page.is_some() => overlays::page(state, action, commands),
        _ => match state.screen {
            Screen::Home => home::carry_out(state, action, commands),
            Screen::Exam => exam::carry_out(state, action, commands),
            Screen::Reader => pages::reader(state, action, commands),
            Screen::Kata if state.shell.copy.is_some() => copy::carry_out(state, action, commands),
            Screen::Kata => kata::carry_out(state, action, commands),
        },
    }
}

fn toggle_mouse(state: &mut State, commands: &mut Vec<Command>) {
    state.mouse = !state.mouse;
    commands.push(Command::SetMouse(state.mouse));
    let words = if state.mouse {
        strings::MOUSE_ON
    } else {
        strings::MOUSE_OFF
    };
    notify(state, words);
}

fn type_into_shell(state: &mut State, key: &KeyEvent, commands: &mut Vec<Command>) {
    if state.shell.status != ShellStatus::Running {
        return;
    }
    let bytes = key_bytes(key, state.shell.screen.screen());
    if !bytes.is_empty() {
        state.shell.screen.scroll_to_end();
        commands.push(Command::ShellInput(bytes));
    }
}

fn type_into_search(state: &mut State, key: &KeyEvent) {
    let Some(search) = &mut state.home.search else {
        return;
    };
    let control = key
        .modifiers
        .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    match key.code {
        KeyCode::Char('u') if control => search.text.clear(),
        KeyCode::Char(character) if !control => search.text.push(character),
        KeyCode::Backspace => {
            search.text.pop();
        }
        _ => return,
    }
    search.selected = 0;
}

fn type_into_palette(state: &mut State, key: &KeyEvent) {
    let control = key
        .modifiers
        .intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    let Some(palette) = &mut state.palette else {
        return;
    };
    match key.code {
        KeyCode::Char('u') if control => palette.text.clear(),
        KeyCode::Backspace => {
            palette.text.pop();
        }
        KeyCode::Char(character) if !control => palette.text.push(character),
        _ => return,
    }
    palette.selected = 0;
}

/// Text was pasted: for the shell or the search, whoever has the focus.
pub(super) fn paste(state: &mut State, text: &str, commands: &mut Vec<Command>) {
    match state.context() {
        Context::Shell if state.shell.status == ShellStatus::Running => {
            state.shell.screen.scroll_to_end();
            let bytes = paste_bytes(text, state.shell.screen.screen());
            commands.push(Command::ShellInput(bytes));
        }
        Context::Program => panel::paste_into_program(state, text, commands),
        Context::Palette => {
            let line = text.lines().next().unwrap_or_default();
            overlays::type_into_palette(state, line);
        }
        Context::Search => {
            if let Some(search) = &mut state.home.search {
                let line = text.lines().next().unwrap_or_default();
                search.text.extend(line.chars().filter(|c| !c.is_control()));
                search.selected = 0;
            }
        }
        _ => {}
    }
}
