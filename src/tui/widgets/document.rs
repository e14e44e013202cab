//! A document in columns and colours. Tones always stand beside words or
//! glyphs that say the same.

use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

use super::markdown;
use super::text::{cut, cut_middle, pad};
use super::wrap::{wrap, wrap_text};
use crate::browse::{Cell, Document, Part, Tone};
use crate::tui::theme::Theme;

/// Blank columns between two columns.
const GAP: usize = 2;
/// A last column narrower than this is no column.
const NARROWEST: usize = 16;
/// Names of fields take no more.
const WIDEST_NAME: usize = 24;

/// The whole document at a width.
pub fn lines(document: &Document, width: usize, theme: &Theme) -> Vec<Line<'static>> {
    let writer = Writer { width, theme };
    let mut lines = Vec::new();
    for (index, part) in document.parts.iter().enumerate() {
        let names = names_around(&document.parts, index);
        writer.part(part, names, &mut lines);
    }
    lines
}

/// The widest name of the run of fields that a part is in.
fn names_around(parts: &[Part], index: usize) -> usize {
    let is_field = |part: &&Part| matches!(part, Part::Field { .. });
    let before = parts[..index].iter().rev().take_while(is_field);
    let after = parts[index..].iter().take_while(is_field);
    let width = |part: &Part| match part {
        Part::Field { name, depth, .. } => name.width() + depth * 2,
        _ => 0,
    };
    before.chain(after).map(width).max().unwrap_or_default()
}

struct Writer<'a> {
    width: usize,
    theme: &'a Theme,
}

impl Writer<'_> {
    fn style(&self, tone: Tone) -> Style {
        match tone {
            Tone::Plain => self.theme.text,
            Tone::Quiet => self.theme.quiet,
            Tone::Good => self.theme.good,
            Tone::Warn => self.theme.warn,
            Tone::Bad => self.theme.bad,
        }
    }

    fn part(&self, part: &Part, names: usize, lines: &mut Vec<Line<'static>>) {
        let (width, theme) = (self.width, self.theme);
        match part {
            Part::Heading(words) => lines.extend(wrap_text(words, theme.strong, width)),
            Part::Words(tone, words) => {
                lines.extend(wrap_text(words, self.style(*tone), width));
            }
            Part::Field {
                name,
                value,
                tone,
                depth,
            } => lines.extend(self.field(name, value, *tone, *depth, names)),
            Part::Table { head, rows } => self.table(head, rows, lines),
            Part::Code { language, text } => {
                for line in text.lines() {
                    let spans = markdown::code_line(language, line, theme);
                    lines.extend(wrap(&spans, width, &[], &[]));
                }
            }
            Part::Diff(diff) => {
                for (sign, text) in diff {
                    let style = match sign {
                        '-' => theme.good,
                        '+' => theme.bad,
                        _ => theme.quiet,
                    };
                    let line = format!("{sign} {text}");
                    lines.push(Line::styled(
                        cut(&line, width, theme.glyphs.ellipsis),
                        style,
                    ));
                }
            }
            Part::Log(log) => {
                for line in log {
                    lines.push(self.log_line(line));
                }
            }
            Part::Gap => {
                if lines.last().is_some_and(|line| line.width() > 0) {
                    lines.push(Line::default());
                }
            }
        }
    }

    fn log_line(&self, line: &str) -> Line<'static> {
        log_line(line, self.width, self.theme)
    }

    fn field(
        &self,
        name: &str,
        value: &str,
        tone: Tone,
        depth: usize,
        names: usize,
    ) -> Vec<Line<'static>> {
        let room = names.min(WIDEST_NAME).min(self.width / 2);
        let indent = " ".repeat(depth * 2);
        let name = format!("{indent}{name}");
        let name = cut_middle(&name, room, self.theme.glyphs.ellipsis);
        let first = [Span::styled(pad(&name, room + GAP), self.theme.quiet)];
        let rest = [Span::raw(" ".repeat(room + GAP))];
        let style = self.style(tone);
        let mut lines = Vec::new();
        for (index, line) in value.lines().enumerate() {
            let first = if index == 0 { &first } else { &rest };
            let spans = [Span::styled(line.to_owned(), style)];
            lines.extend(wrap(&spans, self.width, first, &rest));
        }
        if lines.is_empty() {
            lines.push(Line::from(first.to_vec()));
        }
        lines
    }

    /// Columns as wide as they want to be, the last one wrapped; where there is
    /// no room for it, its words stand under the row.
    fn table(&self, head: &[String], rows: &[Vec<Cell>], lines: &mut Vec<Line<'static>>) {
        let columns = head.len();
        let Some(last) = columns.checked_sub(1) else {
            return;
        };
        let cell = |row: &[Cell], column: usize| row.get(column).cloned().unwrap_or_default();
        let most = (self.width / 2).max(NARROWEST);
        let widths: Vec<usize> = (0..columns)
            .map(|column| {
                let cells = rows.iter().map(|row| cell(row, column).text.width());
                cells
                    .chain([head[column].width()])
                    .max()
                    .unwrap_or(0)
                    .min(most)
            })
            .collect();
        let before: usize = widths[..last].iter().map(|width| width + GAP).sum();
        let room = self.width.saturating_sub(before);
        let below = room < NARROWEST.min(widths[last]);
        let head: Vec<Cell> = head.iter().map(|it| Cell::toned(Tone::Quiet, it)).collect();
        for row in [head].iter().chain(rows) {
            let mut first = Vec::new();
            for (column, width) in widths[..last].iter().enumerate() {
                let cell = cell(row, column);
                let text = cut_middle(&cell.text, *width, self.theme.glyphs.ellipsis);
                let text = pad(&text, width + GAP);
                first.push(Span::styled(text, self.style(cell.tone)));
            }
            let cell = cell(row, last);
            let style = self.style(cell.tone);
            let words: Vec<&str> = cell.text.lines().collect();
            let words = [Span::styled(words.join(" "), style)];
            if below {
                lines.push(Line::from(first));
                let indent = [Span::raw("    ")];
                if !cell.text.is_empty() {
                    lines.extend(wrap(&words, self.width, &indent, &indent));
                }
            } else {
                let rest = [Span::raw(" ".repeat(before))];
                lines.extend(wrap(&words, self.width, &first, &rest));
            }
        }
    }
}

