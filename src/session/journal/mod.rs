//! The learner's progress on disk: a journal that a crash cannot spoil.
//!
//! One line of JSON per entry, each written whole and synced. The first line says the format and
//! the learner's seed. A last line without its end is what a crash left and is passed over; a file
//! with damaged lines is set aside and everything readable in it is kept; a file of an earlier
//! format is kept beside the one that it becomes.
//!
//! Several programs may write at once: they take turns by the lock on a file of its own (the
//! journal itself is sometimes replaced), and each reads what the others have added.

mod content;

#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions};
use std::io::{Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use self::content::{Content, FORMAT, header_line};
use super::progress::{Entry, Progress};
use crate::sandbox::write_private;

/// The journal of one data folder, as one program sees it.
#[derive(Debug)]
pub struct Journal {
    path: PathBuf,
    /// Everything before this byte is known to this program.
    known: u64,
    /// Tells this file from one that took its place.
    file: Option<FileId>,
}

/// What a journal held when it was opened.
#[derive(Debug)]
pub struct Opened {
    pub journal: Journal,
    pub seed: u64,
    pub progress: Progress,
    /// What the learner should know: a damaged file that was set aside, an older one taken over.
    pub warning: Option<String>,
}

impl Journal {
    /// Opens the journal at `path`, or begins one with a new seed.
    pub fn open(path: &Path) -> Result<Opened> {
        let mut journal = Self {
            path: path.to_owned(),
            known: 0,
            file: None,
        };
        let _turn = journal.lock()?;
        let text = match std::fs::read(path) {
            Ok(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", path.display()));
            }
        };
        let (seed, progress, warning) = match text.is_empty() {
            true => {
                let seed = new_seed();
                write_private(path, &header_line(seed)?)?;
                (seed, Progress::default(), None)
            }
            false => journal.take_over(&Content::of(&text))?,
        };
        journal.all_is_known()?;
        Ok(Opened {
            journal,
            seed,
            progress,
            warning,
        })
    }

    fn take_over(&self, read: &Content) -> Result<(u64, Progress, Option<String>)> {
        if read.is_newer() {
            bail!(
                "{} has format {}; this program knows formats up to {FORMAT}: use a newer kubekata",
                self.path.display(),
                read.format.unwrap_or_default(),
            );
        }
        let seed = read.seed.unwrap_or_else(new_seed);
        let warning = match read.damaged {
            0 if read.is_older() => {
                let aside = self.keep(&format!("format-{}", read.format.unwrap_or_default()))?;
                write_private(&self.path, &read.to_text(seed)?)?;
                tracing::info!(kept = %aside.display(), "the journal was brought to format {FORMAT}");
                None
            }
            0 => None,
            lines => {
                let aside = self.keep("damaged")?;
                write_private(&self.path, &read.to_text(seed)?)?;
                Some(format!(
                    "the progress file had {lines} damaged line(s); it was set aside as {} and \
                     {} entries were kept",
                    aside.display(),
                    read.entries.len()
                ))
            }
        };
        Ok((seed, read.progress(), warning))
    }

    /// Adds an entry; it is on disk when this returns. Answers what other programs have added
    /// since this one looked last.
    pub fn append(&mut self, entry: &Entry) -> Result<Vec<Entry>> {
        self.append_all(std::slice::from_ref(entry))
    }

    /// Adds entries that belong together: all of them are on disk when this returns.
    pub fn append_all(&mut self, entries: &[Entry]) -> Result<Vec<Entry>> {
        let context = format!("cannot write {}", self.path.display());
        let mut append = || -> Result<Vec<Entry>> {
            let _turn = self.lock()?;
            let news = self.unknown()?;
            let mut file = OpenOptions::new()
                .read(true)
                .append(true)
                .open(&self.path)?;
            // Nobody else writes now: what is not whole is what a crash left.
            let whole = whole_length(&mut file)?;
            file.set_len(whole)?;
            let mut lines = String::new();
            for entry in entries {
                lines.push_str(&serde_json::to_string(entry)?);
                lines.push('\n');
            }
            file.write_all(lines.as_bytes())?;
            file.sync_data()?;
            self.all_is_known()?;
            Ok(news)
        };
        append().context(context)
    }

    /// What other programs have added since this one looked last.
    pub fn news(&mut self) -> Result<Vec<Entry>> {
        let meta = std::fs::metadata(&self.path);
        let as_known =
            meta.is_ok_and(|meta| meta.len() == self.known && FileId::of(&meta) == self.file);
        if as_known {
            return Ok(Vec::new());
        }
        let _turn = self.lock()?;
        let news = self.unknown()?;
        self.all_is_known()?;
        Ok(news)
    }

    /// Reads from where this program's knowledge ends. A file that took the place of the known one
    /// holds the same entries, and news of it cannot be told from them: it says nothing.
    fn unknown(&self) -> Result<Vec<Entry>> {
        let mut file = File::open(&self.path)?;
        if FileId::of(&file.metadata()?) != self.file {
            return Ok(Vec::new());
        }
        file.seek(SeekFrom::Start(self.known))?;
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let entries = text.lines().map(serde_json::from_str::<Entry>);
        Ok(entries.filter_map(Result::ok).collect())
    }

    fn all_is_known(&mut self) -> Result<()> {
        let mut file = File::open(&self.path)?;
        self.known = whole_length(&mut file)?;
        self.file = FileId::of(&file.metadata()?);
        Ok(())
    }

    /// One program at a time reads and writes.
    fn lock(&self) -> Result<File> {
        let path = self.path.with_extension("lock");
        let lock = || -> std::io::Result<File> {
            let file = OpenOptions::new()
                .create(true)
                .truncate(false)
                .write(true)
                .open(&path)?;
            file.lock()?;
            Ok(file)
        };
        lock().with_context(|| format!("cannot lock {}", path.display()))
    }

    /// Keeps a copy of the file as it is now.
    fn keep(&self, name: &str) -> Result<PathBuf> {
        let aside = unused(&self.path, name);
        std::fs::copy(&self.path, &aside)
            .with_context(|| format!("cannot keep {}", aside.display()))?;
        Ok(aside)
    }
}

/// Which file it is, where the system tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct FileId(u64);

impl FileId {
    #[cfg(unix)]
    fn of(meta: &std::fs::Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt;
        Some(Self(meta.ino()))
    }

    #[cfg(not(unix))]
    fn of(_: &std::fs::Metadata) -> Option<Self> {
        None
    }
}

/// Small enough to be typed after `--seed`.
pub fn new_seed() -> u64 {
    rand::random_range(1..1_000_000)
}

/// Where the last whole line ends.
fn whole_length(file: &mut File) -> std::io::Result<u64> {
    let length = file.seek(SeekFrom::End(0))?;
    if length == 0 {
        return Ok(0);
    }
    file.seek(SeekFrom::Start(length - 1))?;
    let mut last = [0];
    file.read_exact(&mut last)?;
    if last == *b"\n" {
        return Ok(length);
    }
    let mut bytes = Vec::new();
    file.rewind()?;
    file.read_to_end(&mut bytes)?;
    let end = bytes.iter().rposition(|byte| *byte == b'\n');
    Ok(end.map_or(0, |end| end as u64 + 1))
}

fn unused(path: &Path, name: &str) -> PathBuf {
    (1..)
        .map(|number| path.with_extension(format!("{name}-{number}")))
        .find(|path| !path.exists())
        .unwrap_or_else(|| path.with_extension(name))
}
