//! Reads a whole course, and reports every mistake in it at once.

mod agree;
mod images;
mod lesson;

use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;

use super::definition::{Definition, refuse_templates};
use super::document::{Document, Node, NodeValue};
use super::fields::Fields;
use super::files::CourseFiles;
use super::model::{Course, Kata, KataId, KataSources, SourceFile, Track};
use super::parameters::Parameters;
use super::problem::{Problem, Problems};

/// The seed with which a course is tried out while it is read.
const SAMPLE_SEED: u64 = 1;

/// The course inside the binary.
pub fn embedded() -> Result<Course, Problems> {
    load_files(&CourseFiles::embedded()?)
}

/// The course in `folder`, or the one inside the binary.
pub fn load(folder: Option<&Path>) -> Result<Course, Problems> {
    match folder {
        Some(folder) => load_files(&CourseFiles::from_folder(folder)?),
        None => embedded(),
    }
}

/// Reads `files`. The error holds every mistake of the course, not just the first.
pub fn load_files(files: &CourseFiles) -> Result<Course, Problems> {
    let mut loader = Loader {
        files,
        problems: Problems::default(),
    };
    let mut course = loader.course();
    for id in loader.kata_ids() {
        if let Some(kata) = loader.kata(&id, &course) {
            course.katas.insert(id, kata);
        }
    }
    course.images = loader.images();
    loader.links(&course);
    loader.instances(&course);
    loader.problems.or_ok(course)
}

struct Loader<'a> {
    files: &'a CourseFiles,
    problems: Problems,
}

const COURSE_FILE: &str = "lessons/course.yaml";

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct TrackForm {
    id: String,
    title: String,
    #[serde(default)]
    about: String,
    #[serde(default)]
    lessons: Vec<String>,
}

