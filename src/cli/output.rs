//! How lines look: few colours, a glyph and a word together, plain where that is wanted.

use std::io::{IsTerminal, Write};

use anyhow::Result;

use super::Misuse;
use crate::session::TaskStatus;

/// Decided once for the whole run.
#[derive(Debug, Clone, Copy)]
pub struct Output {
    color: bool,
    ascii: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    Plain,
    Strong,
    Dim,
    Good,
    Bad,
    Accent,
}

impl Output {
    /// Colours need a terminal, and are off with `--no-color`, `NO_COLOR` or `TERM=dumb`.
    pub fn new(no_color: bool, ascii: bool) -> Self {
        let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self {
            color: !no_color && !unwanted && !dumb && std::io::stdout().is_terminal(),
            ascii,
        }
    }

    pub fn paint(&self, tone: Tone, text: &str) -> String {
        let code = match tone {
            Tone::Plain => "",
            Tone::Strong => "1",
            Tone::Dim => "2",
            Tone::Good => "32",
            Tone::Bad => "31",
            Tone::Accent => "36",
        };
        if !self.color || code.is_empty() {
            return text.to_owned();
        }
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    }

    /// One of two glyphs.
    pub fn glyph(&self, symbol: &'static str, ascii: &'static str) -> &'static str {
        if self.ascii { ascii } else { symbol }
    }

    pub fn good(&self, word: &str) -> String {
        self.paint(Tone::Good, &format!("{} {word}", self.glyph("✓", "+")))
    }

    pub fn bad(&self, word: &str) -> String {
        self.paint(Tone::Bad, &format!("{} {word}", self.glyph("✗", "x")))
    }

    pub fn open(&self, word: &str) -> String {
        format!("{} {word}", self.glyph("○", "o"))
    }

    pub fn partial(&self, word: &str) -> String {
        self.paint(Tone::Accent, &format!("{} {word}", self.glyph("…", "~")))
    }

    /// Glyph and word of a task, padded so that texts stand below each other.
    pub fn task(&self, status: TaskStatus) -> String {
        match status {
            TaskStatus::Done => self.good("done  "),
            TaskStatus::Open => self.open("open  "),
            TaskStatus::Partial { done, of } => self.partial(&format!("{done} of {of}")),
        }
    }

    /// Course text (markdown) for a terminal: headings stand out, everything else stays.
    pub fn prose(&self, markdown: &str) -> String {
        let line = |line: &str| match line.strip_prefix('#') {
            Some(heading) => self.paint(Tone::Strong, heading.trim_start_matches('#').trim()),
            None => line.to_owned(),
        };
        let lines: Vec<String> = markdown.trim_end().lines().map(line).collect();
        lines.join("\n")
    }
}

/// `6 min`, `1 h 12 min`, `40 s`.
pub fn span(seconds: u64) -> String {
    match seconds {
        0..60 => format!("{seconds} s"),
        60..3600 => format!("{} min", seconds / 60),
        _ => format!("{} h {} min", seconds / 3600, seconds % 3600 / 60),
    }
}

/// `1 hint`, `3 hints`.
pub fn counted(count: usize, word: &str) -> String {
    match count {
        1 => format!("1 {word}"),
        _ => format!("{count} {word}s"),
    }
}

/// Every line of `text` behind `prefix`; the first behind `first`.
pub fn hanging(first: &str, text: &str) -> String {
    let indent = " ".repeat(unicode_width::UnicodeWidthStr::width(first));
    let lines: Vec<String> = text
        .trim_end()
        .lines()
        .enumerate()
        .map(|(index, line)| match index {
            0 => format!("{first}{line}"),
            _ => format!("{indent}{line}"),
        })
        .collect();
    lines.join("\n")
}

/// Asks at the terminal. Where there is none, `--yes` has to say it.
pub fn confirmed(question: &str) -> Result<bool> {
    if !std::io::stdin().is_terminal() {
        let message = format!("{question} Say so with --yes");
        return Err(Misuse(message).into());
    }
    eprint!("{question} [y/N] ");
    std::io::stderr().flush()?;
    let mut answer = String::new();
    std::io::stdin().read_line(&mut answer)?;
    Ok(["y", "yes"].contains(&answer.trim().to_lowercase().as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_said_in_the_unit_that_fits() {
        assert_eq!(
            [span(5), span(400), span(4500)],
            ["5 s", "6 min", "1 h 15 min"]
        );
    }

    #[test]
    fn ascii_output_has_no_other_characters() {
        let out = Output {
            color: false,
            ascii: true,
        };
        let lines = [
            out.task(TaskStatus::Done),
            out.task(TaskStatus::Open),
            out.task(TaskStatus::Partial { done: 1, of: 2 }),
            out.bad("no"),
        ];
        assert!(lines.iter().all(|line| line.is_ascii()), "{lines:?}");
    }

    #[test]
    fn later_lines_hang_below_the_first() {
        assert_eq!(hanging("look  ", "a\nb\n"), "look  a\n      b");
    }
}
