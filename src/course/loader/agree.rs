//! Names that must agree: lessons and katas, tasks and checks, wrong answers and their scripts.

use super::super::document::NodeValue;
use super::super::instance::KataInstance;
use super::super::model::{Course, Lesson, SourceFile};
use super::super::problem::Problem;
use super::{Loader, SAMPLE_SEED};

impl Loader<'_> {
    /// Names that must exist elsewhere.
    pub(super) fn links(&mut self, course: &Course) {
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
    pub(super) fn instances(&mut self, course: &Course) {
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
        let judged = kata.checks_of_tasks();
        for (name, checks) in &kata.wrong {
            let known = checks.iter().filter(|check| ids.contains(check));
            for check in known.filter(|check| !judged.contains(check)) {
                let message = format!("`{check}` ticks no task, so it refuses nobody");
                self.problems
                    .push(Problem::new(&definition, message).in_field(format!("wrong.{name}")));
            }
        }
        for check in ids
            .iter()
            .filter(|id| !judged.contains(id) && !kata.scene.contains(id))
        {
            let message = format!("`{check}` belongs to no task and not to the scene");
            self.problems
                .push(Problem::new(&kata.checks.path, message).in_field("checks"));
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
        for name in kata.also.keys() {
            let script = format!("{name}.sh");
            if !kata.solution.iter().any(|file| file.name == script) {
                let message = format!("no file solution/{script}");
                self.problems
                    .push(Problem::new(&definition, message).in_field(format!("also.{name}")));
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
