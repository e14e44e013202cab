//! The files a container sees: its image, a writable layer over it, and the volumes mounted in it.
//!
//! One implementation serves shells, native servers, `exec` and `cp`. Everything is in memory and
//! answers at once. Permissions are checked for the user the process runs as; mode bits and owners
//! are kept, ACLs, hard links and extended attributes do not exist.

mod error;
pub mod kernel_files;
mod mount;
mod path;
mod permissions;
mod tree;
mod view;
mod volume;

pub use error::FileError;
pub use mount::Mount;
pub use path::{absolute, parent_of};
pub use permissions::Credentials;
pub use tree::{Device, Layer, Node, NodeKind, Tree};
pub use view::{Entry, Filesystem, WriteMode};
pub use volume::{PublishedFile, Volume};

type Result<T> = std::result::Result<T, FileError>;

/// Links followed in one path, at most.
const MOST_LINKS: usize = 40;
