//! The exam screen's actions.

use super::super::action::Action;
use super::super::command::Command;
use super::super::screens::exam::Shown;
use super::super::state::{ExamScreen, Screen, State};
use super::{act, open_kata};
use crate::session::{self, Wish};

/// The most katas of one exam.
const MOST: usize = 20;

pub(super) fn carry_out(state: &mut State, action: Action, commands: &mut Vec<Command>) {
    let rows = Shown::of(state).rows();
    let is_wish = matches!(Shown::of(state), Shown::Wishes);
    match action {
        Action::Up => state.exam.row = state.exam.row.saturating_sub(1),
        Action::Down => state.exam.row = (state.exam.row + 1).min(rows.saturating_sub(1)),
        Action::PreviousTrack if is_wish => turn(state, false),
        Action::NextTrack if is_wish => turn(state, true),
        Action::Open => open(state, commands),
        Action::FinishExam => {
            act(state, session::Action::EndExam, commands);
            state.exam.again = false;
        }
        Action::Exam => {
            state.exam.again = true;
            state.exam.row = 0;
        }
        Action::Back => state.screen = Screen::Home,
        _ => {}
    }
}

/// The next value of the selected wish, or the one before.
fn turn(state: &mut State, forward: bool) {
    let tracks = state.session.course.tracks.len() + 1;
    let step = |value: usize, of: usize| match forward {
        true => (value + 1) % of,
        false => (value + of - 1) % of,
    };
    let wish = &mut state.exam;
    match wish.row {
        0 => wish.track = step(wish.track, tracks),
        1 => wish.difficulty = step(wish.difficulty, ExamScreen::DIFFICULTIES.len()),
        _ => wish.count = step(wish.count - 1, MOST) + 1,
    }
}

fn open(state: &mut State, commands: &mut Vec<Command>) {
    let row = state.exam.row;
    let kata = match Shown::of(state) {
        Shown::Wishes => return begin(state, commands),
        Shown::UnderWay(exam) | Shown::Over(exam) => {
            exam.katas.get(row).map(|kata| kata.kata.clone())
        }
    };
    if let Some(id) = kata {
        open_kata(state, id, commands);
    }
}

fn begin(state: &mut State, commands: &mut Vec<Command>) {
    let wish = &state.exam;
    let track = state.session.course.tracks.get(wish.track.wrapping_sub(1));
    let wish = Wish {
        tracks: track.map(|track| track.id.clone()).into_iter().collect(),
        difficulty: ExamScreen::DIFFICULTIES
            .get(wish.difficulty)
            .copied()
            .flatten(),
        count: wish.count,
        minutes: None,
        // Another exam each time, though the same moment draws the same.
        seed: state
            .session
            .now
            .map_or(1, |now| now.as_second().unsigned_abs() % 1_000_000),
    };
    act(state, session::Action::BeginExam(wish), commands);
    state.exam.row = 0;
    state.exam.again = false;
}
