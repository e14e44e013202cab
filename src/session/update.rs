//! The one place where state changes: an event in, effects out.

use std::sync::Arc;

use jiff::Timestamp;

use super::effect::Effect;
use super::event::{Action, Event};
use super::exam_room;
use super::heard::heard;
use super::path;
use super::progress::{Attempt, Entry};
use super::reset;
use super::review;
use super::state::{Confirm, Level, Message, OpenKata, Phase, SandboxState, State, TaskStatus};
use crate::check::Verdict;
use crate::course::KataId;
use crate::sandbox::ClusterView;

/// A longer gap between two ticks is a machine that slept, not a learner who worked.
const LONGEST_TICK: i64 = 5;

/// Time spent is written down at least this often, so that a crash loses little.
const RECORD_EVERY: u64 = 30;

/// Applies `event`, and answers what is to be done about it.
pub fn update(state: &mut State, event: Event) -> Vec<Effect> {
    match event {
        Event::Action(action) => act(state, action),
        Event::Tick(now) => tick(state, now),
        Event::SandboxReady(info) => {
            state.sandbox = SandboxState::Ready(info);
            prepare_open(state)
        }
        Event::SandboxFailed(reason) => {
            state.sandbox = SandboxState::Failed(reason);
            Vec::new()
        }
        Event::KataProgressed { kata, doing } => {
            if let Some(open) = open_as(state, &kata) {
                open.phase = Phase::Preparing(doing);
            }
            Vec::new()
        }
        Event::KataPrepared { kata, fresh, shell } => {
            let now = state.now;
            let Some(open) = open_as(state, &kata) else {
                return Vec::new();
            };
            open.phase = Phase::Working;
            open.shell = Some(shell);
            let mut effects = vec![Effect::Watch(open.kata.clone())];
            if fresh || open.attempt == 0 {
                effects.extend(begin_attempt(state, &kata, now));
            }
            effects
        }
        Event::KataRestored {
            kata,
            shell,
            refused,
        } => reset::restored(state, &kata, shell, refused),
        Event::KataFailed { kata, reason } => {
            if let Some(open) = open_as(state, &kata) {
                open.phase = Phase::Failed(reason);
            }
            Vec::new()
        }
        Event::CheckFinished { kata, verdict } => judged(state, &kata, verdict),
        Event::ClusterChanged(view) => {
            state.cluster = view;
            Vec::new()
        }
        Event::Heard(entry) => heard(state, &entry),
        Event::Seen { kata, calls, typed } => path::seen(state, &kata, calls, typed),
        Event::SolutionCompared { kata, compared } => {
            if let Some(open) = open_as(state, &kata) {
                open.compared = Some(compared);
            }
            Vec::new()
        }
        // Only the interface has a use for them.
        Event::Browsed(_) => Vec::new(),
        Event::ClockTold(reading) => {
            state.clock = Some(reading);
            state.clock_heard = state.now;
            Vec::new()
        }
        Event::Warned(text) => {
            say(state, Level::Warning, text);
            Vec::new()
        }
    }
}

fn act(state: &mut State, action: Action) -> Vec<Effect> {
    match action {
        Action::OpenKata(id) => open(state, &id),
        Action::Review(id) => review::review(state, &id),
        Action::BeginExam(wish) => exam_room::begin(state, &wish),
        Action::EndExam => {
            state.confirm = state.progress.exam().map(|_| Confirm::EndExam);
            Vec::new()
        }
        Action::LeaveKata => leave(state),
        Action::NextKata => next(state),
        Action::RevealHint => reveal_hint(state),
        Action::ShowSolution if state.is_examined() => {
            say(state, Level::Info, exam_room::NO_HELP.to_owned());
            Vec::new()
        }
        Action::ShowSolution => ask(state, Confirm::ShowSolution),
        Action::Reset => ask(state, Confirm::Reset),
        Action::UndoReset => reset::ask_to_undo(state),
        Action::ConfirmYes => confirmed(state),
        Action::ConfirmNo => {
            state.confirm = None;
            Vec::new()
        }
        Action::DismissCoach => {
            state.coach.dismiss();
            Vec::new()
        }
        Action::ToggleCoach => {
            state.coach.on = !state.coach.on;
            Vec::new()
        }
        Action::Recheck => vec![Effect::Rejudge],
        Action::DismissMessages => {
            state.messages.clear();
            Vec::new()
        }
        Action::RetrySandbox => {
            state.sandbox = SandboxState::Starting;
            vec![Effect::BootSandbox]
        }
        Action::Quit => {
            let mut effects = leave(state);
            state.quitting = true;
            effects.push(Effect::Quit);
            effects
        }
    }
}

