//! The settings: each row a choice with its value, what the file cannot say,
//! and what is wrong with it.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};

use crate::tui::settings::{PaneSizes, Settings, shown};
use crate::tui::state::State;
use crate::tui::strings;
use crate::tui::theme::ThemeName;
use crate::tui::widgets::text::pad;
use crate::tui::widgets::wrap::{wrap, wrap_text};
use crate::tui::widgets::{pane, scroll};

/// Columns of the names.
const NAMES: usize = 18;

/// What can be changed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Row {
    /// The colours.
    Theme,
    /// Symbols or seven-bit characters.
    Characters,
    /// Mouse reports.
    Mouse,
    /// Screens or plain text.
    Linear,
    /// Where the task stands.
    TaskSide,
    /// How wide it is.
    TaskWidth,
    /// How high the cluster is above the shell.
    ClusterHeight,
    /// How high task or cluster are above the shell in a narrow window.
    UpperHeight,
}

/// The rows from top to bottom.
pub const ROWS: [Row; 8] = [
    Row::Theme,
    Row::Characters,
    Row::Mouse,
    Row::Linear,
    Row::TaskSide,
    Row::TaskWidth,
    Row::ClusterHeight,
    Row::UpperHeight,
];

/// Draws the page over the body.
pub fn view(selected: usize, state: &State, frame: &mut Frame<'_>, head: Rect, body: Rect) {
    let title = super::title_line(&[strings::SETTINGS], &[], state, head.width);
    frame.render_widget(title, head);
    let theme = &state.theme;
    let inside = pane::inside(body);
    let (lines, at) = lines(selected, state, usize::from(inside.width));
    // The selected row is kept on the screen.
    let height = usize::from(inside.height);
    let offset = (at + 2).saturating_sub(height);
    let titles = pane::Titles {
        name: strings::SETTINGS.to_owned(),
        about: state.setup.file.as_deref().map(shown).unwrap_or_default(),
        right: scroll::more(lines.len(), offset, height, theme).unwrap_or_default(),
        ..pane::Titles::default()
    };
    pane::draw(&titles, true, theme, frame, body);
    scroll::draw(lines, offset, frame, inside);
}

/// The lines, and which one is selected.
fn lines(selected: usize, state: &State, width: usize) -> (Vec<Line<'static>>, usize) {
    let theme = &state.theme;
    let mut lines = Vec::new();
    let mut at = 0;
    for (index, row) in ROWS.into_iter().enumerate() {
        let is_selected = index == selected;
        if is_selected {
            at = lines.len();
        }
        let (mark, style) = if is_selected {
            (theme.glyphs.cursor, theme.selected)
        } else {
            (" ", theme.text)
        };
        let first = [
            Span::styled(format!("{mark} "), theme.accent),
            Span::styled(pad(strings::setting(row), NAMES), style),
        ];
        let rest = [Span::raw(" ".repeat(NAMES + 2))];
        let mut spans = vec![Span::styled(value(row, &state.settings), theme.strong)];
        if row == Row::Theme
            && let Some(who) = state.setup.surroundings.overruled_by(state.setup.no_color)
        {
            let words = format!("  {}", strings::overruled(who));
            spans.push(Span::styled(words, theme.warn));
        }
        if is_selected {
            let about = format!("  {}", strings::about_setting(row));
            spans.push(Span::styled(about, theme.quiet));
        }
        lines.extend(wrap(&spans, width, &first, &rest));
    }
    lines.push(Line::default());
    let words = match &state.setup.file {
        Some(_) => strings::SETTINGS_FILE,
        None => strings::NO_SETTINGS_FILE,
    };
    lines.extend(wrap_text(words, theme.quiet, width));
    if !state.setup.problems.is_empty() {
        lines.push(Line::default());
        let words = format!("{} {}", theme.glyphs.bad, strings::SETTINGS_WRONG);
        lines.extend(wrap_text(&words, theme.bad, width));
        for problem in &state.setup.problems {
            lines.extend(wrap_text(&problem.to_string(), theme.text, width));
        }
    }
    (lines, at)
}

fn value(row: Row, settings: &Settings) -> String {
    let panes = &settings.panes;
    match row {
        Row::Theme => settings.theme.map_or("auto", ThemeName::as_str).to_owned(),
        Row::Characters => match settings.ascii {
            None => "auto".to_owned(),
            Some(true) => "ascii".to_owned(),
            Some(false) => "unicode".to_owned(),
        },
        Row::Mouse => on_off(settings.mouse).to_owned(),
        Row::Linear => on_off(settings.linear).to_owned(),
        Row::TaskSide if panes.task_on_right => "right".to_owned(),
        Row::TaskSide => "left".to_owned(),
        Row::TaskWidth => format!("{} %", panes.task_width),
        Row::ClusterHeight => format!("{} %", panes.cluster_height),
        Row::UpperHeight => format!("{} %", panes.upper_height),
    }
}

fn on_off(on: bool) -> &'static str {
    if on { strings::ON } else { strings::OFF }
}

/// Gives a row its next value, or the one before. The field and the value that
/// the file gets.
pub fn turned(row: Row, settings: &mut Settings, forward: bool) -> Option<(&'static str, String)> {
    let share = |share: &mut u16| {
        let by = if forward { 5 } else { -5 };
        *share = PaneSizes::clamp(i32::from(*share) + by);
        share.to_string()
    };
    let panes = &mut settings.panes;
    Some(match row {
        Row::Theme => {
            let mut all = vec![None];
            all.extend(ThemeName::ALL.into_iter().map(Some));
            settings.theme = neighbour(&all, &settings.theme, forward)?;
            let name = settings.theme.map_or("auto", ThemeName::as_str);
            ("theme", name.to_owned())
        }
        Row::Characters => {
            let all = [None, Some(true), Some(false)];
            settings.ascii = neighbour(&all, &settings.ascii, forward)?;
            let value = settings
                .ascii
                .map_or("~".to_owned(), |ascii| ascii.to_string());
            ("ascii", value)
        }
        Row::Mouse => {
            settings.mouse = !settings.mouse;
            ("mouse", settings.mouse.to_string())
        }
        Row::Linear => {
            settings.linear = !settings.linear;
            ("linear", settings.linear.to_string())
        }
        Row::TaskSide => {
            panes.task_on_right = !panes.task_on_right;
            let side = if panes.task_on_right { "right" } else { "left" };
            ("task-side", side.to_owned())
        }
        Row::TaskWidth => ("task-width", share(&mut panes.task_width)),
        Row::ClusterHeight => ("cluster-height", share(&mut panes.cluster_height)),
        Row::UpperHeight => ("upper-height", share(&mut panes.upper_height)),
    })
}

fn neighbour<T: Copy + PartialEq>(all: &[T], value: &T, forward: bool) -> Option<T> {
    let at = all.iter().position(|one| one == value)?;
    let step = if forward { 1 } else { all.len() - 1 };
    all.get((at + step) % all.len()).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_turns_all_the_way_round() {
        for row in [
            Row::Theme,
            Row::Characters,
            Row::Mouse,
            Row::Linear,
            Row::TaskSide,
        ] {
            let mut settings = Settings::default();
            let mut turns = 0;
            loop {
                assert!(turned(row, &mut settings, true).is_some());
                turns += 1;
                if settings == Settings::default() {
                    break;
                }
            }
            assert!((2..=7).contains(&turns), "{row:?} {turns}");
            turned(row, &mut settings, true);
            turned(row, &mut settings, false);
            assert_eq!(settings, Settings::default());
        }
    }
}
