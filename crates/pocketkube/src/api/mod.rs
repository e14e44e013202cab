//! What every layer speaks about: objects, their metadata, errors and names.
//!
//! This is the leaf of the crate: it imports nothing from it. Mirrors Kubernetes'
//! `staging/src/k8s.io/apimachinery`.

pub mod cel;
pub mod cron;
pub mod decode;
pub mod field;
pub mod gvk;
pub mod jsonpath;
pub mod managed_fields;
pub mod meta;
pub mod names;
pub mod object;
pub mod patch;
pub mod quantity;
pub mod schema;
pub mod selector;
pub mod status;
pub mod structural;
pub mod tree;
pub mod validate;

pub use gvk::{GroupResource, GroupVersion, GroupVersionKind};
pub use object::{Object, ObjectRef};
pub use status::StatusError;
