//! The learner's progress on disk: a journal that a crash cannot spoil.
//!
//! One line of JSON per entry, each written whole and synced. The first line says the format and
//! the learner's seed. A last line without its end is what a crash left and is passed over; a file
//! with damaged lines is set aside and everything readable in it is kept.

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use super::progress::{Entry, Progress};
use crate::sandbox::write_private;

/// The only format there is.
const FORMAT: u32 = 1;

#[derive(Debug, Serialize, Deserialize)]
struct Header {
    format: u32,
    seed: u64,
}

/// The journal of one data folder. Several processes may append to it.
#[derive(Debug, Clone)]
pub struct Journal {
    path: PathBuf,
}

/// What a journal held when it was opened.
#[derive(Debug, Clone)]
pub struct Opened {
    pub journal: Journal,
    pub seed: u64,
    pub progress: Progress,
    /// What the learner should know: a damaged file that was set aside.
    pub warning: Option<String>,
}

impl Journal {
    /// Opens the journal at `path`, or begins one with a new seed.
    pub fn open(path: &Path) -> Result<Opened> {
        let journal = Self {
            path: path.to_owned(),
        };
        let text = match std::fs::read(path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        if text.is_empty() {
            return journal.begin();
        }
        let read = Content::of(&text);
        if let Some(format) = read.newer {
            bail!(
                "{} has format {format}; this program knows format {FORMAT}: use a newer kubekata",
                path.display()
            );
        }
        let warning = match read.damaged {
            0 => None,
            lines => Some(journal.set_aside(&read, lines)?),
        };
        Ok(Opened {
            seed: read.seed.unwrap_or_else(new_seed),
            progress: read.progress(),
            journal,
            warning,
        })
    }

    fn begin(self) -> Result<Opened> {
        let seed = new_seed();
        write_private(&self.path, &header_line(seed)?)?;
        Ok(Opened {
            journal: self,
            seed,
            progress: Progress::default(),
            warning: None,
        })
    }

    /// Adds an entry; it is on disk when this returns.
    pub fn append(&self, entry: &Entry) -> Result<()> {
        let append = || -> Result<()> {
            let mut file = OpenOptions::new()
                .read(true)
                .append(true)
                .open(&self.path)?;
            file.lock()?;
            let mut line = String::new();
            if !ends_whole(&mut file)? {
                // What a crash left unfinished becomes a damaged line of its own.
                line.push('\n');
            }
            line.push_str(&serde_json::to_string(entry)?);
            line.push('\n');
            file.write_all(line.as_bytes())?;
            file.sync_data()?;
            Ok(())
        };
        append().with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// Keeps the damaged file under another name, and what could be read in its place.
    fn set_aside(&self, read: &Content, lines: usize) -> Result<String> {
        let aside = unused(&self.path);
        std::fs::copy(&self.path, &aside)?;
        let mut text = header_line(read.seed.unwrap_or_else(new_seed))?;
        for entry in &read.entries {
            text.push_str(&serde_json::to_string(entry)?);
            text.push('\n');
        }
        write_private(&self.path, &text)?;
        Ok(format!(
            "the progress file had {lines} damaged line(s); it was set aside as {} and {} entries were kept",
            aside.display(),
            read.entries.len()
        ))
    }
}

struct Content {
    seed: Option<u64>,
    newer: Option<u32>,
    entries: Vec<Entry>,
    damaged: usize,
}

impl Content {
    fn of(text: &str) -> Self {
        let mut content = Self {
            seed: None,
            newer: None,
            entries: Vec::new(),
            damaged: 0,
        };
        let whole = text.rfind('\n').map_or("", |end| &text[..end]);
        for (index, line) in whole.lines().enumerate() {
            if index == 0 {
                match serde_json::from_str::<Header>(line) {
                    Ok(header) if header.format == FORMAT => content.seed = Some(header.seed),
                    Ok(header) => content.newer = Some(header.format),
                    Err(_) => content.damaged += 1,
                }
                continue;
            }
            match serde_json::from_str(line) {
                Ok(entry) => content.entries.push(entry),
                Err(_) => content.damaged += 1,
            }
        }
        if content.seed.is_none() && content.newer.is_none() && content.damaged == 0 {
            content.damaged = 1;
        }
        content
    }

    fn progress(&self) -> Progress {
        let mut progress = Progress::default();
        for entry in &self.entries {
            progress.apply(entry);
        }
        progress
    }
}

fn header_line(seed: u64) -> Result<String> {
    let header = Header {
        format: FORMAT,
        seed,
    };
    Ok(format!("{}\n", serde_json::to_string(&header)?))
}

/// Small enough to be typed after `--seed`.
fn new_seed() -> u64 {
    rand::random_range(1..1_000_000)
}

fn ends_whole(file: &mut File) -> std::io::Result<bool> {
    if file.seek(SeekFrom::End(0))? == 0 {
        return Ok(true);
    }
    file.seek(SeekFrom::End(-1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    Ok(last == *b"\n")
}

fn unused(path: &Path) -> PathBuf {
    (1..)
        .map(|number| path.with_extension(format!("damaged-{number}")))
        .find(|path| !path.exists())
        .unwrap_or_else(|| path.with_extension("damaged"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::KataId;
    use jiff::Timestamp;

    fn entry(kata: &str) -> Entry {
        Entry::Started {
            kata: KataId::new(kata),
            at: Timestamp::UNIX_EPOCH,
        }
    }

    fn open(folder: &Path) -> Opened {
        Journal::open(&folder.join("progress.jsonl")).expect("it opens")
    }

    #[test]
    fn what_was_written_is_there_after_reopening() {
        let folder = tempfile::tempdir().expect("a folder");
        let first = open(folder.path());
        first.journal.append(&entry("pods/a")).expect("it writes");
        first.journal.append(&entry("pods/b")).expect("it writes");
        let again = open(folder.path());
        assert_eq!(again.seed, first.seed);
        assert_eq!(again.progress.katas.len(), 2);
        assert_eq!(again.warning, None);
    }

    #[test]
    fn a_line_that_a_crash_cut_short_is_passed_over() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("progress.jsonl");
        let first = open(folder.path());
        first.journal.append(&entry("pods/a")).expect("it writes");
        let mut text = std::fs::read_to_string(&path).expect("it reads");
        text.push_str("{\"what\":\"star");
        std::fs::write(&path, &text).expect("it writes");
        let again = open(folder.path());
        assert_eq!((again.progress.katas.len(), &again.warning), (1, &None));
        again.journal.append(&entry("pods/b")).expect("it writes");
        let last = open(folder.path());
        assert_eq!(last.progress.katas.len(), 2);
    }

    #[test]
    fn a_damaged_file_is_set_aside_and_the_rest_of_it_kept() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("progress.jsonl");
        let first = open(folder.path());
        first.journal.append(&entry("pods/a")).expect("it writes");
        let text = std::fs::read_to_string(&path).expect("it reads");
        std::fs::write(&path, text + "garbage\n").expect("it writes");
        first.journal.append(&entry("pods/b")).expect("it writes");
        let again = open(folder.path());
        assert!(
            again
                .warning
                .is_some_and(|text| text.contains("1 damaged line"))
        );
        assert_eq!(again.progress.katas.len(), 2);
        assert!(folder.path().join("progress.damaged-1").exists());
        assert_eq!(open(folder.path()).warning, None);
    }

    #[test]
    fn a_newer_format_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("progress.jsonl");
        std::fs::write(&path, "{\"format\":2,\"seed\":1}\n").expect("it writes");
        let error = Journal::open(&path).expect_err("it is refused");
        assert!(error.to_string().contains("format 2"), "{error}");
    }
}
