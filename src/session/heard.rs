//! What another program wrote into the journal, while this session is open.

use super::effect::Effect;
use super::progress::Entry;
use super::state::{Phase, State};

/// Takes an entry over that is on disk already.
pub(super) fn heard(state: &mut State, entry: &Entry) -> Vec<Effect> {
    state.progress.apply(entry);
    if let Entry::SeedTaken { seed } = entry {
        state.seed = *seed;
    }
    let Some(open) = &mut state.open else {
        return Vec::new();
    };
    if entry.kata() != Some(&open.kata.id) {
        return Vec::new();
    }
    let attempt = state.progress.attempt(&open.kata.id);
    let begun_anew = attempt.number != open.attempt;
    if begun_anew {
        open.unrecorded = 0;
        if open.phase == Phase::Debrief {
            open.phase = Phase::Working;
        }
    }
    open.take_up(attempt);
    Vec::new()
}
