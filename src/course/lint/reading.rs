//! The minutes that lessons and katas promise fit what there is to read.

use super::super::instance::KataInstance;
use super::super::model::Lesson;
use super::super::problem::{Problem, Problems};

/// How many words of prose a careful reader takes in within a minute, and how many of code.
const PROSE: usize = 200;
const CODE: usize = 100;

/// A lesson may promise so many times what reading takes: people think, and look back.
const THOUGHT: f64 = 6.0;

/// And so many minutes for whatever else.
const GRACE: f64 = 3.0;

pub(super) fn lint_lesson(lesson: &Lesson, problems: &mut Problems) {
    let reading = minutes(&lesson.text.text);
    let promised = f64::from(lesson.minutes);
    let message = if promised < reading {
        format!("reading takes {reading:.0} minutes or more")
    } else if promised > reading * THOUGHT + GRACE {
        format!("there is only {reading:.0} minutes' worth of text")
    } else {
        return;
    };
    problems.push(Problem::new(&lesson.text.path, message).in_field("minutes"));
}

pub(super) fn lint_kata(kata: &KataInstance, problems: &mut Problems) {
    let tasks = kata.tasks.iter().map(|task| minutes(&task.text));
    let reading = minutes(&kata.story) + tasks.sum::<f64>();
    if f64::from(kata.minutes) < reading {
        let file = format!("katas/{}/kata.yaml", kata.id);
        let message = format!("reading the story and the tasks alone takes {reading:.0} minutes");
        problems.push(Problem::new(file, message).in_field("minutes"));
    }
}

/// How long one reads a text of markdown.
fn minutes(text: &str) -> f64 {
    let (mut prose, mut code, mut inside) = (0_usize, 0_usize, false);
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            inside = !inside;
            continue;
        }
        let words = line.split_whitespace().count();
        if inside {
            code += words
        } else {
            prose += words
        }
    }
    prose as f64 / PROSE as f64 + code as f64 / CODE as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::SourceFile;

    fn said(promised: u32, words: usize) -> Option<String> {
        let lesson = Lesson {
            id: "a/b".to_owned(),
            title: "B".to_owned(),
            kata: None,
            minutes: promised,
            needs: Vec::new(),
            quiz: Vec::new(),
            text: SourceFile {
                path: "lessons/a/b.md".to_owned(),
                name: "a/b.md".to_owned(),
                text: "word ".repeat(words),
            },
        };
        let mut problems = Problems::default();
        lint_lesson(&lesson, &mut problems);
        problems.iter().next().map(ToString::to_string)
    }

    #[test]
    fn promised_minutes_fit_the_length_of_the_text() {
        assert_eq!(said(5, 400), None);
        assert_eq!(
            said(1, 600).as_deref(),
            Some("lessons/a/b.md: minutes: reading takes 3 minutes or more")
        );
        assert!(
            said(30, 400)
                .unwrap()
                .contains("only 2 minutes' worth of text")
        );
    }

    #[test]
    fn code_is_read_more_slowly_than_prose() {
        let code = format!("```\n{}\n```\n", "word ".repeat(200));
        assert!(minutes(&code) > minutes(&"word ".repeat(200)));
    }
}
