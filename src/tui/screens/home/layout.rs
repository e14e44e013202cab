//! How the course map is divided: tracks beside the katas where there is
//! width, above them in two columns where there is height, or named in one line.

use ratatui::layout::{Constraint, Layout, Position, Rect};

use super::matches::shown_map;
use crate::tui::state::State;

/// From here on tracks stand beside the katas.
const WIDE: u16 = 100;
/// Under these the tracks are one line.
const SMALL: (u16, u16) = (60, 14);
/// Columns of the track list where it stands beside the katas.
const TRACK_COLUMN: u16 = 40;

/// The parts of the screen.
#[derive(Debug, Clone, Copy, Default)]
pub struct Division {
    /// What to go on with, or the search field.
    pub suggestion: Rect,
    /// The tracks.
    pub tracks: Option<Rect>,
    /// Columns of tracks.
    pub track_columns: u16,
    /// The name of the selected track, where the tracks are not shown.
    pub track_title: Option<Rect>,
    /// The katas of the selected track.
    pub katas: Rect,
    /// More about what is selected.
    pub about: Option<Rect>,
}

impl Division {
    /// Divides the body for so many tracks.
    pub fn of(body: Rect, tracks: usize) -> Self {
        let body = Rect {
            x: body.x + 1,
            width: body.width.saturating_sub(2),
            ..body
        };
        let tracks = u16::try_from(tracks).unwrap_or(u16::MAX);
        if body.width < SMALL.0 || body.height < SMALL.1 {
            return Self::small(body);
        }
        if body.width < WIDE {
            return Self::stacked(body, tracks);
        }
        Self::wide(body)
    }

    fn small(body: Rect) -> Self {
        let [suggestion, title, katas] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(1),
            Constraint::Fill(1),
        ])
        .areas(body);
        Self {
            suggestion,
            track_title: Some(title),
            katas,
            ..Self::default()
        }
    }

    fn stacked(body: Rect, tracks: u16) -> Self {
        let wanted = tracks.div_ceil(2);
        let most = (body.height.saturating_sub(4) / 2).max(1);
        let [_, suggestion, _, tracks, _, katas, about] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(1),
            Constraint::Length(1),
            Constraint::Length(wanted.min(most)),
            Constraint::Length(1),
            Constraint::Fill(1),
            Constraint::Length(2),
        ])
        .areas(body);
        Self {
            suggestion,
            tracks: Some(tracks),
            track_columns: 2,
            katas,
            about: Some(about),
            ..Self::default()
        }
    }

    fn wide(body: Rect) -> Self {
        let [_, suggestion, _, rest] = Layout::vertical([
            Constraint::Length(1),
            Constraint::Length(1),
            Constraint::Length(1),
            Constraint::Fill(1),
        ])
        .areas(body);
        let [tracks, _, right] = Layout::horizontal([
            Constraint::Length(TRACK_COLUMN),
            Constraint::Length(3),
            Constraint::Fill(1),
        ])
        .areas(rest);
        let [about, _, katas] = Layout::vertical([
            Constraint::Length(3),
            Constraint::Length(1),
            Constraint::Fill(1),
        ])
        .areas(right);
        Self {
            suggestion,
            tracks: Some(tracks),
            track_columns: 1,
            katas,
            about: Some(about),
            ..Self::default()
        }
    }

    /// Everything under the suggestion: the matches of a search.
    pub fn below_suggestion(&self) -> Rect {
        let y = self.suggestion.bottom().saturating_add(1);
        Rect {
            y,
            height: self.bottom().saturating_sub(y),
            ..self.suggestion
        }
    }

    fn bottom(&self) -> u16 {
        let about = self.about.map_or(0, |area| area.bottom());
        self.katas.bottom().max(about)
    }
}

/// The first row of a list of which `selected` must be visible.
pub fn first_shown(selected: usize, count: usize, height: usize) -> usize {
    let furthest = count.saturating_sub(height);
    selected.saturating_sub(height / 2).min(furthest)
}

/// The cells of the tracks that are shown: column by column, the selected one
/// among them.
pub fn track_cells(area: Rect, columns: u16, count: usize, selected: usize) -> Vec<(usize, Rect)> {
    let columns = usize::from(columns.max(1));
    let rows = count.div_ceil(columns);
    if rows == 0 || area.height == 0 {
        return Vec::new();
    }
    let height = usize::from(area.height);
    let first = first_shown(selected % rows, rows, height);
    let width = area.width / u16::try_from(columns).unwrap_or(1);
    (0..count)
        .filter_map(|index| {
            let (column, row) = (index / rows, index % rows);
            if row < first || row >= first + height {
                return None;
            }
            let cell = Rect {
                x: area.x + width * u16::try_from(column).ok()?,
                y: area.y + u16::try_from(row - first).ok()?,
                width,
                height: 1,
            };
            Some((index, cell))
        })
        .collect()
}

/// What a click fell on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hit {
    /// The track of this index.
    Track(usize),
    /// The kata of this index in the selected track, or the match of a search.
    Kata(usize),
    /// What to go on with.
    Suggestion,
}

/// Finds what is drawn at a position.
pub fn hit(state: &State, column: u16, row: u16) -> Option<Hit> {
    let [_, body, _] = crate::tui::screens::bands(Rect::new(0, 0, state.columns, state.rows));
    let map = shown_map(state);
    let division = Division::of(body, map.len());
    let position = Position::new(column, row);
    let in_list = |area: Rect, selected: usize, count: usize| {
        if !area.contains(position) {
            return None;
        }
        let first = first_shown(selected, count, usize::from(area.height));
        let index = first + usize::from(row - area.y);
        (index < count).then_some(Hit::Kata(index))
    };
    if let Some(search) = &state.home.search {
        let count = super::matches::of(&state.session, &search.text).len();
        return in_list(division.below_suggestion(), search.selected, count);
    }
    if division.suggestion.contains(position) {
        return Some(Hit::Suggestion);
    }
    if let Some(area) = division.tracks {
        let cells = track_cells(area, division.track_columns, map.len(), state.home.track);
        let hit = cells.into_iter().find(|(_, cell)| cell.contains(position));
        if let Some((index, _)) = hit {
            return Some(Hit::Track(index));
        }
    }
    let katas = map
        .get(state.home.track)
        .map_or(0, |track| track.katas.len());
    in_list(division.katas, state.home.kata, katas)
}
