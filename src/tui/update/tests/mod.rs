//! Keys in, state and commands out.

mod fuzz;
mod overlays;
mod panel;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};

use super::update;
use crate::course::KataId;
use crate::session::{Effect, Phase};
use crate::tui::command::Command;
use crate::tui::event::Event;
use crate::tui::fixture::{dying, home, solved, starting, working};
use crate::tui::shell::ShellNews;
use crate::tui::state::{Pane, Screen, ShellStatus, State};

/// Presses keys written as people write them: `enter`, `ctrl-]`, `/`, `f6`.
fn press(state: &mut State, keys: &str) -> Vec<Command> {
    let mut commands = Vec::new();
    for name in keys.split(' ') {
        let (name, modifiers) = match name.strip_prefix("ctrl-") {
            Some(name) => (name, KeyModifiers::CONTROL),
            None => (name, KeyModifiers::NONE),
        };
        let code = match name {
            "enter" => KeyCode::Enter,
            "esc" => KeyCode::Esc,
            "tab" => KeyCode::Tab,
            "up" => KeyCode::Up,
            "down" => KeyCode::Down,
            "right" => KeyCode::Right,
            "f1" => KeyCode::F(1),
            "f2" => KeyCode::F(2),
            "f3" => KeyCode::F(3),
            "f6" => KeyCode::F(6),
            "pgdn" => KeyCode::PageDown,
            other => KeyCode::Char(other.chars().next().expect("a key has a name")),
        };
        commands.extend(update(state, Event::Key(KeyEvent::new(code, modifiers))));
    }
    commands
}

