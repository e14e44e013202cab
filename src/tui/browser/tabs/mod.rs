//! The views of the cluster pane: one file and one row each.

mod events;
mod nodes;
mod objects;
mod services;

use super::row::Row;
use crate::sandbox::ClusterView;

/// A view, by its place in the list.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tab(usize);

/// A row of the list.
struct Kind {
    name: &'static str,
    rows: fn(&ClusterView) -> Vec<Row>,
}

const TABS: [Kind; 4] = [
    Kind {
        name: "objects",
        rows: objects::rows,
    },
    Kind {
        name: "nodes",
        rows: nodes::rows,
    },
    Kind {
        name: "services",
        rows: services::rows,
    },
    Kind {
        name: "events",
        rows: events::rows,
    },
];

impl Tab {
    /// All of them, in their order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..TABS.len()).map(Self)
    }

    /// One word.
    pub fn name(self) -> &'static str {
        TABS.get(self.0).map_or("", |kind| kind.name)
    }

    /// The one after it; the first after the last.
    pub fn next(self) -> Self {
        Self((self.0 + 1) % TABS.len())
    }

    /// The one before it.
    pub fn previous(self) -> Self {
        Self((self.0 + TABS.len() - 1) % TABS.len())
    }

    /// Its rows of a picture.
    pub fn rows(self, view: &ClusterView) -> Vec<Row> {
        TABS.get(self.0)
            .map_or_else(Vec::new, |kind| (kind.rows)(view))
    }
}
