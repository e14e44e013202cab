//! How the kata screen is divided, from the size of the terminal alone: the
//! shell must not change its size because a Pod came or went.

use ratatui::layout::{Constraint, Layout, Position, Rect};

use crate::tui::screens::bands;
use crate::tui::shell::ShellSize;
use crate::tui::state::{Pane, State};
use crate::tui::widgets::pane;

/// Under these one pane is shown at a time.
const SINGLE: (u16, u16) = (60, 16);
/// From these on task and shell stand side by side.
const COLUMNS: (u16, u16) = (100, 20);
/// The task column: narrower is hard to read, wider wastes the shell's room.
const TASK_WIDTH: (u16, u16) = (42, 84);

/// The ways to divide the screen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arrangement {
    /// The focused pane has it all.
    Single,
    /// Task or cluster above, the shell below.
    Stacked,
    /// The task left, cluster and shell right.
    Columns,
}

impl Arrangement {
    /// The one for a size.
    pub fn of(columns: u16, rows: u16) -> Self {
        if columns < SINGLE.0 || rows < SINGLE.1 {
            Self::Single
        } else if columns < COLUMNS.0 || rows < COLUMNS.1 {
            Self::Stacked
        } else {
            Self::Columns
        }
    }
}

/// Where each pane is; `None` where it is not shown.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Panes {
    /// Task, lesson or debrief.
    pub task: Option<Rect>,
    /// The picture of the cluster.
    pub cluster: Option<Rect>,
    /// The shell.
    pub shell: Option<Rect>,
}

impl Panes {
    /// The panes of the state's screen.
    pub fn of(state: &State) -> Self {
        Self::with_focus(state, state.kata.focus)
    }

    fn with_focus(state: &State, focus: Pane) -> Self {
        let [_, body, _] = bands(Rect::new(0, 0, state.columns, state.rows));
        let arrangement = Arrangement::of(state.columns, state.rows);
        if state.kata.zoomed || arrangement == Arrangement::Single {
            return Self::only(focus, body);
        }
        match arrangement {
            Arrangement::Single => Self::only(focus, body),
            Arrangement::Stacked => {
                let [above, below] =
                    Layout::vertical([Constraint::Fill(1), Constraint::Fill(1)]).areas(body);
                let mut panes = Self::only(state.kata.upper, above);
                panes.shell = Some(below);
                panes
            }
            Arrangement::Columns => {
                let task = (body.width * 21 / 50).clamp(TASK_WIDTH.0, TASK_WIDTH.1);
                let [left, right] =
                    Layout::horizontal([Constraint::Length(task), Constraint::Fill(1)]).areas(body);
                let [above, below] =
                    Layout::vertical([Constraint::Fill(2), Constraint::Fill(3)]).areas(right);
                Self {
                    task: Some(left),
                    cluster: Some(above),
                    shell: Some(below),
                }
            }
        }
    }

    fn only(pane: Pane, area: Rect) -> Self {
        let mut panes = Self::default();
        match pane {
            Pane::Task => panes.task = Some(area),
            Pane::Cluster => panes.cluster = Some(area),
            Pane::Shell => panes.shell = Some(area),
        }
        panes
    }

    /// The pane at a position, with its inside.
    pub fn at(&self, column: u16, row: u16) -> Option<(Pane, Rect)> {
        let position = Position::new(column, row);
        [
            (Pane::Task, self.task),
            (Pane::Cluster, self.cluster),
            (Pane::Shell, self.shell),
        ]
        .into_iter()
        .filter_map(|(pane, area)| area.map(|area| (pane, area)))
        .find(|(_, area)| area.contains(position))
        .map(|(pane, area)| (pane, pane::inside(area)))
    }
}

/// The size of the shell's screen, also while another pane hides it.
pub fn shell_size(state: &State) -> ShellSize {
    let panes = Panes::of(state);
    let area = panes
        .shell
        .or_else(|| Panes::with_focus(state, Pane::Shell).shell)
        .map(pane::inside)
        .unwrap_or_default();
    ShellSize::new(area.width, area.height)
}

/// All but the last `rows` rows, and those.
pub fn split_last_rows(area: Rect, rows: u16) -> [Rect; 2] {
    Layout::vertical([Constraint::Fill(1), Constraint::Length(rows)]).areas(area)
}
