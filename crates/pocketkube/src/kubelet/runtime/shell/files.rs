//! The container's files in the form the interpreter wants them.
//!
//! The interpreter follows links itself, above this adapter, so nothing here does.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use async_trait::async_trait;
use bashkit::{DirEntry, FileSystem, FileSystemExt, FileType, Metadata};
use jiff::Timestamp;
use rand::RngCore;

use crate::kubelet::runtime::filesystem::{
    Device, FileError, Filesystem, Node, NodeKind, WriteMode,
};
use crate::kubelet::runtime::process::{Output, StreamKind};

/// What one read of an endless device gives.
const DEVICE_READ: usize = 1024 * 1024;

pub struct Files {
    pub filesystem: Filesystem,
    pub stdout: Output,
    pub stderr: Output,
    pub main: [Output; 2],
}

impl Files {
    fn device_output(&self, device: Device) -> Option<&Output> {
        match device {
            Device::Stdout | Device::Terminal => Some(&self.stdout),
            Device::Stderr => Some(&self.stderr),
            Device::MainStdout => Some(&self.main[StreamKind::Stdout as usize]),
            Device::MainStderr => Some(&self.main[StreamKind::Stderr as usize]),
            _ => None,
        }
    }

    async fn write(&self, path: &Path, content: &[u8], mode: WriteMode) -> bashkit::Result<()> {
        let path = text(path);
        if let Some(device) = self.filesystem.device(path)
            && let Some(output) = self.device_output(device)
        {
            return Ok(output.write(content).await?);
        }
        Ok(self
            .filesystem
            .write(path, content, mode)
            .map_err(std::io::Error::from)?)
    }
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap_or("/")
}

fn metadata(node: &Node) -> Metadata {
    let modified = SystemTime::from(node.modified);
    Metadata {
        file_type: match node.kind {
            NodeKind::File(_) | NodeKind::Device(_) => FileType::File,
            NodeKind::Directory => FileType::Directory,
            NodeKind::Symlink(_) => FileType::Symlink,
        },
        size: node.size(),
        mode: node.mode,
        modified,
        created: modified,
    }
}

fn checked<T>(result: Result<T, FileError>) -> bashkit::Result<T> {
    Ok(result.map_err(std::io::Error::from)?)
}

impl FileSystemExt for Files {}

#[async_trait]
impl FileSystem for Files {
    async fn read_file(&self, path: &Path) -> bashkit::Result<Vec<u8>> {
        let path = text(path);
        match self.filesystem.device(path) {
            Some(Device::Zero | Device::Full) => return Ok(vec![0; DEVICE_READ]),
            Some(Device::Random) => {
                let mut random = vec![0; DEVICE_READ];
                rand::rng().fill_bytes(&mut random);
                return Ok(random);
            }
            _ => {}
        }
        Ok(checked(self.filesystem.read(path))?.to_vec())
    }

    async fn write_file(&self, path: &Path, content: &[u8]) -> bashkit::Result<()> {
        self.write(path, content, WriteMode::Truncate).await
    }

    async fn append_file(&self, path: &Path, content: &[u8]) -> bashkit::Result<()> {
        self.write(path, content, WriteMode::Append).await
    }

    async fn mkdir(&self, path: &Path, recursive: bool) -> bashkit::Result<()> {
        checked(if recursive {
            self.filesystem.create_directories(text(path))
        } else {
            self.filesystem.create_directory(text(path))
        })
    }

    async fn remove(&self, path: &Path, recursive: bool) -> bashkit::Result<()> {
        checked(self.filesystem.remove(text(path), recursive))
    }

    async fn stat(&self, path: &Path) -> bashkit::Result<Metadata> {
        Ok(metadata(&checked(self.filesystem.lstat(text(path)))?))
    }

    async fn read_dir(&self, path: &Path) -> bashkit::Result<Vec<DirEntry>> {
        let entries = checked(self.filesystem.read_directory(text(path)))?;
        let entries = entries.into_iter().map(|entry| DirEntry {
            metadata: metadata(&entry.node),
            name: entry.name,
        });
        Ok(entries.collect())
    }

    async fn exists(&self, path: &Path) -> bashkit::Result<bool> {
        Ok(self.filesystem.lstat(text(path)).is_ok())
    }

    async fn rename(&self, from: &Path, to: &Path) -> bashkit::Result<()> {
        checked(self.filesystem.rename(text(from), text(to)))
    }

    async fn copy(&self, from: &Path, to: &Path) -> bashkit::Result<()> {
        let content = self.read_file(from).await?;
        let mode = checked(self.filesystem.stat(text(from)))?.mode;
        let is_new = !self.filesystem.exists(text(to));
        self.write_file(to, &content).await?;
        if is_new {
            checked(self.filesystem.set_mode(text(to), mode))?;
        }
        Ok(())
    }

    async fn symlink(&self, target: &Path, link: &Path) -> bashkit::Result<()> {
        checked(self.filesystem.create_symlink(text(target), text(link)))
    }

    async fn read_link(&self, path: &Path) -> bashkit::Result<PathBuf> {
        Ok(checked(self.filesystem.read_link(text(path)))?.into())
    }

    async fn chmod(&self, path: &Path, mode: u32) -> bashkit::Result<()> {
        checked(self.filesystem.set_mode(text(path), mode))
    }

    async fn set_modified_time(&self, path: &Path, time: SystemTime) -> bashkit::Result<()> {
        let time = Timestamp::try_from(time).unwrap_or(Timestamp::UNIX_EPOCH);
        checked(self.filesystem.set_modified(text(path), time))
    }
}
