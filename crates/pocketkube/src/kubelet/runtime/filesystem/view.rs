//! One user's view of a container's files: every operation, with links, mounts and permissions.

use std::sync::Arc;

use jiff::Timestamp;

use super::error::FileError;
use super::mount::{Mount, join_inner};
use super::path::{absolute, join, parent_of};
use super::permissions::{Access, Credentials};
use super::tree::{Device, Node, NodeKind};
use super::volume::Volume;
use super::{MOST_LINKS, Result};
use crate::clock::Clock;

/// What a directory entry or a path turned out to be.
#[derive(Clone, Debug)]
pub struct Entry {
    pub name: String,
    pub node: Node,
}

/// Whether a write replaces what a file holds or adds to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteMode {
    Truncate,
    Append,
}

/// The view of one user on a container's files; clones share the files.
#[derive(Clone)]
pub struct Filesystem {
    namespace: Arc<Namespace>,
    credentials: Credentials,
    clock: Clock,
}

/// A container's mount namespace.
struct Namespace {
    root: Arc<Volume>,
    root_read_only: bool,
    /// Longest mount point first.
    mounts: Vec<Mount>,
}

/// A path with all links followed, and where its node lives.
struct Place<'a> {
    path: String,
    volume: &'a Volume,
    inner: String,
    read_only: bool,
}

impl Filesystem {
    /// The files of a container with a writable layer `root` and `mounts` in it. Mount points
    /// that do not exist are made, as a container runtime does.
    pub fn new(
        root: Arc<Volume>,
        root_read_only: bool,
        mut mounts: Vec<Mount>,
        credentials: Credentials,
        clock: Clock,
    ) -> Self {
        // A mount lies over a shorter one, whatever order they were given in.
        mounts.sort_by_key(|mount| std::cmp::Reverse(mount.at.len()));
        for mount in mounts.iter().rev() {
            let inner = mount.at.trim_start_matches('/');
            let mut tree = root.tree();
            for (at, _) in inner.match_indices('/') {
                if tree.get(&inner[..at]).is_none() {
                    tree.insert(&inner[..at], Node::directory(0o755));
                }
            }
            if tree.get(inner).is_none() {
                let node = if mount.is_file() {
                    Node::file("", 0o755)
                } else {
                    Node::directory(0o755)
                };
                tree.insert(inner, node);
            }
        }
        let namespace = Namespace {
            root,
            root_read_only,
            mounts,
        };
        Self {
            namespace: Arc::new(namespace),
            credentials,
            clock,
        }
    }

    /// The same files seen by another user.
    pub fn as_user(&self, credentials: Credentials) -> Self {
        Self {
            credentials,
            ..self.clone()
        }
    }

    pub fn credentials(&self) -> &Credentials {
        &self.credentials
    }

    /// The volumes mounted, for `mount` and `df`.
    pub fn mounts(&self) -> &[Mount] {
        &self.namespace.mounts
    }

    /// The bytes written to the container's own layer.
    pub fn written_bytes(&self) -> u64 {
        self.namespace.root.used_bytes()
    }

    /// The node a path leads to, links followed.
    pub fn stat(&self, path: &str) -> Result<Node> {
        let place = self.resolve(path, true)?;
        self.node(&place)
    }

    /// The node a path names, a final link not followed.
    pub fn lstat(&self, path: &str) -> Result<Node> {
        let place = self.resolve(path, false)?;
        self.node(&place)
    }

    pub fn exists(&self, path: &str) -> bool {
        self.stat(path).is_ok()
    }

    /// The absolute path with all links followed.
    pub fn canonicalize(&self, path: &str) -> Result<String> {
        let place = self.resolve(path, true)?;
        self.node(&place)?;
        Ok(place.path)
    }

    /// What a file holds. Devices hold nothing here: who can stream from them does so.
    pub fn read(&self, path: &str) -> Result<Arc<Vec<u8>>> {
        let node = self.stat(path)?;
        match node.kind {
            NodeKind::File(ref content) => {
                self.credentials.check(&node, Access::Read)?;
                Ok(content.clone())
            }
            NodeKind::Directory => Err(FileError::IsADirectory),
            NodeKind::Symlink(_) => Err(FileError::NotFound),
            NodeKind::Device(_) => Ok(Arc::default()),
        }
    }

    pub fn read_to_string(&self, path: &str) -> Result<String> {
        let content = self.read(path)?;
        Ok(String::from_utf8_lossy(&content).into_owned())
    }

