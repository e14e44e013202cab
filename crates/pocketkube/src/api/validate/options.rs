//! Rules for the options that a request carries in its query or body.
//!
//! Mirrors `apimachinery/pkg/apis/meta/v1/validation/validation.go` (v1.35).

use super::super::field::{Error, ErrorList, Path};

const FIELD_MANAGER_MAX_LENGTH: usize = 128;

/// The name of a field manager: not too long, and printable.
pub fn field_manager(manager: &str, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    if manager.len() > FIELD_MANAGER_MAX_LENGTH {
        errors.push(Error::too_long(path.clone(), FIELD_MANAGER_MAX_LENGTH));
    }
    for (position, character) in manager.char_indices() {
        if character.is_control() || (character.is_whitespace() && character != ' ') {
            let code = character as u32;
            errors.push(Error::invalid(
                path.clone(),
                manager,
                &format!("invalid character U+{code:04X} (at position {position})"),
            ));
        }
    }
    errors
}

/// The `dryRun` values of a request.
pub fn dry_run(values: &[String], path: &Path) -> ErrorList {
    if values.iter().all(|value| value == "All") {
        return ErrorList::new();
    }
    vec![Error::not_supported(
        path.clone(),
        values.to_vec(),
        &["All"],
    )]
}

/// The `fieldValidation` value of a request.
pub fn field_validation(value: &str, path: &Path) -> ErrorList {
    const SUPPORTED: [&str; 4] = ["", "Ignore", "Strict", "Warn"];
    if SUPPORTED.contains(&value) {
        return ErrorList::new();
    }
    vec![Error::not_supported(path.clone(), value, &SUPPORTED)]
}
