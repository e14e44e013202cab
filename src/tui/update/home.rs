//! The course map's actions.

use super::super::action::Action;
use super::super::command::Command;
use super::super::screens::home::matches::{self, shown_map};
use super::super::state::{Filter, FilterStatus, Reader, Screen, Search, State};
use super::{act, open_kata, review};
use crate::course::{Difficulty, KataId, KataKind};
use crate::session::{self, KataStatus};

/// Rows of a page.
const PAGE: usize = 10;

pub(super) fn carry_out(state: &mut State, action: Action, commands: &mut Vec<Command>) {
    if state.home.search.is_some() {
        return search(state, action, commands);
    }
    match action {
        Action::Up => step(state, false),
        Action::Down => step(state, true),
        Action::PageUp => (0..PAGE).for_each(|_| step(state, false)),
        Action::PageDown => (0..PAGE).for_each(|_| step(state, true)),
        Action::Top => select_track(state, 0),
        Action::Bottom => {
            select_track(state, usize::MAX);
            state.home.kata = last_kata(state);
        }
        Action::PreviousTrack => select_track(state, state.home.track.saturating_sub(1)),
        Action::NextTrack => select_track(state, state.home.track + 1),
        Action::Open => {
            if let Some(id) = selected(state) {
                enter(state, id, commands);
            }
        }
        Action::Continue => {
            if let Some(id) = state.session.next_kata() {
                enter(state, id, commands);
            }
        }
        Action::Review => {
            if let Some(id) = to_review(state) {
                review(state, id, commands);
            }
        }
        Action::Exam => state.screen = Screen::Exam,
        Action::Search => state.home.search = Some(Search::default()),
        Action::Lesson => {
            if let Some(id) = selected(state) {
                read_lesson(state, &id);
            }
        }
        Action::FilterStatus => {
            use FilterStatus::{Done, Open, Started};
            let status = turned(state.home.filter.status, &[Open, Started, Done]);
            refilter(
                state,
                Filter {
                    status,
                    ..state.home.filter
                },
            );
        }
        Action::FilterDifficulty => {
            use Difficulty::{Easy, Hard, Medium};
            let difficulty = turned(state.home.filter.difficulty, &[Easy, Medium, Hard]);
            refilter(
                state,
                Filter {
                    difficulty,
                    ..state.home.filter
                },
            );
        }
        Action::FilterKind => {
            let kinds = [KataKind::Build, KataKind::Repair];
            let kind = turned(state.home.filter.kind, &kinds);
            refilter(
                state,
                Filter {
                    kind,
                    ..state.home.filter
                },
            );
        }
        Action::ClearFilter => refilter(state, Filter::default()),
        Action::Retry => act(state, session::Action::RetrySandbox, commands),
        _ => {}
    }
}

/// The selected kata where it is solved, else the one that is due first.
pub(in crate::tui) fn to_review(state: &State) -> Option<KataId> {
    let solved = |id: &KataId| matches!(state.session.status(id), KataStatus::Solved { .. });
    let selected = selected(state).filter(solved);
    selected.or_else(|| state.session.due_now().into_iter().next())
}

/// The value after this one; after the last one nothing is left out again.
fn turned<T: Copy + PartialEq>(value: Option<T>, all: &[T]) -> Option<T> {
    match value {
        None => all.first().copied(),
        Some(value) => {
            let at = all.iter().position(|one| *one == value)?;
            all.get(at + 1).copied()
        }
    }
}

/// A kata that the filter lets through no longer, solved for instance, leaves
/// the list; something that is there stays selected.
pub(super) fn keep_in_range(state: &mut State) {
    if state.home.filter.is_set() {
        let map = shown_map(state);
        let katas = map
            .get(state.home.track)
            .map_or(0, |track| track.katas.len());
        state.home.kata = state.home.kata.min(katas.saturating_sub(1));
    }
}

