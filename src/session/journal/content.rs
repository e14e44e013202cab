//! What a journal file says, line by line, and how files of earlier formats are read.
//!
//! Format 1 knew neither the seed of an attempt nor exams; its attempts were all drawn from the
//! seed in the first line.

use serde::{Deserialize, Serialize};

use super::super::progress::{Entry, Progress};

/// The format that is written.
pub(super) const FORMAT: u32 = 2;

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    format: u32,
    seed: u64,
}

/// Everything that could be read of a file.
pub(super) struct Content {
    /// The learner's own seed; of a damaged first line, the one that the first attempt had.
    pub(super) seed: Option<u64>,
    /// The format that the first line says, where it can be read.
    pub(super) format: Option<u32>,
    pub(super) entries: Vec<Entry>,
    pub(super) damaged: usize,
}

impl Content {
    pub(super) fn of(text: &str) -> Self {
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let mut content = Self {
            seed: None,
            format: None,
            entries: Vec::new(),
            damaged: 0,
        };
        let mut lines = text[..whole].lines();
        let header = lines.next().unwrap_or_default();
        match serde_json::from_str::<Header>(header) {
            Ok(header) => {
                content.format = Some(header.format);
                content.seed = Some(header.seed);
            }
            Err(_) => content.damaged += 1,
        }
        if content.is_newer() {
            return content;
        }
        for line in lines {
            match serde_json::from_str(line) {
                Ok(entry) => content.entries.push(entry),
                Err(_) => content.damaged += 1,
            }
        }
        content.migrate();
        content
    }

    /// A later version of the program wrote it.
    pub(super) fn is_newer(&self) -> bool {
        self.format.is_some_and(|format| format > FORMAT)
    }

    /// It is to be written anew in this format.
    pub(super) fn is_older(&self) -> bool {
        self.format.is_some_and(|format| format < FORMAT)
    }

    /// Brings what was read to the newest format, one step after the other.
    fn migrate(&mut self) {
        if self.format == Some(1) {
            let own = self.seed;
            for entry in &mut self.entries {
                if let Entry::Started { seed, .. } = entry {
                    *seed = seed.or(own);
                }
            }
        }
        let taken = self.entries.iter().rev().find_map(|entry| match entry {
            Entry::SeedTaken { seed } => Some(*seed),
            _ => None,
        });
        let of_first_attempt = || {
            self.entries.iter().find_map(|entry| match entry {
                Entry::Started { seed, .. } => *seed,
                _ => None,
            })
        };
        self.seed = taken.or(self.seed).or_else(of_first_attempt);
    }

    pub(super) fn progress(&self) -> Progress {
        let mut progress = Progress::default();
        for entry in &self.entries {
            progress.apply(entry);
        }
        progress
    }

    /// The same as a file of the newest format.
    pub(super) fn to_text(&self, seed: u64) -> serde_json::Result<String> {
        let mut text = header_line(seed)?;
        for entry in &self.entries {
            text.push_str(&serde_json::to_string(entry)?);
            text.push('\n');
        }
        Ok(text)
    }
}

pub(super) fn header_line(seed: u64) -> serde_json::Result<String> {
    let header = Header {
        format: FORMAT,
        seed,
    };
    Ok(serde_json::to_string(&header)? + "\n")
}
