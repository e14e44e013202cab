//! One key chord: how it is written in the table, compared and shown.

use std::fmt::Write as _;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::glyphs::Glyphs;

/// A key with its modifiers, in one normal form for table and keyboard.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Key {
    code: KeyCode,
    modifiers: KeyModifiers,
}

/// A character without modifiers; capitals are written as capitals.
pub const fn ch(character: char) -> Key {
    plain(KeyCode::Char(character))
}

/// Ctrl with a character.
pub const fn ctrl(character: char) -> Key {
    Key {
        code: KeyCode::Char(character),
        modifiers: KeyModifiers::CONTROL,
    }
}

/// Shift with a named key.
pub const fn shift(code: KeyCode) -> Key {
    Key {
        code,
        modifiers: KeyModifiers::SHIFT,
    }
}

/// Alt with a named key.
pub const fn alt(code: KeyCode) -> Key {
    Key {
        code,
        modifiers: KeyModifiers::ALT,
    }
}

/// A named key without modifiers.
pub const fn plain(code: KeyCode) -> Key {
    Key {
        code,
        modifiers: KeyModifiers::NONE,
    }
}

impl Key {
    /// The chord of a key press. Terminals disagree about Shift on characters
    /// and on back-tab, and the control characters above Ctrl-Z arrive as
    /// digits; here all of them come out one way.
    pub fn of(event: &KeyEvent) -> Self {
        let mut modifiers =
            event.modifiers & (KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SHIFT);
        let mut code = event.code;
        match code {
            KeyCode::Char(character) => {
                modifiers -= KeyModifiers::SHIFT;
                if modifiers == KeyModifiers::CONTROL {
                    code = KeyCode::Char(match character {
                        '5' => ']',
                        '4' => '\\',
                        other => other.to_ascii_lowercase(),
                    });
                }
            }
            KeyCode::BackTab => modifiers -= KeyModifiers::SHIFT,
            _ => {}
        }
        Self { code, modifiers }
    }

    /// As the footer and the help screen write it: `tab`, `ctrl-]`, `↑`.
    pub fn name(self, glyphs: &Glyphs) -> String {
        let mut name = String::new();
        if self.modifiers.contains(KeyModifiers::CONTROL) {
            name.push_str("ctrl-");
        }
        if self.modifiers.contains(KeyModifiers::ALT) {
            name.push_str("alt-");
        }
        if self.modifiers.contains(KeyModifiers::SHIFT) {
            name.push_str("shift-");
        }
        let [up, down, left, right] = glyphs.arrow_keys;
        match self.code {
            KeyCode::Char(' ') => name.push_str("space"),
            KeyCode::Char(character) => name.push(character),
            KeyCode::F(number) => {
                let _ = write!(name, "F{number}");
            }
            KeyCode::Up => name.push_str(up),
            KeyCode::Down => name.push_str(down),
            KeyCode::Left => name.push_str(left),
            KeyCode::Right => name.push_str(right),
            KeyCode::BackTab => name.push_str("shift-tab"),
            KeyCode::PageUp => name.push_str("pgup"),
            KeyCode::PageDown => name.push_str("pgdn"),
            KeyCode::Esc => name.push_str("esc"),
            other => name.push_str(&format!("{other:?}").to_ascii_lowercase()),
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tui::glyphs::UNICODE;

    #[test]
    fn a_control_bracket_is_recognised_however_the_terminal_reports_it() {
        let as_digit = KeyEvent::new(KeyCode::Char('5'), KeyModifiers::CONTROL);
        let as_bracket = KeyEvent::new(KeyCode::Char(']'), KeyModifiers::CONTROL);
        assert_eq!(Key::of(&as_digit), ctrl(']'));
        assert_eq!(Key::of(&as_bracket), ctrl(']'));
    }

    #[test]
    fn shift_on_a_character_is_part_of_the_character() {
        let question = KeyEvent::new(KeyCode::Char('?'), KeyModifiers::SHIFT);
        assert_eq!(Key::of(&question), ch('?'));
        let back = KeyEvent::new(KeyCode::BackTab, KeyModifiers::SHIFT);
        assert_eq!(Key::of(&back), plain(KeyCode::BackTab));
    }

    #[test]
    fn chords_read_like_people_write_them() {
        assert_eq!(ctrl(']').name(&UNICODE), "ctrl-]");
        assert_eq!(shift(KeyCode::PageUp).name(&UNICODE), "shift-pgup");
        assert_eq!(plain(KeyCode::Enter).name(&UNICODE), "enter");
        assert_eq!(plain(KeyCode::F(6)).name(&UNICODE), "F6");
    }
}
