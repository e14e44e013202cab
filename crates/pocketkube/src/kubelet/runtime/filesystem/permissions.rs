//! Who a process is, and what mode bits allow it.

use super::error::FileError;
use super::tree::Node;

/// The user and groups a process runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Credentials {
    pub uid: u32,
    pub gid: u32,
    /// Further groups, `fsGroup` among them.
    pub groups: Vec<u32>,
}

impl Credentials {
    pub fn root() -> Self {
        Self {
            uid: 0,
            gid: 0,
            groups: Vec::new(),
        }
    }

    pub fn is_root(&self) -> bool {
        self.uid == 0
    }

    pub(super) fn check(&self, node: &Node, access: Access) -> Result<(), FileError> {
        if self.is_root() {
            return Ok(());
        }
        let class = if self.uid == node.uid {
            6
        } else if self.gid == node.gid || self.groups.contains(&node.gid) {
            3
        } else {
            0
        };
        let wanted = match access {
            Access::Read => 0o4,
            Access::Write => 0o2,
            Access::Search => 0o1,
        };
        if (node.mode >> class) & wanted == wanted {
            Ok(())
        } else {
            Err(FileError::PermissionDenied)
        }
    }
}

/// What a process wants of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Access {
    Read,
    Write,
    /// Passing through a directory.
    Search,
}
