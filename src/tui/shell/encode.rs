//! What a terminal sends for a key, a mouse report or pasted text.
//!
//! Follows xterm's control sequences: the modes that the program inside has
//! switched on (application cursor keys, bracketed paste, mouse protocols)
//! decide about the form.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use vt100::{MouseProtocolEncoding, MouseProtocolMode, Screen};

/// The bytes of a key press; empty for keys that terminals do not send.
pub fn key_bytes(event: &KeyEvent, screen: &Screen) -> Vec<u8> {
    let modifiers = event.modifiers;
    match event.code {
        KeyCode::Char(character) => character_bytes(character, modifiers),
        KeyCode::Enter => with_alt(modifiers, b"\r"),
        KeyCode::Tab => with_alt(modifiers, b"\t"),
        KeyCode::BackTab => b"\x1b[Z".to_vec(),
        KeyCode::Backspace if modifiers.contains(KeyModifiers::CONTROL) => {
            with_alt(modifiers, b"\x08")
        }
        KeyCode::Backspace => with_alt(modifiers, b"\x7f"),
        KeyCode::Esc => with_alt(modifiers, b"\x1b"),
        KeyCode::Up => cursor_key(b'A', modifiers, screen),
        KeyCode::Down => cursor_key(b'B', modifiers, screen),
        KeyCode::Right => cursor_key(b'C', modifiers, screen),
        KeyCode::Left => cursor_key(b'D', modifiers, screen),
        KeyCode::Home => cursor_key(b'H', modifiers, screen),
        KeyCode::End => cursor_key(b'F', modifiers, screen),
        KeyCode::Insert => tilde_key(2, modifiers),
        KeyCode::Delete => tilde_key(3, modifiers),
        KeyCode::PageUp => tilde_key(5, modifiers),
        KeyCode::PageDown => tilde_key(6, modifiers),
        KeyCode::F(number) => function_key(number, modifiers),
        _ => Vec::new(),
    }
}

fn character_bytes(character: char, modifiers: KeyModifiers) -> Vec<u8> {
    let mut buffer = [0; 4];
    let control = modifiers
        .contains(KeyModifiers::CONTROL)
        .then(|| control_byte(character))
        .flatten();
    match control {
        Some(byte) => with_alt(modifiers, &[byte]),
        None => with_alt(modifiers, character.encode_utf8(&mut buffer).as_bytes()),
    }
}

/// Ctrl with a character, as the ASCII table has it; 2 to 8 stand for the
/// control characters that have no letter, as on a VT220.
fn control_byte(character: char) -> Option<u8> {
    match character.to_ascii_uppercase() {
        letter @ '@'..='_' => Some(letter as u8 & 0x1f),
        ' ' | '2' => Some(0x00),
        '3' => Some(0x1b),
        '4' => Some(0x1c),
        '5' => Some(0x1d),
        '6' => Some(0x1e),
        '7' | '/' => Some(0x1f),
        '8' | '?' => Some(0x7f),
        _ => None,
    }
}

fn with_alt(modifiers: KeyModifiers, bytes: &[u8]) -> Vec<u8> {
    let mut result = Vec::with_capacity(bytes.len() + 1);
    if modifiers.contains(KeyModifiers::ALT) {
        result.push(0x1b);
    }
    result.extend_from_slice(bytes);
    result
}

/// xterm's number for a set of modifiers; 1 means none.
fn modifier_number(modifiers: KeyModifiers) -> u8 {
    1 + u8::from(modifiers.contains(KeyModifiers::SHIFT))
        + 2 * u8::from(modifiers.contains(KeyModifiers::ALT))
        + 4 * u8::from(modifiers.contains(KeyModifiers::CONTROL))
}

fn cursor_key(letter: u8, modifiers: KeyModifiers, screen: &Screen) -> Vec<u8> {
    match modifier_number(modifiers) {
        1 if screen.application_cursor() => vec![0x1b, b'O', letter],
        1 => vec![0x1b, b'[', letter],
        number => format!("\x1b[1;{number}{}", letter as char).into_bytes(),
    }
}

fn tilde_key(code: u8, modifiers: KeyModifiers) -> Vec<u8> {
    match modifier_number(modifiers) {
        1 => format!("\x1b[{code}~").into_bytes(),
        number => format!("\x1b[{code};{number}~").into_bytes(),
    }
}

fn function_key(number: u8, modifiers: KeyModifiers) -> Vec<u8> {
    let modifier = modifier_number(modifiers);
    match number {
        1..=4 => {
            let letter = (b'P' + number - 1) as char;
            match modifier {
                1 => format!("\x1bO{letter}").into_bytes(),
                _ => format!("\x1b[1;{modifier}{letter}").into_bytes(),
            }
        }
        5 => tilde_key(15, modifiers),
        6..=10 => tilde_key(11 + number, modifiers),
        11..=14 => tilde_key(12 + number, modifiers),
        15..=16 => tilde_key(13 + number, modifiers),
        17..=20 => tilde_key(14 + number, modifiers),
        _ => Vec::new(),
    }
}

/// Pasted text. Programs that asked for it get it bracketed, so that a shell
/// does not run the lines one by one; the closing bracket cannot be smuggled in.
pub fn paste_bytes(text: &str, screen: &Screen) -> Vec<u8> {
    let typed = text.replace("\r\n", "\r").replace('\n', "\r");
    if !screen.bracketed_paste() {
        return typed.into_bytes();
    }
    let clean = typed.replace("\x1b[201~", "").replace("\x1b[200~", "");
    format!("\x1b[200~{clean}\x1b[201~").into_bytes()
}

