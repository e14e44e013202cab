//! Holds the direction of the lab's imports: a module uses only those before it.

use std::path::Path;

/// From the ground up. `tui` may not touch the cluster itself, only the session.
const ORDER: [&str; 7] = [
    "course", "sandbox", "check", "browse", "session", "tui", "cli",
];

fn files(folder: &Path, found: &mut Vec<std::path::PathBuf>) {
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        if path.is_dir() {
            files(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn a_module_imports_only_from_those_before_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut wrong = Vec::new();
    for (rank, module) in ORDER.iter().enumerate() {
        let mut sources = Vec::new();
        files(&root.join(module), &mut sources);
        for source in sources {
            let text = std::fs::read_to_string(&source).expect("it reads");
            for line in text.lines() {
                let Some(path) = line.trim().split("crate::").nth(1) else {
                    continue;
                };
                let used = ORDER.iter().position(|other| {
                    path.strip_prefix(other).is_some_and(|rest| {
                        !rest.starts_with(|c: char| c.is_alphanumeric() || c == '_')
                    })
                });
                if used.is_some_and(|used| used > rank) {
                    wrong.push(format!("{}: {}", source.display(), line.trim()));
                }
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_session_decides_without_a_clock_a_file_or_a_cluster() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/session");
    for name in [
        "state.rs",
        "event.rs",
        "effect.rs",
        "update.rs",
        "reset.rs",
        "heard.rs",
        "review.rs",
        "exam.rs",
        "exam_room.rs",
        "coach/mod.rs",
        "progress/mod.rs",
        "progress/entry.rs",
        "progress/merge.rs",
        "progress/exchange.rs",
    ] {
        let text = std::fs::read_to_string(root.join(name)).expect("it reads");
        for forbidden in ["async ", "::now(", "std::fs", "tokio", "kube::"] {
            assert!(!text.contains(forbidden), "{name} has {forbidden}");
        }
    }
}
