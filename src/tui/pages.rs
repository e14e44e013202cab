//! Pages that lie over whatever the learner was doing and go away again: the
//! settings, the statistics, the tour, how to get kubectl, the links of a text.

use super::keymap::Context;

/// The page on top.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Page {
    /// The settings; which row is selected.
    Settings {
        /// Index of the row.
        selected: usize,
    },
    /// How far the learner has come.
    Statistics {
        /// How far it is scrolled.
        scroll: usize,
    },
    /// How to install kubectl.
    Kubectl {
        /// How far it is scrolled.
        scroll: usize,
    },
    /// The two-minute tour.
    Tour(Tour),
    /// Addresses that a text names.
    Links {
        /// The addresses.
        links: Vec<String>,
        /// Index of the selected one.
        selected: usize,
    },
}

/// How far the learner is in the tour.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tour {
    /// Index of the step.
    pub step: usize,
    /// How far it is scrolled.
    pub scroll: usize,
    /// The pane that has the focus in the picture of the panes.
    pub focus: usize,
    /// The focus was moved at least once.
    pub tried: bool,
}

impl Page {
    /// What the keys mean on it.
    pub fn context(&self) -> Context {
        match self {
            Self::Settings { .. } => Context::Settings,
            Self::Statistics { .. } | Self::Kubectl { .. } => Context::Page,
            Self::Tour(_) => Context::Tour,
            Self::Links { .. } => Context::Links,
        }
    }
}
