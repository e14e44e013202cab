//! Blocks of markdown: where each begins and ends, what stands before its
//! lines, how far blocks are apart.

use pulldown_cmark::{BlockQuoteKind, CodeBlockKind, HeadingLevel};
use ratatui::style::Modifier;
use ratatui::text::{Line, Span};

use super::super::text::cut;
use super::super::wrap::{width_of, wrap};
use super::{Container, Layout, highlight};

impl Layout<'_> {
    pub(super) fn begin_block(&mut self) {
        if std::mem::take(&mut self.gap) && !self.lines.is_empty() {
            let prefix: Vec<Span<'static>> = self
                .containers
                .iter()
                .filter(|container| container.begun)
                .flat_map(|container| container.rest.clone())
                .collect();
            self.lines.push(trimmed(prefix));
        }
    }

    pub(super) fn end_block(&mut self) {
        self.write_inline();
        self.gap = true;
    }

    /// The prefixes of the next line and of those that follow it.
    pub(super) fn prefixes(&mut self) -> (Vec<Span<'static>>, Vec<Span<'static>>) {
        let mut first = Vec::new();
        let mut rest = Vec::new();
        for container in &mut self.containers {
            let begun = std::mem::replace(&mut container.begun, true);
            first.extend_from_slice(if begun {
                &container.rest
            } else {
                &container.first
            });
            rest.extend_from_slice(&container.rest);
        }
        (first, rest)
    }

    pub(super) fn write_inline(&mut self) {
        let spans = std::mem::take(&mut self.inline);
        let (first, rest) = self.prefixes();
        self.lines.extend(wrap(&spans, self.width, &first, &rest));
    }

    pub(super) fn begin_heading(&mut self, level: HeadingLevel) {
        self.begin_block();
        let style = match level {
            HeadingLevel::H1 => self.theme.accent.add_modifier(Modifier::BOLD),
            HeadingLevel::H2 => self.theme.strong,
            _ => self.theme.strong.add_modifier(Modifier::UNDERLINED),
        };
        self.styles.push(style);
    }

    pub(super) fn begin_quote(&mut self, kind: Option<BlockQuoteKind>) {
        self.begin_block();
        let (word, style) = match kind {
            None => ("", self.theme.quiet),
            Some(BlockQuoteKind::Note) => ("Note", self.theme.accent),
            Some(BlockQuoteKind::Tip) => ("Tip", self.theme.accent),
            Some(BlockQuoteKind::Important) => ("Important", self.theme.accent),
            Some(BlockQuoteKind::Warning) => ("Warning", self.theme.warn),
            Some(BlockQuoteKind::Caution) => ("Caution", self.theme.bad),
        };
        let bar = vec![Span::styled(format!("{} ", self.theme.glyphs.bar), style)];
        self.containers.push(Container {
            first: bar.clone(),
            rest: bar,
            begun: false,
        });
        if !word.is_empty() {
            self.push(word, style.add_modifier(Modifier::BOLD));
            self.write_inline();
        }
    }

    pub(super) fn begin_list(&mut self, number: Option<u64>) {
        if !self.inline.is_empty() {
            self.write_inline();
        }
        if self.lists.is_empty() {
            self.begin_block();
        } else {
            self.gap = false;
        }
        self.lists.push(number);
    }

    pub(super) fn begin_item(&mut self) {
        self.begin_block();
        let mark = match self.lists.last_mut() {
            Some(Some(number)) => {
                let mark = format!("{number}. ");
                *number += 1;
                mark
            }
            _ => format!("{} ", self.theme.glyphs.bullet),
        };
        let indent = " ".repeat(width_of(&[Span::raw(mark.as_str())]));
        self.containers.push(Container {
            first: vec![Span::styled(mark, self.theme.quiet)],
            rest: vec![Span::raw(indent)],
            begun: false,
        });
    }

    pub(super) fn task_mark(&mut self, done: bool) {
        let glyphs = self.theme.glyphs;
        let (glyph, style) = if done {
            (glyphs.done, self.theme.good)
        } else {
            (glyphs.open, self.theme.quiet)
        };
        self.push(&format!("{glyph} "), style);
    }

    pub(super) fn begin_code(&mut self, kind: &CodeBlockKind<'_>) {
        if !self.inline.is_empty() {
            self.write_inline();
        }
        self.begin_block();
        let language = match kind {
            CodeBlockKind::Fenced(info) => info.split([' ', ',']).next().unwrap_or_default(),
            CodeBlockKind::Indented => "",
        };
        self.code = Some((language.to_owned(), String::new()));
    }

    pub(super) fn end_code(&mut self) {
        let Some((language, code)) = self.code.take() else {
            return;
        };
        let mark = format!("  {} ", self.theme.glyphs.continuation);
        let has_prompts = highlight::has_prompts(&code);
        let is_drawing = code.chars().any(is_box_drawing);
        for source in code.trim_end_matches('\n').split('\n') {
            let is_output = has_prompts && !source.starts_with("$ ");
            let language = if is_output {
                "output"
            } else {
                language.as_str()
            };
            let (mut first, mut rest) = self.prefixes();
            first.push(Span::raw("  "));
            if is_drawing {
                // A drawing that was broken would be no drawing any more.
                let room = self.width.saturating_sub(width_of(&first));
                let source = cut(source, room, self.theme.glyphs.ellipsis);
                first.push(Span::styled(source, self.theme.text));
                self.lines.push(Line::from(first));
                continue;
            }
            let spans = highlight::line(language, source, self.theme);
            rest.push(Span::styled(mark.clone(), self.theme.quiet));
            self.lines
                .extend(wrap_code(&spans, self.width, &first, &rest));
        }
        self.gap = true;
    }

    pub(super) fn end_table(&mut self) {
        let Some(table) = self.table.take() else {
            return;
        };
        let (first, rest) = self.prefixes();
        let available = self.width.saturating_sub(width_of(&rest));
        for (index, line) in table.lines(available, self.theme).into_iter().enumerate() {
            let mut spans = if index == 0 {
                first.clone()
            } else {
                rest.clone()
            };
            spans.extend(line.spans);
            self.lines.push(Line::from(spans));
        }
        self.gap = true;
    }

    pub(super) fn rule(&mut self) {
        self.begin_block();
        let (mut spans, rest) = self.prefixes();
        let length = self.width.saturating_sub(width_of(&rest));
        let rule = self.theme.glyphs.line.horizontal.repeat(length);
        spans.push(Span::styled(rule, self.theme.border));
        self.lines.push(Line::from(spans));
        self.gap = true;
    }
}

/// Lines, corners and crossings that boxes are drawn with.
fn is_box_drawing(character: char) -> bool {
    ('\u{2500}'..='\u{257f}').contains(&character)
}

/// Code keeps its leading blanks, which text loses at a break.
fn wrap_code(
    spans: &[Span<'static>],
    width: usize,
    first: &[Span<'static>],
    rest: &[Span<'static>],
) -> Vec<Line<'static>> {
    if width_of(first) + width_of(spans) <= width {
        let mut all = first.to_vec();
        all.extend_from_slice(spans);
        return vec![Line::from(all)];
    }
    wrap(spans, width, first, rest)
}

fn trimmed(mut spans: Vec<Span<'static>>) -> Line<'static> {
    if let Some(last) = spans.last_mut() {
        last.content = last.content.trim_end().to_owned().into();
    }
    Line::from(spans)
}
