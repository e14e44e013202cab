//! Label and field selectors: the query strings of LIST and WATCH, and `metav1.LabelSelector`.

mod field;
mod label;
mod label_parser;

pub use field::{FieldSelector, FieldTerm};
pub use label::{LabelSelector, Operator, Requirement};

/// Why a selector cannot be read, in Kubernetes' words.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SelectorError(pub String);
