//! Writes the settings file beside the loop, one change after the other: a slow
//! disk must not hold a frame up.

use std::path::{Path, PathBuf};
use std::thread::{self, JoinHandle};

use anyhow::{Context as _, Result};
use tokio::sync::mpsc;

use super::{read, with_value};
use crate::sandbox::{create_private, write_private};

/// Changes that may wait; more cannot be made by hand.
const QUEUE: usize = 64;

/// One change: a field and its value.
type Change = (&'static str, String);

/// The thread that writes; it ends, with everything written, when this is closed.
pub struct Writer {
    changes: Option<mpsc::Sender<Change>>,
    thread: Option<JoinHandle<()>>,
}

impl Writer {
    /// Writes to `path`. What goes wrong is told to `complaints`.
    pub fn start(path: PathBuf, complaints: mpsc::Sender<String>) -> std::io::Result<Self> {
        let (sender, mut changes) = mpsc::channel::<Change>(QUEUE);
        let work = move || {
            while let Some((name, value)) = changes.blocking_recv() {
                if let Err(error) = write(&path, name, &value) {
                    let _ = complaints.try_send(format!("{error:#}"));
                }
            }
        };
        let thread = thread::Builder::new().name("settings".into()).spawn(work)?;
        Ok(Self {
            changes: Some(sender),
            thread: Some(thread),
        })
    }

    /// Has a field written.
    pub fn change(&self, name: &'static str, value: String) {
        if let Some(changes) = &self.changes {
            let _ = changes.try_send((name, value));
        }
    }
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.changes = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Changes one field of the file. A file that cannot be understood is not touched.
fn write(path: &Path, name: &str, value: &str) -> Result<()> {
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => {
            return Err(error).with_context(|| format!("cannot read {}", path.display()));
        }
    };
    let changed = with_value(&text, name, value);
    // Mistakes in single fields are the learner's to keep; a file that makes no
    // sense as a whole is not ours to rewrite.
    let problems = read::parse("", &changed).2;
    anyhow::ensure!(
        problems.iter().all(|problem| problem.field.is_some()),
        "{} has mistakes, so `{name}: {value}` was not written",
        path.display()
    );
    if let Some(folder) = path.parent() {
        create_private(folder)?;
    }
    write_private(path, &changed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_on_the_disk_once_the_writer_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("new").join("config.yaml");
        let (complaints, mut heard) = mpsc::channel(4);
        let writer = Writer::start(path.clone(), complaints).unwrap();
        writer.change("theme", "light".to_owned());
        writer.change("theme", "dark".to_owned());
        writer.change("mouse", "false".to_owned());
        drop(writer);
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, "theme: dark\nmouse: false\n");
        assert!(heard.try_recv().is_err());
    }

    #[test]
    fn a_file_that_cannot_be_understood_is_not_touched() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("config.yaml");
        std::fs::write(&path, "- a list\n").unwrap();
        let (complaints, mut heard) = mpsc::channel(4);
        let writer = Writer::start(path.clone(), complaints).unwrap();
        writer.change("theme", "light".to_owned());
        drop(writer);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "- a list\n");
        assert!(
            heard
                .try_recv()
                .is_ok_and(|words| words.contains("mistakes"))
        );
    }
}
