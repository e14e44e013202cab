//! The cluster pane's panels in each of their states.

use std::sync::Arc;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use insta::assert_snapshot;
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::super::view;
use crate::browse::{Cell, Document, News, Part, Tone};
use crate::session::Event as SessionEvent;
use crate::tui::event::Event;
use crate::tui::fixture::{hear, working};
use crate::tui::state::State;
use crate::tui::update::update;

fn picture(state: &State) -> String {
    let mut terminal = Terminal::new(TestBackend::new(state.columns, state.rows)).unwrap();
    terminal.draw(|frame| view(state, frame)).unwrap();
    let cells = terminal.backend().buffer().content();
    let rows = cells.chunks(usize::from(state.columns)).map(|row| {
        let row: String = row.iter().map(ratatui::buffer::Cell::symbol).collect();
        row.trim_end().to_owned()
    });
    rows.collect::<Vec<_>>().join("\n")
}

/// The kata screen with the cluster focused, after some keys.
fn after(columns: u16, rows: u16, keys: &str) -> State {
    let mut state = working(columns, rows);
    let mut press = |code| {
        let key = KeyEvent::new(code, KeyModifiers::NONE);
        update(&mut state, Event::Key(key));
    };
    press(KeyCode::F(6));
    press(KeyCode::Char('2'));
    for key in keys.chars() {
        press(match key {
            '>' => KeyCode::Enter,
            'v' => KeyCode::Down,
            '}' => KeyCode::Right,
            other => KeyCode::Char(other),
        });
    }
    state
}

fn show(state: &mut State, parts: Vec<Part>) {
    let number = state.browser.pages;
    let document = Arc::new(Document::of(parts));
    hear(
        state,
        SessionEvent::Browsed(News::Page { number, document }),
    );
}

fn pending() -> Vec<Part> {
    let mark = |good: bool| match good {
        true => Cell::toned(Tone::Good, "✓"),
        false => Cell::toned(Tone::Bad, "✗"),
    };
    let row = |node: &str, taints, resources| vec![Cell::new(node), mark(taints), mark(resources)];
    let insufficient = "Insufficient cpu: asks for 900m, 350m of 4 are free";
    vec![
        Part::heading("It waits for a node"),
        Part::words(
            Tone::Plain,
            "0/2 nodes are available: 1 Insufficient cpu, 1 node(s) had untolerated taint(s).",
        ),
        Part::Gap,
        Part::Table {
            head: ["node", "Taints", "Resources"].map(str::to_owned).to_vec(),
            rows: vec![row("control", false, true), row("worker-1", true, false)],
        },
        Part::Gap,
        Part::field("control", "node(s) had untolerated taint(s)"),
        Part::field("worker-1", insufficient),
        Part::Gap,
        Part::field("asked for", "cpu 900m"),
        Part::field(
            "set by",
            "kubectl-client-side-apply in deployment/web, 2 min ago",
        ),
    ]
}

#[test]
fn why_a_pod_waits_fits_every_size() {
    for (name, columns, rows) in [
        ("why_40x12", 40, 12),
        ("why_80x24", 80, 24),
        ("why_120x40", 120, 40),
    ] {
        let mut state = after(columns, rows, "vvw");
        show(&mut state, pending());
        assert_snapshot!(name, picture(&state));
    }
}

#[test]
fn a_page_that_has_not_come_yet_says_so() {
    assert_snapshot!(picture(&after(80, 24, "y")));
}

#[test]
fn a_log_is_shown_from_its_end() {
    let mut state = after(80, 24, "vvl");
    show(
        &mut state,
        vec![Part::words(
            Tone::Quiet,
            "pod/ledger-6d8f9c-x2k9q, container ledger",
        )],
    );
    let number = state.browser.pages;
    let lines = (0..40).map(|line| format!("line {line}")).collect();
    hear(
        &mut state,
        SessionEvent::Browsed(News::Lines { number, lines }),
    );
    assert_snapshot!(picture(&state));
}

#[test]
fn menus_and_numbers_take_the_pane() {
    assert_snapshot!("menu_clock", picture(&after(120, 36, "cv")));
    assert_snapshot!("menu_chaos_80x24", picture(&after(80, 24, "X")));
    assert_snapshot!("menu_delete", picture(&after(80, 24, "d")));
    assert_snapshot!("prompt_scale", picture(&after(80, 24, "S12")));
}

#[test]
fn the_nodes_view_and_a_filter() {
    assert_snapshot!("view_nodes_120x36", picture(&after(120, 36, "}")));
    assert_snapshot!("filter_80x24", picture(&after(80, 24, "/confg")));
    assert_snapshot!("filter_without_match", picture(&after(80, 24, "/nothing")));
}
