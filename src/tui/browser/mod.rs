//! The cluster pane as data: which of its views is shown, what is selected,
//! what it is filtered by.
//!
//! `tabs` has one file and one row per view; each makes rows from the picture
//! of the cluster. The rows are kept until the picture, the view or the filter
//! changes, so that drawing looks at nothing but the rows on the screen.

mod filter;
pub mod menus;
pub mod panel;
mod row;
pub mod tabs;
pub mod words;

use std::sync::Arc;

use crate::sandbox::{ClusterView, Reference};
use crate::tui::keymap::Context;

pub use row::{Body, Branch, EventRow, ObjectRow, Row, Step, Widths};
pub use tabs::Tab;

use panel::Panel;

/// Programs are counted from here on, so that they are never taken for the shell.
pub const FIRST_PROGRAM: u64 = 1 << 32;

/// The state of the cluster pane.
#[derive(Debug, Default)]
pub struct Browser {
    /// The view shown.
    pub tab: Tab,
    /// Letters that rows must have.
    pub filter: String,
    /// The filter is being typed.
    pub typing: bool,
    /// The rows of the view.
    pub rows: Vec<Row>,
    /// The widest of each column.
    pub widths: Widths,
    /// The object under the cursor; the first one where nothing was chosen.
    pub chosen: Option<Reference>,
    /// The row under the cursor.
    pub cursor: usize,
    /// The first row on the screen.
    pub offset: usize,
    /// What lies over the list, the topmost last.
    pub panels: Vec<Panel>,
    /// Pages opened so far.
    pub pages: u64,
    /// Programs started so far.
    pub programs: u64,
    /// Whether the pane was zoomed before a panel was opened.
    pub zoomed_before: bool,
    /// What the rows were made from.
    pub made_from: Option<(Arc<ClusterView>, Tab, String)>,
}

impl Browser {
    /// As it is for another kata; what was counted goes on.
    pub fn anew(&self) -> Self {
        Self {
            pages: self.pages,
            programs: self.programs,
            ..Self::default()
        }
    }

    /// What keys mean in the pane.
    pub fn context(&self) -> Context {
        match self.panels.last() {
            Some(Panel::Page(_)) => Context::Panel,
            Some(Panel::Menu(_)) => Context::Menu,
            Some(Panel::Prompt(_)) => Context::Prompt,
            Some(Panel::Program(_)) => Context::Program,
            None if self.typing => Context::Filter,
            None => Context::Cluster,
        }
    }

    /// Makes the rows again if they are of another picture, view or filter.
    pub fn keep_in_step(&mut self, view: &Arc<ClusterView>) {
        let is_same = self.made_from.as_ref().is_some_and(|(made, tab, filter)| {
            Arc::ptr_eq(made, view) && *tab == self.tab && *filter == self.filter
        });
        if is_same {
            return;
        }
        let rows = self.tab.rows(view);
        self.rows = filter::keep(rows, &self.filter);
        self.widths = Widths::of(&self.rows);
        self.made_from = Some((Arc::clone(view), self.tab, self.filter.clone()));
        self.find_cursor();
    }

    /// The cursor stays on its object, wherever that is now; where it is gone,
    /// on what stands in its place.
    fn find_cursor(&mut self) {
        let Some(chosen) = &self.chosen else {
            self.cursor = self.first();
            return;
        };
        let is_chosen = |row: &Row| row.target.as_ref() == Some(chosen);
        // Events are many rows about one object: the same row is as good as any.
        if self.rows.get(self.cursor).is_some_and(is_chosen) {
            return;
        }
        match self.rows.iter().position(is_chosen) {
            Some(row) => self.cursor = row,
            None => self.cursor = self.nearest(self.cursor),
        }
    }

    fn first(&self) -> usize {
        let first = self.rows.iter().position(|row| row.target.is_some());
        first.unwrap_or_default()
    }

    /// The row at or before this one that can be chosen, else one after it.
    fn nearest(&self, row: usize) -> usize {
        let is_target = |row: &usize| self.rows.get(*row).is_some_and(|row| row.target.is_some());
        let row = row.min(self.rows.len().saturating_sub(1));
        (0..=row)
            .rev()
            .find(is_target)
            .or_else(|| (row..self.rows.len()).find(is_target))
            .unwrap_or_default()
    }

    /// What is under the cursor.
    pub fn selected(&self) -> Option<&Reference> {
        self.rows.get(self.cursor)?.target.as_ref()
    }

