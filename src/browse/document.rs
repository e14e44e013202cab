//! A text about the cluster, free of columns and colours: whoever shows it decides about those.

/// Parts from top to bottom.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Document {
    pub parts: Vec<Part>,
}

/// How something is meant; a word or a glyph beside it says the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Tone {
    #[default]
    Plain,
    Quiet,
    Good,
    Warn,
    Bad,
}

/// A piece of a document.
#[derive(Debug, Clone, PartialEq)]
pub enum Part {
    Heading(String),
    Words(Tone, String),
    /// A name and what it is; neighbours share their columns.
    Field {
        name: String,
        value: String,
        tone: Tone,
        /// How far it is indented.
        depth: usize,
    },
    Table {
        head: Vec<String>,
        rows: Vec<Vec<Cell>>,
    },
    Code {
        language: &'static str,
        text: String,
    },
    /// Lines of a diff: `-` expected and missing, `+` seen and not expected.
    Diff(Vec<(char, String)>),
    /// What a program said.
    Log(Vec<String>),
    Gap,
}

/// A cell of a table.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cell {
    pub text: String,
    pub tone: Tone,
}

impl Cell {
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            tone: Tone::Plain,
        }
    }

    pub fn toned(tone: Tone, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            tone,
        }
    }
}

impl Document {
    pub fn of(parts: Vec<Part>) -> Self {
        Self { parts }
    }

    /// A document that says one thing.
    pub fn words(tone: Tone, words: impl Into<String>) -> Self {
        Self::of(vec![Part::Words(tone, words.into())])
    }

    /// As plain text, for tests and for those who copy it.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for part in &self.parts {
            part.write(&mut text);
            text.push('\n');
        }
        text
    }
}

impl Part {
    pub fn heading(words: impl Into<String>) -> Self {
        Self::Heading(words.into())
    }

    pub fn words(tone: Tone, words: impl Into<String>) -> Self {
        Self::Words(tone, words.into())
    }

    pub fn field(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self::toned(Tone::Plain, name, value)
    }

    pub fn toned(tone: Tone, name: impl Into<String>, value: impl Into<String>) -> Self {
        Self::Field {
            name: name.into(),
            value: value.into(),
            tone,
            depth: 0,
        }
    }

    fn write(&self, text: &mut String) {
        match self {
            Self::Heading(words) | Self::Words(_, words) => text.push_str(words),
            Self::Field { name, value, .. } => text.push_str(&format!("{name}: {value}")),
            Self::Table { head, rows } => {
                text.push_str(&head.join(" | "));
                for row in rows {
                    let cells: Vec<&str> = row.iter().map(|cell| cell.text.as_str()).collect();
                    text.push('\n');
                    text.push_str(&cells.join(" | "));
                }
            }
            Self::Code { text: code, .. } => text.push_str(code),
            Self::Diff(lines) => {
                let lines: Vec<String> = lines
                    .iter()
                    .map(|(sign, line)| format!("{sign}{line}"))
                    .collect();
                text.push_str(&lines.join("\n"));
            }
            Self::Log(lines) => text.push_str(&lines.join("\n")),
            Self::Gap => {}
        }
    }
}
