//! The one place where state changes: an event in, effects out.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::effect::Effect;
use super::event::{Action, Event};
use super::progress::Entry;
use super::state::{
    Confirm, Level, Message, OpenKata, Phase, SandboxState, State, TaskStatus, judge_tasks,
};
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
        Event::Warned(text) => {
            say(state, Level::Warning, text);
            Vec::new()
        }
    }
}

fn act(state: &mut State, action: Action) -> Vec<Effect> {
    match action {
        Action::OpenKata(id) => open(state, &id),
        Action::LeaveKata => leave(state),
        Action::NextKata => next(state),
        Action::RevealHint => reveal_hint(state),
        Action::ShowSolution => ask(state, Confirm::ShowSolution),
        Action::Reset => ask(state, Confirm::Reset),
        Action::ConfirmYes => confirmed(state),
        Action::ConfirmNo => {
            state.confirm = None;
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
    let Some(kata) = state.course.kata(id) else {
        say(state, Level::Error, format!("no kata {id}"));
        return Vec::new();
    };
    let kata = match kata.instance(state.seed) {
        Ok(kata) => Arc::new(kata),
        Err(problems) => {
            say(state, Level::Error, problems.to_string());
            return Vec::new();
        }
    };
    let mut effects = leave(state);
    let attempt = state.progress.attempt(id);
    state.open = Some(OpenKata {
        tasks: judge_tasks(&kata, &[]),
        kata,
        phase: Phase::Preparing("waiting for the cluster".to_owned()),
        verdicts: BTreeMap::new(),
        hints: attempt.hints,
        attempt: attempt.number,
        seconds: attempt.seconds,
        solved: attempt.solved,
        solution_shown: attempt.solution_seen,
        shell: None,
        unrecorded: 0,
    });
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

fn leave(state: &mut State) -> Vec<Effect> {
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

fn ask(state: &mut State, question: Confirm) -> Vec<Effect> {
    if state.open.is_some() {
        state.confirm = Some(question);
    }
    Vec::new()
}

fn confirmed(state: &mut State) -> Vec<Effect> {
    let (Some(question), Some(open)) = (state.confirm.take(), &mut state.open) else {
        return Vec::new();
    };
    let kata = open.kata.id.clone();
    match question {
        Confirm::ShowSolution => {
            open.solution_shown = true;
            record(state, Entry::SolutionShown { kata })
        }
        Confirm::Reset => {
            open.phase = Phase::Preparing("resetting".to_owned());
            open.tasks = judge_tasks(&open.kata, &[]);
            open.verdicts.clear();
            open.shell = None;
            let instance = open.kata.clone();
            let mut effects = record_time(state);
            effects.push(Effect::Unwatch);
            effects.push(Effect::PrepareKata {
                kata: instance,
                fresh: true,
            });
            effects
        }
    }
}

/// A fresh scene begins a new attempt, without hints and without time.
fn begin_attempt(state: &mut State, id: &KataId, now: Option<Timestamp>) -> Vec<Effect> {
    let effects = record(
        state,
        Entry::Started {
            kata: id.clone(),
            at: now.unwrap_or(Timestamp::UNIX_EPOCH),
        },
    );
    let attempt = state.progress.attempt(id);
    if let Some(open) = open_as(state, id) {
        open.attempt = attempt.number;
        open.seconds = 0;
        open.unrecorded = 0;
        open.hints.clear();
        open.solved = false;
        open.solution_shown = false;
    }
    effects
}

fn judged(state: &mut State, id: &KataId, verdict: Verdict) -> Vec<Effect> {
    let now = state.now;
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
    if open.phase != Phase::Working || !open.all_done() {
        return Vec::new();
    }
    open.phase = Phase::Debrief;
    if open.solved {
        return Vec::new();
    }
    open.solved = true;
    let mut effects = record_time(state);
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
    let Some(open) = &mut state.open else {
        return Vec::new();
    };
    if open.phase != Phase::Working || open.solved {
        return Vec::new();
    }
    let passed = passed.clamp(0, LONGEST_TICK).unsigned_abs();
    open.seconds += passed;
    open.unrecorded += passed;
    if open.unrecorded >= RECORD_EVERY {
        return record_time(state);
    }
    Vec::new()
}

fn record_time(state: &mut State) -> Vec<Effect> {
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

fn record(state: &mut State, entry: Entry) -> Vec<Effect> {
    state.progress.apply(&entry);
    vec![Effect::Record(entry)]
}

fn open_as<'a>(state: &'a mut State, id: &KataId) -> Option<&'a mut OpenKata> {
    state.open.as_mut().filter(|open| open.kata.id == *id)
}

fn say(state: &mut State, level: Level, text: String) {
    state.messages.push(Message { level, text });
}
