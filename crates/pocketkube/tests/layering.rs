//! Imports point one way: a module may use only the groups to its left.
//!
//! Reads the `crate::…` paths in every source file, so that a wrong turn fails here and not in a
//! review. Modules of one group do not use each other either.

use std::fs;
use std::path::{Path, PathBuf};

/// From the leaves to the top. `cluster.rs` and the other files beside it wire everything.
const GROUPS: &[&[&str]] = &[
    &["api", "cause", "clock", "tasks"],
    &["storage", "printers"],
    &["registry"],
    &["outbound"],
    &["authentication", "authorization", "admission"],
    &["endpoints"],
    &["server", "client"],
    &["component_helpers"],
    &["controller", "scheduler", "kubelet", "network"],
];

/// Pairs within one group that are meant: a refusal names the user, admission sees who asks.
const NEIGHBOURS: &[(&str, &str)] = &[
    ("authorization", "authentication"),
    ("admission", "authentication"),
    ("admission", "authorization"),
];

fn group_of(module: &str) -> Option<usize> {
    GROUPS.iter().position(|group| group.contains(&module))
}

fn rust_files(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the source folder can be read") {
        let path = entry.expect("its entries too").path();
        if path.is_dir() {
            rust_files(&path, files);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
}

/// The modules that a file names behind `crate::`, one entry an occurrence.
fn used_modules(source: &str) -> Vec<&str> {
    source
        .match_indices("crate::")
        .filter(|(at, _)| !source[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_'))
        .map(|(at, marker)| {
            let rest = &source[at + marker.len()..];
            let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_'));
            &rest[..end.unwrap_or(rest.len())]
        })
        .collect()
}

#[test]
fn imports_point_one_way() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    rust_files(&root, &mut files);
    assert!(files.len() > 50, "the walk finds the sources");
    let mut wrong = Vec::new();
    for file in files {
        let relative = file.strip_prefix(&root).expect("below the root");
        let module = relative.iter().next().and_then(|part| part.to_str());
        let module = module.unwrap_or_default().trim_end_matches(".rs");
        let Some(own) = group_of(module) else {
            continue;
        };
        let source = fs::read_to_string(&file).expect("sources are UTF-8");
        for used in used_modules(&source) {
            let Some(other) = group_of(used) else {
                continue;
            };
            let is_neighbour = own == other && used != module;
            if other > own || (is_neighbour && !NEIGHBOURS.contains(&(module, used))) {
                wrong.push(format!("{} uses {used}", relative.display()));
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn the_cluster_knows_nothing_of_the_lab() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let manifest = fs::read_to_string(root.join("Cargo.toml")).expect("the manifest can be read");
    for dependency in ["kubekata", "ratatui", "crossterm", "clap", "minijinja"] {
        assert!(
            !manifest.contains(dependency),
            "pocketkube depends on {dependency}"
        );
    }
}
