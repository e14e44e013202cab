//! The picture of the cluster: who owns whom, how each one does, what happened.
//!
//! Draws from [`ClusterView`] alone. `rows` turns the view into rows of a tree,
//! `table` lines the rows up in the columns there are.

mod rows;
mod table;

use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::text::{age, cut, cut_middle, pad};
use super::wrap::wrap_text;
use crate::sandbox::{ClusterView, EventView};
use crate::tui::strings;
use crate::tui::theme::Theme;

/// Events shown; the learner's shell has the rest.
const MOST_EVENTS: usize = 40;
/// Columns of an event's age.
const AGE: usize = 6;
/// Columns of its kind.
const KIND: usize = 9;

/// The whole picture as lines of `width` columns, `later` seconds of the
/// cluster's time after it was taken.
pub fn lines(view: &ClusterView, later: i64, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let mut lines = Vec::new();
    let has_nothing = view.is_empty() && view.objects.is_empty();
    if has_nothing && !view.namespaces.is_empty() {
        let words = strings::nothing_here(&view.namespaces.join(", "));
        lines.extend(wrap_text(&words, theme.quiet, width));
    }
    let rows = rows::of(view, theme);
    lines.extend(table::lines(&rows, width, theme));
    if !view.events.is_empty() {
        lines.push(Line::default());
        lines.push(Line::styled(strings::EVENTS, theme.strong));
        lines.extend(event_lines(view, later, width, theme));
    }
    lines
}

/// Age, kind, reason, object and message, the reasons in one column.
fn event_lines(view: &ClusterView, later: i64, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let events: Vec<&EventView> = view.events.iter().take(MOST_EVENTS).collect();
    let reasons: Vec<String> = events.iter().map(|event| reason(event, theme)).collect();
    let widest = reasons
        .iter()
        .map(|reason| reason.width())
        .max()
        .unwrap_or(0);
    let now = view.taken.map(|taken| taken.as_second() + later);
    let line = |(event, reason): (&&EventView, &String)| {
        let seconds = match (event.at, now) {
            (Some(at), Some(now)) => now - at.as_second(),
            _ => 0,
        };
        let (kind, style) = if event.warning {
            (strings::WARNING, theme.warn)
        } else {
            (strings::NORMAL, theme.quiet)
        };
        let object = cut_middle(&event.object, (width / 4).max(16), theme.glyphs.ellipsis);
        let message = event.message.lines().next().unwrap_or_default();
        let words = format!("{object}  {message}");
        let room = width.saturating_sub(AGE + KIND + widest + 2);
        Line::from(vec![
            Span::styled(pad(&age(seconds), AGE), theme.quiet),
            Span::styled(pad(kind, KIND), style),
            Span::styled(pad(reason, widest + 2), theme.text),
            Span::styled(cut(&words, room, theme.glyphs.ellipsis), theme.quiet),
        ])
    };
    events.iter().zip(&reasons).map(line).collect()
}

/// `BackOff (4×)`.
fn reason(event: &EventView, theme: &Theme) -> String {
    match event.count {
        ..2 => event.reason.clone(),
        count => format!("{} ({count}{})", event.reason, theme.glyphs.times),
    }
}

#[cfg(test)]
mod tests;
