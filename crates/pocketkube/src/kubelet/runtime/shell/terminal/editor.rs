//! Editing one line, with echo and history.

use super::keys::{Key, Keys};
use crate::kubelet::runtime::process::Output;

/// How a line was ended.
pub enum Line {
    Entered(String),
    Interrupted,
    EndOfInput,
}

/// A line being edited.
#[derive(Default)]
struct Editor {
    text: Vec<char>,
    cursor: usize,
}

impl Editor {
    fn set(&mut self, text: &str) {
        self.text = text.chars().collect();
        self.cursor = self.text.len();
    }

    fn apply(&mut self, key: Key) {
        match key {
            Key::Char(c) => {
                self.text.insert(self.cursor, c);
                self.cursor += 1;
            }
            Key::Backspace if self.cursor > 0 => {
                self.cursor -= 1;
                self.text.remove(self.cursor);
            }
            Key::Delete | Key::Control('d') if self.cursor < self.text.len() => {
                self.text.remove(self.cursor);
            }
            Key::Left | Key::Control('b') => self.cursor = self.cursor.saturating_sub(1),
            Key::Right | Key::Control('f') => self.cursor = (self.cursor + 1).min(self.text.len()),
            Key::Home | Key::Control('a') => self.cursor = 0,
            Key::End | Key::Control('e') => self.cursor = self.text.len(),
            Key::Control('u') => {
                self.text.drain(..self.cursor);
                self.cursor = 0;
            }
            Key::Control('k') => self.text.truncate(self.cursor),
            Key::Control('w') => {
                let before = &self.text[..self.cursor];
                let end = before
                    .iter()
                    .rposition(|c| *c != ' ')
                    .map_or(0, |at| at + 1);
                let start = before[..end]
                    .iter()
                    .rposition(|c| *c == ' ')
                    .map_or(0, |at| at + 1);
                self.text.drain(start..self.cursor);
                self.cursor = start;
            }
            _ => {}
        }
    }
}

/// Reads one line, echoing it as it is edited.
pub async fn read_line(keys: &mut Keys, screen: &Output, prompt: &str, history: &[String]) -> Line {
    let mut editor = Editor::default();
    let mut shown = history.len();
    screen.print(prompt).await;
    while let Some(key) = keys.next().await {
        let is_typed_at_end = matches!(key, Key::Char(_)) && editor.cursor == editor.text.len();
        match key {
            Key::Enter => {
                screen.print("\n").await;
                return Line::Entered(editor.text.iter().collect());
            }
            Key::Control('c') => {
                screen.print("^C\n").await;
                return Line::Interrupted;
            }
            Key::Control('d') if editor.text.is_empty() => return Line::EndOfInput,
            Key::Control('l') => screen.print("\x1b[H\x1b[2J").await,
            Key::Up if shown > 0 => {
                shown -= 1;
                editor.set(&history[shown]);
            }
            Key::Down if shown < history.len() => {
                shown += 1;
                editor.set(history.get(shown).map_or("", String::as_str));
            }
            key => editor.apply(key),
        }
        match key {
            Key::Char(c) if is_typed_at_end => screen.print(c.to_string()).await,
            _ => screen.print(redraw(prompt, &editor)).await,
        }
    }
    if editor.text.is_empty() {
        Line::EndOfInput
    } else {
        Line::Entered(editor.text.iter().collect())
    }
}

fn redraw(prompt: &str, editor: &Editor) -> String {
    let text: String = editor.text.iter().collect();
    let back = editor.text.len() - editor.cursor;
    let mut drawn = format!("\r{prompt}{text}\x1b[J");
    if back > 0 {
        drawn.push_str(&format!("\x1b[{back}D"));
    }
    drawn
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kubelet::runtime::process::Input;

    async fn edit(typed: &[u8], history: &[&str]) -> Option<String> {
        let input = Input::reader(std::io::Cursor::new(typed.to_vec()));
        let history: Vec<String> = history.iter().map(|line| (*line).to_owned()).collect();
        match read_line(&mut Keys::new(input), &Output::Null, "$ ", &history).await {
            Line::Entered(text) => Some(text),
            Line::Interrupted | Line::EndOfInput => None,
        }
    }

    #[tokio::test]
    async fn lines_are_edited_as_people_expect() {
        for (typed, expected) in [
            (&b"ls -l\r"[..], "ls -l"),
            (b"lz\x7fs\r", "ls"),
            (b"s\x1b[Dl\x1b[C -a\r", "ls -a"),
            (b"cat /etc/hosts\x17ls\r", "cat ls"),
            (b"nonsense\x15pwd\n", "pwd"),
            ("gr\u{fc}n\r".as_bytes(), "grün"),
            (b"\x1b[A\x1b[A\x1b[B\r", "second"),
        ] {
            let line = edit(typed, &["first", "second"]).await;
            assert_eq!(line.as_deref(), Some(expected));
        }
        assert_eq!(edit(b"\x04", &[]).await, None);
        assert_eq!(edit(b"half\x03", &[]).await, None);
    }
}
