//! The files of a course, from the binary or from a folder, as one flat map.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;

use include_dir::{Dir, include_dir};

use super::problem::{Problem, Problems};

static LESSONS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/lessons");
static KATAS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/katas");
static CHECKS: Dir<'_> = include_dir!("$CARGO_MANIFEST_DIR/checks");

/// The folders that make a course.
const FOLDERS: [&str; 4] = ["lessons", "katas", "checks", "images"];

/// Path inside the course (always with `/`) → content. Course files are text.
#[derive(Debug, Clone, Default)]
pub struct CourseFiles {
    files: BTreeMap<String, Cow<'static, str>>,
}

impl CourseFiles {
    /// The course inside the binary.
    pub fn embedded() -> Result<Self, Problems> {
        let mut collected = Collected::default();
        for (folder, dir) in [
            ("lessons", &LESSONS),
            ("katas", &KATAS),
            ("checks", &CHECKS),
        ] {
            collected.embedded(folder, dir);
        }
        collected.end()
    }

    /// The course in a folder of the learner's disk.
    pub fn from_folder(root: &Path) -> Result<Self, Problems> {
        let mut collected = Collected::default();
        if !root.join("lessons").join("course.yaml").is_file() {
            let message = "no such file; a course folder holds lessons/, katas/ and checks/";
            let file = root.join("lessons/course.yaml");
            return Err(Problem::new(file.display().to_string(), message).into());
        }
        for folder in FOLDERS {
            // Not every course has all of them, least of all a new one.
            if root.join(folder).is_dir() {
                collected.folder(&root.join(folder), folder);
            }
        }
        collected.end()
    }

    /// A course made of files that were read elsewhere.
    pub(super) fn owned(files: Vec<(String, String)>) -> Self {
        let mut collected = Collected::default();
        for (path, text) in files {
            collected.add(path, Cow::Owned(text));
        }
        collected.files
    }

    /// Whether a path belongs to a course, and leads nowhere else.
    pub(super) fn holds(path: &str) -> bool {
        let plain = path.split('/').all(|part| !["", ".", ".."].contains(&part));
        let folder = path.split('/').next().unwrap_or_default();
        plain && !path.contains('\\') && FOLDERS.contains(&folder)
    }

    pub fn get(&self, path: &str) -> Option<&str> {
        self.files.get(path).map(AsRef::as_ref)
    }

    /// The files under a folder (`katas/pods/first-pod/start/`): path and content, in order.
    pub fn under<'a>(&'a self, folder: &'a str) -> impl Iterator<Item = (&'a str, &'a str)> {
        self.files
            .range(folder.to_owned()..)
            .take_while(move |(path, _)| path.starts_with(folder))
            .map(|(path, text)| (path.as_str(), text.as_ref()))
    }

    /// A course made of literal files, for tests and for `new kata`.
    pub fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self {
            files: files
                .into_iter()
                .map(|(path, text)| (path.to_owned(), Cow::Owned(text.to_owned())))
                .collect(),
        }
    }
}

#[derive(Default)]
struct Collected {
    files: CourseFiles,
    problems: Problems,
}

impl Collected {
    fn embedded(&mut self, folder: &str, dir: &'static Dir<'static>) {
        for file in dir.files() {
            let path = format!("{folder}/{}", slashes(file.path()));
            match file.contents_utf8() {
                Some(text) => self.add(path, Cow::Borrowed(text)),
                None => self.problems.push(Problem::new(path, NOT_TEXT)),
            }
        }
        for inner in dir.dirs() {
            self.embedded(folder, inner);
        }
    }

    fn folder(&mut self, disk: &Path, path: &str) {
        let entries = match std::fs::read_dir(disk) {
            Ok(entries) => entries,
            Err(error) => return self.problems.push(Problem::new(path, error.to_string())),
        };
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    self.problems.push(Problem::new(path, error.to_string()));
                    continue;
                }
            };
            let inner = format!("{path}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                self.folder(&entry.path(), &inner);
                continue;
            }
            match std::fs::read(entry.path()).map(String::from_utf8) {
                Ok(Ok(text)) => self.add(inner, Cow::Owned(text)),
                Ok(Err(_)) => self.problems.push(Problem::new(inner, NOT_TEXT)),
                Err(error) => self.problems.push(Problem::new(inner, error.to_string())),
            }
        }
    }

    /// Editors' leftovers and hidden files are no part of a course.
    fn add(&mut self, path: String, text: Cow<'static, str>) {
        let hidden = path.rsplit('/').next().is_some_and(|name| {
            name.starts_with('.') || name.ends_with('~') || name.ends_with(".swp")
        });
        if !hidden {
            self.files.files.insert(path, text);
        }
    }

    fn end(self) -> Result<CourseFiles, Problems> {
        self.problems.or_ok(self.files)
    }
}

const NOT_TEXT: &str = "not UTF-8 text; course files are text";

fn slashes(path: &Path) -> String {
    let parts: Vec<_> = path
        .components()
        .map(|part| part.as_os_str().to_string_lossy())
        .collect();
    parts.join("/")
}
