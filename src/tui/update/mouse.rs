//! The mouse: a click focuses, selects and opens; the wheel scrolls what lies
//! under the pointer. Programs in the shell that ask for the mouse get it.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::{Position, Rect};
use vt100::MouseProtocolMode;

use super::super::action::Action;
use super::super::command::Command;
use super::super::keymap::Context;
use super::super::screens::home::layout::{Hit, hit};
use super::super::screens::kata::layout::Panes;
use super::super::screens::kata::task;
use super::super::shell::{key_bytes, mouse_bytes};
use super::super::state::{Pane, ShellStatus, State};
use super::super::widgets::pane;
use super::super::widgets::scroll::Movement;
use super::{cluster, copy, divide, home, kata, keys, pages, panel};

/// Lines of one notch of the wheel.
const NOTCH: isize = 3;

pub(super) fn report(state: &mut State, mouse: MouseEvent, commands: &mut Vec<Command>) {
    match state.context() {
        Context::Home | Context::Search => on_map(state, mouse, commands),
        Context::Kata
        | Context::Cluster
        | Context::Filter
        | Context::Panel
        | Context::Menu
        | Context::Prompt
        | Context::Program
        | Context::Shell
        | Context::Copy => {
            on_panes(state, mouse, commands);
        }
        Context::Page | Context::Tour | Context::Settings | Context::Palette | Context::Links => {
            if let Some(lines) = wheel(&mouse) {
                let action = if lines < 0 { Action::Up } else { Action::Down };
                keys::carry_out(state, action, commands);
            }
        }
        Context::Reader | Context::Help => {
            if let Some(lines) = wheel(&mouse) {
                pages::scroll(state, Movement::Lines(lines));
            }
        }
        _ => {}
    }
}

fn wheel(mouse: &MouseEvent) -> Option<isize> {
    match mouse.kind {
        MouseEventKind::ScrollUp => Some(-NOTCH),
        MouseEventKind::ScrollDown => Some(NOTCH),
        _ => None,
    }
}

fn is_click(mouse: &MouseEvent) -> bool {
    mouse.kind == MouseEventKind::Down(MouseButton::Left)
}

/// A click selects; a click on what is selected opens it.
fn on_map(state: &mut State, mouse: MouseEvent, commands: &mut Vec<Command>) {
    if let Some(lines) = wheel(&mouse) {
        let action = if lines < 0 { Action::Up } else { Action::Down };
        return home::carry_out(state, action, commands);
    }
    if !is_click(&mouse) {
        return;
    }
    match hit(state, mouse.column, mouse.row) {
        Some(Hit::Track(track)) => home::select_track(state, track),
        Some(Hit::Suggestion) => home::carry_out(state, Action::Continue, commands),
        Some(Hit::Kata(index)) => {
            let selected = match &mut state.home.search {
                Some(search) => &mut search.selected,
                None => &mut state.home.kata,
            };
            if *selected == index {
                return home::carry_out(state, Action::Open, commands);
            }
            *selected = index;
        }
        None => {}
    }
}

fn on_panes(state: &mut State, mouse: MouseEvent, commands: &mut Vec<Command>) {
    match mouse.kind {
        MouseEventKind::Drag(_) if state.kata.dragged.is_some() => {
            return divide::drag(state, mouse.column, mouse.row);
        }
        MouseEventKind::Up(_) if state.kata.dragged.is_some() => {
            return divide::release(state, commands);
        }
        // A selection goes on where the pointer leaves the pane.
        MouseEventKind::Drag(_) | MouseEventKind::Up(_) if state.shell.copy.is_some() => {
            if let Some(area) = Panes::of(state).shell {
                copy::drag(state, &mouse, pane::inside(area), commands);
            }
            return;
        }
        _ if is_click(&mouse) && divide::grab(state, mouse.column, mouse.row) => return,
        _ => {}
    }
    let Some((under, inside)) = Panes::of(state).at(mouse.column, mouse.row) else {
        return;
    };
    if is_click(&mouse) {
        if under != Pane::Shell {
            copy::end(state, commands);
        }
        let command = typable(state, under, inside, &mouse);
        kata::focus(state, under);
        if let Some(command) = command {
            return kata::put(state, &command, commands);
        }
        if under == Pane::Cluster {
            return on_cluster(state, mouse, inside, commands);
        }
    }
    if under == Pane::Shell {
        return on_shell(state, mouse, inside, commands);
    }
    if let Some(lines) = wheel(&mouse) {
        kata::scroll(state, under, Movement::Lines(lines));
    }
}

/// A click on what has the cursor opens it.
fn on_cluster(state: &mut State, mouse: MouseEvent, inside: Rect, commands: &mut Vec<Command>) {
    let (column, row) = (mouse.column, mouse.row);
    if !state.browser.panels.is_empty() {
        return panel::click(state, column, row, inside, commands);
    }
    if cluster::click(state, column, row, inside) {
        kata::carry_out(state, Action::Open, commands);
    }
}

/// The command of the task, hint or lesson that was clicked on.
fn typable(state: &State, pane: Pane, inside: Rect, mouse: &MouseEvent) -> Option<String> {
    if pane != Pane::Task || !inside.contains(Position::new(mouse.column, mouse.row)) {
        return None;
    }
    task::command_at(state, inside, mouse.column - inside.x, mouse.row - inside.y)
}

/// The program's, if it asked; else the wheel looks back, or moves a pager
/// that has the whole screen but no mouse.
fn on_shell(state: &mut State, mouse: MouseEvent, inside: Rect, commands: &mut Vec<Command>) {
    if state.shell.status != ShellStatus::Running {
        return;
    }
    let screen = state.shell.screen.screen();
    if screen.mouse_protocol_mode() != MouseProtocolMode::None {
        let position = (
            mouse.column.checked_sub(inside.x),
            mouse.row.checked_sub(inside.y),
        );
        if let (Some(column), Some(row)) = position
            && column < inside.width
            && row < inside.height
            && let Some(bytes) = mouse_bytes(&mouse, column, row, screen)
        {
            commands.push(Command::ShellInput(bytes));
        }
        return;
    }
    if copy::drag(state, &mouse, inside, commands) {
        return;
    }
    let Some(lines) = wheel(&mouse) else {
        return;
    };
    let screen = state.shell.screen.screen();
    if screen.alternate_screen() {
        let code = if lines < 0 {
            KeyCode::Up
        } else {
            KeyCode::Down
        };
        let bytes = key_bytes(&KeyEvent::new(code, KeyModifiers::NONE), screen);
        commands.push(Command::ShellInput(bytes.repeat(lines.unsigned_abs())));
    } else {
        state.shell.screen.scroll(-lines);
    }
}
