//! Draws rows of the cluster pane: names in one column, states in the next,
//! facts behind them as far as there is room.
//!
//! Only the rows that are on the screen are looked at; how wide the columns are
//! is known beforehand.

mod object;

use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::text::{age, cut, cut_middle, pad};
use crate::sandbox::ResourceView;
use crate::tui::browser::{Body, EventRow, Row, Widths};
use crate::tui::strings;
use crate::tui::theme::Theme;

/// Columns of an event's age.
const AGE: usize = 6;
/// Columns of its kind.
const KIND: usize = 9;
/// Columns of a bar.
const BAR: usize = 8;

/// How the rows are drawn.
#[derive(Debug, Clone, Copy)]
pub struct Canvas<'a> {
    /// Columns there are.
    pub width: usize,
    /// What the widest cells want.
    pub widths: Widths,
    /// The cluster's time, in seconds.
    pub now: Option<i64>,
    /// Colours and glyphs.
    pub theme: &'a Theme,
}

impl Canvas<'_> {
    /// One row as a line.
    pub fn line(&self, row: &Row) -> Line<'static> {
        let theme = self.theme;
        let ellipsis = theme.glyphs.ellipsis;
        match &row.body {
            Body::Object(row) => object::line(self, row),
            Body::Detail { below, text } => {
                let room = self.width.saturating_sub(below.width());
                Line::from(vec![
                    Span::styled(object::branch(below, theme), theme.border),
                    Span::styled(cut(text, room, ellipsis), theme.quiet),
                ])
            }
            Body::Usage { below, resources } => {
                let mut spans = vec![Span::styled(object::branch(below, theme), theme.border)];
                self.bars(resources, below.width(), &mut spans);
                Line::from(spans)
            }
            Body::Event(event) => self.event(event),
            Body::Heading(words) => Line::styled(cut(words, self.width, ellipsis), theme.strong),
            Body::Words(words) => Line::styled(cut(words, self.width, ellipsis), theme.quiet),
            Body::Blank => Line::default(),
        }
    }

    /// `cpu ███░░░░░ 900m of 4   memory …`, as many as fit.
    fn bars(&self, resources: &[ResourceView], taken: usize, spans: &mut Vec<Span<'static>>) {
        let theme = self.theme;
        let [full, _, empty] = theme.glyphs.progress;
        let mut left = self.width.saturating_sub(taken);
        for resource in resources {
            let words = format!(" {} of {}   ", resource.asked, resource.of);
            let name = format!("{} ", resource.name);
            let needed = name.width() + BAR + words.width();
            if needed > left + 3 {
                break;
            }
            left = left.saturating_sub(needed);
            let filled = usize::try_from(resource.percent).unwrap_or(BAR) * BAR;
            let least = usize::from(resource.percent > 0);
            let filled = ((filled + 50) / 100).clamp(least, BAR);
            let style = match resource.percent {
                90.. => theme.bad,
                70.. => theme.warn,
                _ => theme.good,
            };
            spans.push(Span::styled(name, theme.quiet));
            spans.push(Span::styled(full.repeat(filled), style));
            spans.push(Span::styled(empty.repeat(BAR - filled), theme.border));
            spans.push(Span::styled(words, theme.quiet));
        }
    }

    /// Age, kind, reason, object and message, the reasons in one column.
    fn event(&self, event: &EventRow) -> Line<'static> {
        let (theme, width) = (self.theme, self.width);
        let seconds = match (event.at, self.now) {
            (Some(at), Some(now)) => now - at.as_second(),
            _ => 0,
        };
        let (kind, style) = if event.warning {
            (strings::WARNING, theme.warn)
        } else {
            (strings::NORMAL, theme.quiet)
        };
        let reason = match event.count {
            ..2 => event.reason.clone(),
            count => format!("{} ({count}{})", event.reason, theme.glyphs.times),
        };
        let object = cut_middle(&event.object, (width / 4).max(16), theme.glyphs.ellipsis);
        let words = format!("{object}  {}", event.message);
        let room = width.saturating_sub(AGE + KIND + self.widths.reason + 2);
        Line::from(vec![
            Span::styled(pad(&age(seconds), AGE), theme.quiet),
            Span::styled(pad(kind, KIND), style),
            Span::styled(pad(&reason, self.widths.reason + 2), theme.text),
            Span::styled(cut(&words, room, theme.glyphs.ellipsis), theme.quiet),
        ])
    }
}

#[cfg(test)]
mod tests;
