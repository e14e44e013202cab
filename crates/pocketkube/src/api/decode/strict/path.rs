//! Where in a body the walk is.

/// `spec.containers[0]`, grown and cut back as the walk goes.
#[derive(Default)]
pub(super) struct StrictPath(String);

impl StrictPath {
    /// Returns what to [`truncate`](Self::truncate) to afterwards.
    pub(super) fn push_key(&mut self, key: &str) -> usize {
        let before = self.0.len();
        if before > 0 {
            self.0.push('.');
        }
        self.0.push_str(key);
        before
    }

    pub(super) fn push_index(&mut self, index: usize) -> usize {
        use std::fmt::Write;
        let before = self.0.len();
        let _ = write!(self.0, "[{index}]");
        before
    }

    pub(super) fn truncate(&mut self, before: usize) {
        self.0.truncate(before);
    }

    pub(super) fn with(&self, field: &str) -> String {
        if self.0.is_empty() {
            return field.to_owned();
        }
        format!("{}.{field}", self.0)
    }
}
