//! Random keys, clicks, sizes and news: nothing makes it panic, and what must
//! always hold holds after every step.

use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::TestRunner;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::super::update;
use crate::check::{Difference, Outcome, Verdict};
use crate::tui::event::Event;
use crate::tui::fixture::{dying, home, solved, starting, working};
use crate::tui::pages::Page;
use crate::tui::screens::home::matches::shown_map;
use crate::tui::screens::kata::layout::shell_size;
use crate::tui::screens::view;
use crate::tui::settings::PaneSizes;
use crate::tui::shell::ShellNews;
use crate::tui::state::{Screen, State};

#[derive(Debug, Clone)]
enum Step {
    Key(KeyCode, KeyModifiers),
    Resize(u16, u16),
    Mouse(MouseEventKind, u16, u16),
    Paste(String),
    Output(Vec<u8>),
    Judged(usize, bool),
    Tick(i64),
}

fn steps() -> impl Strategy<Value = Step> {
    let code = prop_oneof![
        4 => proptest::char::range(' ', 'z').prop_map(KeyCode::Char),
        4 => proptest::sample::select(vec![
            KeyCode::Enter, KeyCode::Esc, KeyCode::Tab, KeyCode::BackTab, KeyCode::Up,
            KeyCode::Down, KeyCode::Left, KeyCode::Right, KeyCode::PageUp, KeyCode::PageDown,
            KeyCode::Home, KeyCode::End, KeyCode::F(1), KeyCode::F(6), KeyCode::F(2), KeyCode::F(3), KeyCode::F(5), KeyCode::F(7),
            KeyCode::F(10), KeyCode::F(11), KeyCode::F(12),
            KeyCode::Backspace,
        ]),
    ];
    let modifiers = proptest::sample::select(vec![
        KeyModifiers::NONE,
        KeyModifiers::NONE,
        KeyModifiers::SHIFT,
        KeyModifiers::CONTROL,
        KeyModifiers::ALT,
    ]);
    let mouse = proptest::sample::select(vec![
        MouseEventKind::Down(MouseButton::Left),
        MouseEventKind::Up(MouseButton::Left),
        MouseEventKind::Drag(MouseButton::Left),
        MouseEventKind::ScrollDown,
        MouseEventKind::ScrollUp,
        MouseEventKind::Moved,
    ]);
    prop_oneof![
        8 => (code, modifiers).prop_map(|(code, modifiers)| Step::Key(code, modifiers)),
        2 => (0u16..320, 0u16..110).prop_map(|(columns, rows)| Step::Resize(columns, rows)),
        2 => (mouse, 0u16..320, 0u16..110).prop_map(|(kind, column, row)| Step::Mouse(kind, column, row)),
        1 => ".{0,20}".prop_map(Step::Paste),
        1 => proptest::collection::vec(any::<u8>(), 0..80).prop_map(Step::Output),
        1 => (0usize..4, any::<bool>()).prop_map(|(check, holds)| Step::Judged(check, holds)),
        1 => (0i64..400).prop_map(Step::Tick),
    ]
}

fn event_of(step: Step, state: &State) -> Event {
    match step {
        Step::Key(code, modifiers) => Event::Key(KeyEvent::new(code, modifiers)),
        Step::Resize(columns, rows) => Event::Resize(columns, rows),
        Step::Mouse(kind, column, row) => Event::Mouse(MouseEvent {
            kind,
            column,
            row,
            modifiers: KeyModifiers::NONE,
        }),
        Step::Paste(text) => Event::Paste(text),
        Step::Output(bytes) => Event::Shell(ShellNews::Output {
            life: state.shell.life,
            bytes,
        }),
        Step::Judged(check, holds) => Event::Session(crate::session::Event::CheckFinished {
            kata: dying(),
            verdict: Verdict {
                check: ["seen", "one", "two", "stays"][check].into(),
                says: "it is so".into(),
                outcome: if holds {
                    Outcome::Holds
                } else {
                    Outcome::Fails
                },
                differences: vec![Difference::new("body", "a\nb", "a\nc")],
                otherwise: None,
                look: Vec::new(),
            },
        }),
        Step::Tick(second) => {
            Event::Tick(jiff::Timestamp::from_second(1_000 + second).expect("a small number"))
        }
    }
}

