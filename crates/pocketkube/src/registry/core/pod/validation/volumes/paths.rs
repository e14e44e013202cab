//! Paths that must not lead out of where they belong.
//!
//! Mirrors `validateLocalDescendingPath` and its kin.

use crate::api::field::ErrorList;
use crate::registry::validation::Field;

/// Relative, and without steps back.
pub fn local_descending(path: &Field<'_>) -> ErrorList {
    let mut errors = ErrorList::new();
    if path.text().starts_with('/') {
        errors.push(path.invalid("must be a relative path"));
    }
    errors.extend(no_backsteps(path));
    errors
}

/// [`local_descending`], and not one of the names that Kubernetes keeps for itself.
pub fn local_non_reserved(path: &Field<'_>) -> ErrorList {
    let mut errors = local_descending(path);
    // A first step back was told already.
    if path.text().starts_with("..") && !path.text().starts_with("../") {
        errors.push(path.invalid("must not start with '..'"));
    }
    errors
}

pub fn no_backsteps(path: &Field<'_>) -> ErrorList {
    if path.text().split('/').any(|step| step == "..") {
        return vec![path.invalid("must not contain '..'")];
    }
    ErrorList::new()
}
