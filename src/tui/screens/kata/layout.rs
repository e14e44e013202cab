//! How the kata screen is divided, from the size of the terminal alone: the
//! shell must not change its size because a Pod came or went.

use ratatui::layout::{Constraint, Direction, Layout, Position, Rect};

use crate::tui::screens::bands;
use crate::tui::settings::PaneSizes;
use crate::tui::shell::ShellSize;
use crate::tui::state::{Border, Pane, State};
use crate::tui::widgets::pane;

/// Under these one pane is shown at a time.
const SINGLE: (u16, u16) = (60, 16);
/// From these on task and shell stand side by side.
const COLUMNS: (u16, u16) = (100, 20);
/// The task is not wider than this by itself.
const WIDEST_TASK: u16 = 84;
/// No pane is narrower than this beside another one, whatever its share.
const LEAST_WIDTH: u16 = 30;
/// No pane is lower than this above or below another one.
const LEAST_HEIGHT: u16 = 5;

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
        let sizes = state.settings.panes;
        if state.kata.zoomed || arrangement == Arrangement::Single {
            return Self::only(focus, body);
        }
        match arrangement {
            Arrangement::Single => Self::only(focus, body),
            Arrangement::Stacked => {
                let [above, below] = split(body, sizes.upper_height, Direction::Vertical);
                let mut panes = Self::only(state.kata.upper, above);
                panes.shell = Some(below);
                panes
            }
            Arrangement::Columns => {
                let [first, second] =
                    split(body, width_of_first(body, sizes), Direction::Horizontal);
                let (left, right) = if sizes.task_on_right {
                    (second, first)
                } else {
                    (first, second)
                };
                let [above, below] = split(right, sizes.cluster_height, Direction::Vertical);
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

/// The share of what stands on the left. Until the learner wants it otherwise,
/// the task is never so wide that its lines tire the eye.
fn width_of_first(body: Rect, sizes: PaneSizes) -> u16 {
    let mut sizes = sizes;
    if sizes.task_width == PaneSizes::default().task_width {
        let widest = u32::from(WIDEST_TASK) * 100 / u32::from(body.width.max(1));
        let widest = u16::try_from(widest).unwrap_or(sizes.task_width);
        sizes.task_width = sizes.task_width.min(widest);
    }
    sizes.width_of_first()
}

/// Divides an area so that the first part has so many percent of it, and both
/// stay usable.
fn split(area: Rect, share: u16, direction: Direction) -> [Rect; 2] {
    let (whole, least) = match direction {
        Direction::Horizontal => (area.width, LEAST_WIDTH),
        Direction::Vertical => (area.height, LEAST_HEIGHT),
    };
    let least = least.min(whole / 2);
    let wanted = u32::from(whole) * u32::from(share) / 100;
    let first = u16::try_from(wanted)
        .unwrap_or(whole)
        .clamp(least, whole - least);
    Layout::new(direction, [Constraint::Length(first), Constraint::Fill(1)]).areas(area)
}

/// The border between two panes at a position.
pub fn border_at(state: &State, column: u16, row: u16) -> Option<Border> {
    let panes = Panes::of(state);
    let shell = panes.shell?;
    let position = Position::new(column, row);
    let above = panes
        .cluster
        .or(panes.task)
        .filter(|area| area.bottom() == shell.y);
    let is_level = above.is_some_and(|above| {
        (above.x..above.right()).contains(&column) && (row + 1 == shell.y || row == shell.y)
    });
    if is_level {
        return Some(Border::Level);
    }
    let beside = panes.task.filter(|task| task.height > shell.height)?;
    let edge = beside.x.max(shell.x);
    let is_upright =
        (beside.y..beside.bottom()).contains(&position.y) && (column + 1 == edge || column == edge);
    is_upright.then_some(Border::Upright)
}

/// The share that puts a border at a position.
pub fn share_at(state: &State, border: Border, column: u16, row: u16) -> Option<u16> {
    let [_, body, _] = bands(Rect::new(0, 0, state.columns, state.rows));
    let percent = |part: u16, whole: u16| {
        let share = u32::from(part) * 100 / u32::from(whole.max(1));
        PaneSizes::clamp(i32::try_from(share).unwrap_or(100))
    };
    Panes::of(state).shell?;
    Some(match border {
        Border::Upright => {
            let left = percent(column.saturating_sub(body.x) + 1, body.width);
            if state.settings.panes.task_on_right {
                PaneSizes::clamp(100 - i32::from(left))
            } else {
                left
            }
        }
        Border::Level => percent(row.saturating_sub(body.y) + 1, body.height),
    })
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
