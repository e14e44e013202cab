//! Reads a whole course, and reports every mistake in it at once.

use std::path::Path;

use serde::Deserialize;

use super::document::{Document, Node, NodeValue};
use super::fields::Fields;
use super::files::CourseFiles;
use super::instance::{Definition, KataInstance, refuse_templates};
use super::model::{Course, Kata, KataId, KataSources, Lesson, Question, SourceFile, Track};
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
    loader.links(&course);
    loader.instances(&course);
    loader.problems.or_ok(course)
}

struct Loader<'a> {
    files: &'a CourseFiles,
    problems: Problems,
}

const COURSE_FILE: &str = "lessons/course.yaml";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TrackForm {
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

    fn lesson(&mut self, id: &str, path: &str, text: &str) -> Option<Lesson> {
        let Some((front, body)) = split_front_matter(text) else {
            let message = "starts with front matter between two lines of `---`";
            self.problems.push(Problem::new(path, message).at_line(1));
            return None;
        };
        // The empty line stands for the opening `---`, so that lines are those of the file.
        let document = self.document(path, &format!("\n{front}"))?;
        let mut fields = Fields::of(&document, &document.root, "", &mut self.problems)?;
        fields.format();
        let title = fields.required("title");
        let kata: Option<String> = fields.optional("kata");
        let minutes = fields.required("minutes");
        let needs = fields.list("needs");
        let quiz: Vec<Question> = fields.list("quiz");
        for (index, question) in quiz.iter().enumerate() {
            if !question.answers.iter().any(|answer| answer.right) {
                fields.refuse(
                    "quiz",
                    format!("question {} has no right answer", index + 1),
                );
            }
        }
        if body.trim().is_empty() {
            fields.refuse("title", "the lesson has no text");
        }
        fields.end();
        Some(Lesson {
            id: id.to_owned(),
            title: title?,
            kata: kata.map(KataId::new),
            minutes: minutes?,
            needs,
            quiz,
            text: SourceFile {
                path: path.to_owned(),
                name: format!("{id}.md"),
                // Blank lines keep template errors at the lines of the file.
                text: body.to_owned(),
            },
        })
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
        let lesson = course.lesson_of(id).map(|lesson| lesson.text.clone());
        let sources = KataSources {
            namespaces,
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

    /// Names that must exist elsewhere.
    fn links(&mut self, course: &Course) {
        let lessons: Vec<&Lesson> = course
            .tracks
            .iter()
            .flat_map(|track| &track.lessons)
            .collect();
        for lesson in &lessons {
            let refuse = |field: &str, message: String| {
                Problem::new(&lesson.text.path, message).in_field(field)
            };
            if let Some(kata) = &lesson.kata
                && self.files.get(&format!("katas/{kata}/kata.yaml")).is_none()
            {
                self.problems
                    .push(refuse("kata", format!("no kata {kata}")));
            }
            for need in &lesson.needs {
                if !lessons.iter().any(|other| other.id == *need) {
                    self.problems
                        .push(refuse("needs", format!("no lesson {need}")));
                }
            }
        }
        for id in course.katas.keys() {
            let leading = lessons
                .iter()
                .filter(|lesson| lesson.kata.as_ref() == Some(id));
            let message = match leading.count() {
                1 => continue,
                0 => "no lesson of course.yaml leads to this kata",
                _ => "more than one lesson leads to this kata",
            };
            let file = format!("katas/{id}/kata.yaml");
            self.problems.push(Problem::new(file, message));
        }
    }

    /// Every kata can be made, and its names agree with each other.
    fn instances(&mut self, course: &Course) {
        for kata in course.katas.values() {
            match kata.instance(SAMPLE_SEED) {
                Ok(instance) => self.agree(&instance),
                Err(problems) => self.problems.extend(problems),
            }
        }
    }

    fn agree(&mut self, kata: &KataInstance) {
        let definition = format!("katas/{}/kata.yaml", kata.id);
        let ids = self.check_ids(&kata.checks);
        let mut named = |field: String, check: &String| {
            if !ids.contains(check) {
                let message = format!("no check `{check}` in {}", kata.checks.path);
                self.problems
                    .push(Problem::new(&definition, message).in_field(field));
            }
        };
        for (index, task) in kata.tasks.iter().enumerate() {
            for check in &task.checks {
                named(format!("tasks[{index}].checks"), check);
            }
        }
        for check in &kata.scene {
            named("scene".to_owned(), check);
        }
        for (name, checks) in &kata.wrong {
            for check in checks {
                named(format!("wrong.{name}"), check);
            }
        }
        for name in kata.wrong.keys() {
            let script = format!("{name}.sh");
            if !kata.wrong_scripts.iter().any(|file| file.name == script) {
                let message = format!("no file wrong/{script}");
                self.problems
                    .push(Problem::new(&definition, message).in_field(format!("wrong.{name}")));
            }
        }
        for script in &kata.wrong_scripts {
            let Some(name) = script.name.strip_suffix(".sh") else {
                continue;
            };
            if !kata.wrong.contains_key(name) {
                let message = "kata.yaml says under `wrong` which check refuses it";
                self.problems.push(Problem::new(&script.path, message));
            }
        }
        if !kata.solution.iter().any(|file| file.name == "solve.sh") {
            let message = "no file solution/solve.sh";
            self.problems.push(Problem::new(&definition, message));
        }
    }

    /// The ids in a check file; what the checks mean is read by `check`.
    fn check_ids(&mut self, file: &SourceFile) -> Vec<String> {
        let Some(document) = self.document(&file.path, &file.text) else {
            return Vec::new();
        };
        let Some(NodeValue::List(items)) = document.root.get("checks").map(|node| &node.value)
        else {
            let message = "expected `checks`, a list";
            self.problems
                .push(document.problem(&document.root, "checks", message));
            return Vec::new();
        };
        items
            .iter()
            .filter_map(|item| item.get("id")?.as_str().map(str::to_owned))
            .collect()
    }
}

/// The text between the first two `---` lines, and what follows.
fn split_front_matter(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix("---\n")?;
    let end = rest.find("\n---\n")?;
    Some((&rest[..=end], &rest[end + 5..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    const COURSE: &str =
        "format: 1\ntitle: T\ntracks:\n  - id: pods\n    title: Pods\n    lessons: [first]\n";
    const LESSON: &str =
        "---\nformat: 1\ntitle: First\nkata: pods/first\nminutes: 3\n---\n# {{ app }}\n";
    const KATA: &str = "format: 1\ntitle: First\ndifficulty: easy\nkind: build\nminutes: 5\nstory: Run {{ app }} in {{ namespace }}.\nparameters:\n  app: [harbor]\ntasks:\n  - id: run\n    text: Run it\n    checks: [ready]\nhints:\n  - nudge: Try\nwrong:\n  other: ready\n";
    const CHECKS: &str = "format: 1\nchecks:\n  - id: ready\n    says: It is ready\n";

    fn files<'a>(changed: &[(&'a str, &'a str)]) -> CourseFiles {
        let mut files = vec![
            ("lessons/course.yaml", COURSE),
            ("lessons/pods/first.md", LESSON),
            ("katas/pods/first/kata.yaml", KATA),
            ("katas/pods/first/debrief.md", "Done.\n"),
            ("katas/pods/first/solution/solve.sh", "true\n"),
            ("katas/pods/first/wrong/other.sh", "true\n"),
            ("checks/pods/first.yaml", CHECKS),
        ];
        for (path, text) in changed {
            files.retain(|(known, _)| known != path);
            files.push((path, text));
        }
        CourseFiles::of(files)
    }

    fn said(changed: &[(&str, &str)]) -> Vec<String> {
        match load_files(&files(changed)) {
            Ok(_) => Vec::new(),
            Err(problems) => problems.iter().map(ToString::to_string).collect(),
        }
    }

    #[test]
    fn a_kata_is_filled_with_its_parameters_and_namespace() {
        let course = load_files(&files(&[])).expect("it loads");
        let kata = course.find("first").expect("it is found by its slug");
        let kata = kata.instance(7).expect("it can be made");
        assert_eq!(kata.story, "Run harbor in first.");
        assert_eq!(kata.lesson, "# harbor\n");
    }

    #[test]
    fn names_that_do_not_exist_are_refused_where_they_are_written() {
        let kata = KATA
            .replace("checks: [ready]", "checks: [raedy]")
            .replace("other: ready", "others: ready");
        assert_eq!(
            said(&[("katas/pods/first/kata.yaml", &kata)]),
            [
                "katas/pods/first/kata.yaml: tasks[0].checks: no check `raedy` in checks/pods/first.yaml",
                "katas/pods/first/kata.yaml: wrong.others: no file wrong/others.sh",
                "katas/pods/first/wrong/other.sh: kata.yaml says under `wrong` which check refuses it",
            ]
        );
    }

    #[test]
    fn mistakes_of_every_file_are_reported_together() {
        let lesson = LESSON.replace("minutes: 3", "minutes: few");
        let kata = KATA.replace("story: Run {{ app }}", "story: Run {{ ap }}");
        let said = said(&[
            ("lessons/pods/first.md", &lesson),
            ("katas/pods/first/kata.yaml", &kata),
            ("katas/pods/first/notes.txt", "x"),
        ]);
        assert!(
            said.iter()
                .any(|line| line.starts_with("lessons/pods/first.md:5: minutes:")),
            "{said:?}"
        );
        assert!(
            said.iter()
                .any(|line| line.starts_with("katas/pods/first/kata.yaml:6: template: undefined")),
            "{said:?}"
        );
        assert!(
            said.iter()
                .any(|line| line.starts_with("katas/pods/first/notes.txt:")),
            "{said:?}"
        );
    }

    #[test]
    fn an_unknown_format_is_refused() {
        let kata = KATA.replace("format: 1", "format: 2");
        let said = said(&[("katas/pods/first/kata.yaml", &kata)]);
        assert!(
            said[0].contains("kata.yaml:1: format: this program reads format 1"),
            "{said:?}"
        );
    }

    #[test]
    fn a_title_with_a_parameter_is_refused() {
        let kata = KATA.replace("title: First", "title: 'Run {{ app }}'");
        let said = said(&[("katas/pods/first/kata.yaml", &kata)]);
        assert!(
            said[0].starts_with("katas/pods/first/kata.yaml:2: title:"),
            "{said:?}"
        );
    }
}