/// A line that a program said, without what would move the cursor.
pub fn log_line(line: &str, width: usize, theme: &Theme) -> Line<'static> {
    let plain: String = line.chars().filter(|letter| !letter.is_control()).collect();
    Line::styled(cut(&plain, width, theme.glyphs.ellipsis), theme.text)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::glyphs::UNICODE;
    use crate::tui::theme::ThemeName;

    fn picture(document: &Document, width: usize) -> String {
        let theme = Theme::new(ThemeName::Dark, true, &UNICODE);
        let lines = lines(document, width, &theme);
        let lines = lines
            .iter()
            .map(|line| line.to_string().trim_end().to_owned());
        lines.collect::<Vec<_>>().join("\n")
    }

    fn document() -> Document {
        let row = |node: &str, tone, words: &str| vec![Cell::new(node), Cell::toned(tone, words)];
        Document::of(vec![
            Part::heading("It waits for a node"),
            Part::field("asked for", "cpu 900m"),
            Part::toned(Tone::Bad, "set by", "kubectl, two minutes ago"),
            Part::Gap,
            Part::Gap,
            Part::Table {
                head: vec!["node".into(), "why not".into()],
                rows: vec![
                    row(
                        "control",
                        Tone::Bad,
                        "✗ it has a taint that nobody tolerates",
                    ),
                    row("worker-1", Tone::Good, "✓"),
                ],
            },
            Part::Diff(vec![
                (' ', "a".into()),
                ('-', "b".into()),
                ('+', "c".into()),
            ]),
            Part::Log(vec!["a\tline \u{1b}[31mred".into()]),
        ])
    }

    #[test]
    fn fields_and_tables_line_up() {
        insta::assert_snapshot!(picture(&document(), 50), @r"
        It waits for a node
        asked for  cpu 900m
        set by     kubectl, two minutes ago

        node      why not
        control   ✗ it has a taint that nobody tolerates
        worker-1  ✓
          a
        - b
        + c
        aline [31mred
        ");
    }

    #[test]
    fn no_width_panics() {
        for width in 0..40 {
            picture(&document(), width);
        }
    }
}
