//! What a session does, told as events in and effects out.

use std::sync::Arc;

use jiff::Timestamp;

mod later;

use super::*;
use crate::check::{Outcome, Verdict};
use crate::course::{self, KataId};
use crate::sandbox::ShellEnvironment;

const KATA: &str = "pods/first-pod";

fn kata() -> KataId {
    KataId::new(KATA)
}

fn state() -> State {
    let course = course::embedded().unwrap_or_else(|problems| panic!("{problems}"));
    let mut state = State::new(Arc::new(course), 7, Progress::default());
    update(&mut state, Event::Tick(at(0)));
    state
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn ready() -> Event {
    Event::SandboxReady(SandboxInfo {
        kind: "embedded".to_owned(),
        version: "v1.35.0".to_owned(),
        nodes: 3,
        speed: "×1".to_owned(),
        hosted_here: true,
        address: None,
    })
}

fn prepared(fresh: bool) -> Event {
    Event::KataPrepared {
        kata: kata(),
        fresh,
        shell: Arc::new(ShellEnvironment::default()),
    }
}

/// A kata that is open, seeded and worked on.
fn working() -> State {
    let mut state = state();
    update(&mut state, ready());
    act(&mut state, Action::OpenKata(kata()));
    update(&mut state, prepared(true));
    state
}

fn act(state: &mut State, action: Action) -> Vec<Effect> {
    update(state, Event::Action(action))
}

fn judge(state: &mut State, check: &str, outcome: Outcome) -> Vec<Effect> {
    let verdict = Verdict {
        check: check.to_owned(),
        says: String::new(),
        outcome,
        differences: Vec::new(),
        otherwise: None,
        look: Vec::new(),
    };
    let kata = kata();
    update(state, Event::CheckFinished { kata, verdict })
}

fn judge_all(state: &mut State, outcome: Outcome) -> Vec<Effect> {
    let checks = ["image", "ready", "label", "answers"];
    let effects = checks.map(|check| judge(state, check, outcome));
    effects.into_iter().flatten().collect()
}

fn entries(effects: &[Effect]) -> Vec<&Entry> {
    let mut entries = Vec::new();
    for effect in effects {
        if let Effect::Record(entry) = effect {
            entries.push(entry);
        }
    }
    entries
}

fn open(state: &State) -> &OpenKata {
    state.open.as_ref().unwrap()
}

#[test]
fn a_kata_opened_early_is_prepared_when_the_sandbox_is_ready() {
    let mut state = state();
    assert!(act(&mut state, Action::OpenKata(kata())).is_empty());
    let effects = update(&mut state, ready());
    assert!(matches!(
        effects[..],
        [Effect::PrepareKata { fresh: true, .. }]
    ));
}

#[test]
fn a_fresh_scene_begins_an_attempt_and_is_watched() {
    let mut state = state();
    update(&mut state, ready());
    act(&mut state, Action::OpenKata(kata()));
    let effects = update(&mut state, prepared(true));
    assert!(matches!(effects[0], Effect::Watch(_)));
    assert!(matches!(entries(&effects)[..], [Entry::Started { .. }]));
    assert_eq!(open(&state).attempt, 1);
    assert_eq!(open(&state).phase, Phase::Working);
}

#[test]
fn a_kata_that_was_begun_is_taken_up_where_it_was_left() {
    let mut state = working();
    act(&mut state, Action::LeaveKata);
    let effects = act(&mut state, Action::OpenKata(kata()));
    assert!(matches!(
        effects[..],
        [Effect::PrepareKata { fresh: false, .. }]
    ));
    let effects = update(&mut state, prepared(false));
    assert!(entries(&effects).is_empty());
    assert_eq!(open(&state).attempt, 1);
}

#[test]
fn tasks_tick_with_their_checks_and_untick_again() {
    let mut state = working();
    judge(&mut state, "image", Outcome::Holds);
    assert_eq!(
        open(&state).tasks[0].status,
        TaskStatus::Partial { done: 1, of: 2 }
    );
    judge(&mut state, "ready", Outcome::Holds);
    assert_eq!(open(&state).tasks[0].status, TaskStatus::Done);
    judge(&mut state, "ready", Outcome::Fails);
    assert_eq!(
        open(&state).tasks[0].status,
        TaskStatus::Partial { done: 1, of: 2 }
    );
}

#[test]
fn the_last_tick_records_the_solution_once_and_shows_the_debrief() {
    let mut state = working();
    update(&mut state, Event::Tick(at(3)));
    let effects = judge_all(&mut state, Outcome::Holds);
    assert!(matches!(
        entries(&effects)[..],
        [Entry::Spent { seconds: 3, .. }, Entry::Solved { .. }]
    ));
    assert_eq!(open(&state).phase, Phase::Debrief);
    assert!(matches!(
        state.status(&kata()),
        KataStatus::Solved {
            hints: 0,
            seconds: 3
        }
    ));
    judge(&mut state, "ready", Outcome::Fails);
    assert!(judge(&mut state, "ready", Outcome::Holds).is_empty());
}

#[test]
fn a_solved_kata_is_not_solved_again_after_coming_back() {
    let mut state = working();
    judge_all(&mut state, Outcome::Holds);
    act(&mut state, Action::LeaveKata);
    act(&mut state, Action::OpenKata(kata()));
    update(&mut state, prepared(false));
    assert!(entries(&judge_all(&mut state, Outcome::Holds)).is_empty());
    assert_eq!(state.progress.katas[&kata()].solved.len(), 1);
}

#[test]
fn verdicts_of_another_kata_are_passed_over() {
    let mut state = working();
    act(&mut state, Action::LeaveKata);
    assert!(judge(&mut state, "image", Outcome::Holds).is_empty());
}

#[test]
fn only_time_with_the_kata_open_is_counted_and_sleep_is_not() {
    let mut state = working();
    update(&mut state, Event::Tick(at(1)));
    update(&mut state, Event::Tick(at(100_000)));
    assert_eq!(open(&state).seconds, 6);
    let effects = act(&mut state, Action::LeaveKata);
    assert!(matches!(
        entries(&effects)[..],
        [Entry::Spent { seconds: 6, .. }]
    ));
}

#[test]
fn time_is_written_down_now_and_then() {
    let mut state = working();
    let ticks = (1..=30).flat_map(|second| update(&mut state, Event::Tick(at(second))));
    let effects: Vec<Effect> = ticks.collect();
    assert!(matches!(
        entries(&effects)[..],
        [Entry::Spent { seconds: 30, .. }]
    ));
}

#[test]
fn hints_come_in_order_and_pass_over_tasks_that_are_done() {
    let mut state = working();
    act(&mut state, Action::RevealHint);
    assert_eq!(open(&state).hints, [0]);
    judge(&mut state, "image", Outcome::Holds);
    judge(&mut state, "ready", Outcome::Holds);
    act(&mut state, Action::RevealHint);
    let shown = open(&state).shown_hints();
    assert_eq!(shown[1].task.as_deref(), Some("label"));
}

#[test]
fn after_the_last_hint_the_learner_is_told_so() {
    let mut state = working();
    for _ in 0..20 {
        act(&mut state, Action::RevealHint);
    }
    assert_eq!(open(&state).hints.len(), open(&state).kata.hints.len());
    assert_eq!(state.messages.last().unwrap().text, "no more hints");
}

#[test]
fn a_reset_is_asked_for_and_begins_a_new_attempt() {
    let mut state = working();
    act(&mut state, Action::RevealHint);
    assert!(act(&mut state, Action::Reset).is_empty());
    assert_eq!(state.confirm, Some(Confirm::Reset));
    let effects = act(&mut state, Action::ConfirmYes);
    assert!(matches!(
        effects[..],
        [Effect::Unwatch, Effect::PrepareKata { fresh: true, .. }]
    ));
    update(&mut state, prepared(true));
    assert_eq!(open(&state).attempt, 2);
    assert!(open(&state).hints.is_empty());
}

#[test]
fn a_question_that_is_denied_changes_nothing() {
    let mut state = working();
    act(&mut state, Action::ShowSolution);
    assert!(act(&mut state, Action::ConfirmNo).is_empty());
    assert!(!open(&state).solution_shown);
    assert_eq!(state.confirm, None);
}

#[test]
fn a_scene_that_cannot_be_set_says_why() {
    let mut state = working();
    let reason = "pods \"a\" is forbidden".to_owned();
    let kata = kata();
    update(
        &mut state,
        Event::KataFailed {
            kata,
            reason: reason.clone(),
        },
    );
    assert_eq!(open(&state).phase, Phase::Failed(reason));
}

#[test]
fn leaving_writes_down_the_time_and_ends_in_quitting() {
    let mut state = working();
    update(&mut state, Event::Tick(at(2)));
    let effects = act(&mut state, Action::Quit);
    assert!(matches!(
        effects[..],
        [
            Effect::Record(Entry::Spent { .. }),
            Effect::Unwatch,
            Effect::Quit
        ]
    ));
}

#[test]
fn the_map_shows_what_was_begun_first() {
    let mut state = working();
    act(&mut state, Action::LeaveKata);
    assert_eq!(state.next_kata(), Some(kata()));
    let map = state.map();
    let line = &map[0].katas.iter().find(|line| line.id == kata()).unwrap();
    assert_eq!(line.status, KataStatus::Started);
}
