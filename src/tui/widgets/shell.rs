//! Draws the emulated terminal of the shell pane, or says why there is none.
//!
//! The cells are copied one by one: colours and attributes are the program's
//! own, so the pane looks as the same shell does outside.

use ratatui::Frame;
use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::{Color, Modifier, Style};
use ratatui::text::Text;
use vt100::{Cell, Screen};

use super::wrap::wrap_text;
use crate::tui::copy::CopyMode;
use crate::tui::shell::ShellScreen;
use crate::tui::theme::Theme;

/// Draws the cells with the selection on them; the cursor is where it ends.
pub fn draw_copying(shell: &ShellScreen, copy: &CopyMode, frame: &mut Frame<'_>, area: Rect) {
    draw_cells(shell.screen(), frame.buffer_mut(), area);
    for position in area.positions() {
        let (column, row) = (position.x - area.x, position.y - area.y);
        if copy.covers(shell, column, row) {
            let cell = &mut frame.buffer_mut()[position];
            cell.modifier.toggle(Modifier::REVERSED);
        }
    }
    let back = isize::try_from(shell.scrolled_back()).unwrap_or(0);
    if let Ok(row) = u16::try_from(copy.at.row + back)
        && row < area.height
        && copy.at.column < area.width
    {
        frame.set_cursor_position((area.x + copy.at.column, area.y + row));
    }
}

/// Draws the cells; with the focus, the real cursor stands where the shell's is.
pub fn draw(screen: &ShellScreen, focused: bool, frame: &mut Frame<'_>, area: Rect) {
    let screen = screen.screen();
    draw_cells(screen, frame.buffer_mut(), area);
    if focused && !screen.hide_cursor() && screen.scrollback() == 0 {
        let (row, column) = screen.cursor_position();
        if row < area.height && column < area.width {
            frame.set_cursor_position((area.x + column, area.y + row));
        }
    }
}

fn draw_cells(screen: &Screen, buffer: &mut Buffer, area: Rect) {
    for row in 0..area.height {
        for column in 0..area.width {
            let Some(cell) = screen.cell(row, column) else {
                continue;
            };
            // A wide character at the edge of a narrower pane has no room.
            if cell.is_wide_continuation() || (cell.is_wide() && column + 1 == area.width) {
                continue;
            }
            let target = &mut buffer[(area.x + column, area.y + row)];
            if cell.has_contents() {
                target.set_symbol(cell.contents());
            }
            target.set_style(style(cell));
        }
    }
}

fn style(cell: &Cell) -> Style {
    let modifiers = [
        (cell.bold(), Modifier::BOLD),
        (cell.dim(), Modifier::DIM),
        (cell.italic(), Modifier::ITALIC),
        (cell.underline(), Modifier::UNDERLINED),
        (cell.inverse(), Modifier::REVERSED),
    ];
    let set = modifiers
        .into_iter()
        .filter(|(is_set, _)| *is_set)
        .fold(Modifier::empty(), |all, (_, modifier)| all | modifier);
    Style::new()
        .fg(colour(cell.fgcolor()))
        .bg(colour(cell.bgcolor()))
        .add_modifier(set)
}

fn colour(colour: vt100::Color) -> Color {
    match colour {
        vt100::Color::Default => Color::Reset,
        vt100::Color::Idx(index) => Color::Indexed(index),
        vt100::Color::Rgb(red, green, blue) => Color::Rgb(red, green, blue),
    }
}

/// Words in the place of a shell.
pub fn draw_words(words: &str, theme: &Theme, frame: &mut Frame<'_>, area: Rect) {
    let lines = wrap_text(words, theme.quiet, usize::from(area.width));
    frame.render_widget(Text::from(lines), area);
}
