//! The cluster pane's panels: opened, used, closed.

use std::sync::Arc;

use crossterm::event::MouseEventKind;

use super::{click, mouse, press};
use crate::browse::{Deed, Document, Draft, News, Order, Part, Side, Tone};
use crate::sandbox::{ClockOrder, Reference};
use crate::session::{self, Control, Effect};
use crate::tui::browser::panel::Panel;
use crate::tui::command::Command;
use crate::tui::event::Event;
use crate::tui::fixture::{hear, working};
use crate::tui::shell::ShellNews;
use crate::tui::state::{Pane, State};
use crate::tui::update::update;

fn in_cluster(columns: u16, rows: u16) -> State {
    let mut state = working(columns, rows);
    press(&mut state, "f6 tab");
    assert_eq!(state.kata.focus, Pane::Cluster);
    state
}

/// The orders that went to the driver.
fn orders(commands: &[Command]) -> Vec<&Order> {
    let effects = commands.iter().filter_map(|command| match command {
        Command::Session(Effect::Browse(order)) => Some(order),
        _ => None,
    });
    effects.collect()
}

fn selected(state: &State) -> &str {
    state.browser.selected().map_or("", |it| it.name.as_str())
}

#[test]
fn the_cursor_moves_over_objects_and_enter_opens_the_one_under_it() {
    let mut state = in_cluster(120, 40);
    assert_eq!(selected(&state), "ledger");
    press(&mut state, "down down");
    assert_eq!(selected(&state), "ledger-6d8f9c-x2k9q");
    press(&mut state, "down");
    assert_eq!(
        selected(&state),
        "ledger-6d8f9c-p7wz4",
        "a sentence is no object"
    );
    let commands = press(&mut state, "enter");
    let [Order::Show(page)] = orders(&commands)[..] else {
        panic!("{commands:?}");
    };
    assert_eq!(
        (page.side, page.of.name.as_str()),
        (Side::Describe, "ledger-6d8f9c-p7wz4")
    );
    assert!(state.kata.zoomed, "a page needs room");
    let commands = press(&mut state, "y");
    let [Order::Show(page)] = orders(&commands)[..] else {
        panic!("{commands:?}");
    };
    assert_eq!(page.side, Side::Yaml);
    let commands = press(&mut state, "esc");
    assert_eq!(orders(&commands), [&Order::Close]);
    assert!(state.browser.panels.is_empty() && !state.kata.zoomed);
}

#[test]
fn a_page_shows_what_came_for_it_and_nothing_else() {
    let mut state = in_cluster(120, 40);
    press(&mut state, "w");
    let document = Arc::new(Document::of(vec![Part::words(Tone::Plain, "because")]));
    let news = |number| {
        session::Event::Browsed(News::Page {
            number,
            document: Arc::clone(&document),
        })
    };
    hear(&mut state, news(99));
    let shown = |state: &State| match state.browser.panels.last() {
        Some(Panel::Page(page)) => page.document.clone(),
        _ => None,
    };
    assert_eq!(shown(&state), None);
    let number = state.browser.pages;
    hear(&mut state, news(number));
    assert_eq!(shown(&state), Some(document));
}

#[test]
fn deleting_asks_first_and_the_first_answer_keeps() {
    let mut state = in_cluster(120, 40);
    assert!(orders(&press(&mut state, "d enter")).is_empty());
    let commands = press(&mut state, "d down enter");
    let of = Reference::known("Deployment", "harbor", "ledger");
    assert_eq!(orders(&commands), [&Order::Do(Deed::Delete(of))]);
    assert!(state.browser.panels.is_empty());
}

#[test]
fn scaling_takes_a_number() {
    let mut state = in_cluster(120, 40);
    let commands = press(&mut state, "S 1 x 2 enter");
    let of = Reference::known("Deployment", "harbor", "ledger");
    let scale = Order::Do(Deed::Scale { of, replicas: 12 });
    assert!(orders(&commands).contains(&&scale), "{commands:?}");
}

#[test]
fn the_clock_is_at_hand_from_the_task_too() {
    let mut state = working(120, 40);
    press(&mut state, "ctrl-]");
    let commands = press(&mut state, "c enter");
    let paused = commands.iter().any(|command| {
        matches!(
            command,
            Command::Session(Effect::Control(Control::Clock(ClockOrder::Pause)))
        )
    });
    assert!(paused, "{commands:?}");
}

#[test]
fn why_on_the_task_shows_the_check_that_does_not_hold() {
    let mut state = working(120, 40);
    press(&mut state, "ctrl-]");
    let commands = press(&mut state, "w");
    let [Order::Show(page)] = orders(&commands)[..] else {
        panic!("{commands:?}");
    };
    let verdict = page.verdict.as_ref().expect("a verdict");
    assert_eq!((page.side, verdict.check.as_str()), (Side::Why, "two"));
}

#[test]
fn an_edited_file_is_submitted_when_the_editor_ends_well() {
    let mut state = in_cluster(120, 40);
    let draft = Draft {
        path: "/tmp/pod.yaml".into(),
        of: None,
        base: String::new(),
        before: String::new(),
        refused: false,
    };
    let drafted = session::Event::Browsed(News::Draft(draft.clone()));
    let commands = hear(&mut state, drafted.clone());
    let life = commands.iter().find_map(|command| match command {
        Command::StartProgram { life, .. } => Some(*life),
        _ => None,
    });
    let life = life.expect("the editor is started");
    let typed = press(&mut state, "q d");
    assert_eq!(typed.len(), 2, "letters are the editor's: {typed:?}");
    let ended = |how: &str| {
        Event::Shell(ShellNews::Ended {
            life,
            how: how.to_owned(),
        })
    };
    let commands = update(&mut state, ended("exit 0"));
    assert_eq!(orders(&commands), [&Order::Submit(draft)]);
    assert!(state.browser.panels.is_empty());
    hear(&mut state, drafted);
    let commands = update(&mut state, ended("exit 1"));
    assert!(
        orders(&commands).is_empty(),
        "the life is that of the first one"
    );
    assert!(!state.browser.panels.is_empty());
}

#[test]
fn a_click_chooses_a_row_and_a_second_one_opens_it() {
    let mut state = in_cluster(120, 40);
    click(&mut state, 60, 4);
    assert_eq!(selected(&state), "ledger-6d8f9c-x2k9q");
    let commands = click(&mut state, 60, 4);
    assert!(matches!(orders(&commands)[..], [Order::Show(_)]));
    press(&mut state, "esc");
    mouse(&mut state, MouseEventKind::ScrollDown, 60, 4);
    assert_eq!(state.kata.focus, Pane::Cluster);
}

#[test]
fn letters_of_a_filter_are_no_orders() {
    let mut state = in_cluster(120, 40);
    press(&mut state, "/ c o n f g");
    assert_eq!(selected(&state), "ledger-confg");
    press(&mut state, "enter");
    assert!(!state.browser.typing && state.browser.panels.is_empty());
    press(&mut state, "esc");
    assert_eq!(state.browser.filter, "");
}
