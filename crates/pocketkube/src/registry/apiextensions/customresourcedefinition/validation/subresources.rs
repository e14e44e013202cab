//! Where the `scale` subresource reads and writes.

use serde_json::Value;

use super::columns::simple_path;
use crate::api::field::{Error, ErrorList, Path};
use crate::api::tree::text;

pub(super) fn validate(subresources: &Value, path: &Path) -> ErrorList {
    let mut errors = ErrorList::new();
    let scale = &subresources["scale"];
    if !scale.is_object() {
        return errors;
    }
    for (field, below) in [
        ("specReplicasPath", "spec"),
        ("statusReplicasPath", "status"),
    ] {
        let place = path.child("scale").child(field);
        let json_path = text(scale, field);
        if json_path.is_empty() {
            errors.push(Error::required(place, ""));
        } else if let Some(error) = simple_path(json_path, &place) {
            errors.push(error);
        } else if !json_path.starts_with(&format!(".{below}.")) {
            let why = format!("should be a json path under .{below}");
            errors.push(Error::invalid(place, json_path, &why));
        }
    }
    let place = path.child("scale.labelSelectorPath");
    let json_path = text(scale, "labelSelectorPath");
    if json_path.is_empty() {
        return errors;
    }
    if let Some(error) = simple_path(json_path, &place) {
        errors.push(error);
    } else if !json_path.starts_with(".spec.") && !json_path.starts_with(".status.") {
        let why = "should be a json path under either .spec or .status";
        errors.push(Error::invalid(place, json_path, why));
    }
    errors
}
