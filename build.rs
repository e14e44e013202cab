//! Rebuilds the binary when a course file is added or removed; the course is embedded in it.

fn main() {
    for folder in ["lessons", "katas", "checks"] {
        println!("cargo::rerun-if-changed={folder}");
    }
}