    /// Puts the cursor on a row, or the nearest that can be chosen.
    pub fn choose(&mut self, row: usize) {
        self.cursor = self.nearest(row);
        self.chosen = self.selected().cloned();
    }

    /// Moves the cursor over so many rows that can be chosen.
    pub fn step(&mut self, steps: isize) {
        let targets: Vec<usize> = (0..self.rows.len())
            .filter(|row| self.rows.get(*row).is_some_and(|row| row.target.is_some()))
            .collect();
        let at = targets.iter().position(|row| *row == self.cursor);
        let to = at.unwrap_or_default().saturating_add_signed(steps);
        if let Some(row) = targets.get(to.min(targets.len().saturating_sub(1))) {
            self.choose(*row);
        }
    }

    /// Shows another view from its beginning; the chosen object stays chosen.
    pub fn show(&mut self, tab: Tab) {
        if self.tab != tab {
            self.tab = tab;
            self.offset = 0;
            self.cursor = 0;
        }
    }

    /// The first row on the screen so that the cursor is seen, `height` rows
    /// at a time.
    pub fn window(&self, height: usize) -> usize {
        let last = self.rows.len().saturating_sub(height);
        // The row above the first that can be chosen is worth seeing too.
        let top = if self.cursor <= self.first() {
            0
        } else {
            self.cursor
        };
        let bottom = (self.cursor + 1).saturating_sub(height);
        self.offset.min(top).max(bottom).min(last)
    }

    /// Scrolls without choosing; the cursor comes along at the edges.
    pub fn scroll(&mut self, rows: isize, height: usize) {
        let last = self.rows.len().saturating_sub(height);
        self.offset = self.window(height).saturating_add_signed(rows).min(last);
        let end = self.offset + height.saturating_sub(1);
        if self.cursor < self.offset || self.cursor > end {
            let inside = self.cursor.clamp(self.offset, end);
            let is_target = |row: &usize| {
                let row = self.rows.get(*row);
                row.is_some_and(|row| row.target.is_some())
            };
            let seen = if rows > 0 {
                (inside..=end).find(is_target)
            } else {
                (self.offset..=inside).rev().find(is_target)
            };
            if let Some(row) = seen {
                self.choose(row);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::PodView;

    fn view(names: &[&str]) -> Arc<ClusterView> {
        let pods = names.iter().map(|name| PodView {
            namespace: "harbor".to_owned(),
            name: (*name).to_owned(),
            status: "Running".to_owned(),
            ..PodView::default()
        });
        Arc::new(ClusterView {
            namespaces: vec!["harbor".to_owned()],
            pods: pods.collect(),
            ..ClusterView::default()
        })
    }

    fn name(browser: &Browser) -> &str {
        browser.selected().map_or("", |chosen| chosen.name.as_str())
    }

    #[test]
    fn the_cursor_stays_on_its_object_while_others_come_and_go() {
        let mut browser = Browser::default();
        browser.keep_in_step(&view(&["b", "d"]));
        assert_eq!(name(&browser), "b");
        browser.step(1);
        assert_eq!(name(&browser), "d");
        browser.keep_in_step(&view(&["a", "b", "c", "d"]));
        assert_eq!(name(&browser), "d");
        browser.keep_in_step(&view(&["a", "b"]));
        assert_eq!(name(&browser), "b");
        browser.keep_in_step(&view(&[]));
        assert_eq!(browser.selected(), None);
    }

    #[test]
    fn the_window_follows_the_cursor_and_the_wheel_takes_it_along() {
        let names: Vec<String> = (0..100).map(|number| format!("pod-{number:02}")).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        let mut browser = Browser::default();
        browser.keep_in_step(&view(&names));
        browser.step(30);
        assert_eq!(browser.window(10), 21);
        browser.offset = browser.window(10);
        browser.step(-3);
        assert_eq!(browser.window(10), 21);
        browser.scroll(40, 10);
        assert_eq!((browser.window(10), name(&browser)), (61, "pod-61"));
        browser.scroll(-100, 10);
        assert_eq!((browser.window(10), name(&browser)), (0, "pod-09"));
    }

    #[test]
    fn a_filter_keeps_the_rows_that_have_its_letters() {
        let mut browser = Browser {
            filter: "WEB".to_owned(),
            ..Browser::default()
        };
        browser.keep_in_step(&view(&["db", "web-1", "web-2"]));
        assert_eq!(browser.rows.len(), 2);
        assert_eq!(name(&browser), "web-1");
    }
}
