//! Mounting volumes, or parts of them. Mirrors the bind mounts a container runtime makes, and the
//! kubelet's handling of `subPath` (`pkg/volume/util/subpath`).

use std::sync::Arc;

use super::error::FileError;
use super::tree::{Node, NodeKind, Tree};
use super::volume::Volume;
use super::{MOST_LINKS, Result};

/// A part of a volume, mounted at a path.
#[derive(Clone, Debug)]
pub struct Mount {
    /// Where, absolute and without a final slash.
    pub at: String,
    pub volume: Arc<Volume>,
    /// What of the volume is mounted; empty for all of it.
    pub inside: String,
    pub read_only: bool,
}

impl Mount {
    /// Mounts `volume`, or the `sub_path` of it. A sub-path that leads through a link is
    /// resolved now and for good: that is why such files never see an update.
    ///
    /// Fails with [`FileError::NotFound`] where a read-only volume has no such sub-path; in a
    /// writable one the directory is made.
    pub fn new(at: &str, volume: &Arc<Volume>, sub_path: &str, read_only: bool) -> Result<Self> {
        let mut mount = Self {
            at: format!("/{}", at.trim_matches('/')),
            volume: volume.clone(),
            inside: sub_path.trim_matches('/').to_owned(),
            read_only,
        };
        if mount.inside.is_empty() {
            return Ok(mount);
        }
        let mut tree = volume.tree();
        let real = resolve_inside(&tree, &mount.inside)?;
        if tree.get(&real).is_none() {
            if read_only {
                return Err(FileError::NotFound);
            }
            for (at, _) in real.match_indices('/') {
                if tree.get(&real[..at]).is_none() {
                    tree.insert(&real[..at], Node::directory(0o750));
                }
            }
            tree.insert(&real, Node::directory(0o750));
        }
        if real != mount.inside {
            // The bind mount keeps the files alive that the link led to when it was made.
            let frozen = Volume::new(Tree::new(Node::directory(0o755)));
            for (path, node) in tree.subtree(&real) {
                frozen.tree().insert(&path, node);
            }
            drop(tree);
            mount.volume = frozen;
        }
        mount.inside = real;
        Ok(mount)
    }

    /// Whether a file rather than a directory is mounted.
    pub fn is_file(&self) -> bool {
        let tree = self.volume.tree();
        tree.get(&self.inside)
            .is_some_and(|node| !node.is_directory())
    }
}

/// Follows the links of a path that stays inside one tree.
fn resolve_inside(tree: &Tree, path: &str) -> Result<String> {
    let mut done = String::new();
    let mut todo: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
    let mut links = 0;
    while let Some(name) = todo.pop() {
        match name.as_str() {
            "" | "." => continue,
            ".." => return Err(FileError::InvalidArgument),
            _ => {}
        }
        let next = join_inner(&done, &name);
        if let Some(Node {
            kind: NodeKind::Symlink(target),
            ..
        }) = tree.get(&next)
        {
            links += 1;
            if links > MOST_LINKS {
                return Err(FileError::TooManyLinks);
            }
            todo.extend(target.split('/').rev().map(str::to_owned));
        } else {
            done = next;
        }
    }
    Ok(done)
}

pub(super) fn join_inner(directory: &str, name: &str) -> String {
    if directory.is_empty() {
        name.to_owned()
    } else {
        format!("{directory}/{name}")
    }
}