/// Applies the steps from one of a few states and draws after each.
fn play(start: usize, steps: Vec<Step>) {
    let mut state = match start {
        0 => starting(80, 24),
        1 => home(100, 30),
        2 => working(120, 40),
        _ => solved(60, 16),
    };
    for step in steps {
        let event = event_of(step, &state);
        update(&mut state, event);
        let mut terminal = Terminal::new(TestBackend::new(state.columns, state.rows))
            .expect("a test backend works");
        terminal
            .draw(|frame| view(&state, frame))
            .expect("a test backend works");
        assert_sound(&state);
        if state.session.quitting {
            // A loop would have ended here.
            state.session.quitting = false;
            state.screen = Screen::Home;
        }
    }
}

/// What holds after every step, whatever was pressed.
fn assert_sound(state: &State) {
    let map = shown_map(state);
    if let Some(track) = map.get(state.home.track) {
        let selected = state.home.kata;
        assert!(
            selected < track.katas.len().max(1),
            "a kata that is not there is selected: {selected} in {}",
            track.id
        );
    } else {
        assert!(map.is_empty() || state.home.track == 0);
    }
    let context = state.context();
    let rows: Vec<_> = state.keymap.rows(context).collect();
    assert!(!rows.is_empty(), "{context:?} has no keys");
    let (least, most) = PaneSizes::LIMITS;
    let panes = state.settings.panes;
    for share in [panes.task_width, panes.cluster_height, panes.upper_height] {
        assert!((least..=most).contains(&share), "a pane has {share} %");
    }
    if state.screen == Screen::Kata && !state.session.quitting {
        assert_eq!(state.shell.screen.size(), shell_size(state));
        assert!(state.session.open.is_some(), "the kata screen has no kata");
    }
    if let Some(Page::Links { links, selected }) = &state.page {
        assert!(*selected < links.len());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]
    #[test]
    fn no_keys_and_no_sizes_make_it_panic(
        start in 0usize..4,
        steps in proptest::collection::vec(steps(), 0..60),
    ) {
        play(start, steps);
    }

    #[test]
    fn every_size_draws_every_screen(columns in 1u16..300, rows in 1u16..100) {
        for mut state in [home(columns, rows), working(columns, rows), solved(columns, rows)] {
            for help in [None, Some(3)] {
                state.help = help;
                state.session.confirm = None;
                let mut terminal = Terminal::new(TestBackend::new(columns, rows))
                    .expect("a test backend works");
                terminal.draw(|frame| view(&state, frame)).expect("a test backend works");
            }
        }
    }
}

/// For a longer look: `KUBEKATA_FUZZ_SECONDS=60 cargo test -- --ignored fuzz`.
#[test]
#[ignore = "runs for as long as KUBEKATA_FUZZ_SECONDS says"]
fn for_a_while_no_keys_and_no_sizes_make_it_panic() {
    let seconds = std::env::var("KUBEKATA_FUZZ_SECONDS").unwrap_or_default();
    let limit = Duration::from_secs(seconds.parse().unwrap_or(60));
    let began = Instant::now();
    let mut runner = TestRunner::default();
    let strategy = (0usize..4, proptest::collection::vec(steps(), 0..200));
    let mut played = 0;
    while began.elapsed() < limit {
        let (start, steps) = strategy
            .new_tree(&mut runner)
            .expect("the strategy rejects nothing")
            .current();
        let shown = format!("{start} {steps:?}");
        let outcome = std::panic::catch_unwind(move || play(start, steps));
        assert!(outcome.is_ok(), "{shown}");
        played += 1;
    }
    println!("{played} runs without a panic");
}
