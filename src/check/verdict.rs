//! What a check found: never an exit code, always what was expected, what was seen, where to look.

use std::time::Duration;

use serde::Serialize;
use similar::{ChangeTag, TextDiff};

/// The judgement of one check at one moment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Verdict {
    /// Id of the check.
    pub check: String,
    /// What it says must be true.
    pub says: String,
    pub outcome: Outcome,
    /// Empty where it holds.
    pub differences: Vec<Difference>,
    /// The author's words for the learner whom this check refuses.
    pub otherwise: Option<String>,
    /// Commands that show more.
    pub look: Vec<String>,
}

impl Verdict {
    pub fn holds(&self) -> bool {
        self.outcome == Outcome::Holds
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Outcome {
    /// It is true, and has been for as long as it must.
    Holds,
    /// It is true, but not yet for long enough.
    Holding {
        #[serde(serialize_with = "seconds")]
        so_far: Duration,
        #[serde(serialize_with = "seconds")]
        of: Duration,
    },
    /// It is not true now, and may still become so within this time.
    Waiting {
        #[serde(serialize_with = "seconds")]
        left: Duration,
    },
    /// It is not true.
    Fails,
    /// It could not be judged; the differences say why.
    Unknown,
}

fn seconds<S: serde::Serializer>(span: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(span.as_secs_f64())
}

/// One place where what was expected and what was seen differ.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// `status.readyReplicas`, `body`, `exit code`.
    pub field: String,
    pub expected: String,
    pub seen: String,
}

impl Difference {
    pub fn new(
        field: impl Into<String>,
        expected: impl Into<String>,
        seen: impl Into<String>,
    ) -> Self {
        Self {
            field: field.into(),
            expected: expected.into(),
            seen: seen.into(),
        }
    }

    /// Both sides fit on one line each: `expected x`, `seen y` says more than a diff.
    pub fn is_short(&self) -> bool {
        !self.expected.contains('\n') && !self.seen.contains('\n')
    }

    /// Line by line, for values of several lines.
    pub fn diff(&self) -> Vec<DiffLine> {
        TextDiff::from_lines(&self.expected, &self.seen)
            .iter_all_changes()
            .map(|change| DiffLine {
                sign: match change.tag() {
                    ChangeTag::Equal => ' ',
                    ChangeTag::Delete => '-',
                    ChangeTag::Insert => '+',
                },
                text: change.value().trim_end_matches('\n').to_owned(),
            })
            .collect()
    }
}

/// A line of a diff: `-` expected and missing, `+` seen and not expected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DiffLine {
    pub sign: char,
    pub text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_values_are_shown_line_by_line() {
        let difference = Difference::new("body", "a\nb\n", "a\nc\n");
        let lines: Vec<String> = difference
            .diff()
            .into_iter()
            .map(|line| format!("{}{}", line.sign, line.text))
            .collect();
        assert_eq!(lines, [" a", "-b", "+c"]);
        assert!(!difference.is_short());
    }
}
