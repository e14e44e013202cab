//! A volume: a tree that containers of a Pod share, and its two ways of being filled.
//!
//! An emptyDir is written to by containers; a configMap, secret, projected or downwardAPI volume
//! is published by the kubelet, all of its files at once. Mirrors `pkg/volume/util/atomic_writer.go`.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use parking_lot::Mutex;

use super::tree::{Node, NodeKind, Tree};

/// The link a published volume switches from one set of files to the next.
const DATA_LINK: &str = "..data";

/// A file the kubelet publishes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedFile {
    pub content: Vec<u8>,
    pub mode: u32,
}

/// A directory tree with an identity of its own; clones of the `Arc` share it.
#[derive(Debug)]
pub struct Volume {
    tree: Mutex<Tree>,
    /// Most bytes it may hold, for a memory-backed emptyDir.
    capacity: Option<u64>,
}

impl Volume {
    pub fn new(tree: Tree) -> Arc<Self> {
        Self::with_capacity(tree, None)
    }

    /// A volume that is full at `capacity` bytes.
    pub fn with_capacity(tree: Tree, capacity: Option<u64>) -> Arc<Self> {
        Arc::new(Self {
            tree: Mutex::new(tree),
            capacity,
        })
    }

    /// An emptyDir: anyone may write to it.
    pub fn empty() -> Arc<Self> {
        Self::new(Tree::new(Node::directory(0o777)))
    }

    /// A memory-backed emptyDir, full at `capacity` bytes.
    pub fn in_memory(capacity: Option<u64>) -> Arc<Self> {
        Self::with_capacity(Tree::new(Node::directory(0o1777)), capacity)
    }

    pub fn capacity(&self) -> Option<u64> {
        self.capacity
    }

    /// Bytes held, for eviction and `kubectl top`-like numbers.
    pub fn used_bytes(&self) -> u64 {
        self.tree.lock().written_bytes()
    }

    /// Gives the whole volume a group, as `fsGroup` asks for.
    pub fn set_group(&self, gid: u32) {
        let mut tree = self.tree.lock();
        for (path, _) in tree.subtree("") {
            if let Some(node) = tree.get_mut(&path) {
                node.gid = gid;
                node.mode |= (node.mode & 0o700) >> 3;
            }
        }
        if let Some(root) = tree.get_mut("") {
            root.gid = gid;
            root.mode |= 0o2070;
        }
    }

    /// Replaces the published files (paths may contain directories) in one step: a reader sees
    /// all old files or all new ones. Returns whether anything changed.
    pub fn publish(
        &self,
        files: &BTreeMap<String, PublishedFile>,
        owner: (u32, u32),
        now: Timestamp,
    ) -> bool {
        let mut tree = self.tree.lock();
        let old = tree.get(DATA_LINK).and_then(|node| match &node.kind {
            NodeKind::Symlink(target) => Some(target.clone()),
            _ => None,
        });
        if let Some(old) = &old
            && published(&tree, old) == *files
        {
            return false;
        }
        let directory = now.strftime("..%Y_%m_%d_%H_%M_%S.%N").to_string();
        let stamp = |node: Node| node.owned_by(owner.0, owner.1).modified_at(now);
        tree.insert(&directory, stamp(Node::directory(0o755)));
        for (path, file) in files {
            for (at, _) in path.match_indices('/') {
                let parent = format!("{directory}/{}", &path[..at]);
                tree.insert(&parent, stamp(Node::directory(0o755)));
            }
            let node = Node::file(file.content.clone(), file.mode);
            tree.insert(&format!("{directory}/{path}"), stamp(node));
        }
        tree.insert(DATA_LINK, stamp(Node::symlink(&directory)));
        let names: Vec<&str> = files.keys().map(|path| first_component(path)).collect();
        for name in &names {
            if tree.get(name).is_none() {
                let link = Node::symlink(format!("{DATA_LINK}/{name}"));
                tree.insert(name, stamp(link));
            }
        }
        let stale = tree.children("").into_iter().filter(|(name, _)| {
            name != DATA_LINK && *name != directory && !names.contains(&name.as_str())
        });
        for (name, _) in stale.collect::<Vec<_>>() {
            tree.remove(&name);
        }
        true
    }

    pub(super) fn tree(&self) -> parking_lot::MutexGuard<'_, Tree> {
        self.tree.lock()
    }
}

fn first_component(path: &str) -> &str {
    path.split('/').next().unwrap_or(path)
}

fn published(tree: &Tree, directory: &str) -> BTreeMap<String, PublishedFile> {
    let inside = tree.subtree(directory).into_iter();
    inside
        .filter_map(|(path, node)| {
            let name = path.strip_prefix(directory)?.strip_prefix('/')?;
            let NodeKind::File(content) = &node.kind else {
                return None;
            };
            let file = PublishedFile {
                content: content.to_vec(),
                mode: node.mode,
            };
            Some((name.to_owned(), file))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(pairs: &[(&str, &str)]) -> BTreeMap<String, PublishedFile> {
        let file = |content: &str| PublishedFile {
            content: content.as_bytes().to_vec(),
            mode: 0o644,
        };
        let pairs = pairs.iter();
        pairs.map(|(k, v)| ((*k).to_owned(), file(v))).collect()
    }

    fn names(volume: &Volume) -> Vec<String> {
        let children = volume.tree().children("");
        children.into_iter().map(|(name, _)| name).collect()
    }

    #[test]
    fn a_published_volume_switches_its_data_link_and_drops_what_is_gone() {
        let volume = Volume::empty();
        let first = "2024-05-06T07:08:09.5Z".parse().expect("a timestamp");
        assert!(volume.publish(&files(&[("a", "1"), ("b", "2")]), (0, 0), first));
        assert_eq!(
            names(&volume),
            ["..2024_05_06_07_08_09.500000000", "..data", "a", "b"]
        );
        assert!(!volume.publish(&files(&[("a", "1"), ("b", "2")]), (0, 0), first));
        let second = "2024-05-06T07:09:09Z".parse().expect("a timestamp");
        assert!(volume.publish(&files(&[("a", "3")]), (0, 0), second));
        assert_eq!(
            names(&volume),
            ["..2024_05_06_07_09_09.000000000", "..data", "a"]
        );
    }
}
