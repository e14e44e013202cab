//! The schemas that editors are given are those of the program.

use std::path::Path;

use crate::support::{kubekata, stdout};

/// Set, it has the files written anew.
const UPDATE: &str = "KUBEKATA_UPDATE_SCHEMAS";

#[test]
fn the_schemas_in_the_tree_are_current() {
    let data = tempfile::tempdir().expect("a folder");
    for name in ["kata", "checks", "course", "lesson"] {
        let schema = stdout(&kubekata(data.path(), &["schema", name]));
        assert!(schema.contains("\"$schema\""), "{schema}");
        let file = format!("docs/schemas/{name}.json");
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(&file);
        if std::env::var_os(UPDATE).is_some() {
            std::fs::write(&path, &schema).expect("it is written");
        }
        let kept = std::fs::read_to_string(&path).unwrap_or_default();
        assert!(
            kept == schema,
            "{file} is old: {UPDATE}=1 cargo test -p kubekata --test main schemas"
        );
    }
}
