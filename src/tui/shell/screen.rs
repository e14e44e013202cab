//! What the shell shows: an emulated terminal with scrollback. No I/O: bytes
//! go in with [`ShellScreen::feed`], and what the emulated terminal answers to
//! queries comes back from the same call.

use std::num::NonZeroU16;

use vt100::{Callbacks, Parser, Screen};

/// Lines kept above the screen.
const SCROLLBACK: usize = 5_000;
/// No shell is told of fewer rows.
const FEWEST_ROWS: NonZeroU16 = NonZeroU16::MIN.saturating_add(1);
/// No shell is told of fewer columns.
const FEWEST_COLUMNS: NonZeroU16 = NonZeroU16::MIN.saturating_add(7);

/// Columns and rows of the pane's inside, at least what a shell can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShellSize {
    rows: NonZeroU16,
    columns: NonZeroU16,
}

impl ShellSize {
    /// Shells misbehave on less than 8×2, so it never gets smaller.
    pub fn new(columns: u16, rows: u16) -> Self {
        let at_least = |value: u16, least: NonZeroU16| match NonZeroU16::new(value) {
            Some(value) => value.max(least),
            None => least,
        };
        Self {
            rows: at_least(rows, FEWEST_ROWS),
            columns: at_least(columns, FEWEST_COLUMNS),
        }
    }

    /// Rows.
    pub fn rows(self) -> u16 {
        self.rows.get()
    }

    /// Columns.
    pub fn columns(self) -> u16 {
        self.columns.get()
    }
}

/// The emulated terminal.
pub struct ShellScreen {
    parser: Parser<Answers>,
}

impl ShellScreen {
    /// An empty screen.
    pub fn new(size: ShellSize) -> Self {
        Self {
            parser: Parser::new_with_callbacks(
                size.rows,
                size.columns,
                SCROLLBACK,
                Answers::default(),
            ),
        }
    }

    /// Shows what the shell wrote; returns what the terminal answers, to be
    /// sent back to the shell (empty unless a program asked something).
    #[must_use]
    pub fn feed(&mut self, bytes: &[u8]) -> Vec<u8> {
        self.parser.process(bytes);
        std::mem::take(&mut self.parser.callbacks_mut().pending)
    }

    /// The cells, the cursor and the modes.
    pub fn screen(&self) -> &Screen {
        self.parser.screen()
    }

    /// Its size.
    pub fn size(&self) -> ShellSize {
        let (rows, columns) = self.screen().size();
        ShellSize { rows, columns }
    }

    /// Gives the screen another size; what no longer fits above the prompt
    /// moves into the scrollback.
    pub fn resize(&mut self, size: ShellSize) {
        self.parser.screen_mut().set_size(size.rows, size.columns);
    }

    /// Scrolls `rows` back (positive) or forward (negative) in the output.
    pub fn scroll(&mut self, rows: isize) {
        let offset = self.screen().scrollback().saturating_add_signed(rows);
        self.parser.screen_mut().set_scrollback(offset);
    }

    /// Back to the newest output.
    pub fn scroll_to_end(&mut self) {
        self.parser.screen_mut().set_scrollback(0);
    }

    /// Rows kept above the newest screen.
    pub fn history(&self) -> usize {
        self.screen().scrollback_len()
    }

    /// The text of a row from one column to before another, counted from the top
    /// of the newest screen (negative: from the scrollback), and whether the
    /// line goes on in the next row. What is shown stays as it is.
    pub fn line(&mut self, row: isize, begin: u16, end: u16) -> (String, bool) {
        let shown = self.scrolled_back();
        let back = usize::try_from(-row).unwrap_or(0);
        self.parser.screen_mut().set_scrollback(back);
        let back = isize::try_from(self.scrolled_back()).unwrap_or(0);
        let at = u16::try_from(row + back).unwrap_or(u16::MAX);
        let text = self.screen().contents_between(at, begin, at, end);
        let goes_on = self.screen().row_wrapped(at);
        self.parser.screen_mut().set_scrollback(shown);
        (text, goes_on)
    }

    /// Rows between what is shown and the newest output.
    pub fn scrolled_back(&self) -> usize {
        self.screen().scrollback()
    }
}

impl std::fmt::Debug for ShellScreen {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ShellScreen")
            .field("size", &self.size())
            .finish_non_exhaustive()
    }
}

/// Answers the queries that shells and editors wait for: without them fish
/// starts two seconds late and vim guesses.
#[derive(Default)]
struct Answers {
    pending: Vec<u8>,
}

impl Callbacks for Answers {
    fn unhandled_csi(
        &mut self,
        screen: &mut Screen,
        first: Option<u8>,
        _second: Option<u8>,
        parameters: &[&[u16]],
        command: char,
    ) {
        let parameter = parameters
            .first()
            .and_then(|values| values.first())
            .copied()
            .unwrap_or(0);
        match (first, command, parameter) {
            // Primary device attributes: a VT220 with ANSI colour.
            (None, 'c', 0) => self.pending.extend_from_slice(b"\x1b[?62;22c"),
            // Secondary device attributes.
            (Some(b'>'), 'c', 0) => self.pending.extend_from_slice(b"\x1b[>1;10;0c"),
            // Status: ready.
            (None, 'n', 5) => self.pending.extend_from_slice(b"\x1b[0n"),
            // Where is the cursor?
            (None, 'n', 6) => {
                let (row, column) = screen.cursor_position();
                self.pending
                    .extend_from_slice(format!("\x1b[{};{}R", row + 1, column + 1).as_bytes());
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn lines(screen: &ShellScreen) -> Vec<String> {
        let columns = screen.size().columns();
        screen.screen().rows(0, columns).collect()
    }

    #[test]
    fn a_smaller_pane_keeps_the_prompt_and_moves_the_rest_into_the_scrollback() {
        let mut screen = ShellScreen::new(ShellSize::new(20, 5));
        let _ = screen.feed(b"one\r\ntwo\r\nthree\r\nfour\r\n$ ");
        screen.resize(ShellSize::new(20, 2));
        assert_eq!(lines(&screen), ["four", "$ "]);
        assert_eq!(screen.screen().cursor_position(), (1, 2));
        screen.scroll(3);
        assert_eq!(lines(&screen), ["one", "two"]);
    }

    #[test]
    fn programs_that_ask_for_the_cursor_get_an_answer() {
        let mut screen = ShellScreen::new(ShellSize::new(20, 5));
        assert_eq!(screen.feed(b"ab\x1b[6n"), b"\x1b[1;3R");
        assert_eq!(screen.feed(b"\x1b[c"), b"\x1b[?62;22c");
        assert!(screen.feed(b"plain").is_empty());
    }

    proptest! {
        #[test]
        fn no_output_and_no_resize_panics(
            chunks in proptest::collection::vec(
                (proptest::collection::vec(any::<u8>(), 0..64), 0u16..40, 0u16..12, -9isize..9),
                0..24,
            )
        ) {
            let mut screen = ShellScreen::new(ShellSize::new(30, 8));
            for (bytes, columns, rows, scroll) in chunks {
                let _ = screen.feed(&bytes);
                screen.resize(ShellSize::new(columns, rows));
                let _ = screen.feed("wide 漢字\u{1b}[999C漢\r\n".as_bytes());
                screen.scroll(scroll);
            }
        }
    }
}