/// Lists other katas; the selection stays where it can, else it goes to the
/// first track that has something to show.
fn refilter(state: &mut State, filter: Filter) {
    let kata = selected(state);
    state.home.filter = filter;
    let map = shown_map(state);
    let stays = kata.and_then(|kata| {
        map.iter().enumerate().find_map(|(track, line)| {
            let at = line.katas.iter().position(|line| line.id == kata)?;
            Some((track, at))
        })
    });
    let is_empty = |track: usize| map.get(track).is_none_or(|track| track.katas.is_empty());
    let first = (0..map.len()).find(|track| !is_empty(*track));
    match stays {
        Some((track, kata)) => (state.home.track, state.home.kata) = (track, kata),
        None if is_empty(state.home.track) => {
            (state.home.track, state.home.kata) = (first.unwrap_or(0), 0);
        }
        None => state.home.kata = 0,
    }
}

fn search(state: &mut State, action: Action, commands: &mut Vec<Command>) {
    let Some(search) = &mut state.home.search else {
        return;
    };
    let found = matches::of(&state.session, &search.text);
    match action {
        Action::Up => search.selected = search.selected.saturating_sub(1),
        Action::Down => {
            search.selected = (search.selected + 1).min(found.len().saturating_sub(1));
        }
        Action::Open => {
            if let Some((_, kata)) = found.get(search.selected) {
                let id = kata.id.clone();
                state.home.search = None;
                enter(state, id, commands);
            }
        }
        Action::Back => state.home.search = None,
        _ => {}
    }
}

/// One kata up or down, across the ends of tracks.
fn step(state: &mut State, down: bool) {
    let map = shown_map(state);
    let katas = |track: usize| map.get(track).map_or(0, |track| track.katas.len());
    let home = &mut state.home;
    if down && home.kata + 1 < katas(home.track) {
        home.kata += 1;
    } else if !down && home.kata > 0 {
        home.kata -= 1;
    } else if down {
        let next = (home.track + 1..map.len()).find(|track| katas(*track) > 0);
        if let Some(track) = next {
            (home.track, home.kata) = (track, 0);
        }
    } else {
        let previous = (0..home.track).rev().find(|track| katas(*track) > 0);
        if let Some(track) = previous {
            (home.track, home.kata) = (track, katas(track) - 1);
        }
    }
}

/// Selects a track, at its first kata that is not solved.
pub(super) fn select_track(state: &mut State, track: usize) {
    let map = shown_map(state);
    let track = track.min(map.len().saturating_sub(1));
    state.home.track = track;
    state.home.kata = map
        .get(track)
        .and_then(|track| {
            track
                .katas
                .iter()
                .position(|kata| !matches!(kata.status, KataStatus::Solved { .. }))
        })
        .unwrap_or(0);
}

fn last_kata(state: &State) -> usize {
    let map = shown_map(state);
    map.get(state.home.track)
        .map_or(0, |track| track.katas.len().saturating_sub(1))
}

fn selected(state: &State) -> Option<KataId> {
    let map = shown_map(state);
    let kata = map.get(state.home.track)?.katas.get(state.home.kata)?;
    Some(kata.id.clone())
}

/// Opens a kata; one that was never begun shows its lesson first.
pub(super) fn enter(state: &mut State, id: KataId, commands: &mut Vec<Command>) {
    state.select(&id);
    if state.session.status(&id) == KataStatus::Open && read_lesson(state, &id) {
        return;
    }
    open_kata(state, id, commands);
}

/// Shows the lesson of a kata with its parameters filled in; says whether
/// there is one.
fn read_lesson(state: &mut State, id: &KataId) -> bool {
    let course = &state.session.course;
    let instance = course
        .kata(id)
        .map(|kata| kata.instance(state.session.seed_of(id)));
    let (Some(lesson), Some(Ok(kata))) = (course.lesson_of(id), instance) else {
        return false;
    };
    if kata.lesson.trim().is_empty() {
        return false;
    }
    state.reader = Some(Reader {
        title: lesson.title.clone(),
        text: kata.lesson,
        scroll: 0,
        kata: Some(id.clone()),
        quiz: lesson.quiz.clone(),
        chosen: vec![None; lesson.quiz.len()],
    });
    state.screen = Screen::Reader;
    true
}
