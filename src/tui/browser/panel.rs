//! What lies over the list of the cluster pane: a page of an object, a menu, a
//! number to be typed, a program that edits. The topmost gets the keys.

use std::sync::Arc;

use super::words;
use crate::browse::{Deed, Document, Draft, Order, Page, Side, Template};
use crate::sandbox::Reference;
use crate::session::Control;
use crate::tui::shell::{ShellScreen, ShellSize};

/// Lines of a log that are kept.
const MOST_LINES: usize = 5_000;

/// One layer.
#[derive(Debug)]
pub enum Panel {
    /// A side of an object.
    Page(Box<PagePanel>),
    /// Something to choose.
    Menu(Menu),
    /// A number to type.
    Prompt(Prompt),
    /// A program with the pane to itself.
    Program(Box<Program>),
}

/// A side of an object.
#[derive(Debug)]
pub struct PagePanel {
    /// What is asked for.
    pub page: Page,
    /// What it shows, once it came.
    pub document: Option<Arc<Document>>,
    /// A log, as far as it came.
    pub lines: Vec<String>,
    /// How far it is scrolled.
    pub scroll: usize,
    /// It stays at its end while it grows.
    pub at_end: bool,
}

/// Something to choose.
#[derive(Debug)]
pub struct Menu {
    /// What it is about.
    pub title: String,
    /// A sentence before the choices.
    pub words: String,
    /// The choices.
    pub items: Vec<Item>,
    /// The one under the cursor.
    pub cursor: usize,
}

/// One choice.
#[derive(Debug, Clone)]
pub struct Item {
    /// A few words.
    pub label: String,
    /// More words.
    pub about: String,
    /// What it leads to.
    pub choice: Choice,
}

/// What a choice leads to.
#[derive(Debug, Clone)]
pub enum Choice {
    /// Something to be done to the cluster's clock or nodes.
    Control(Control),
    /// Something to be done to an object.
    Do(Deed),
    /// A new manifest.
    Begin(&'static Template),
    /// The log of a container.
    Log {
        /// Whose.
        container: Option<String>,
        /// Of the run before this one.
        previous: bool,
    },
    /// A shell in a container.
    Exec(String),
    /// Nothing.
    Nothing,
}

/// A number to type.
#[derive(Debug)]
pub struct Prompt {
    /// What it is about.
    pub of: Reference,
    /// What was typed.
    pub text: String,
}

/// A program with the pane to itself.
#[derive(Debug)]
pub struct Program {
    /// Tells its news from those of others.
    pub life: u64,
    /// What it shows.
    pub screen: ShellScreen,
    /// What it is.
    pub kind: ProgramKind,
}

/// What a program is.
#[derive(Debug)]
pub enum ProgramKind {
    /// The learner's editor on a file.
    Editor(Draft),
    /// A shell in a container of this Pod.
    Shell(Reference),
}

impl PagePanel {
    /// An empty page.
    pub fn new(page: Page) -> Self {
        Self {
            at_end: page.side == Side::Logs,
            page,
            document: None,
            lines: Vec::new(),
            scroll: 0,
        }
    }

    /// The page as it came; a log begins anew.
    pub fn hear(&mut self, document: Arc<Document>) {
        if self.page.side == Side::Logs {
            self.lines.clear();
        }
        self.document = Some(document);
    }

    /// More of a log; the oldest lines make room.
    pub fn grow(&mut self, lines: Vec<String>) {
        self.lines.extend(lines);
        let over = self.lines.len().saturating_sub(MOST_LINES);
        self.lines.drain(..over);
        self.scroll = self.scroll.saturating_sub(over);
    }

    /// The order that has it shown.
    pub fn order(&self) -> Order {
        Order::Show(self.page.clone())
    }
}

impl Menu {
    /// A menu with its first choice under the cursor.
    pub fn new(title: &str, words: &str, items: Vec<Item>) -> Self {
        Self {
            title: title.to_owned(),
            words: words.to_owned(),
            items,
            cursor: 0,
        }
    }

    /// Moves the cursor.
    pub fn step(&mut self, steps: isize) {
        let last = self.items.len().saturating_sub(1);
        self.cursor = self.cursor.saturating_add_signed(steps).min(last);
    }

    /// The choice under the cursor.
    pub fn chosen(&self) -> Option<&Choice> {
        self.items.get(self.cursor).map(|item| &item.choice)
    }
}

impl Item {
    /// A choice.
    pub fn new(label: impl Into<String>, about: impl Into<String>, choice: Choice) -> Self {
        Self {
            label: label.into(),
            about: about.into(),
            choice,
        }
    }
}

impl Program {
    /// A program that has just been ordered.
    pub fn new(life: u64, size: ShellSize, kind: ProgramKind) -> Self {
        Self {
            life,
            screen: ShellScreen::new(size),
            kind,
        }
    }

    /// What it is about, for the border.
    pub fn title(&self) -> String {
        match &self.kind {
            ProgramKind::Editor(draft) => {
                let name = draft.path.file_name().map(|name| name.to_string_lossy());
                words::editing(&name.unwrap_or_default())
            }
            ProgramKind::Shell(of) => words::shell_in(&of.short()),
        }
    }
}

impl Panel {
    /// The object it is about.
    pub fn of(&self) -> Option<&Reference> {
        match self {
            Self::Page(page) => Some(&page.page.of),
            Self::Prompt(prompt) => Some(&prompt.of),
            Self::Menu(_) | Self::Program(_) => None,
        }
    }
}