/// A mouse report at `column`, `row` of the pane, in the form the program
/// asked for; `None` when it did not ask.
pub fn mouse_bytes(event: &MouseEvent, column: u16, row: u16, screen: &Screen) -> Option<Vec<u8>> {
    let mode = screen.mouse_protocol_mode();
    let (mut button, released) = match event.kind {
        MouseEventKind::Down(button) => (button_number(button), false),
        MouseEventKind::Up(_) if mode == MouseProtocolMode::Press => return None,
        MouseEventKind::Up(button) => (button_number(button), true),
        MouseEventKind::Drag(button)
            if matches!(
                mode,
                MouseProtocolMode::ButtonMotion | MouseProtocolMode::AnyMotion
            ) =>
        {
            (button_number(button) + 32, false)
        }
        MouseEventKind::Moved if mode == MouseProtocolMode::AnyMotion => (35, false),
        MouseEventKind::ScrollUp => (64, false),
        MouseEventKind::ScrollDown => (65, false),
        _ => return None,
    };
    if mode == MouseProtocolMode::None {
        return None;
    }
    button += 4 * u16::from(event.modifiers.contains(KeyModifiers::SHIFT))
        + 8 * u16::from(event.modifiers.contains(KeyModifiers::ALT))
        + 16 * u16::from(event.modifiers.contains(KeyModifiers::CONTROL));
    let (column, row) = (column + 1, row + 1);
    Some(match screen.mouse_protocol_encoding() {
        MouseProtocolEncoding::Sgr => {
            let end = if released { 'm' } else { 'M' };
            format!("\x1b[<{button};{column};{row}{end}").into_bytes()
        }
        MouseProtocolEncoding::Default | MouseProtocolEncoding::Utf8 => {
            // The old form has one byte each and no button on release.
            let button = if released { 3 } else { button };
            let byte = |value: u16| u8::try_from(value + 32).unwrap_or(255);
            vec![0x1b, b'[', b'M', byte(button), byte(column), byte(row)]
        }
    })
}

fn button_number(button: MouseButton) -> u16 {
    match button {
        MouseButton::Left => 0,
        MouseButton::Middle => 1,
        MouseButton::Right => 2,
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use super::*;

    fn screen_after(output: &[u8]) -> vt100::Parser {
        let mut parser = vt100::Parser::new(
            NonZeroU16::new(10).unwrap(),
            NonZeroU16::new(40).unwrap(),
            0,
        );
        parser.process(output);
        parser
    }

    fn typed(code: KeyCode, modifiers: KeyModifiers) -> Vec<u8> {
        key_bytes(&KeyEvent::new(code, modifiers), screen_after(b"").screen())
    }

    #[test]
    fn letters_control_and_alt_are_sent_as_terminals_send_them() {
        assert_eq!(
            typed(KeyCode::Char('é'), KeyModifiers::NONE),
            "é".as_bytes()
        );
        assert_eq!(typed(KeyCode::Char('c'), KeyModifiers::CONTROL), [3]);
        assert_eq!(typed(KeyCode::Char(' '), KeyModifiers::CONTROL), [0]);
        assert_eq!(typed(KeyCode::Char('b'), KeyModifiers::ALT), b"\x1bb");
        assert_eq!(typed(KeyCode::Char('7'), KeyModifiers::CONTROL), [0x1f]);
        assert_eq!(typed(KeyCode::Backspace, KeyModifiers::NONE), [0x7f]);
    }

    #[test]
    fn arrows_follow_the_mode_of_the_program_inside() {
        let up = KeyEvent::new(KeyCode::Up, KeyModifiers::NONE);
        assert_eq!(key_bytes(&up, screen_after(b"").screen()), b"\x1b[A");
        assert_eq!(
            key_bytes(&up, screen_after(b"\x1b[?1h").screen()),
            b"\x1bOA"
        );
        assert_eq!(typed(KeyCode::Left, KeyModifiers::CONTROL), b"\x1b[1;5D");
    }

    #[test]
    fn function_keys_have_their_gaps() {
        assert_eq!(typed(KeyCode::F(1), KeyModifiers::NONE), b"\x1bOP");
        assert_eq!(typed(KeyCode::F(5), KeyModifiers::NONE), b"\x1b[15~");
        assert_eq!(typed(KeyCode::F(10), KeyModifiers::NONE), b"\x1b[21~");
        assert_eq!(typed(KeyCode::F(12), KeyModifiers::NONE), b"\x1b[24~");
    }

    #[test]
    fn pasted_text_cannot_end_its_own_brackets() {
        let parser = screen_after(b"\x1b[?2004h");
        let bytes = paste_bytes("a\nb\x1b[201~rm", parser.screen());
        assert_eq!(bytes, b"\x1b[200~a\rbrm\x1b[201~");
        assert_eq!(paste_bytes("a\r\nb", screen_after(b"").screen()), b"a\rb");
    }

    #[test]
    fn the_mouse_is_reported_only_to_programs_that_asked() {
        let press = MouseEvent {
            kind: MouseEventKind::Down(MouseButton::Left),
            column: 9,
            row: 9,
            modifiers: KeyModifiers::NONE,
        };
        assert_eq!(mouse_bytes(&press, 2, 3, screen_after(b"").screen()), None);
        let parser = screen_after(b"\x1b[?1000h\x1b[?1006h");
        assert_eq!(
            mouse_bytes(&press, 2, 3, parser.screen()).as_deref(),
            Some(b"\x1b[<0;3;4M".as_slice())
        );
    }
}
