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

    /// Reads a chord as people write it, and as [`Key::name`] writes it.
    ///
    /// # Errors
    /// Says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        let mut modifiers = KeyModifiers::NONE;
        let mut rest = text;
        while let Some((name, after)) = rest.split_once('-').filter(|(_, after)| !after.is_empty())
        {
            modifiers |= match name.to_ascii_lowercase().as_str() {
                "ctrl" | "control" => KeyModifiers::CONTROL,
                "alt" | "meta" => KeyModifiers::ALT,
                "shift" => KeyModifiers::SHIFT,
                _ => {
                    return Err(format!(
                        "{text:?} begins with no modifier: ctrl, alt or shift"
                    ));
                }
            };
            rest = after;
        }
        let event = KeyEvent::new(code_of(rest).ok_or_else(|| no_key(text))?, modifiers);
        if event.code == KeyCode::Tab && modifiers == KeyModifiers::SHIFT {
            return Ok(plain(KeyCode::BackTab));
        }
        Ok(Self::of(&event))
    }

    /// Whether the key writes a character where text is typed.
    pub fn is_text(self) -> bool {
        matches!(self.code, KeyCode::Char(_)) && self.modifiers.is_empty()
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

fn code_of(name: &str) -> Option<KeyCode> {
    let mut characters = name.chars();
    if let (Some(character), None) = (characters.next(), characters.next()) {
        return Some(KeyCode::Char(character));
    }
    let lower = name.to_ascii_lowercase();
    Some(match lower.as_str() {
        "space" => KeyCode::Char(' '),
        "up" => KeyCode::Up,
        "down" => KeyCode::Down,
        "left" => KeyCode::Left,
        "right" => KeyCode::Right,
        "enter" | "return" => KeyCode::Enter,
        "esc" | "escape" => KeyCode::Esc,
        "tab" => KeyCode::Tab,
        "home" => KeyCode::Home,
        "end" => KeyCode::End,
        "pgup" | "pageup" => KeyCode::PageUp,
        "pgdn" | "pagedown" => KeyCode::PageDown,
        "backspace" => KeyCode::Backspace,
        "delete" => KeyCode::Delete,
        "insert" => KeyCode::Insert,
        _ => match lower.strip_prefix('f')?.parse() {
            Ok(number @ 1..=24) => KeyCode::F(number),
            _ => return None,
        },
    })
}

fn no_key(text: &str) -> String {
    format!("{text:?} is no key; keys are written like a, ctrl-], alt-pgup, enter or f6")
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

    #[test]
    fn every_chord_of_the_table_can_be_written_in_the_settings() {
        for row in crate::tui::keymap::KEYMAP {
            for key in row.keys.iter() {
                let arrows = ["up", "down", "left", "right"];
                let name = key.name(&crate::tui::glyphs::Glyphs {
                    arrow_keys: arrows,
                    ..UNICODE
                });
                assert_eq!(Key::parse(&name), Ok(*key), "{name}");
            }
        }
    }

    #[test]
    fn what_is_no_key_is_refused_with_an_example() {
        for wrong in ["", "hyper-x", "f99", "entr"] {
            assert!(Key::parse(wrong).is_err(), "{wrong}");
        }
        assert_eq!(Key::parse("ctrl--"), Ok(ctrl('-')));
        assert_eq!(Key::parse("shift-tab"), Ok(plain(KeyCode::BackTab)));
    }
}
