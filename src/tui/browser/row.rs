//! One row of the cluster pane, and how wide the columns of many rows are.

use jiff::Timestamp;
use unicode_width::UnicodeWidthStr;

use crate::sandbox::{Health, Reference, ResourceView};
use crate::tui::theme::Grade;

/// A row, one line high.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The object that enter opens; the cursor skips rows without one.
    pub target: Option<Reference>,
    /// What it shows.
    pub body: Body,
}

/// What a row shows.
#[derive(Debug, Clone, PartialEq)]
pub enum Body {
    /// An object with its state.
    Object(ObjectRow),
    /// Why the object above is as it is.
    Detail {
        /// The branches before it.
        below: Branch,
        /// A sentence.
        text: String,
    },
    /// How much of a node is taken.
    Usage {
        /// The branches before it.
        below: Branch,
        /// One bar each.
        resources: Vec<ResourceView>,
    },
    /// Something that happened.
    Event(EventRow),
    /// The beginning of a part.
    Heading(String),
    /// A remark.
    Words(String),
    /// Nothing.
    Blank,
}

/// One object.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ObjectRow {
    /// The tree's branches before the name.
    pub branch: Branch,
    /// `deploy/web`, or the bare name of an owned Pod.
    pub name: String,
    /// How it does, if that can be judged.
    pub grade: Option<Grade>,
    /// The same in words.
    pub state: String,
    /// Short facts, the dispensable ones last.
    pub facts: Vec<String>,
}

/// Something that happened.
#[derive(Debug, Clone, PartialEq)]
pub struct EventRow {
    /// When, by the cluster's clock.
    pub at: Option<Timestamp>,
    /// Whether it is a warning.
    pub warning: bool,
    /// `BackOff`.
    pub reason: String,
    /// How often.
    pub count: i64,
    /// `pod/web-0`; empty where it is known.
    pub object: String,
    /// In a sentence.
    pub message: String,
}

/// The branches of a tree before a row, one two-column step each. The glyphs
/// are the theme's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Branch(pub Vec<Step>);

/// One step of the tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// To a child with others after it.
    Child,
    /// To the last child.
    Last,
    /// Past children that come later.
    Passing,
    /// Past nothing.
    Nothing,
}

impl Branch {
    /// Under a row whose children stand under `self`.
    pub fn child(&self, is_last: bool) -> (Self, Self) {
        let [step, rest] = match is_last {
            true => [Step::Last, Step::Nothing],
            false => [Step::Child, Step::Passing],
        };
        (self.with(step), self.with(rest))
    }

    /// One step further in.
    pub fn with(&self, step: Step) -> Self {
        let mut steps = self.0.clone();
        steps.push(step);
        Self(steps)
    }

    /// Its columns.
    pub fn width(&self) -> usize {
        2 * self.0.len()
    }
}

impl Row {
    /// A row that opens an object.
    pub fn object(target: Reference, row: ObjectRow) -> Self {
        Self {
            target: Some(target),
            body: Body::Object(row),
        }
    }

    /// A row that opens nothing.
    pub fn plain(body: Body) -> Self {
        Self { target: None, body }
    }

    /// How far in the tree it stands.
    pub fn depth(&self) -> usize {
        match &self.body {
            Body::Object(row) => row.branch.0.len(),
            Body::Detail { below, .. } | Body::Usage { below, .. } => below.0.len(),
            _ => 0,
        }
    }
}

/// The columns that the widest cells of a list want.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Widths {
    /// Branches and name.
    pub name: usize,
    /// The state.
    pub state: usize,
    /// An event's reason with its count.
    pub reason: usize,
}

impl Widths {
    /// Of these rows.
    pub fn of(rows: &[Row]) -> Self {
        let mut widths = Self::default();
        for row in rows {
            match &row.body {
                Body::Object(row) => {
                    let name = row.branch.width() + row.name.width();
                    widths.name = widths.name.max(name);
                    widths.state = widths.state.max(row.state.width());
                }
                Body::Event(event) => {
                    let count = match event.count {
                        ..2 => 0,
                        count => 4 + count.to_string().len(),
                    };
                    widths.reason = widths.reason.max(event.reason.width() + count);
                }
                _ => {}
            }
        }
        widths
    }
}

/// How a health is shown.
pub fn grade(health: Health) -> Grade {
    match health {
        Health::Good => Grade::Good,
        Health::Progressing | Health::Leaving => Grade::Moving,
        Health::Finished => Grade::Idle,
        Health::Bad => Grade::Bad,
    }
}
