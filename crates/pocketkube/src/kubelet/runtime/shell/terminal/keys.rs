//! Keys out of the bytes a terminal sends.

use crate::kubelet::runtime::process::Input;

/// A key that was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Char(char),
    Enter,
    Backspace,
    Delete,
    Left,
    Right,
    Up,
    Down,
    Home,
    End,
    /// Ctrl and a letter.
    Control(char),
    Other,
}

/// Typed bytes, decoded.
pub struct Keys {
    input: Input,
    waiting: Vec<u8>,
    ended: bool,
}

impl Keys {
    pub fn new(input: Input) -> Self {
        Self {
            input,
            waiting: Vec::new(),
            ended: false,
        }
    }

    async fn fill(&mut self) -> bool {
        if self.ended {
            return false;
        }
        match self.input.read().await {
            Some(bytes) => {
                self.waiting.extend_from_slice(&bytes);
                true
            }
            None => {
                self.ended = true;
                false
            }
        }
    }

    pub async fn next(&mut self) -> Option<Key> {
        loop {
            if let Some((key, length)) = decode(&self.waiting) {
                self.waiting.drain(..length);
                return Some(key);
            }
            if !self.fill().await {
                let rest = std::mem::take(&mut self.waiting);
                return (!rest.is_empty()).then_some(Key::Other);
            }
        }
    }

    /// Waits for Ctrl-C; what else is typed is kept for the next line.
    pub async fn interrupted(&mut self) {
        let mut seen = self.waiting.len();
        loop {
            if let Some(at) = self.waiting[seen..].iter().position(|byte| *byte == 3) {
                self.waiting.drain(..=seen + at);
                return;
            }
            seen = self.waiting.len();
            if !self.fill().await {
                std::future::pending::<()>().await;
            }
        }
    }
}

/// The first key in `bytes` and its length; `None` if more bytes are needed.
fn decode(bytes: &[u8]) -> Option<(Key, usize)> {
    let first = *bytes.first()?;
    match first {
        b'\r' | b'\n' => {
            // Some clients send both.
            let length = if bytes.starts_with(b"\r\n") { 2 } else { 1 };
            Some((Key::Enter, length))
        }
        0x7f | 0x08 => Some((Key::Backspace, 1)),
        0x1b => decode_escape(bytes),
        0x01..=0x1a => Some((Key::Control(char::from(first - 1 + b'a')), 1)),
        byte if byte < 0x20 => Some((Key::Other, 1)),
        byte => {
            let length = match byte {
                0xf0.. => 4,
                0xe0.. => 3,
                0xc0.. => 2,
                _ => 1,
            };
            let text = bytes.get(..length)?;
            let key = std::str::from_utf8(text)
                .ok()
                .and_then(|t| t.chars().next());
            Some((key.map_or(Key::Other, Key::Char), length))
        }
    }
}

fn decode_escape(bytes: &[u8]) -> Option<(Key, usize)> {
    match bytes.get(1)? {
        b'[' | b'O' => {}
        _ => return Some((Key::Other, 2)),
    }
    let end = bytes[2..]
        .iter()
        .position(|byte| (0x40..=0x7e).contains(byte))?
        + 2;
    let key = match (&bytes[2..end], bytes[end]) {
        (_, b'A') => Key::Up,
        (_, b'B') => Key::Down,
        (_, b'C') => Key::Right,
        (_, b'D') => Key::Left,
        (_, b'H') | (b"1" | b"7", b'~') => Key::Home,
        (_, b'F') | (b"4" | b"8", b'~') => Key::End,
        (b"3", b'~') => Key::Delete,
        _ => Key::Other,
    };
    Some((key, end + 1))
}
