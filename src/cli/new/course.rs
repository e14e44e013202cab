//! The files of a new course.

use std::path::Path;

use anyhow::Result;

use super::super::Misuse;
use super::kata::write_file;

const COURSE: &str = "\
format: 1
title: The title of the course
about: What one can do after it.
tracks: []
";

/// Lets editors check while one types, once `kubekata schema` has written the files.
const SETTINGS: &str = r#"{
  "yaml.schemas": {
    ".schemas/kata.json": "katas/*/*/kata.yaml",
    ".schemas/checks.json": "checks/*/*.yaml",
    ".schemas/course.json": "lessons/course.yaml"
  }
}
"#;

/// Writes them into `folder`, which may be there but holds no course.
pub(super) fn write(folder: &Path) -> Result<()> {
    if folder.join("lessons").exists() {
        let message = format!("there is a course in {} already", folder.display());
        return Err(Misuse(message).into());
    }
    write_file(&folder.join("lessons/course.yaml"), COURSE)?;
    for empty in ["katas", "checks"] {
        // Git keeps no empty folders.
        write_file(&folder.join(empty).join(".gitkeep"), "")?;
    }
    write_file(&folder.join(".vscode/settings.json"), SETTINGS)?;
    for (name, schema) in [
        ("kata", crate::course::kata_schema()),
        ("checks", crate::check::schema()),
        ("course", crate::course::course_schema()),
    ] {
        let text = serde_json::to_string_pretty(&schema)?;
        write_file(&folder.join(format!(".schemas/{name}.json")), &text)?;
    }
    let shown = folder.display();
    say!("{shown} holds a course without katas. What to do next:");
    say!("  cd {shown}");
    say!("  export KUBEKATA_COURSE=.");
    say!("  kubekata new kata first/hello");
    Ok(())
}
