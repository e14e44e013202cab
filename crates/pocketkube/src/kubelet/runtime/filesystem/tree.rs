//! A directory tree in memory: paths to nodes, with an optional read-only layer below.
//!
//! This is what an image layer, a container's writable layer and a volume are made of. It knows
//! nothing of mounts, links or permissions: see [`super::Filesystem`].

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Bound;
use std::sync::Arc;

use jiff::Timestamp;

/// A file, directory, link or device with its owner and mode.
#[derive(Clone, Debug)]
pub struct Node {
    pub kind: NodeKind,
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub modified: Timestamp,
}

#[derive(Clone, Debug)]
pub enum NodeKind {
    File(Arc<Vec<u8>>),
    Directory,
    Symlink(String),
    Device(Device),
}

/// The files that are not made of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    Null,
    Zero,
    Full,
    Random,
    Stdin,
    Stdout,
    Stderr,
    Terminal,
    /// The main process' streams, as `/proc/1/fd/1` names them.
    MainStdout,
    MainStderr,
}

/// When all images were built.
const BUILT: Timestamp = Timestamp::constant(1_735_689_600, 0);

impl Node {
    pub fn file(content: impl Into<Vec<u8>>, mode: u32) -> Self {
        Self::new(NodeKind::File(Arc::new(content.into())), mode)
    }

    pub fn directory(mode: u32) -> Self {
        Self::new(NodeKind::Directory, mode)
    }

    pub fn symlink(target: impl Into<String>) -> Self {
        Self::new(NodeKind::Symlink(target.into()), 0o777)
    }

    pub fn device(device: Device) -> Self {
        Self::new(NodeKind::Device(device), 0o666)
    }

    fn new(kind: NodeKind, mode: u32) -> Self {
        Self {
            kind,
            mode,
            uid: 0,
            gid: 0,
            modified: BUILT,
        }
    }

    pub fn owned_by(mut self, uid: u32, gid: u32) -> Self {
        self.uid = uid;
        self.gid = gid;
        self
    }

    pub fn modified_at(mut self, modified: Timestamp) -> Self {
        self.modified = modified;
        self
    }

    pub fn is_directory(&self) -> bool {
        matches!(self.kind, NodeKind::Directory)
    }

    pub fn size(&self) -> u64 {
        match &self.kind {
            NodeKind::File(content) => content.len() as u64,
            NodeKind::Symlink(target) => target.len() as u64,
            NodeKind::Directory => 4096,
            NodeKind::Device(_) => 0,
        }
    }
}

/// A read-only layer, shared by every container of an image.
#[derive(Debug, Default)]
pub struct Layer {
    nodes: BTreeMap<String, Node>,
}

impl Layer {
    /// Adds a node at a path such as `etc/hosts`, and the directories above it.
    pub fn insert(&mut self, path: &str, node: Node) {
        let path = path.trim_matches('/');
        for (at, _) in path.match_indices('/') {
            self.nodes
                .entry(path[..at].to_owned())
                .or_insert_with(|| Node::directory(0o755));
        }
        self.nodes.insert(path.to_owned(), node);
    }

    pub fn get(&self, path: &str) -> Option<&Node> {
        self.nodes.get(path.trim_matches('/'))
    }
}

/// A tree that can be written to. Paths have no leading slash; the root is the empty path.
#[derive(Debug)]
pub struct Tree {
    below: Option<Arc<Layer>>,
    nodes: BTreeMap<String, Node>,
    /// Paths of the layer below that have been removed.
    removed: BTreeSet<String>,
    root: Node,
}

impl Tree {
    pub fn new(root: Node) -> Self {
        Self {
            below: None,
            nodes: BTreeMap::new(),
            removed: BTreeSet::new(),
            root,
        }
    }

    /// An empty writable layer over `below`.
    pub fn over(below: Arc<Layer>) -> Self {
        Self {
            below: Some(below),
            ..Self::new(Node::directory(0o755))
        }
    }

    pub fn get(&self, path: &str) -> Option<&Node> {
        if path.is_empty() {
            return Some(&self.root);
        }
        self.nodes.get(path).or_else(|| {
            let below = self.below.as_ref()?.nodes.get(path)?;
            (!self.is_removed(path)).then_some(below)
        })
    }

    /// A node to change in place; one of the layer below is copied up first.
    pub fn get_mut(&mut self, path: &str) -> Option<&mut Node> {
        if path.is_empty() {
            return Some(&mut self.root);
        }
        if !self.nodes.contains_key(path) {
            let copy = self.get(path)?.clone();
            self.nodes.insert(path.to_owned(), copy);
        }
        self.nodes.get_mut(path)
    }

    pub fn insert(&mut self, path: &str, node: Node) {
        self.nodes.insert(path.to_owned(), node);
    }

    /// Removes a path and everything below it.
    pub fn remove(&mut self, path: &str) {
        for (inner, _) in self.subtree(path) {
            self.nodes.remove(&inner);
        }
        if self
            .below
            .as_ref()
            .is_some_and(|below| below.nodes.contains_key(path))
        {
            self.removed.insert(path.to_owned());
        }
    }

    /// The entries of a directory, in order of name.
    pub fn children(&self, path: &str) -> Vec<(String, Node)> {
        let prefix = directory_prefix(path);
        self.subtree(path)
            .into_iter()
            .filter_map(|(inner, node)| {
                let name = inner.strip_prefix(&prefix)?;
                (!name.is_empty() && !name.contains('/')).then(|| (name.to_owned(), node))
            })
            .collect()
    }

    pub fn has_children(&self, path: &str) -> bool {
        !self.children(path).is_empty()
    }

    /// A path with everything below it, parents first.
    pub fn subtree(&self, path: &str) -> Vec<(String, Node)> {
        let mut found = BTreeMap::new();
        if let Some(below) = &self.below {
            for (inner, node) in range(&below.nodes, path) {
                if !self.is_removed(inner) {
                    found.insert(inner.clone(), node.clone());
                }
            }
        }
        for (inner, node) in range(&self.nodes, path) {
            found.insert(inner.clone(), node.clone());
        }
        found.into_iter().collect()
    }

    /// Bytes written here, which is what counts against a volume's or a container's limit.
    pub fn written_bytes(&self) -> u64 {
        self.nodes
            .values()
            .map(|node| match node.kind {
                NodeKind::File(_) => node.size(),
                _ => 0,
            })
            .sum()
    }

    fn is_removed(&self, path: &str) -> bool {
        if self.removed.is_empty() {
            return false;
        }
        let ancestors = path.match_indices('/').map(|(at, _)| &path[..at]);
        ancestors.chain([path]).any(|p| self.removed.contains(p))
    }
}

fn directory_prefix(path: &str) -> String {
    if path.is_empty() {
        String::new()
    } else {
        format!("{path}/")
    }
}

/// The entry at `path` and those below it.
fn range<'a>(
    nodes: &'a BTreeMap<String, Node>,
    path: &'a str,
) -> impl Iterator<Item = (&'a String, &'a Node)> {
    let prefix = directory_prefix(path);
    let itself = nodes.get_key_value(path);
    let inside = nodes
        .range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded))
        .take_while({
            let prefix = prefix.clone();
            move |(inner, _)| inner.starts_with(&prefix)
        })
        .filter(move |(inner, _)| inner.as_str() != path)
        .collect::<Vec<_>>();
    itself.into_iter().chain(inside)
}
