//! Breaks styled text into lines of a width, with a different indent for the
//! first line and the rest. Columns are counted as terminals count them.

use ratatui::style::Style;
use ratatui::text::{Line, Span};
use unicode_width::UnicodeWidthStr;

/// One visible character.
#[derive(Clone, Copy)]
struct Glyph<'a> {
    symbol: &'a str,
    style: Style,
    width: usize,
}

/// Wraps `spans` at `width` columns. `first` starts the first line and `rest`
/// every other; both count towards the width. Always gives at least one line.
pub fn wrap(
    spans: &[Span<'_>],
    width: usize,
    first: &[Span<'static>],
    rest: &[Span<'static>],
) -> Vec<Line<'static>> {
    let glyphs: Vec<Glyph<'_>> = spans
        .iter()
        .flat_map(|span| span.styled_graphemes(Style::new()))
        .map(|grapheme| Glyph {
            symbol: grapheme.symbol,
            style: grapheme.style,
            width: grapheme.symbol.width(),
        })
        .collect();
    let mut lines = LineBuilder::new(width, first, rest);
    for word in glyphs.split_inclusive(|glyph| glyph.symbol == " ") {
        lines.push_word(word);
    }
    lines.finish()
}

/// Wraps text of one style.
pub fn wrap_text(text: &str, style: Style, width: usize) -> Vec<Line<'static>> {
    text.lines()
        .flat_map(|line| wrap(&[Span::styled(line, style)], width, &[], &[]))
        .collect()
}

/// The columns of some spans.
pub fn width_of(spans: &[Span<'_>]) -> usize {
    spans.iter().map(|span| span.content.width()).sum()
}

struct LineBuilder<'a> {
    width: usize,
    rest: &'a [Span<'static>],
    done: Vec<Line<'static>>,
    current: Vec<Span<'static>>,
    /// Columns taken on the current line, its prefix included.
    taken: usize,
    /// Spaces that are only written once a word follows.
    spaces: Vec<(Style, usize)>,
    line_is_empty: bool,
}

impl<'a> LineBuilder<'a> {
    fn new(width: usize, first: &[Span<'static>], rest: &'a [Span<'static>]) -> Self {
        Self {
            width,
            rest,
            done: Vec::new(),
            taken: width_of(first),
            current: first.to_vec(),
            spaces: Vec::new(),
            line_is_empty: true,
        }
    }

    /// A word and the space after it, if there is one.
    fn push_word(&mut self, word: &[Glyph<'_>]) {
        let (letters, space) = match word.last() {
            Some(last) if last.symbol == " " => (&word[..word.len() - 1], Some(last)),
            _ => (word, None),
        };
        if !letters.is_empty() {
            let needed: usize = letters.iter().map(|glyph| glyph.width).sum();
            let gap: usize = self.spaces.iter().map(|(_, width)| width).sum();
            if !self.line_is_empty && self.taken + gap + needed > self.width {
                self.break_line();
            }
            self.write_spaces();
            for glyph in letters {
                if !self.line_is_empty && self.taken + glyph.width > self.width {
                    self.break_line();
                }
                self.write(glyph.symbol, glyph.style, glyph.width);
            }
        }
        if let Some(space) = space {
            self.spaces.push((space.style, 1));
        }
    }

    fn write_spaces(&mut self) {
        for (style, width) in std::mem::take(&mut self.spaces) {
            if self.taken + width <= self.width {
                self.write(" ", style, width);
            }
        }
    }

    fn write(&mut self, symbol: &str, style: Style, width: usize) {
        match self.current.last_mut() {
            Some(last) if last.style == style && !self.line_is_empty => {
                last.content.to_mut().push_str(symbol);
            }
            _ => self.current.push(Span::styled(symbol.to_owned(), style)),
        }
        self.taken += width;
        self.line_is_empty = false;
    }

    fn break_line(&mut self) {
        let line = std::mem::replace(&mut self.current, self.rest.to_vec());
        self.done.push(Line::from(line));
        self.taken = width_of(self.rest);
        self.spaces.clear();
        self.line_is_empty = true;
    }

    fn finish(mut self) -> Vec<Line<'static>> {
        self.done.push(Line::from(self.current));
        self.done
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use ratatui::style::Stylize;

    use super::*;

    fn check(text: &str, width: usize, expected: &[&str]) {
        let lines = wrap(
            &[Span::raw(text)],
            width,
            &[Span::raw("- ")],
            &[Span::raw("  ")],
        );
        let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
        assert_eq!(lines, expected);
    }

    #[test]
    fn lines_break_between_words_and_hang_under_the_first() {
        check("one two three", 9, &["- one two", "  three"]);
    }

    #[test]
    fn a_word_longer_than_the_line_is_cut_not_lost() {
        check("abcdefghij k", 6, &["- abcd", "  efgh", "  ij k"]);
    }

    #[test]
    fn spaces_at_a_break_vanish() {
        check("one     two", 6, &["- one", "  two"]);
        check("", 6, &["- "]);
    }

    #[test]
    fn wide_characters_count_two_columns() {
        check("漢字漢字", 6, &["- 漢字", "  漢字"]);
    }

    #[test]
    fn styles_survive_a_break() {
        let lines = wrap(&["plain ".into(), "bold word".bold()], 10, &[], &[]);
        assert_eq!(lines[0].spans[1], "bold".bold());
        assert_eq!(lines[1].spans[0], "word".bold());
    }

    proptest! {
        #[test]
        fn no_line_is_wider_than_asked_and_no_letter_is_lost(text in "[a-z 漢]{0,80}", width in 2usize..30) {
            let lines = wrap(&[Span::raw(&text)], width, &[], &[]);
            let letters = |text: &str| text.chars().filter(|c| *c != ' ').collect::<String>();
            let joined: String = lines.iter().map(ToString::to_string).collect();
            prop_assert_eq!(letters(&joined), letters(&text));
            for line in &lines {
                prop_assert!(line.width() <= width);
            }
        }
    }
}