    /// Writes to a file, which is made if its directory exists. Writing to a device other than
    /// `/dev/full` succeeds and goes nowhere: see [`Filesystem::device`].
    pub fn write(&self, path: &str, content: &[u8], mode: WriteMode) -> Result<()> {
        let place = self.resolve(path, true)?;
        let existing = self.node(&place).ok();
        let Some(existing) = existing else {
            self.writable_parent(&place)?;
            return self.insert(&place, Node::file(content, 0o644));
        };
        match existing.kind {
            NodeKind::Directory => return Err(FileError::IsADirectory),
            NodeKind::Device(Device::Full) => return Err(FileError::NoSpace),
            NodeKind::Device(_) => return Ok(()),
            NodeKind::File(_) | NodeKind::Symlink(_) => {}
        }
        if place.read_only {
            return Err(FileError::ReadOnly);
        }
        self.credentials.check(&existing, Access::Write)?;
        let mut tree = place.volume.tree();
        if let Some(capacity) = place.volume.capacity()
            && tree.written_bytes() + content.len() as u64 > capacity
        {
            return Err(FileError::NoSpace);
        }
        let node = tree.get_mut(&place.inner).ok_or(FileError::NotFound)?;
        node.modified = self.clock.now();
        match (&mut node.kind, mode) {
            (NodeKind::File(old), WriteMode::Append) => {
                Arc::make_mut(old).extend_from_slice(content);
            }
            (kind, _) => *kind = NodeKind::File(Arc::new(content.to_vec())),
        }
        Ok(())
    }

    /// The device a path leads to, if it is one.
    pub fn device(&self, path: &str) -> Option<Device> {
        match self.stat(path).ok()?.kind {
            NodeKind::Device(device) => Some(device),
            _ => None,
        }
    }

    /// Makes a directory whose parent exists.
    pub fn create_directory(&self, path: &str) -> Result<()> {
        let place = self.resolve(path, false)?;
        if self.node(&place).is_ok() {
            return Err(FileError::Exists);
        }
        self.writable_parent(&place)?;
        self.insert(&place, Node::directory(0o755))
    }

    /// Makes a directory and those above it; one that is there already is fine.
    pub fn create_directories(&self, path: &str) -> Result<()> {
        let path = absolute("/", path);
        for (at, _) in path.match_indices('/').skip(1) {
            self.create_directories_step(&path[..at])?;
        }
        self.create_directories_step(&path)
    }

    fn create_directories_step(&self, path: &str) -> Result<()> {
        match self.stat(path) {
            Ok(node) if node.is_directory() => Ok(()),
            Ok(_) => Err(FileError::NotADirectory),
            Err(FileError::NotFound) => self.create_directory(path),
            Err(error) => Err(error),
        }
    }

    pub fn create_symlink(&self, target: &str, link: &str) -> Result<()> {
        let place = self.resolve(link, false)?;
        if self.node(&place).is_ok() {
            return Err(FileError::Exists);
        }
        self.writable_parent(&place)?;
        self.insert(&place, Node::symlink(target))
    }

    pub fn read_link(&self, path: &str) -> Result<String> {
        match self.lstat(path)?.kind {
            NodeKind::Symlink(target) => Ok(target),
            _ => Err(FileError::InvalidArgument),
        }
    }

    /// Removes a file, link or directory; a directory that is not empty only if `recursive`.
    pub fn remove(&self, path: &str, recursive: bool) -> Result<()> {
        let place = self.resolve(path, false)?;
        let node = self.node(&place)?;
        if self.is_mount_point(&place.path) {
            return Err(FileError::Busy);
        }
        self.writable_parent(&place)?;
        let mut tree = place.volume.tree();
        if node.is_directory() && !recursive && tree.has_children(&place.inner) {
            return Err(FileError::NotEmpty);
        }
        tree.remove(&place.inner);
        Ok(())
    }

    /// Moves a file or a directory, over an existing file if there is one.
    pub fn rename(&self, from: &str, to: &str) -> Result<()> {
        let (from, to) = (self.resolve(from, false)?, self.resolve(to, false)?);
        self.node(&from)?;
        self.writable_parent(&from)?;
        self.writable_parent(&to)?;
        if !std::ptr::eq(from.volume, to.volume) {
            return Err(FileError::CrossDevice);
        }
        if self.is_mount_point(&from.path) || self.is_mount_point(&to.path) {
            return Err(FileError::Busy);
        }
        if from.inner == to.inner {
            return Ok(());
        }
        if to.inner.starts_with(&format!("{}/", from.inner)) {
            return Err(FileError::InvalidArgument);
        }
        let mut tree = from.volume.tree();
        if tree.get(&to.inner).is_some_and(Node::is_directory) && tree.has_children(&to.inner) {
            return Err(FileError::NotEmpty);
        }
        let moved = tree.subtree(&from.inner);
        tree.remove(&from.inner);
        tree.remove(&to.inner);
        for (path, node) in moved {
            let rest = path.strip_prefix(&from.inner).unwrap_or_default();
            tree.insert(&format!("{}{rest}", to.inner), node);
        }
        Ok(())
    }

    pub fn read_directory(&self, path: &str) -> Result<Vec<Entry>> {
        let place = self.resolve(path, true)?;
        let node = self.node(&place)?;
        if !node.is_directory() {
            return Err(FileError::NotADirectory);
        }
        self.credentials.check(&node, Access::Read)?;
        let children = place.volume.tree().children(&place.inner);
        let entries = children.into_iter().map(|(name, node)| {
            // What is mounted there hides what is below.
            let path = join(&place.path, &name);
            let node = self.lstat(&path).unwrap_or(node);
            Entry { name, node }
        });
        Ok(entries.collect())
    }

