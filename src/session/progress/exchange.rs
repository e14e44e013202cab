//! The file that carries progress to another computer: JSON that a person can read.
//!
//! Reading it back names the file, the line and the field of the first mistake, and takes over
//! nothing of a file that has one.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::Progress;
use crate::course::KataId;

/// What the file says it is.
const KIND: &str = "kubekata progress";

/// The formats that are read; the last one is written.
const FORMATS: std::ops::RangeInclusive<u32> = 2..=2;

/// A learner's whole progress, as it is in the file.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Exchange {
    kind: String,
    format: u32,
    /// The version of the program that wrote it.
    version: String,
    exported: Timestamp,
    /// The learner's own seed.
    pub seed: u64,
    pub progress: Progress,
}

/// Why a file is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{file}:{line}: {field}{message}")]
pub struct ExchangeError {
    file: String,
    line: usize,
    /// With a colon behind it, or nothing where the whole file is meant.
    field: String,
    message: String,
}

impl Exchange {
    pub fn new(seed: u64, progress: Progress, now: Timestamp) -> Self {
        Self {
            kind: KIND.to_owned(),
            format: *FORMATS.end(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            exported: now,
            seed,
            progress,
        }
    }

    pub fn to_text(&self) -> serde_json::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }

    /// Reads what [`to_text`](Self::to_text) wrote; `file` is for the error.
    pub fn read(file: &str, text: &str) -> Result<Self, ExchangeError> {
        // What it is comes first: a newer file is no mistake in a field.
        let error = |line, field: &str, message: String| ExchangeError {
            file: file.to_owned(),
            line,
            field: match field {
                "" | "." => String::new(),
                field => format!("{field}: "),
            },
            message,
        };
        if let Ok(head) = serde_json::from_str::<Head>(text) {
            if head.kind.as_deref() != Some(KIND) {
                let message =
                    format!("this is not a file of `kubekata progress export` ({KIND:?})");
                return Err(error(line_of(text, "\"kind\""), "kind", message));
            }
            let format = head.format.unwrap_or_default();
            if !FORMATS.contains(&format) {
                let message = format!(
                    "format {format} is not known here (up to {}): use a newer kubekata",
                    FORMATS.end()
                );
                return Err(error(line_of(text, "\"format\""), "format", message));
            }
        }
        let mut reader = serde_json::Deserializer::from_str(text);
        let read: Self = serde_path_to_error::deserialize(&mut reader).map_err(|problem| {
            let field = problem.path().to_string();
            let inner = problem.into_inner();
            let said = inner.to_string();
            // The place is said in front.
            let message = said.split(" at line ").next().unwrap_or_default();
            error(inner.line(), &field, message.to_owned())
        })?;
        if let Err(problem) = reader.end() {
            let message = "something stands behind the end".to_owned();
            return Err(error(problem.line(), "", message));
        }
        read.agree().map_err(|(kata, field, message)| {
            let field = format!("progress.katas.{kata}{field}");
            error(
                line_of(text, &format!("\"{kata}\"")),
                &field,
                message.to_owned(),
            )
        })?;
        Ok(read)
    }

    /// What no type can say: a kata that was solved was begun, and ids are ids.
    fn agree(&self) -> Result<(), (&KataId, &'static str, &'static str)> {
        for (id, kata) in &self.progress.katas {
            if id.track().is_empty() || id.slug().is_empty() {
                return Err((id, "", "a kata is named track/slug"));
            }
            if kata.attempt.number == 0 && kata.attempt.started.is_some() {
                return Err((id, ".attempt.number", "attempts count from 1"));
            }
            if kata.attempt.number == 0 && !kata.solved.is_empty() {
                let message = "a kata that was solved was begun";
                return Err((id, ".attempt.number", message));
            }
        }
        Ok(())
    }
}

/// Enough of any version of the file to know it.
#[derive(Deserialize)]
struct Head {
    kind: Option<String>,
    format: Option<u32>,
}

fn line_of(text: &str, words: &str) -> usize {
    let found = text.lines().position(|line| line.contains(words));
    found.map_or(1, |index| index + 1)
}
