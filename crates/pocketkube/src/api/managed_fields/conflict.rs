//! Conflicts: fields that an apply would change although somebody else owns them.
//!
//! Mirrors `apimachinery/pkg/util/managedfields/internal/conflict.go` (v1.35).

use super::element::show_path;
use super::entries::{Identity, Operation};
use crate::api::field::go_quote;
use crate::api::status::{Cause, Details, StatusError};

/// One field that somebody else owns.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Conflict {
    pub(super) owner: Identity,
    pub(super) path: Vec<String>,
}

/// The 409 that names every conflict, grouped by owner.
pub(super) fn error(mut conflicts: Vec<Conflict>) -> StatusError {
    conflicts.sort_by(|one, other| one.owner.cmp(&other.owner));
    let causes = conflicts
        .iter()
        .map(|conflict| Cause {
            reason: "FieldManagerConflict".to_owned(),
            message: format!("conflict with {}", show_owner(&conflict.owner)),
            field: show_path(&conflict.path),
        })
        .collect();
    StatusError::new(409, "Conflict", message(&conflicts)).with_details(Details {
        causes,
        ..Details::default()
    })
}

fn message(conflicts: &[Conflict]) -> String {
    if let [only] = conflicts {
        let (owner, path) = (show_owner(&only.owner), show_path(&only.path));
        return format!("Apply failed with 1 conflict: conflict with {owner}: {path}");
    }
    let mut lines = Vec::new();
    let mut last: Option<&Identity> = None;
    for conflict in conflicts {
        if last != Some(&conflict.owner) {
            lines.push(format!("conflicts with {}:", show_owner(&conflict.owner)));
            last = Some(&conflict.owner);
        }
        lines.push(format!("- {}", show_path(&conflict.path)));
    }
    let count = conflicts.len();
    format!("Apply failed with {count} conflicts: {}", lines.join("\n"))
}

fn show_owner(owner: &Identity) -> String {
    let mut shown = go_quote(&owner.manager);
    if !owner.subresource.is_empty() {
        shown.push_str(&format!(
            " with subresource {}",
            go_quote(&owner.subresource)
        ));
    }
    if owner.operation == Operation::Update {
        shown.push_str(&format!(" using {}", owner.api_version));
    }
    shown
}
