//! Where a learner's things are kept on disk.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use etcetera::BaseStrategy;

use crate::course::KataId;

/// One data folder: one learner, one cluster.
///
/// ```text
/// progress.jsonl          what was done, as a journal
/// cluster/                the cluster: who hosts it, its kubeconfig, its state
/// work/<track>/<slug>/    the learner's own files
/// shells/<track>-<slug>/  kubeconfig and start-up files of the shell for a kata
/// ```
#[derive(Debug, Clone)]
pub struct Places {
    root: PathBuf,
}

impl Places {
    /// `data` where it is given, else the place that the XDG conventions name.
    ///
    /// The folder is made if need be, readable by its owner only.
    pub fn open(data: Option<&Path>) -> Result<Self> {
        let root = match data {
            Some(data) => std::path::absolute(data)?,
            None => etcetera::choose_base_strategy()
                .context("no home folder to keep progress in; name one with --data")?
                .data_dir()
                .join("kubekata"),
        };
        create_private(&root)?;
        Ok(Self { root })
    }

    pub fn root(&self) -> &Path {
        &self.root
    }

    pub fn journal(&self) -> PathBuf {
        self.root.join("progress.jsonl")
    }

    pub fn cluster(&self) -> PathBuf {
        self.root.join("cluster")
    }

    pub fn work(&self, kata: &KataId) -> PathBuf {
        self.root.join("work").join(kata.track()).join(kata.slug())
    }

    pub fn shell(&self, kata: &KataId) -> PathBuf {
        let name = format!("{}-{}", kata.track(), kata.slug());
        self.root.join("shells").join(name)
    }
}

/// Makes a folder that only its owner can enter.
pub fn create_private(folder: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder
        .create(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))
}

/// Writes a file that only its owner can read, whole or not at all.
pub fn write_private(path: &Path, content: &str) -> Result<()> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let write = || -> std::io::Result<()> {
        // Files made by `tempfile` are readable by their owner only.
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        std::io::Write::write_all(&mut file, content.as_bytes())?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().with_context(|| format!("cannot write {}", path.display()))
}