fn open(state: &mut State, id: &KataId) -> Vec<Effect> {
    let seed = state.seed_of(id);
    open_with(state, id, seed)
}

/// Opens a kata; parameters that are not those of its attempt begin a new one.
pub(super) fn open_with(state: &mut State, id: &KataId, seed: u64) -> Vec<Effect> {
    let Some(kata) = state.course.kata(id) else {
        say(state, Level::Error, format!("no kata {id}"));
        return Vec::new();
    };
    let kata = match kata.instance(seed) {
        Ok(kata) => Arc::new(kata),
        Err(problems) => {
            say(state, Level::Error, problems.to_string());
            return Vec::new();
        }
    };
    let mut effects = leave(state);
    let goes_on = state.seed_of(id) == seed && !state.progress.begins_anew(id);
    let attempt = match goes_on {
        true => state.progress.attempt(id),
        false => Attempt::default(),
    };
    let waiting = Phase::Preparing("waiting for the cluster".to_owned());
    let mut open = OpenKata::new(kata, waiting);
    open.take_up(attempt);
    state.open = Some(open);
    state.coach.begin();
    effects.extend(prepare_open(state));
    effects
}

/// Prepares the open kata as soon as there is a sandbox.
fn prepare_open(state: &mut State) -> Vec<Effect> {
    let ready = matches!(state.sandbox, SandboxState::Ready(_));
    match &mut state.open {
        Some(open) if ready => {
            open.phase = Phase::Preparing("setting the scene".to_owned());
            vec![Effect::PrepareKata {
                kata: open.kata.clone(),
                fresh: open.attempt == 0,
            }]
        }
        _ => Vec::new(),
    }
}

pub(super) fn leave(state: &mut State) -> Vec<Effect> {
    let mut effects = record_time(state);
    state.confirm = None;
    if state.open.take().is_some() {
        state.cluster = Arc::new(ClusterView::default());
        effects.push(Effect::Unwatch);
    }
    effects
}

fn next(state: &mut State) -> Vec<Effect> {
    let after = match &state.open {
        Some(open) => state
            .course
            .after(&open.kata.id)
            .map(|kata| kata.id.clone()),
        None => state.next_kata(),
    };
    match after {
        Some(id) => open(state, &id),
        None => leave(state),
    }
}

fn reveal_hint(state: &mut State) -> Vec<Effect> {
    if state.is_examined() {
        say(state, Level::Info, exam_room::NO_HELP.to_owned());
        return Vec::new();
    }
    let Some(open) = &mut state.open else {
        return Vec::new();
    };
    let Some(hint) = open.next_hint() else {
        say(state, Level::Info, "no more hints".to_owned());
        return Vec::new();
    };
    open.hints.push(hint);
    let kata = open.kata.id.clone();
    record(state, Entry::HintShown { kata, hint })
}

pub(super) fn ask(state: &mut State, question: Confirm) -> Vec<Effect> {
    if state.open.is_some() {
        state.confirm = Some(question);
    }
    Vec::new()
}

fn confirmed(state: &mut State) -> Vec<Effect> {
    let Some(question) = state.confirm.take() else {
        return Vec::new();
    };
    match question {
        Confirm::EndExam => exam_room::end(state),
        Confirm::Reset => reset::reset(state),
        Confirm::UndoReset => reset::undo(state),
        Confirm::ShowSolution => show_solution(state),
    }
}

