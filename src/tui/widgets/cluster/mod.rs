//! The picture of the cluster: who owns whom, how each one does, what happened.
//!
//! Draws from [`ClusterView`] alone. `rows` turns the view into rows of a tree,
//! `table` lines the rows up in the columns there are.

mod rows;
mod table;

use ratatui::text::{Line, Span};

use super::text::{age, cut, cut_middle, pad};
use super::wrap::wrap_text;
use crate::sandbox::{ClusterView, EventView};
use crate::tui::strings;
use crate::tui::theme::Theme;

/// Events shown; the learner's shell has the rest.
const MOST_EVENTS: usize = 40;
/// Columns of an event's age.
const AGE: usize = 6;

/// The whole picture as lines of `width` columns, `later` seconds of the
/// cluster's time after it was taken.
pub fn lines(view: &ClusterView, later: i64, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    if view.is_empty() && !view.namespaces.is_empty() {
        let words = strings::nothing_here(&view.namespaces.join(", "));
        lines.extend(wrap_text(&words, theme.quiet, width));
    }
    let rows = rows::of(view, theme);
    lines.extend(table::lines(&rows, width, theme));
    if !view.events.is_empty() {
        lines.push(Line::default());
        lines.push(Line::styled(strings::EVENTS, theme.strong));
        let events = view.events.iter().take(MOST_EVENTS);
        lines.extend(events.map(|event| {
            let now = view.taken.map(|taken| taken.as_second() + later);
            event_line(event, now, width, theme)
        }));
    }
    lines
}

fn event_line(event: &EventView, now: Option<i64>, width: usize, theme: &Theme) -> Line<'static> {
    let seconds = match (event.at, now) {
        (Some(at), Some(now)) => now - at.as_second(),
        _ => 0,
    };
    let (kind, style) = if event.warning {
        (strings::WARNING, theme.warn)
    } else {
        (strings::NORMAL, theme.quiet)
    };
    let count = match event.count {
        ..2 => String::new(),
        count => format!(" ({count}{})", theme.glyphs.times),
    };
    let reason = format!("{}{count}", event.reason);
    let taken = AGE + 9 + reason.chars().count() + 2;
    let object = cut_middle(&event.object, (width / 4).max(16), theme.glyphs.ellipsis);
    let words = format!("{object}  {}", event.message.trim());
    Line::from(vec![
        Span::styled(pad(&age(seconds), AGE), theme.quiet),
        Span::styled(pad(kind, 9), style),
        Span::styled(format!("{reason}  "), theme.text),
        Span::styled(
            cut(
                words.lines().next().unwrap_or_default(),
                width.saturating_sub(taken),
                theme.glyphs.ellipsis,
            ),
            theme.quiet,
        ),
    ])
}

#[cfg(test)]
mod tests;
