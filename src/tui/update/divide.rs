//! Sharing the kata screen out anew: by keys, and by dragging a border.

use super::super::action::Action;
use super::super::command::Command;
use super::super::screens::kata::layout::{Arrangement, border_at, share_at};
use super::super::settings::PaneSizes;
use super::super::state::{Border, State};

/// What one key press moves, in percent.
const STEP: i32 = 4;

/// An order about the division. Says whether it was one.
pub(super) fn carry_out(state: &mut State, action: Action, commands: &mut Vec<Command>) -> bool {
    let stacked = Arrangement::of(state.columns, state.rows) == Arrangement::Stacked;
    let panes = &mut state.settings.panes;
    let moved = |share: u16, by: i32| PaneSizes::clamp(i32::from(share) + by);
    match action {
        Action::Narrower => panes.task_width = moved(panes.task_width, -STEP),
        Action::Wider => panes.task_width = moved(panes.task_width, STEP),
        Action::ShellSmaller if stacked => panes.upper_height = moved(panes.upper_height, STEP),
        Action::ShellLarger if stacked => panes.upper_height = moved(panes.upper_height, -STEP),
        Action::ShellSmaller => panes.cluster_height = moved(panes.cluster_height, STEP),
        Action::ShellLarger => panes.cluster_height = moved(panes.cluster_height, -STEP),
        Action::Swap => panes.task_on_right = !panes.task_on_right,
        _ => return false,
    }
    write(state, action, commands);
    true
}

/// The mouse was pressed on a border: it holds it from now on.
pub(super) fn grab(state: &mut State, column: u16, row: u16) -> bool {
    state.kata.dragged = border_at(state, column, row);
    state.kata.dragged.is_some()
}

/// The mouse moves with a border in its hand.
pub(super) fn drag(state: &mut State, column: u16, row: u16) {
    let Some(border) = state.kata.dragged else {
        return;
    };
    let Some(share) = share_at(state, border, column, row) else {
        return;
    };
    let stacked = Arrangement::of(state.columns, state.rows) == Arrangement::Stacked;
    let panes = &mut state.settings.panes;
    match border {
        Border::Upright => panes.task_width = share,
        Border::Level if stacked => panes.upper_height = share,
        Border::Level => panes.cluster_height = share,
    }
}

/// The border is let go, and where it stands is written down.
pub(super) fn release(state: &mut State, commands: &mut Vec<Command>) {
    match state.kata.dragged.take() {
        Some(Border::Upright) => write(state, Action::Wider, commands),
        Some(Border::Level) => write(state, Action::ShellLarger, commands),
        None => {}
    }
}

/// Writes down what an order has changed.
fn write(state: &State, action: Action, commands: &mut Vec<Command>) {
    let panes = &state.settings.panes;
    let stacked = Arrangement::of(state.columns, state.rows) == Arrangement::Stacked;
    let (field, value) = match action {
        Action::Swap if panes.task_on_right => ("task-side", "right".to_owned()),
        Action::Swap => ("task-side", "left".to_owned()),
        Action::Narrower | Action::Wider => ("task-width", panes.task_width.to_string()),
        _ if stacked => ("upper-height", panes.upper_height.to_string()),
        _ => ("cluster-height", panes.cluster_height.to_string()),
    };
    commands.push(Command::WriteSetting(field, value));
}
