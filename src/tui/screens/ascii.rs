//! With `--ascii` no other character leaves the program, wherever it came from:
//! course texts and the cluster's words are flattened after drawing. What the
//! learner's own shell prints is left alone.

use ratatui::buffer::Buffer;
use ratatui::layout::{Position, Rect};

/// Replaces what is not ASCII everywhere but in `except`.
pub(super) fn flatten(buffer: &mut Buffer, except: Rect) {
    let area = buffer.area;
    for position in area.positions() {
        if except.contains(Position::new(position.x, position.y)) {
            continue;
        }
        let cell = &mut buffer[position];
        if !cell.symbol().is_ascii() {
            let plain = plain(cell.symbol());
            cell.set_symbol(plain);
        }
    }
}

/// The nearest ASCII character.
fn plain(symbol: &str) -> &'static str {
    match symbol {
        "→" | "▸" | "›" | "»" => ">",
        "←" | "◂" | "‹" | "«" => "<",
        "↑" => "^",
        "↓" => "v",
        "×" => "x",
        "…" => "~",
        "–" | "—" | "−" | "‑" | "─" => "-",
        "│" => "|",
        "·" => "-",
        "•" | "●" => "*",
        "‘" | "’" => "'",
        "“" | "”" | "„" => "\"",
        "≤" => "<",
        "≥" => ">",
        "✓" => "+",
        "✗" => "x",
        "\u{a0}" => " ",
        _ => "?",
    }
}
