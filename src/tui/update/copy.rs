//! Copying from the shell's output, by keys and by dragging the mouse.

use crossterm::event::{MouseButton, MouseEvent, MouseEventKind};
use ratatui::layout::Rect;

use super::super::action::Action;
use super::super::command::Command;
use super::super::copy::CopyMode;
use super::super::state::{Pane, ShellStatus, State};
use super::super::strings;
use super::{kata, notify};

/// Begins at the shell's cursor.
pub(super) fn begin(state: &mut State) {
    if !matches!(
        state.shell.status,
        ShellStatus::Running | ShellStatus::Ended(_)
    ) {
        return;
    }
    kata::focus(state, Pane::Shell);
    let (row, column) = state.shell.screen.screen().cursor_position();
    let copy = CopyMode::at_cell(&state.shell.screen, column, row);
    state.shell.copy = Some(copy);
}

/// An action while something is selected.
pub(super) fn carry_out(state: &mut State, action: Action, commands: &mut Vec<Command>) {
    let Some(copy) = &mut state.shell.copy else {
        return;
    };
    let screen = &mut state.shell.screen;
    let rows = isize::try_from(screen.size().rows()).unwrap_or(1);
    let (row, column) = (copy.at.row, isize::try_from(copy.at.column).unwrap_or(0));
    match action {
        Action::Up => copy.go(screen, row - 1, column),
        Action::Down => copy.go(screen, row + 1, column),
        Action::PageUp => copy.go(screen, row - rows, column),
        Action::PageDown => copy.go(screen, row + rows, column),
        Action::Top => copy.go(screen, isize::MIN, 0),
        Action::Bottom => copy.go(screen, rows - 1, 0),
        Action::Left => copy.go(screen, row, column - 1),
        Action::Right => copy.go(screen, row, column + 1),
        Action::LineStart => copy.go(screen, row, 0),
        Action::LineEnd => copy.go(screen, row, isize::MAX),
        Action::Mark => {
            copy.mark = match copy.mark {
                None => Some(copy.at),
                Some(_) => None,
            }
        }
        Action::Copy => copy_out(state, commands),
        Action::Back => end(state, commands),
        _ => {}
    }
}

/// Hands the text to the terminal and goes back to the shell.
fn copy_out(state: &mut State, commands: &mut Vec<Command>) {
    if let Some(copy) = &state.shell.copy {
        let text = copy.text(&mut state.shell.screen);
        if !text.trim().is_empty() {
            commands.push(Command::Copy(text));
            notify(state, strings::COPIED);
        }
    }
    end(state, commands);
}

/// Back to the shell: what it wrote meanwhile is shown.
pub(super) fn end(state: &mut State, commands: &mut Vec<Command>) {
    let Some(copy) = state.shell.copy.take() else {
        return;
    };
    state.shell.screen.scroll_to_end();
    let answers = state.shell.screen.feed(&copy.held);
    if !answers.is_empty() {
        commands.push(Command::ShellInput(answers));
    }
}

/// The mouse over the shell of a program that did not ask for it: dragging
/// selects, letting go copies. Says whether the report was used.
pub(super) fn drag(
    state: &mut State,
    mouse: &MouseEvent,
    inside: Rect,
    commands: &mut Vec<Command>,
) -> bool {
    let column = mouse.column.saturating_sub(inside.x);
    let row = mouse.row.saturating_sub(inside.y);
    match mouse.kind {
        MouseEventKind::Down(MouseButton::Left) => {
            end(state, commands);
            false
        }
        MouseEventKind::Drag(MouseButton::Left) => {
            let screen = &mut state.shell.screen;
            let copy = state.shell.copy.get_or_insert_with(|| {
                let mut copy = CopyMode::at_cell(screen, column, row);
                copy.mark = Some(copy.at);
                copy
            });
            copy.mark.get_or_insert(copy.at);
            let back = isize::try_from(screen.scrolled_back()).unwrap_or(0);
            let row = isize::try_from(row).unwrap_or(0) - back;
            copy.go(screen, row, isize::try_from(column).unwrap_or(0));
            true
        }
        MouseEventKind::Up(MouseButton::Left) if state.shell.copy.is_some() => {
            copy_out(state, commands);
            true
        }
        _ => false,
    }
}
