//! How long the interface takes from a key to the frame, for the benchmark.
//!
//! Everything but the terminal itself is what the program does: the key goes
//! through the keymap and the update, and the whole frame is drawn.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;

use super::event::Event;
use super::glyphs::UNICODE;
use super::screens::view;
use super::state::{Pane, Screen, State};
use super::theme::{Theme, ThemeName};
use super::update::update;
use crate::course;
use crate::sandbox::{ClusterView, Health, OwnerView, PodView};
use crate::session::{self, Progress};

/// What was measured.
#[derive(Debug, Clone, Default)]
pub struct Measured {
    /// From a key to its frame.
    pub keys: Vec<Duration>,
    /// From a new picture of the cluster to its frame.
    pub pictures: Vec<Duration>,
}

/// Presses keys in the cluster pane of a kata over so many Pods.
///
/// # Errors
/// The course cannot be read, or nothing can be drawn.
pub fn cluster_pane(pods: usize, presses: usize) -> anyhow::Result<Measured> {
    let (columns, rows) = (200, 60);
    let mut state = working(columns, rows)?;
    let mut terminal = Terminal::new(TestBackend::new(columns, rows))?;
    let codes = [
        KeyCode::Down,
        KeyCode::PageDown,
        KeyCode::Up,
        KeyCode::Right,
        KeyCode::End,
        KeyCode::Home,
    ];
    let mut measured = Measured::default();
    for round in 0..presses / 50 {
        let picture = Arc::new(picture(pods, round));
        let event = Event::Session(session::Event::ClusterChanged(picture));
        let took = frame(&mut state, event, &mut terminal)?;
        measured.pictures.push(took);
        for press in 0..50 {
            let code = codes[press % codes.len()];
            let event = Event::Key(KeyEvent::new(code, KeyModifiers::NONE));
            measured.keys.push(frame(&mut state, event, &mut terminal)?);
        }
    }
    Ok(measured)
}

fn frame(
    state: &mut State,
    event: Event,
    terminal: &mut Terminal<TestBackend>,
) -> anyhow::Result<Duration> {
    let began = Instant::now();
    update(state, event);
    terminal.draw(|frame| view(state, frame))?;
    Ok(began.elapsed())
}

fn working(columns: u16, rows: u16) -> anyhow::Result<State> {
    let course = Arc::new(course::load(None)?);
    let session = session::State::new(course, 7, Progress::default());
    let theme = Theme::new(ThemeName::Dark, true, &UNICODE);
    let mut state = State::new(session, theme, columns, rows);
    if let Some(kata) = state.session.next_kata() {
        let open = session::Event::Action(session::Action::OpenKata(kata));
        update(&mut state, Event::Session(open));
    }
    state.screen = Screen::Kata;
    state.kata.focus = Pane::Cluster;
    Ok(state)
}

/// Deployments of twenty Pods each.
fn picture(pods: usize, round: usize) -> ClusterView {
    let pod = |number: usize| PodView {
        namespace: "shop".to_owned(),
        name: format!("web-{}-{:05}", number / 20, number),
        status: "Running".to_owned(),
        health: Health::Good,
        ready_containers: 1,
        all_containers: 1,
        restarts: i64::try_from(round).unwrap_or_default(),
        node: Some(format!("worker-{}", number % 3)),
        ..PodView::default()
    };
    let workloads = (0..pods / 20).map(|number| OwnerView {
        kind: "Deployment".to_owned(),
        short: "deploy".to_owned(),
        namespace: "shop".to_owned(),
        name: format!("web-{number}"),
        detail: "20/20 available".to_owned(),
        health: Health::Good,
        pods: (number * 20..number * 20 + 20).map(pod).collect(),
        ..OwnerView::default()
    });
    ClusterView {
        namespaces: vec!["shop".to_owned()],
        workloads: workloads.collect(),
        ..ClusterView::default()
    }
}