fn show_solution(state: &mut State) -> Vec<Effect> {
    let Some(open) = &mut state.open else {
        return Vec::new();
    };
    open.solution_shown = true;
    let compare = Effect::CompareSolution(open.kata.clone());
    let kata = open.kata.id.clone();
    let mut effects = record(state, Entry::SolutionShown { kata });
    effects.push(compare);
    effects
}

/// A fresh scene begins a new attempt, without hints and without time.
fn begin_attempt(state: &mut State, id: &KataId, now: Option<Timestamp>) -> Vec<Effect> {
    let seed = open_as(state, id).map(|open| open.kata.seed);
    let effects = record(
        state,
        Entry::Started {
            kata: id.clone(),
            at: now.unwrap_or(Timestamp::UNIX_EPOCH),
            seed,
        },
    );
    let attempt = state.progress.attempt(id);
    state.coach.begin();
    if let Some(open) = open_as(state, id) {
        open.unrecorded = 0;
        open.take_up(attempt);
    }
    effects
}

fn judged(state: &mut State, id: &KataId, verdict: Verdict) -> Vec<Effect> {
    let Some(open) = open_as(state, id) else {
        return Vec::new();
    };
    open.verdicts.insert(verdict.check.clone(), verdict);
    let holding: Vec<&str> = open
        .verdicts
        .values()
        .filter(|verdict| verdict.holds())
        .map(|verdict| verdict.check.as_str())
        .collect();
    for task in &mut open.tasks {
        task.status = TaskStatus::of(&task.checks, &holding);
    }
    let solved = open.phase == Phase::Working && open.all_done();
    let mut effects = exam_room::scored(state, id);
    if solved {
        effects.extend(debrief(state, id));
    }
    effects
}

/// Every task is done, perhaps not for the first time.
fn debrief(state: &mut State, id: &KataId) -> Vec<Effect> {
    let now = state.now;
    let Some(open) = open_as(state, id) else {
        return Vec::new();
    };
    open.phase = Phase::Debrief;
    let compare = Effect::CompareSolution(open.kata.clone());
    if std::mem::replace(&mut open.solved, true) {
        return vec![compare];
    }
    let steps = open.steps.clone();
    let mut effects = record_time(state);
    effects.push(compare);
    if !steps.is_empty() {
        let kata = id.clone();
        effects.extend(record(state, Entry::Walked { kata, steps }));
    }
    effects.extend(record(
        state,
        Entry::Solved {
            kata: id.clone(),
            at: now.unwrap_or(Timestamp::UNIX_EPOCH),
        },
    ));
    effects
}

fn tick(state: &mut State, now: Timestamp) -> Vec<Effect> {
    let passed = state
        .now
        .map_or(0, |before| now.as_second() - before.as_second());
    state.now = Some(now);
    let mut effects = exam_room::tick(state, now);
    let Some(open) = &mut state.open else {
        return effects;
    };
    state.coach.look(open);
    if open.phase != Phase::Working || open.solved {
        return effects;
    }
    let passed = passed.clamp(0, LONGEST_TICK).unsigned_abs();
    open.seconds += passed;
    open.unrecorded += passed;
    if open.unrecorded >= RECORD_EVERY {
        effects.extend(record_time(state));
    }
    effects
}

pub(super) fn record_time(state: &mut State) -> Vec<Effect> {
    let Some(open) = &mut state.open else {
        return Vec::new();
    };
    let seconds = std::mem::take(&mut open.unrecorded);
    if seconds == 0 {
        return Vec::new();
    }
    let kata = open.kata.id.clone();
    record(state, Entry::Spent { kata, seconds })
}

pub(super) fn record(state: &mut State, entry: Entry) -> Vec<Effect> {
    state.progress.apply(&entry);
    vec![Effect::Record(entry)]
}

pub(super) fn open_as<'a>(state: &'a mut State, id: &KataId) -> Option<&'a mut OpenKata> {
    state.open.as_mut().filter(|open| open.kata.id == *id)
}

pub(super) fn say(state: &mut State, level: Level, text: String) {
    state.messages.push(Message { level, text });
}
