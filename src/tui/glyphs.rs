//! The two glyph sets: Unicode (single-width characters only) and ASCII.
//!
//! Every glyph occupies exactly one column (tree branches and bars are drawn
//! one column at a time), so both sets give the same layout. A glyph never
//! stands alone for a state: a word is always beside it.

use ratatui::symbols::{border, line};

/// One complete set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Glyphs {
    /// A task or a kata that is done.
    pub done: &'static str,
    /// One that is open.
    pub open: &'static str,
    /// One that is partly there.
    pub partial: &'static str,
    /// One that failed.
    pub failed: &'static str,
    /// A healthy object.
    pub good: &'static str,
    /// An object on its way.
    pub moving: &'static str,
    /// A broken object.
    pub bad: &'static str,
    /// Finished, or nothing to judge.
    pub idle: &'static str,
    /// The mark of the selected row.
    pub cursor: &'static str,
    /// Between the parts of a path.
    pub path: &'static str,
    /// Between short facts on one line.
    pub dot: &'static str,
    /// Points at a consequence.
    pub arrow: &'static str,
    /// Cut text ends with this.
    pub ellipsis: &'static str,
    /// A list item.
    pub bullet: &'static str,
    /// The continuation of a line of code that was too long.
    pub continuation: &'static str,
    /// The left edge of a quotation or a block of code.
    pub bar: &'static str,
    /// Full, half and empty cells of a progress bar.
    pub progress: [&'static str; 3],
    /// Tree: a branch, the last branch, a passing line.
    pub tree: [&'static str; 3],
    /// More above, more below.
    pub more: [&'static str; 2],
    /// The times sign of the clock's speed.
    pub times: &'static str,
    /// The scroll bar: track and thumb.
    pub scroll: [&'static str; 2],
    /// Pane borders.
    pub border: border::Set<'static>,
    /// Rules inside tables.
    pub line: line::Set<'static>,
    /// Names of the arrow keys: up, down, left, right.
    pub arrow_keys: [&'static str; 4],
}

/// Single-width Unicode.
pub static UNICODE: Glyphs = Glyphs {
    done: "✓",
    open: "○",
    partial: "◐",
    failed: "✗",
    good: "●",
    moving: "▲",
    bad: "✗",
    idle: "○",
    cursor: "▸",
    path: "▸",
    dot: "·",
    arrow: "→",
    ellipsis: "…",
    bullet: "•",
    continuation: "↳",
    bar: "▏",
    progress: ["█", "▌", "░"],
    tree: ["├", "└", "│"],
    more: ["▴", "▾"],
    times: "×",
    scroll: ["│", "┃"],
    border: border::ROUNDED,
    line: line::NORMAL,
    arrow_keys: ["↑", "↓", "←", "→"],
};

/// Seven-bit characters only.
pub static ASCII: Glyphs = Glyphs {
    done: "+",
    open: "o",
    partial: "~",
    failed: "x",
    good: "*",
    moving: "^",
    bad: "x",
    idle: "o",
    cursor: ">",
    path: ">",
    dot: "-",
    arrow: ">",
    ellipsis: "~",
    bullet: "*",
    continuation: "\\",
    bar: "|",
    progress: ["#", "+", "."],
    tree: ["|", "`", "|"],
    more: ["^", "v"],
    times: "x",
    scroll: ["|", "#"],
    border: border::Set {
        top_left: "+",
        top_right: "+",
        bottom_left: "+",
        bottom_right: "+",
        vertical_left: "|",
        vertical_right: "|",
        horizontal_top: "-",
        horizontal_bottom: "-",
    },
    line: line::Set {
        vertical: "|",
        horizontal: "-",
        top_right: "+",
        top_left: "+",
        bottom_right: "+",
        bottom_left: "+",
        vertical_left: "+",
        vertical_right: "+",
        horizontal_down: "+",
        horizontal_up: "+",
        cross: "+",
    },
    arrow_keys: ["up", "down", "left", "right"],
};

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::*;

    fn one_column_glyphs(glyphs: &Glyphs) -> Vec<&'static str> {
        let mut all = vec![
            glyphs.done,
            glyphs.open,
            glyphs.partial,
            glyphs.failed,
            glyphs.good,
            glyphs.moving,
            glyphs.bad,
            glyphs.idle,
            glyphs.cursor,
            glyphs.path,
            glyphs.dot,
            glyphs.arrow,
            glyphs.ellipsis,
            glyphs.bullet,
            glyphs.continuation,
            glyphs.bar,
            glyphs.times,
        ];
        all.extend(glyphs.progress);
        all.extend(glyphs.tree);
        all.extend(glyphs.more);
        all.extend(glyphs.scroll);
        all
    }

    #[test]
    fn every_glyph_is_one_column_wide_in_both_sets() {
        for glyph in one_column_glyphs(&UNICODE)
            .into_iter()
            .chain(one_column_glyphs(&ASCII))
        {
            assert_eq!(glyph.width(), 1, "{glyph:?}");
        }
    }

    #[test]
    fn the_ascii_set_is_ascii() {
        for glyph in one_column_glyphs(&ASCII) {
            assert!(glyph.is_ascii(), "{glyph:?}");
        }
    }
}
