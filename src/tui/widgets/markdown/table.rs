//! Tables: columns as wide as their cells while that fits, then shared out,
//! with cells wrapped. A rule under the header is the only line drawn.

use pulldown_cmark::Alignment;
use ratatui::text::{Line, Span};

use super::super::wrap::{width_of, wrap};
use crate::tui::theme::Theme;

/// Blank columns between two cells.
const GAP: usize = 2;
/// No column is squeezed below this.
const NARROWEST: usize = 4;

/// Collects the cells of one table.
pub(super) struct TableBuilder {
    alignments: Vec<Alignment>,
    rows: Vec<Vec<Vec<Span<'static>>>>,
    row: Vec<Vec<Span<'static>>>,
}

impl TableBuilder {
    pub(super) fn new(alignments: Vec<Alignment>) -> Self {
        Self {
            alignments,
            rows: Vec::new(),
            row: Vec::new(),
        }
    }

    pub(super) fn cell(&mut self, spans: Vec<Span<'static>>) {
        self.row.push(spans);
    }

    /// Ends the header or a row.
    pub(super) fn end_row(&mut self) {
        self.rows.push(std::mem::take(&mut self.row));
    }

    /// Lays the table out in `width` columns.
    pub(super) fn lines(&self, width: usize, theme: &Theme) -> Vec<Line<'static>> {
        let widths = self.column_widths(width);
        let mut lines = Vec::new();
        for (index, row) in self.rows.iter().enumerate() {
            let style = if index == 0 { theme.strong } else { theme.text };
            lines.extend(
                self.row_lines(row, &widths)
                    .into_iter()
                    .map(|line| line.patch_style(style)),
            );
            if index == 0 {
                let rule: Vec<String> = widths
                    .iter()
                    .map(|width| theme.glyphs.line.horizontal.repeat(*width))
                    .collect();
                lines.push(Line::styled(rule.join(&" ".repeat(GAP)), theme.border));
            }
        }
        lines
    }

    fn row_lines(&self, row: &[Vec<Span<'static>>], widths: &[usize]) -> Vec<Line<'static>> {
        let cells: Vec<Vec<Line<'static>>> = widths
            .iter()
            .enumerate()
            .map(|(column, width)| match row.get(column) {
                Some(cell) => wrap(cell, *width, &[], &[]),
                None => vec![Line::default()],
            })
            .collect();
        let height = cells.iter().map(Vec::len).max().unwrap_or(1);
        (0..height)
            .map(|at| {
                let mut spans = Vec::new();
                for (column, width) in widths.iter().enumerate() {
                    if column > 0 {
                        spans.push(Span::raw(" ".repeat(GAP)));
                    }
                    let cell = cells[column].get(at).cloned().unwrap_or_default();
                    let missing = width.saturating_sub(cell.width());
                    let before = match self.alignments.get(column) {
                        Some(Alignment::Right) => missing,
                        Some(Alignment::Center) => missing / 2,
                        _ => 0,
                    };
                    spans.push(Span::raw(" ".repeat(before)));
                    spans.extend(cell.spans);
                    // The last column needs no blanks behind it.
                    if column + 1 < widths.len() {
                        spans.push(Span::raw(" ".repeat(missing - before)));
                    }
                }
                spans.retain(|span| !span.content.is_empty());
                Line::from(spans)
            })
            .collect()
    }

    /// What each column wants; when that is too much, the widest give way.
    fn column_widths(&self, width: usize) -> Vec<usize> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let mut widths: Vec<usize> = (0..columns)
            .map(|column| {
                self.rows
                    .iter()
                    .filter_map(|row| row.get(column))
                    .map(|cell| width_of(cell))
                    .max()
                    .unwrap_or(0)
                    .max(1)
            })
            .collect();
        let available = width.saturating_sub(GAP * columns.saturating_sub(1));
        while widths.iter().sum::<usize>() > available {
            match widths.iter_mut().max() {
                Some(widest) if *widest > NARROWEST => *widest -= 1,
                _ => break,
            }
        }
        widths
    }
}
