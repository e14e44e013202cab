//! Reads a lesson: front matter between two lines of `---`, then markdown.

use super::super::fields::Fields;
use super::super::model::{KataId, Lesson, Question, SourceFile};
use super::super::problem::Problem;
use super::Loader;

impl Loader<'_> {
    pub(super) fn lesson(&mut self, id: &str, path: &str, text: &str) -> Option<Lesson> {
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
                text: body.to_owned(),
            },
        })
    }
}

/// The text between the first two `---` lines, and what follows.
fn split_front_matter(text: &str) -> Option<(&str, &str)> {
    let rest = text.strip_prefix("---\n")?;
    let end = rest.find("\n---\n")?;
    Some((&rest[..=end], &rest[end + 5..]))
}
