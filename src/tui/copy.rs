//! Copying from the shell's output: a place that moves over screen and
//! scrollback, and a selection from a mark to it. The text goes to the
//! learner's clipboard through the terminal (OSC 52), so it works over SSH.

use super::shell::ShellScreen;

/// Output that waits while something is selected; with more the selection ends.
pub const MOST_HELD: usize = 1 << 20;

/// A cell of the output. Rows count from the top of the newest screen; those
/// above it, in the scrollback, are negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// The row.
    pub row: isize,
    /// The column.
    pub column: u16,
}

/// The place and the selection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyMode {
    /// Where the keys have moved to.
    pub at: Place,
    /// Where the selection began.
    pub mark: Option<Place>,
    /// What the shell wrote meanwhile: the text under the selection stands still.
    pub held: Vec<u8>,
}

impl CopyMode {
    /// Begins at a cell of what is shown.
    pub fn at_cell(screen: &ShellScreen, column: u16, row: u16) -> Self {
        let size = screen.size();
        let row = signed(row.min(size.rows() - 1)) - back(screen);
        let column = column.min(size.columns() - 1);
        Self {
            at: Place { row, column },
            mark: None,
            held: Vec::new(),
        }
    }

    /// Moves, within what there is, and brings the place to the screen.
    pub fn go(&mut self, screen: &mut ShellScreen, row: isize, column: isize) {
        let size = screen.size();
        let oldest = -isize::try_from(screen.history()).unwrap_or(isize::MAX);
        let newest = signed(size.rows()) - 1;
        let last_column = signed(size.columns()) - 1;
        self.at = Place {
            row: row.clamp(oldest, newest),
            column: u16::try_from(column.clamp(0, last_column)).unwrap_or(0),
        };
        let back = back(screen);
        if self.at.row + back < 0 {
            screen.scroll(-(self.at.row + back));
        } else if self.at.row + back > newest {
            screen.scroll(newest - (self.at.row + back));
        }
    }

    /// First and last cell of the selection.
    pub fn range(&self) -> Option<(Place, Place)> {
        let mark = self.mark?;
        Some((mark.min(self.at), mark.max(self.at)))
    }

    /// Whether a cell of what is shown is selected.
    pub fn covers(&self, screen: &ShellScreen, column: u16, row: u16) -> bool {
        let place = Place {
            row: signed(row) - back(screen),
            column,
        };
        self.range()
            .is_some_and(|(first, last)| first <= place && place <= last)
    }

    /// The selected text, or the line of the place where nothing is selected.
    pub fn text(&self, screen: &mut ShellScreen) -> String {
        let width = screen.size().columns();
        let line = |column| Place {
            row: self.at.row,
            column,
        };
        let (first, last) = self
            .range()
            .unwrap_or_else(|| (line(0), line(width.saturating_sub(1))));
        let mut text = String::new();
        for row in first.row..=last.row {
            let begin = if row == first.row { first.column } else { 0 };
            let end = if row == last.row {
                last.column + 1
            } else {
                width
            };
            let (words, goes_on) = screen.line(row, begin, end);
            text.push_str(words.trim_end());
            if row < last.row && !goes_on {
                text.push('\n');
            }
        }
        text
    }
}

/// Rows between what is shown and the newest output.
fn back(screen: &ShellScreen) -> isize {
    isize::try_from(screen.scrolled_back()).unwrap_or(isize::MAX)
}

/// A row or column as a number that can be below zero.
fn signed(value: u16) -> isize {
    isize::try_from(value).unwrap_or(isize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::shell::ShellSize;

    fn screen() -> ShellScreen {
        let mut screen = ShellScreen::new(ShellSize::new(10, 3));
        let _ = screen.feed(b"one\r\ntwo\r\nthree\r\nfour\r\nabcdefghijklm\r\n$ ");
        screen
    }

    #[test]
    fn the_line_is_copied_where_nothing_is_selected() {
        let mut screen = screen();
        let mut copy = CopyMode::at_cell(&screen, 0, 2);
        copy.go(&mut screen, -4, 0);
        assert_eq!(copy.text(&mut screen), "one");
    }

    #[test]
    fn a_selection_reaches_into_the_scrollback_and_joins_lines_that_were_broken() {
        let mut screen = screen();
        let mut copy = CopyMode::at_cell(&screen, 2, 1);
        assert_eq!(copy.at, Place { row: 1, column: 2 });
        copy.mark = Some(copy.at);
        copy.go(&mut screen, -2, 1);
        assert!(screen.scrolled_back() > 0, "the place is shown");
        assert_eq!(copy.text(&mut screen), "hree\nfour\nabcdefghijklm");
        copy.go(&mut screen, 99, 0);
        assert_eq!(screen.scrolled_back(), 0);
        copy.go(&mut screen, -99, 0);
        assert_eq!(copy.at.row, -4);
    }

    #[test]
    fn cells_between_the_ends_are_covered() {
        let screen = screen();
        let mut copy = CopyMode::at_cell(&screen, 4, 0);
        copy.mark = Some(Place { row: 1, column: 1 });
        assert!(copy.covers(&screen, 4, 0) && copy.covers(&screen, 9, 0));
        assert!(copy.covers(&screen, 1, 1));
        assert!(!copy.covers(&screen, 3, 0) && !copy.covers(&screen, 2, 1));
    }
}
