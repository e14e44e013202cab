//! The only place where the interface's state changes: an event in, commands
//! out. No I/O, no clock, no async.
//!
//! `keys` finds out what a key means, `home`, `kata` and `pages` carry out the
//! actions of their screens, `overlays` those of what lies over them, `cluster`
//! and `panel` those of the cluster pane, `divide` and `copy` those about panes
//! and about the shell's output, `mouse` finds out what lies under the pointer,
//! `shell` keeps the shell pane in step with the session.

mod cluster;
mod copy;
mod divide;
mod exam;
pub(super) mod home;
mod kata;
mod keys;
mod mouse;
mod overlays;
mod pages;
pub mod panel;
mod shell;

use super::command::Command;
use super::event::Event;
use super::state::{Pane, Screen, State};
use super::strings;
use crate::session::{self, Phase, TaskStatus};

/// A message leaves the last line after so many ticks.
const NOTICE_TICKS: u32 = 8;

/// Applies an event.
pub fn update(state: &mut State, event: Event) -> Vec<Command> {
    let mut commands = Vec::new();
    match event {
        Event::Key(key) => keys::press(state, key, &mut commands),
        Event::Paste(text) => keys::paste(state, &text, &mut commands),
        Event::Mouse(mouse) => mouse::report(state, mouse, &mut commands),
        Event::Resize(columns, rows) => {
            copy::end(state, &mut commands);
            state.kata.dragged = None;
            state.columns = columns;
            state.rows = rows;
        }
        Event::Tick(now) => {
            age_notices(state, &mut commands);
            tell(state, session::Event::Tick(now), &mut commands);
        }
        Event::Session(event) => hear(state, event, &mut commands),
        Event::Shell(news) => {
            if !panel::hear_program(state, &news, &mut commands) {
                shell::hear(state, news, &mut commands);
            }
        }
        Event::ShellStarted { life, failure } => {
            if !panel::program_started(state, life, failure.as_deref()) {
                shell::started(state, life, failure);
            }
        }
        Event::Notice(words) => notify(state, &words),
        Event::Terminate => act(state, session::Action::Quit, &mut commands),
    }
    home::keep_in_range(state);
    shell::keep_in_step(state, &mut commands);
    panel::keep_in_step(state, &mut commands);
    state.browser.keep_in_step(&state.session.cluster);
    if state.session.quitting {
        commands.push(Command::Quit);
    }
    commands
}

/// Gives the session an event and passes its effects on.
fn tell(state: &mut State, event: session::Event, commands: &mut Vec<Command>) {
    let messages = state.session.messages.len();
    let effects = session::update(&mut state.session, event);
    commands.extend(effects.into_iter().map(Command::Session));
    if state.session.messages.len() > messages {
        state.notice = None;
        state.notice_age = 0;
    }
}

/// Gives the session an order.
fn act(state: &mut State, action: session::Action, commands: &mut Vec<Command>) {
    tell(state, session::Event::Action(action), commands);
}

/// A fact from the driver, and what the interface makes of it.
fn hear(state: &mut State, event: session::Event, commands: &mut Vec<Command>) {
    if let session::Event::Browsed(news) = event {
        return panel::hear(state, news, commands);
    }
    let was_solved = is_debriefing(state);
    let done = tasks_done(state);
    if matches!(
        event,
        session::Event::KataPrepared { fresh: true, .. } | session::Event::KataRestored { .. }
    ) {
        // The folder was put back too: a shell that stands in it would be lost.
        state.shell.environment = None;
        state.kata.task_scroll = 0;
        panel::close_all(state, commands);
    }
    if matches!(event, session::Event::ClusterChanged(_)) {
        state.pictured = state.session.now;
    }
    tell(state, event, commands);
    if !was_solved && is_debriefing(state) {
        state.kata.task_scroll = 0;
        state.kata.lesson = false;
        notify(state, strings::SOLVED_NOTICE);
    } else if tasks_done(state) > done && state.kata.focus != Pane::Task {
        kata::show_line(state, |content| content.tasks_at);
    }
}

fn tasks_done(state: &State) -> usize {
    state.session.open.as_ref().map_or(0, |open| {
        open.tasks
            .iter()
            .filter(|task| task.status == TaskStatus::Done)
            .count()
    })
}

fn is_debriefing(state: &State) -> bool {
    state
        .session
        .open
        .as_ref()
        .is_some_and(|open| open.phase == Phase::Debrief)
}

/// Shows words in the last line for a while.
fn notify(state: &mut State, words: &str) {
    state.notice = Some(words.to_owned());
    state.notice_age = 0;
}

fn age_notices(state: &mut State, commands: &mut Vec<Command>) {
    if state.notice.is_none() && state.session.messages.is_empty() {
        return;
    }
    state.notice_age += 1;
    if state.notice_age > NOTICE_TICKS {
        dismiss_notices(state, commands);
    }
}

fn dismiss_notices(state: &mut State, commands: &mut Vec<Command>) {
    state.notice = None;
    state.notice_age = 0;
    if !state.session.messages.is_empty() {
        act(state, session::Action::DismissMessages, commands);
    }
}

/// Opens a kata and shows it, if there is such a kata.
fn open_kata(state: &mut State, id: crate::course::KataId, commands: &mut Vec<Command>) {
    state.select(&id);
    panel::close_all(state, commands);
    act(state, session::Action::OpenKata(id), commands);
    show_open_kata(state);
}

/// Opens a solved kata with other parameters.
fn review(state: &mut State, id: crate::course::KataId, commands: &mut Vec<Command>) {
    act(state, session::Action::Review(id), commands);
    show_open_kata(state);
}

/// The kata screen from its beginning, or the course map where none is open.
fn show_open_kata(state: &mut State) {
    state.reader = None;
    state.home.search = None;
    match &state.session.open {
        Some(open) => {
            let id = open.kata.id.clone();
            state.screen = Screen::Kata;
            state.kata = super::state::KataScreen::default();
            state.browser = state.browser.anew();
            state.select(&id);
        }
        None => state.screen = Screen::Home,
    }
}

#[cfg(test)]
mod tests;
