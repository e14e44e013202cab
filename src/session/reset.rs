//! Begin anew, and take that back.

use std::sync::Arc;

use super::effect::Effect;
use super::progress::Entry;
use super::state::{Confirm, Level, OpenKata, Phase, State, judge_tasks};
use super::update::{ask, open_as, record, record_time, say};
use crate::course::{KataId, KataInstance};
use crate::sandbox::ShellEnvironment;

/// The learner has said yes: everything is set anew.
pub(super) fn reset(state: &mut State) -> Vec<Effect> {
    let mut effects = record_time(state);
    let Some(open) = &mut state.open else {
        return effects;
    };
    leave_scene(open, "resetting");
    effects.push(Effect::Unwatch);
    effects.push(Effect::PrepareKata {
        kata: open.kata.clone(),
        fresh: true,
    });
    effects
}

impl State {
    /// The open kata as it was before the last reset, where that can be taken back.
    pub fn before_reset(&self) -> Option<Arc<KataInstance>> {
        let open = self.open.as_ref()?;
        if !matches!(open.phase, Phase::Working | Phase::Debrief) {
            return None;
        }
        let before = self.progress.kata(&open.kata.id)?.before.as_ref()?;
        let seed = before.seed.unwrap_or(self.seed);
        let kata = self.course.kata(&open.kata.id)?;
        kata.instance(seed).ok().map(Arc::new)
    }
}

pub(super) fn ask_to_undo(state: &mut State) -> Vec<Effect> {
    if state.before_reset().is_some() {
        return ask(state, Confirm::UndoReset);
    }
    let words = "no reset to take back".to_owned();
    say(state, Level::Info, words);
    Vec::new()
}

/// The learner has said yes: what was there before the reset comes back.
pub(super) fn undo(state: &mut State) -> Vec<Effect> {
    let before = state.before_reset();
    let mut effects = record_time(state);
    let (Some(before), Some(open)) = (before, &mut state.open) else {
        return effects;
    };
    leave_scene(open, "taking the reset back");
    effects.push(Effect::Unwatch);
    effects.push(Effect::RestoreKata {
        now: open.kata.clone(),
        before,
    });
    effects
}

/// It is back: the attempt before the reset goes on.
pub(super) fn restored(
    state: &mut State,
    id: &KataId,
    shell: Arc<ShellEnvironment>,
    refused: Vec<String>,
) -> Vec<Effect> {
    let mut effects = record(state, Entry::Restored { kata: id.clone() });
    let seed = state.seed_of(id);
    let kata = state
        .course
        .kata(id)
        .and_then(|kata| kata.instance(seed).ok());
    let attempt = state.progress.attempt(id);
    let Some(open) = open_as(state, id) else {
        return effects;
    };
    if let Some(kata) = kata {
        open.kata = Arc::new(kata);
    }
    open.tasks = judge_tasks(&open.kata, &[]);
    open.phase = Phase::Working;
    open.shell = Some(shell);
    open.unrecorded = 0;
    open.take_up(attempt);
    effects.push(Effect::Watch(open.kata.clone()));
    match refused.is_empty() {
        true => say(state, Level::Info, "the reset was taken back".to_owned()),
        false => {
            let words = format!("taken back, but for {}", refused.join("; "));
            say(state, Level::Warning, words);
        }
    }
    effects
}

fn leave_scene(open: &mut OpenKata, doing: &str) {
    open.phase = Phase::Preparing(doing.to_owned());
    open.tasks = judge_tasks(&open.kata, &[]);
    open.verdicts.clear();
    open.shell = None;
}