impl Loader<'_> {
    fn document(&mut self, path: &str, text: &str) -> Option<Document> {
        Document::parse(path, text)
            .map_err(|problem| self.problems.push(problem))
            .ok()
    }

    fn course(&mut self) -> Course {
        let mut course = Course::default();
        let Some(text) = self.files.get(COURSE_FILE) else {
            self.problems
                .push(Problem::new(COURSE_FILE, "no such file in this course"));
            return course;
        };
        let Some(document) = self.document(COURSE_FILE, text) else {
            return course;
        };
        let Some(mut fields) = Fields::of(&document, &document.root, "", &mut self.problems) else {
            return course;
        };
        fields.format();
        course.title = fields.required("title").unwrap_or_default();
        course.about = fields.optional("about").unwrap_or_default();
        let mut tracks: Vec<(TrackForm, Node)> = Vec::new();
        fields.each("tracks", |document, node, path, problems| {
            match document.decode(node, path) {
                Ok(form) => tracks.push((form, node.clone())),
                Err(problem) => problems.push(problem),
            }
        });
        fields.end();
        for (form, node) in tracks {
            let track = self.track(&document, form, &node);
            course.tracks.push(track);
        }
        course
    }

    fn track(&mut self, document: &Document, form: TrackForm, node: &Node) -> Track {
        let lines: Vec<usize> = match node.get("lessons").map(|lessons| &lessons.value) {
            Some(NodeValue::List(items)) => items.iter().map(|item| item.line).collect(),
            _ => Vec::new(),
        };
        let mut lessons = Vec::new();
        for (index, slug) in form.lessons.iter().enumerate() {
            let id = format!("{}/{slug}", form.id);
            let path = format!("lessons/{id}.md");
            match self.files.get(&path) {
                Some(text) => lessons.extend(self.lesson(&id, &path, text)),
                None => self.problems.push(
                    Problem::new(&document.file, format!("no file {path}"))
                        .at_line(lines.get(index).copied().unwrap_or(node.line))
                        .in_field(format!("tracks.{}.lessons[{index}]", form.id)),
                ),
            }
        }
        Track {
            id: form.id,
            title: form.title,
            about: form.about,
            lessons,
        }
    }

    /// `katas/<track>/<slug>/kata.yaml` makes a kata.
    fn kata_ids(&self) -> Vec<KataId> {
        self.files
            .under("katas/")
            .filter_map(|(path, _)| {
                let folder = path.strip_prefix("katas/")?.strip_suffix("/kata.yaml")?;
                (folder.matches('/').count() == 1).then(|| KataId::new(folder))
            })
            .collect()
    }

    fn kata(&mut self, id: &KataId, course: &Course) -> Option<Kata> {
        let folder = format!("katas/{id}");
        let definition = self.source(&format!("{folder}/kata.yaml"), "kata.yaml")?;
        let document = self.document(&definition.path, &definition.text)?;
        refuse_templates(&document, &mut self.problems);
        let parameters = Parameters::read(&document, &mut self.problems);
        let namespaces = self.namespaces(&document, id);
        let plain = self.plain(&document);
        let lesson = course.lesson_of(id).map(|lesson| lesson.text.clone());
        let sources = KataSources {
            namespaces,
            plain: plain
                .iter()
                .map(|path| format!("{folder}/{path}"))
                .collect(),
            lesson: lesson.unwrap_or_default(),
            checks: self.source(&format!("checks/{id}.yaml"), "checks.yaml")?,
            start: self.folder(&folder, "start"),
            workspace: self.folder(&folder, "workspace"),
            solution: self.folder(&folder, "solution"),
            wrong: self.folder(&folder, "wrong"),
            debrief: self.source(&format!("{folder}/debrief.md"), "debrief.md")?,
            definition,
        };
        self.refuse_stray(&folder);
        // Read once unfilled for what is the same for everyone; mistakes are reported by
        // `instances`, where the texts are filled in.
        let plain = Definition::read(&sources.definition, &mut Problems::default());
        let Some(plain) = plain else {
            let mut problems = Problems::default();
            Definition::read(&sources.definition, &mut problems);
            self.problems.extend(problems);
            return None;
        };
        Some(Kata {
            id: id.clone(),
            title: plain.title,
            difficulty: plain.difficulty,
            kind: plain.kind,
            minutes: plain.minutes,
            parameters,
            sources,
        })
    }

    fn namespaces(&mut self, document: &Document, id: &KataId) -> Vec<String> {
        let Some(node) = document.root.get("namespaces") else {
            return vec![id.slug().to_owned()];
        };
        match document.decode::<Vec<String>>(node, "namespaces") {
            Ok(namespaces) if !namespaces.is_empty() => namespaces,
            Ok(_) => {
                let message = "a kata has at least one namespace";
                self.problems
                    .push(document.problem(node, "namespaces", message));
                Vec::new()
            }
            Err(problem) => {
                self.problems.push(problem);
                Vec::new()
            }
        }
    }

    /// The paths whose files are no templates.
    fn plain(&mut self, document: &Document) -> Vec<String> {
        let Some(node) = document.root.get("plain") else {
            return Vec::new();
        };
        let plain: Vec<String> = match document.decode(node, "plain") {
            Ok(plain) => plain,
            Err(problem) => {
                self.problems.push(problem);
                return Vec::new();
            }
        };
        for path in &plain {
            let inside = ["start/", "workspace/", "solution/", "wrong/"];
            if !inside.iter().any(|folder| path.starts_with(folder)) {
                let message = format!("{path} is in none of {}", inside.join(", "));
                self.problems.push(document.problem(node, "plain", message));
            }
        }
        plain
    }

    fn source(&mut self, path: &str, name: &str) -> Option<SourceFile> {
        let Some(text) = self.files.get(path) else {
            self.problems
                .push(Problem::new(path, "no such file in this course"));
            return None;
        };
        Some(SourceFile {
            path: path.to_owned(),
            name: name.to_owned(),
            text: text.to_owned(),
        })
    }

    fn folder(&self, kata: &str, name: &str) -> Vec<SourceFile> {
        let prefix = format!("{kata}/{name}/");
        self.files
            .under(&prefix)
            .map(|(path, text)| SourceFile {
                path: path.to_owned(),
                name: path[prefix.len()..].to_owned(),
                text: text.to_owned(),
            })
            .collect()
    }

    fn refuse_stray(&mut self, folder: &str) {
        const KNOWN: [&str; 6] = [
            "kata.yaml",
            "debrief.md",
            "start/",
            "workspace/",
            "solution/",
            "wrong/",
        ];
        let prefix = format!("{folder}/");
        for (path, _) in self.files.under(&prefix) {
            let name = &path[prefix.len()..];
            if !KNOWN.iter().any(|known| name.starts_with(known)) {
                self.problems
                    .push(Problem::new(path, "belongs to no part of a kata"));
            }
        }
    }
}

#[cfg(test)]
mod tests;
