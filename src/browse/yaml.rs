//! The object as YAML, with what only machines read folded away.

use serde_json::Value;

use super::document::{Document, Part};
use super::facts::list;

/// The whole object; its managed fields only where they are asked for.
pub fn document(object: &Value, unfolded: bool) -> Document {
    let managers = list(object, "/metadata/managedFields").len();
    let mut object = object.clone();
    let mut text = String::new();
    if !unfolded && managers > 0 {
        if let Some(metadata) = object["metadata"].as_object_mut() {
            metadata.remove("managedFields");
        }
        text = format!("# managedFields: {managers} folded\n");
    }
    text.push_str(&serde_yaml::to_string(&object).unwrap_or_default());
    Document::of(vec![Part::Code {
        language: "yaml",
        text,
    }])
}
