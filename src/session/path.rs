//! The learner's own path through a kata: what was typed, as far as the shell tells.

use super::effect::Effect;
use super::progress::Step;
use super::state::State;
use super::update::open_as;
use crate::course::KataId;
use crate::sandbox::{ApiCall, Footsteps, Places, Typed};

/// The latest so many are remembered.
const REMEMBERED: usize = 200;

/// What belongs to the attempt of this start, with what is known of it.
pub fn steps_of(typed: impl IntoIterator<Item = Typed>, started: Option<i64>) -> Vec<Step> {
    let of_attempt = |typed: &Typed| started.is_none_or(|start| typed.at.as_second() >= start);
    let typed = typed.into_iter().filter(of_attempt);
    let mut steps: Vec<Step> = typed
        .map(|typed| Step {
            at: typed.at,
            command: typed.command,
            exit: typed.exit,
        })
        .collect();
    let surplus = steps.len().saturating_sub(REMEMBERED);
    steps.drain(..surplus);
    steps
}

/// What was typed in the attempt that began then, from the beginning.
pub fn walked(places: &Places, kata: &KataId, started: Option<i64>) -> Vec<Step> {
    steps_of(Footsteps::of(places, kata).news(), started)
}

/// News from the shell and from the API server.
pub(super) fn seen(
    state: &mut State,
    id: &KataId,
    calls: Vec<ApiCall>,
    typed: Vec<Typed>,
) -> Vec<Effect> {
    let started = state.progress.attempt(id).started;
    let Some(open) = open_as(state, id) else {
        return Vec::new();
    };
    for step in steps_of(typed, started.map(|at| at.as_second())) {
        // A session that is taken up again reads everything from the beginning.
        if !open.steps.contains(&step) {
            open.steps.push(step);
        }
    }
    let surplus = open.steps.len().saturating_sub(REMEMBERED);
    open.steps.drain(..surplus);
    state.coach.hear(calls);
    if let Some(open) = &state.open {
        state.coach.look(open);
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::Timestamp;

    fn typed(second: i64, command: &str) -> Typed {
        Typed {
            at: Timestamp::from_second(second).unwrap(),
            exit: 0,
            command: command.to_owned(),
        }
    }

    #[test]
    fn only_what_was_typed_since_the_attempt_began_is_part_of_it() {
        let steps = steps_of([typed(5, "a"), typed(10, "b"), typed(11, "c")], Some(10));
        let commands: Vec<_> = steps.iter().map(|step| step.command.as_str()).collect();
        assert_eq!(commands, ["b", "c"]);
    }

    #[test]
    fn the_latest_are_remembered() {
        let many = (0..500).map(|second| typed(second, "x"));
        let steps = steps_of(many, None);
        assert_eq!((steps.len(), steps[0].at.as_second()), (REMEMBERED, 300));
    }
}
