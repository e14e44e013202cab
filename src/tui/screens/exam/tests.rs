//! The exam screen: nothing begun, under way, over, and with little room.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use insta::assert_snapshot;
use jiff::Timestamp;

use crate::session::{self, Entry, Score};
use crate::tui::event::Event;
use crate::tui::fixture::home;
use crate::tui::screens::tests::picture;
use crate::tui::state::{Screen, State};
use crate::tui::update::update;

fn press(state: &mut State, code: KeyCode) {
    let key = KeyEvent::new(code, KeyModifiers::NONE);
    update(state, Event::Key(key));
}

fn tick(state: &mut State, second: i64) {
    let now = Timestamp::from_second(second).unwrap();
    update(state, Event::Tick(now));
}

/// The wishes, on the way a learner takes there.
fn wishing(columns: u16, rows: u16) -> State {
    let mut state = home(columns, rows);
    tick(&mut state, 1_000);
    press(&mut state, KeyCode::Char('x'));
    assert_eq!(state.screen, Screen::Exam);
    state
}

fn begun(columns: u16, rows: u16) -> State {
    let mut state = wishing(columns, rows);
    for _ in 0..4 {
        press(&mut state, KeyCode::Down);
    }
    press(&mut state, KeyCode::Left);
    press(&mut state, KeyCode::Left);
    press(&mut state, KeyCode::Enter);
    let exam = state.session.progress.exam().expect("it has begun");
    let first = exam.katas[0].clone();
    let at = Timestamp::from_second(1_060).unwrap();
    let score = Score {
        at,
        done: first.tasks[..1].to_vec(),
    };
    let kata = first.kata;
    let judged = session::Event::Heard(Entry::ExamJudged { kata, score });
    update(&mut state, Event::Session(judged));
    tick(&mut state, 1_060);
    state
}

#[test]
fn an_exam_is_wished_for() {
    assert_snapshot!("exam_wishes_80x24", picture(&wishing(80, 24)));
    assert_snapshot!("exam_wishes_40x12", picture(&wishing(40, 12)));
}

#[test]
fn an_exam_under_way_shows_points_and_time() {
    let mut state = begun(80, 24);
    assert_eq!(state.session.progress.exams[0].katas.len(), 3);
    assert_snapshot!("exam_under_way_80x24", picture(&state));
    press(&mut state, KeyCode::Enter);
    assert_eq!(state.screen, Screen::Kata);
    assert!(picture(&state).contains("exam: "), "the time goes along");
}

#[test]
fn an_exam_that_is_over_shows_every_task_and_another_one_can_be_wished_for() {
    let mut state = begun(80, 24);
    press(&mut state, KeyCode::Char('f'));
    press(&mut state, KeyCode::Char('y'));
    assert_snapshot!("exam_over_80x24", picture(&state));
    press(&mut state, KeyCode::Char('x'));
    assert!(picture(&state).contains("difficulty"));
}