fn typed(commands: &[Command]) -> String {
    let mut bytes = Vec::new();
    for command in commands {
        if let Command::ShellInput(input) = command {
            bytes.extend_from_slice(input);
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn click(state: &mut State, column: u16, row: u16) -> Vec<Command> {
    mouse(state, MouseEventKind::Down(MouseButton::Left), column, row)
}

fn mouse(state: &mut State, kind: MouseEventKind, column: u16, row: u16) -> Vec<Command> {
    let event = MouseEvent {
        kind,
        column,
        row,
        modifiers: KeyModifiers::NONE,
    };
    update(state, Event::Mouse(event))
}

#[test]
fn a_new_kata_begins_with_its_lesson_and_enter_goes_on_to_the_kata() {
    let mut state = home(80, 24);
    press(&mut state, "enter");
    assert_eq!(state.screen, Screen::Reader);
    assert!(state.session.open.is_none());
    let commands = press(&mut state, "enter");
    assert_eq!(state.screen, Screen::Kata);
    assert!(
        commands
            .iter()
            .any(|command| matches!(command, Command::Session(Effect::PrepareKata { .. })))
    );
}

#[test]
fn letters_typed_in_the_shell_go_to_the_shell_and_to_nothing_else() {
    let mut state = working(80, 24);
    let before = format!("{:?}", state.session.open);
    let commands = press(&mut state, "h r s q ? tab esc ctrl-c ctrl-z enter");
    assert_eq!(typed(&commands), "hrsq?\t\x1b\x03\x1a\r");
    assert_eq!(format!("{:?}", state.session.open), before);
    assert_eq!(state.kata.focus, Pane::Shell);
}

#[test]
fn one_chord_leaves_the_shell_and_then_letters_are_orders() {
    let mut state = working(80, 24);
    press(&mut state, "ctrl-] h");
    assert_eq!(state.kata.focus, Pane::Task);
    assert_eq!(
        state.session.open.as_ref().map(|open| open.hints.len()),
        Some(1)
    );
    press(&mut state, "tab tab");
    assert_eq!(state.kata.focus, Pane::Shell);
    press(&mut state, "f6 2");
    assert_eq!(state.kata.focus, Pane::Cluster);
}

#[test]
fn a_reset_is_asked_about_and_starts_a_new_shell() {
    let mut state = working(80, 24);
    let commands = press(&mut state, "f6 r n");
    assert!(commands.is_empty() && state.session.confirm.is_none());
    let commands = press(&mut state, "r y");
    assert!(commands.iter().any(|command| matches!(
        command,
        Command::Session(Effect::PrepareKata { fresh: true, .. })
    )));
    let shell = std::sync::Arc::new(crate::sandbox::ShellEnvironment::default());
    let prepared = crate::session::Event::KataPrepared {
        kata: dying(),
        fresh: true,
        shell,
    };
    let commands = update(&mut state, Event::Session(prepared));
    assert!(
        commands
            .iter()
            .any(|command| matches!(command, Command::StartShell { life: 2, .. }))
    );
}

#[test]
fn a_shell_that_ended_is_started_again_with_enter() {
    let mut state = working(80, 24);
    let news = ShellNews::Ended {
        life: state.shell.life,
        how: "exit 0".into(),
    };
    update(&mut state, Event::Shell(news));
    assert!(press(&mut state, "x").is_empty());
    let commands = press(&mut state, "enter");
    assert!(matches!(
        commands[..],
        [Command::StartShell { life: 2, .. }]
    ));
    let old = ShellNews::Output {
        life: 1,
        bytes: b"late".to_vec(),
    };
    update(&mut state, Event::Shell(old));
    assert_eq!(state.shell.screen.screen().contents(), "");
}

#[test]
fn the_shell_is_resized_with_its_pane_and_keeps_its_size_while_hidden() {
    let mut state = working(120, 40);
    let commands = update(&mut state, Event::Resize(200, 60));
    assert!(matches!(commands[..], [Command::ResizeShell(_)]));
    let commands = press(&mut state, "f6 z");
    assert!(
        commands
            .iter()
            .all(|command| !matches!(command, Command::StartShell { .. }))
    );
    assert_eq!(state.kata.focus, Pane::Task);
}

#[test]
fn solving_shows_the_debrief_without_taking_the_keys_from_the_shell() {
    let mut state = solved(80, 24);
    assert_eq!(
        state.session.open.as_ref().map(|open| &open.phase),
        Some(&Phase::Debrief)
    );
    assert_eq!(state.kata.focus, Pane::Shell);
    press(&mut state, "ctrl-] n");
    let reader = state.reader.as_ref().and_then(|reader| reader.kata.clone());
    assert_eq!(reader, Some(KataId::new("services/port")));
    press(&mut state, "enter");
    let open = state.session.open.as_ref().map(|open| &open.kata.id);
    assert_eq!(open, reader.as_ref());
}

#[test]
fn search_narrows_and_enter_opens_the_match() {
    let mut state = home(80, 24);
    press(&mut state, "/ p o r t");
    assert_eq!(
        state
            .home
            .search
            .as_ref()
            .map(|search| search.text.as_str()),
        Some("port")
    );
    press(&mut state, "enter");
    assert_eq!(
        state
            .reader
            .as_ref()
            .and_then(|reader| reader.kata.clone())
            .map(|id| id.to_string())
            .as_deref(),
        Some("services/port")
    );
}

#[test]
fn the_map_is_walked_across_tracks() {
    let mut state = home(80, 24);
    press(&mut state, "down down");
    assert_eq!((state.home.track, state.home.kata), (1, 0));
    press(&mut state, "down up");
    assert_eq!((state.home.track, state.home.kata), (0, 1));
    press(&mut state, "right right right");
    assert_eq!(state.home.track, 2);
}

#[test]
fn quitting_tells_the_driver_and_ends_the_loop() {
    let mut state = home(80, 24);
    let commands = press(&mut state, "q");
    assert!(matches!(
        commands[..],
        [Command::Session(Effect::Quit), Command::Quit]
    ));
    let mut state = starting(80, 24);
    let commands = update(&mut state, Event::Terminate);
    assert!(matches!(commands.last(), Some(Command::Quit)));
}

#[test]
fn a_click_focuses_a_pane_and_the_wheel_scrolls_what_is_under_it() {
    let mut state = working(120, 24);
    click(&mut state, 5, 5);
    assert_eq!(state.kata.focus, Pane::Task);
    click(&mut state, 110, 20);
    assert_eq!(state.kata.focus, Pane::Shell);
    mouse(&mut state, MouseEventKind::ScrollDown, 5, 5);
    assert!(state.kata.task_scroll > 0 || state.kata.focus == Pane::Shell);
    let mut state = home(80, 24);
    click(&mut state, 5, 10);
    assert!(matches!(state.screen, Screen::Home | Screen::Reader));
}

#[test]
fn help_opens_from_everywhere_and_closes_again() {
    for mut state in [home(80, 24), working(80, 24)] {
        press(&mut state, "f1 pgdn down");
        assert!(state.help.is_some_and(|offset| offset > 0));
        press(&mut state, "esc");
        assert!(state.help.is_none());
    }
}

#[test]
fn the_command_that_looks_is_put_into_the_shell_without_running_it() {
    let mut state = working(80, 24);
    let commands = press(&mut state, "f6 p");
    assert_eq!(typed(&commands), "kubectl logs deploy/ledger --previous");
    assert_eq!(state.kata.focus, Pane::Shell);
}

#[test]
fn a_hint_can_be_had_without_leaving_the_shell() {
    let mut state = working(80, 24);
    press(&mut state, "f2");
    assert_eq!(state.kata.focus, Pane::Shell);
    assert_eq!(
        state.session.open.as_ref().map(|open| open.hints.len()),
        Some(1)
    );
    let mut small = working(40, 12);
    press(&mut small, "f2");
    assert_eq!(small.kata.focus, Pane::Task);
}

#[test]
fn a_question_stays_open_until_the_right_answer_is_found() {
    use crate::course::{Answer, Question};
    let mut state = home(80, 24);
    press(&mut state, "enter");
    let answer = |right| Answer {
        text: "text".into(),
        right,
        because: "so it is".into(),
    };
    let reader = state.reader.as_mut().expect("the lesson is open");
    reader.quiz = vec![Question {
        ask: "Which?".into(),
        answers: vec![answer(false), answer(true)],
    }];
    reader.chosen = vec![None];
    press(&mut state, "1 3");
    let chosen = |state: &State| state.reader.as_ref().map(|reader| reader.chosen.clone());
    assert_eq!(chosen(&state), Some(vec![Some(0)]));
    press(&mut state, "2 1");
    assert_eq!(chosen(&state), Some(vec![Some(1)]));
}

#[test]
fn ages_of_events_go_on_between_two_pictures_of_the_cluster() {
    let mut state = home(80, 24);
    let tick = |second| Event::Tick(jiff::Timestamp::from_second(second).unwrap());
    update(&mut state, tick(100));
    let view = std::sync::Arc::default();
    let changed = crate::session::Event::ClusterChanged(view);
    update(&mut state, Event::Session(changed));
    update(&mut state, tick(107));
    assert_eq!(state.since_picture(), 7);
}

#[test]
fn pasted_text_goes_to_whoever_takes_text() {
    let mut state = working(80, 24);
    let commands = update(&mut state, Event::Paste("k get po\n".into()));
    assert_eq!(typed(&commands), "k get po\r");
    let mut state = home(80, 24);
    press(&mut state, "/");
    update(&mut state, Event::Paste("port\nmore".into()));
    assert_eq!(
        state.home.search.map(|search| search.text).as_deref(),
        Some("port")
    );
    assert_eq!(working(80, 24).shell.status, ShellStatus::Running);
}