    pub fn set_mode(&self, path: &str, mode: u32) -> Result<()> {
        self.change(path, |node, _| node.mode = mode & 0o7777)
    }

    pub fn set_owner(&self, path: &str, uid: Option<u32>, gid: Option<u32>) -> Result<()> {
        if !self.credentials.is_root() {
            return Err(FileError::NotPermitted);
        }
        self.change(path, |node, _| {
            node.uid = uid.unwrap_or(node.uid);
            node.gid = gid.unwrap_or(node.gid);
        })
    }

    pub fn set_modified(&self, path: &str, modified: Timestamp) -> Result<()> {
        self.change(path, |node, _| node.modified = modified)
    }

    fn change(&self, path: &str, change: impl FnOnce(&mut Node, Timestamp)) -> Result<()> {
        let place = self.resolve(path, true)?;
        let node = self.node(&place)?;
        if place.read_only {
            return Err(FileError::ReadOnly);
        }
        if !self.credentials.is_root() && self.credentials.uid != node.uid {
            return Err(FileError::NotPermitted);
        }
        let mut tree = place.volume.tree();
        let node = tree.get_mut(&place.inner).ok_or(FileError::NotFound)?;
        change(node, self.clock.now());
        Ok(())
    }

    fn insert(&self, place: &Place<'_>, node: Node) -> Result<()> {
        let node = node
            .owned_by(self.credentials.uid, self.credentials.gid)
            .modified_at(self.clock.now());
        if let Some(capacity) = place.volume.capacity()
            && place.volume.used_bytes() + node.size() > capacity
            && matches!(node.kind, NodeKind::File(_))
        {
            return Err(FileError::NoSpace);
        }
        place.volume.tree().insert(&place.inner, node);
        Ok(())
    }

    fn writable_parent(&self, place: &Place<'_>) -> Result<()> {
        let parent = self.stat(parent_of(&place.path))?;
        if !parent.is_directory() {
            return Err(FileError::NotADirectory);
        }
        if place.read_only {
            return Err(FileError::ReadOnly);
        }
        self.credentials.check(&parent, Access::Write)
    }

    fn node(&self, place: &Place<'_>) -> Result<Node> {
        place
            .volume
            .tree()
            .get(&place.inner)
            .cloned()
            .ok_or(FileError::NotFound)
    }

    fn is_mount_point(&self, path: &str) -> bool {
        path == "/" || self.namespace.mounts.iter().any(|mount| mount.at == path)
    }

    /// Follows the links of an absolute path. The last component need not exist, and is followed
    /// only if `follow`.
    fn resolve(&self, path: &str, follow: bool) -> Result<Place<'_>> {
        let mut done = String::from("/");
        let mut todo: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
        let mut links = 0;
        while let Some(name) = todo.pop() {
            match name.as_str() {
                "" | "." => continue,
                ".." => {
                    done = parent_of(&done).to_owned();
                    continue;
                }
                _ => {}
            }
            let is_last = todo.iter().all(|rest| rest.is_empty() || rest == ".");
            let next = join(&done, &name);
            let place = self.locate(&next);
            match self.node(&place) {
                Ok(Node {
                    kind: NodeKind::Symlink(target),
                    ..
                }) if follow || !is_last => {
                    links += 1;
                    if links > MOST_LINKS {
                        return Err(FileError::TooManyLinks);
                    }
                    if target.starts_with('/') {
                        done = String::from("/");
                    }
                    todo.extend(target.split('/').rev().map(str::to_owned));
                }
                Ok(node) if is_last || node.is_directory() => {
                    if !is_last {
                        self.credentials.check(&node, Access::Search)?;
                    }
                    done = next;
                }
                Ok(_) => return Err(FileError::NotADirectory),
                Err(_) if is_last => done = next,
                Err(error) => return Err(error),
            }
        }
        Ok(self.locate(&done))
    }

    /// The volume a path without links belongs to.
    fn locate(&self, path: &str) -> Place<'_> {
        for mount in &self.namespace.mounts {
            let Some(rest) = path.strip_prefix(&mount.at) else {
                continue;
            };
            if rest.is_empty() || rest.starts_with('/') {
                let rest = rest.trim_start_matches('/');
                let inner = match (mount.inside.as_str(), rest) {
                    (inside, "") => inside.to_owned(),
                    (inside, rest) => join_inner(inside, rest),
                };
                return Place {
                    path: path.to_owned(),
                    volume: &mount.volume,
                    inner,
                    read_only: mount.read_only,
                };
            }
        }
        Place {
            path: path.to_owned(),
            volume: &self.namespace.root,
            inner: path.trim_matches('/').to_owned(),
            read_only: self.namespace.root_read_only,
        }
    }
}
