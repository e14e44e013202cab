//! What happens to a session over days: resets that are taken back, repetition, exams, other
//! programs, and what is remembered of the way.

use std::sync::Arc;

use super::*;

#[test]
fn a_reset_is_taken_back_with_the_hints_and_time_of_both() {
    let mut state = working();
    act(&mut state, Action::RevealHint);
    assert!(act(&mut state, Action::UndoReset).is_empty());
    assert_eq!(state.confirm, None, "there is nothing to take back");
    act(&mut state, Action::Reset);
    act(&mut state, Action::ConfirmYes);
    update(&mut state, prepared(true));
    act(&mut state, Action::UndoReset);
    assert_eq!(state.confirm, Some(Confirm::UndoReset));
    let effects = act(&mut state, Action::ConfirmYes);
    assert!(matches!(
        effects[..],
        [Effect::Unwatch, Effect::RestoreKata { .. }]
    ));
    let restored = Event::KataRestored {
        kata: kata(),
        shell: Arc::new(ShellEnvironment::default()),
        refused: vec!["pod/a: no".to_owned()],
    };
    let effects = update(&mut state, restored);
    assert!(matches!(entries(&effects)[..], [Entry::Restored { .. }]));
    assert!(matches!(effects[1], Effect::Watch(_)));
    assert_eq!(open(&state).attempt, 1);
    assert_eq!(open(&state).hints, [0]);
    assert!(state.messages.last().unwrap().text.contains("pod/a: no"));
    assert!(state.before_reset().is_none());
}

#[test]
fn what_another_program_writes_down_is_taken_over() {
    let mut state = working();
    let hint = Entry::HintShown {
        kata: kata(),
        hint: 1,
    };
    assert!(update(&mut state, Event::Heard(hint)).is_empty());
    assert_eq!(open(&state).hints, [1]);
    let started = Entry::Started {
        kata: kata(),
        at: at(50),
        seed: None,
    };
    update(&mut state, Event::Heard(started));
    assert_eq!((open(&state).attempt, open(&state).hints.len()), (2, 0));
}

#[test]
fn a_solved_kata_is_done_again_with_other_parameters() {
    let mut state = working();
    judge_all(&mut state, Outcome::Holds);
    act(&mut state, Action::LeaveKata);
    update(&mut state, Event::Tick(at(400 * 24 * 60 * 60)));
    assert_eq!(state.due_now(), [kata()]);
    let effects = act(&mut state, Action::Review(kata()));
    assert!(matches!(
        effects[..],
        [Effect::PrepareKata { fresh: true, .. }]
    ));
    assert_ne!(open(&state).kata.seed, 7);
    assert!(!open(&state).solved);
    update(&mut state, prepared(true));
    let again = open(&state).kata.seed;
    assert!(state.due_now().is_empty(), "it is under way");
    act(&mut state, Action::LeaveKata);
    act(&mut state, Action::OpenKata(kata()));
    assert_eq!(open(&state).kata.seed, again, "it is taken up as it was");
}

fn examined() -> State {
    let mut state = state();
    update(&mut state, ready());
    let wish = Wish {
        tracks: vec!["pods".to_owned()],
        count: 50,
        minutes: Some(10),
        seed: 99,
        ..Wish::default()
    };
    let effects = act(&mut state, Action::BeginExam(wish));
    assert!(matches!(entries(&effects)[..], [Entry::ExamBegan { .. }]));
    act(&mut state, Action::OpenKata(kata()));
    update(&mut state, prepared(true));
    state
}

#[test]
fn an_exam_gives_no_help_and_credit_for_every_task() {
    let mut state = examined();
    assert_eq!(open(&state).kata.seed, 99);
    act(&mut state, Action::RevealHint);
    act(&mut state, Action::ShowSolution);
    assert!(open(&state).hints.is_empty());
    assert_eq!(state.confirm, None);
    for check in ["image", "ready", "label"] {
        let effects = judge(&mut state, check, Outcome::Holds);
        assert!(entries(&effects).is_empty(), "not everything is judged yet");
    }
    let effects = judge(&mut state, "answers", Outcome::Fails);
    assert!(matches!(entries(&effects)[..], [Entry::ExamJudged { .. }]));
    let (reached, all) = state.progress.exam().unwrap().points();
    assert!(reached > 0 && reached < all);
}

#[test]
fn the_time_of_an_exam_goes_on_and_ends_it() {
    let mut state = examined();
    act(&mut state, Action::LeaveKata);
    let effects = update(&mut state, Event::Tick(at(599)));
    assert!(entries(&effects).is_empty());
    let effects = update(&mut state, Event::Tick(at(5_000)));
    assert!(matches!(
        entries(&effects)[..],
        [Entry::ExamEnded { at: ended }] if *ended == at(600)
    ));
    assert!(state.progress.exam().is_none());
    act(&mut state, Action::OpenKata(kata()));
    update(&mut state, prepared(false));
    act(&mut state, Action::RevealHint);
    assert_eq!(open(&state).hints, [0], "help is back");
}

#[test]
fn a_kata_begins_anew_in_an_exam_and_goes_on_when_it_is_opened_again() {
    let mut state = working();
    act(&mut state, Action::LeaveKata);
    update(&mut state, Event::Tick(at(100)));
    let wish = Wish {
        tracks: vec!["pods".to_owned()],
        count: 50,
        seed: 7,
        ..Wish::default()
    };
    act(&mut state, Action::BeginExam(wish));
    let effects = act(&mut state, Action::OpenKata(kata()));
    assert!(matches!(
        effects[..],
        [Effect::PrepareKata { fresh: true, .. }]
    ));
    update(&mut state, prepared(true));
    act(&mut state, Action::LeaveKata);
    let effects = act(&mut state, Action::OpenKata(kata()));
    assert!(matches!(
        effects[..],
        [Effect::PrepareKata { fresh: false, .. }]
    ));
}

#[test]
fn the_way_to_a_solution_is_written_down_with_it() {
    let mut state = working();
    let typed = |second, command: &str| crate::sandbox::Typed {
        at: at(second),
        exit: 0,
        command: command.to_owned(),
    };
    let seen = Event::Seen {
        kata: kata(),
        calls: Vec::new(),
        typed: vec![typed(-5, "before"), typed(5, "kubectl apply -f a.yaml")],
    };
    update(&mut state, seen.clone());
    update(&mut state, seen);
    assert_eq!(open(&state).steps.len(), 1);
    let effects = judge_all(&mut state, Outcome::Holds);
    assert!(matches!(
        entries(&effects)[..],
        [Entry::Walked { .. }, Entry::Solved { .. }]
    ));
    assert_eq!(state.progress.attempt(&kata()).steps.len(), 1);
}

#[test]
fn the_coach_speaks_once_and_is_quiet_when_it_is_told_to_be() {
    let mut state = working();
    let failed = crate::sandbox::Typed {
        at: at(5),
        exit: 1,
        command: "kubectl aply".to_owned(),
    };
    let typed = (5..8)
        .map(|second| crate::sandbox::Typed {
            at: at(second),
            ..failed.clone()
        })
        .collect();
    let seen = Event::Seen {
        kata: kata(),
        calls: Vec::new(),
        typed,
    };
    update(&mut state, seen);
    assert!(state.coach.says().unwrap().contains("three times"));
    act(&mut state, Action::DismissCoach);
    update(&mut state, Event::Tick(at(9)));
    assert_eq!(state.coach.says(), None);
}
