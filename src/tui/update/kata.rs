//! The kata screen's actions.

use super::super::action::Action;
use super::super::command::Command;
use super::super::screens::kata::layout::{Arrangement, Panes};
use super::super::screens::kata::{extent, task};
use super::super::shell::paste_bytes;
use super::super::state::{Pane, Screen, ShellStatus, State};
use super::super::widgets::pane;
use super::super::widgets::scroll::{Movement, furthest, moved};
use super::pages::movement;
use super::{act, cluster, copy, divide, home, open_kata, panel, shell};
use crate::session::{self, Confirm, SandboxState};

pub(super) fn carry_out(state: &mut State, action: Action, commands: &mut Vec<Command>) {
    let in_cluster = state.kata.focus == Pane::Cluster;
    let is_panel = in_cluster || matches!(action, Action::Clock | Action::Chaos);
    if is_panel && panel::carry_out(state, action, commands) {
        return;
    }
    if in_cluster && cluster::carry_out(state, action) {
        return;
    }
    if divide::carry_out(state, action, commands) {
        return;
    }
    match action {
        Action::NextPane => focus(state, state.kata.focus.next()),
        Action::PreviousPane => focus(state, state.kata.focus.previous()),
        Action::FocusTask => focus(state, Pane::Task),
        Action::FocusCluster => focus(state, Pane::Cluster),
        Action::FocusShell => focus(state, Pane::Shell),
        Action::Zoom => state.kata.zoomed = !state.kata.zoomed,
        Action::Lesson => {
            state.kata.lesson = !state.kata.lesson;
            focus(state, Pane::Task);
        }
        Action::Hint => {
            act(state, session::Action::RevealHint, commands);
            bring_task_up(state);
            show_line(state, |content| content.hint_at);
        }
        Action::DismissCoach => act(state, session::Action::DismissCoach, commands),
        Action::ToggleCoach => act(state, session::Action::ToggleCoach, commands),
        Action::TypeCommand => type_command(state, commands),
        Action::Solution => act(state, session::Action::ShowSolution, commands),
        Action::Reset => act(state, session::Action::Reset, commands),
        Action::UndoReset => act(state, session::Action::UndoReset, commands),
        Action::NextKata => next_kata(state, commands),
        Action::Home => {
            act(state, session::Action::LeaveKata, commands);
            state.screen = Screen::Home;
        }
        Action::ShowWhy => panel::why_check(state, commands),
        Action::Retry => retry(state, commands),
        Action::RestartShell => shell::restart(state),
        Action::ShellPageUp => scroll_shell_page(state, 1),
        Action::ShellPageDown => scroll_shell_page(state, -1),
        _ => {
            if let Some(movement) = movement(action) {
                scroll(state, state.kata.focus, movement);
            }
        }
    }
}

/// The kata after this one in the course, which begins like any other; the
/// course map after the last.
fn next_kata(state: &mut State, commands: &mut Vec<Command>) {
    let course = &state.session.course;
    let open = state.session.open.as_ref();
    let next = open.and_then(|open| course.after(&open.kata.id));
    let next = next.map(|kata| kata.id.clone());
    act(state, session::Action::LeaveKata, commands);
    state.screen = Screen::Home;
    if let Some(id) = next {
        home::enter(state, id, commands);
    }
}

/// Yes. A solution that was asked for is brought to the screen.
pub(super) fn confirm(state: &mut State, commands: &mut Vec<Command>) {
    let question = state.session.confirm;
    act(state, session::Action::ConfirmYes, commands);
    if question == Some(Confirm::ShowSolution) {
        bring_task_up(state);
        show_line(state, |content| content.solution_at);
    }
}

/// Gives a pane the keys, and brings it to the screen where there is room for
/// only one beside the shell.
pub(super) fn focus(state: &mut State, pane: Pane) {
    state.kata.focus = pane;
    if pane != Pane::Shell {
        state.kata.upper = pane;
    }
}

/// Makes the task visible without taking the keys from the shell, as far as
/// there is room for both.
fn bring_task_up(state: &mut State) {
    state.kata.lesson = false;
    state.kata.upper = Pane::Task;
    let single = Arrangement::of(state.columns, state.rows) == Arrangement::Single;
    if state.kata.focus != Pane::Shell || single {
        return focus(state, Pane::Task);
    }
    state.kata.zoomed = false;
}

/// Puts the command that looks into the shell, as if it were pasted: the
/// learner reads it, changes it, runs it.
fn type_command(state: &mut State, commands: &mut Vec<Command>) {
    let command = state
        .session
        .open
        .as_ref()
        .and_then(task::command_that_looks);
    if let Some(command) = command {
        put(state, &command, commands);
    }
}

/// Types a command into the shell without running it.
pub(super) fn put(state: &mut State, command: &str, commands: &mut Vec<Command>) {
    if state.shell.status != ShellStatus::Running {
        return;
    }
    copy::end(state, commands);
    let command = command.trim().replace('\n', " ");
    let bytes = paste_bytes(&command, state.shell.screen.screen());
    state.shell.screen.scroll_to_end();
    commands.push(Command::ShellInput(bytes));
    focus(state, Pane::Shell);
}

/// Scrolls a pane; the shell does it with its own keys, the cluster has a cursor.
pub(super) fn scroll(state: &mut State, pane: Pane, movement: Movement) {
    if pane == Pane::Cluster {
        return cluster::scroll(state, movement);
    }
    let Some((content, height)) = extent(pane, state) else {
        return;
    };
    let offset = match pane {
        Pane::Task if state.kata.lesson => &mut state.kata.lesson_scroll,
        Pane::Task => &mut state.kata.task_scroll,
        Pane::Cluster | Pane::Shell => return,
    };
    *offset = moved(*offset, movement, content, height);
}

/// Scrolls the task so that a line found in it is the first, or as near to
/// that as the end of the text allows.
pub(super) fn show_line(state: &mut State, find: fn(&task::Content) -> Option<usize>) {
    let (Some(open), Some(area)) = (&state.session.open, Panes::of(state).task) else {
        return;
    };
    let inside = pane::inside(area);
    let content = task::content(open, state, inside.width);
    if let Some(line) = find(&content) {
        let height = usize::from(inside.height);
        let end = furthest(content.lines.len(), height);
        state.kata.task_scroll = line.min(end);
    }
}

fn scroll_shell_page(state: &mut State, pages: isize) {
    let rows = state.shell.screen.size().rows();
    let page = isize::try_from(rows.saturating_sub(1).max(1)).unwrap_or(1);
    state.shell.screen.scroll(pages * page);
}

/// The cluster first; if it runs, the scene.
fn retry(state: &mut State, commands: &mut Vec<Command>) {
    if matches!(state.session.sandbox, SandboxState::Failed(_)) {
        return act(state, session::Action::RetrySandbox, commands);
    }
    if let Some(open) = &state.session.open {
        let id = open.kata.id.clone();
        open_kata(state, id, commands);
    }
}
