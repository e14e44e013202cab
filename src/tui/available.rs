//! Which actions make sense now. The last line shows only these, and a key
//! whose action makes no sense is nobody's key (in the shell: the shell's).

use crate::session::{Phase, SandboxState, State as Session, TaskStatus};

use super::action::Action;
use super::keymap::{Binding, Context};
use super::screens::exam::Shown;
use super::screens::kata::layout::Arrangement;
use super::screens::kata::task;
use super::state::{Reader, Screen, ShellStatus, State};
use super::update::home;
use super::update::panel;
use super::widgets::markdown;

/// Whether the action can be carried out in this state.
pub fn is_available(action: Action, state: &State) -> bool {
    let session = &state.session;
    match action {
        Action::FinishExam => session.progress.exam().is_some(),
        Action::Exam if state.screen == Screen::Exam => matches!(Shown::of(state), Shown::Over(_)),
        Action::PreviousTrack | Action::NextTrack if state.screen == Screen::Exam => {
            matches!(Shown::of(state), Shown::Wishes)
        }
        Action::DismissCoach => session.coach.says().is_some(),
        Action::Review => home::to_review(state).is_some(),
        Action::Continue => session.next_kata().is_some(),
        Action::Hint => is_working(session) && has_hint(session) && !session.is_examined(),
        Action::Solution => {
            is_working(session) && !is_solution_shown(session) && !session.is_examined()
        }
        Action::Reset => has_scene(session),
        Action::UndoReset => session.before_reset().is_some(),
        Action::NextKata => is_solved(session),
        Action::Lesson => has_lesson(state),
        Action::TypeCommand => can_type_command(state),
        Action::ClearFilter => state.home.filter.is_set(),
        Action::CopyMode => matches!(
            state.shell.status,
            ShellStatus::Running | ShellStatus::Ended(_)
        ),
        Action::ShowLinks => state
            .reader
            .as_ref()
            .is_some_and(|reader| !markdown::links(&reader.text).is_empty()),
        Action::Swap | Action::Narrower | Action::Wider => {
            !state.kata.zoomed && Arrangement::of(state.columns, state.rows) == Arrangement::Columns
        }
        Action::ShellSmaller | Action::ShellLarger => {
            !state.kata.zoomed && Arrangement::of(state.columns, state.rows) != Arrangement::Single
        }
        Action::Answer(number) => state
            .reader
            .as_ref()
            .and_then(Reader::open_question)
            .is_some_and(|(_, question)| usize::from(number) <= question.answers.len()),
        Action::Zoom => Arrangement::of(state.columns, state.rows) != Arrangement::Single,
        Action::RestartShell => state.shell.status.can_restart(),
        Action::Retry => match state.screen_context() {
            Context::Home => matches!(session.sandbox, SandboxState::Failed(_)),
            _ => true,
        },
        Action::ShowWhy if state.context() == Context::Kata => has_open_check(session),
        _ => panel::is_available(action, state),
    }
}

fn has_open_check(session: &Session) -> bool {
    session.open.as_ref().is_some_and(|open| {
        let task = open.current_task();
        task.is_some_and(|task| !open.open_verdicts(task).is_empty())
    })
}

/// The rows for the last line.
pub fn shown_bindings(state: &State) -> Vec<&Binding> {
    let context = state.context();
    let below = context
        .below()
        .into_iter()
        .flat_map(|below| state.keymap.rows(below));
    let own: Vec<_> = state.keymap.rows(context).collect();
    let is_free = |row: &&Binding| {
        let mut claimed = own.iter().flat_map(|row| row.keys.iter());
        !claimed.any(|key| row.keys.first() == Some(key))
    };
    own.iter()
        .copied()
        .chain(below.filter(is_free))
        .filter(|row| {
            !row.short.is_empty() && !row.keys.is_empty() && is_available(row.action, state)
        })
        .collect()
}

fn is_working(session: &Session) -> bool {
    session
        .open
        .as_ref()
        .is_some_and(|open| open.phase == Phase::Working)
}

fn has_scene(session: &Session) -> bool {
    session
        .open
        .as_ref()
        .is_some_and(|open| matches!(open.phase, Phase::Working | Phase::Debrief))
}

fn is_solved(session: &Session) -> bool {
    session.open.as_ref().is_some_and(|open| {
        open.solved
            || open
                .tasks
                .iter()
                .all(|task| task.status == TaskStatus::Done)
    })
}

fn has_hint(session: &Session) -> bool {
    session
        .open
        .as_ref()
        .is_some_and(|open| open.next_hint().is_some())
}

fn is_solution_shown(session: &Session) -> bool {
    session
        .open
        .as_ref()
        .is_some_and(|open| open.solution_shown)
}

fn can_type_command(state: &State) -> bool {
    state.shell.status == ShellStatus::Running
        && state
            .session
            .open
            .as_ref()
            .is_some_and(|open| task::command_that_looks(open).is_some())
}

fn has_lesson(state: &State) -> bool {
    match &state.session.open {
        Some(open) => !open.kata.lesson.trim().is_empty(),
        None => true,
    }
}
