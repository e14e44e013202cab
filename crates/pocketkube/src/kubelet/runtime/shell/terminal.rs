//! An interactive shell: prompt, echo, line editing, and commands run one by one.
//!
//! This is the line discipline and the little of readline that people use without thinking:
//! backspace, arrows, history, Ctrl-A/E/U/K/W/L/C/D. Completion and full-screen programs are not
//! here.

use super::state::Dialect;
use super::{Ended, Script, Shell};
use crate::kubelet::runtime::process::{Input, Output, Process, Signal};

/// Runs commands as they are typed until `exit`, Ctrl-D or the end of input.
pub async fn run(mut process: Process, mut shell: Shell) -> i32 {
    let mut keys = Keys::new(process.start.stdin.clone());
    let screen = process.start.stdout.clone();
    let mut history: Vec<String> = Vec::new();
    let mut last_code = 0;
    loop {
        let prompt = prompt(&process, &shell);
        let line = tokio::select! {
            biased;
            signal = process.signals.next() => match signal {
                Signal::Hangup | Signal::Kill => return signal.exit_code(),
                _ => continue,
            },
            line = read_line(&mut keys, &screen, &prompt, &history) => line,
        };
        let mut text = match line {
            Line::Entered(text) => text,
            Line::Interrupted => {
                last_code = 130;
                continue;
            }
            Line::EndOfInput => {
                screen.print("exit\n").await;
                return last_code;
            }
        };
        if text.trim().is_empty() {
            continue;
        }
        history.push(text.clone());
        loop {
            match run_line(&mut shell, &mut keys, &screen, &text, last_code).await {
                Outcome::Code(code) => {
                    last_code = code;
                    break;
                }
                Outcome::Exit(code) => return code,
                Outcome::Incomplete => match read_line(&mut keys, &screen, "> ", &[]).await {
                    Line::Entered(more) => {
                        text.push('\n');
                        text.push_str(&more);
                    }
                    Line::Interrupted | Line::EndOfInput => break,
                },
            }
        }
    }
}

enum Outcome {
    Code(i32),
    Exit(i32),
    Incomplete,
}

async fn run_line(
    shell: &mut Shell,
    keys: &mut Keys,
    screen: &Output,
    text: &str,
    last_code: i32,
) -> Outcome {
    shell.exit.take();
    let stage = format!("(exit {last_code})\n{text}");
    let script = Script {
        text: if last_code == 0 { text } else { &stage },
        ..Script::default()
    };
    let ended = tokio::select! {
        biased;
        ended = shell.execute(script) => ended,
        () = keys.interrupted() => {
            screen.print("^C\n").await;
            return Outcome::Code(130);
        }
    };
    match ended {
        Ended::Exited(code) => match shell.exit.take() {
            Some(code) => Outcome::Exit(code),
            None => Outcome::Code(code),
        },
        Ended::Syntax(message) if is_incomplete(&message) => Outcome::Incomplete,
        Ended::Syntax(message) => {
            screen.print(format!("sh: syntax error: {message}\n")).await;
            Outcome::Code(2)
        }
    }
}

/// Whether more lines may complete the command.
fn is_incomplete(message: &str) -> bool {
    let message = message.to_lowercase();
    [
        "unterminated",
        "unexpected end of",
        "unexpected eof",
        "expected 'fi'",
        "expected 'done'",
        "expected 'esac'",
        "expected '}'",
        "empty",
    ]
    .iter()
    .any(|sign| message.contains(sign))
}

fn prompt(process: &Process, shell: &Shell) -> String {
    let sign = if process.filesystem.credentials().is_root() {
        '#'
    } else {
        '$'
    };
    let directory = shell.bash.shell_state_view().cwd;
    let home = process.variable("HOME").unwrap_or("/root");
    let directory = directory.to_string_lossy();
    let shown = match directory.strip_prefix(home) {
        Some(rest) if home != "/" && (rest.is_empty() || rest.starts_with('/')) => {
            format!("~{rest}")
        }
        _ => directory.into_owned(),
    };
    match shell.state.dialect {
        Dialect::Busybox => format!("{shown} {sign} "),
        Dialect::Dash => format!("{sign} "),
        Dialect::Bash => {
            let user = if sign == '#' {
                "root"
            } else {
                "I have no name!"
            };
            let host = process.kernel.network.hostname();
            format!("{user}@{host}:{shown}{sign} ")
        }
    }
}

enum Line {
    Entered(String),
    Interrupted,
    EndOfInput,
}

/// A key that was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Key {
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
struct Keys {
    input: Input,
    waiting: Vec<u8>,
    ended: bool,
}

impl Keys {
    fn new(input: Input) -> Self {
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

    async fn next(&mut self) -> Option<Key> {
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
    async fn interrupted(&mut self) {
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
async fn read_line(keys: &mut Keys, screen: &Output, prompt: &str, history: &[String]) -> Line {
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
