//! What a preview shows: a lesson and its kata as one text of markdown, as one learner reads them.

use crate::course::{Course, Kata, KataInstance, Lesson, Problems};

/// Everything that a learner reads of a kata, in the order in which they do.
pub(super) fn of_kata(course: &Course, kata: &Kata, seed: u64) -> Result<String, Problems> {
    let instance = kata.instance(seed)?;
    let mut text = String::new();
    if course.lesson_of(&kata.id).is_some() {
        text.push_str(&instance.lesson);
        text.push_str("\n\n---\n\n");
    }
    text.push_str(&kata_text(&instance));
    Ok(text)
}

/// A lesson without a kata.
pub(super) fn of_lesson(lesson: &Lesson) -> String {
    lesson.text.text.clone()
}

fn kata_text(kata: &KataInstance) -> String {
    let mut text = String::new();
    let mut line = |words: String| {
        text.push_str(&words);
        text.push('\n');
    };
    let (kind, difficulty) = (kata.kind.as_str(), kata.difficulty.as_str());
    line(format!("# {}\n", kata.title));
    line(format!(
        "*{kind}, {difficulty}, {} minutes*\n",
        kata.minutes
    ));
    line(format!("{}\n", kata.story.trim()));
    line("## Tasks\n".to_owned());
    for (number, task) in kata.tasks.iter().enumerate() {
        line(format!("{}. {}", number + 1, task.text.trim()));
    }
    line("\n## Hints\n".to_owned());
    for hint in &kata.hints {
        let task = hint.task.as_ref().map(|task| format!(" ({task})"));
        let (tier, task) = (hint.tier.as_str(), task.unwrap_or_default());
        line(format!(
            "- **{tier}**{task}: {}",
            hint.text.trim().replace('\n', "\n  ")
        ));
        if let Some(command) = &hint.command {
            line(format!(
                "\n  ```sh\n  {}\n  ```\n",
                command.trim().replace('\n', "\n  ")
            ));
        }
    }
    line("\n## Afterwards\n".to_owned());
    line(kata.debrief.clone());
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course;

    #[test]
    fn a_preview_has_the_lesson_the_story_every_hint_and_the_debrief_filled_in() {
        let course = course::embedded().expect("it loads");
        let kata = course.find("pods/crash-loop").expect("it is there");
        let text = of_kata(&course, kata, 3).expect("it can be made");
        let instance = kata.instance(3).expect("it can be made");
        for part in [
            instance.lesson.trim(),
            instance.story.trim(),
            instance.debrief.trim(),
        ] {
            assert!(text.contains(part), "{part}");
        }
        assert_eq!(
            text.matches("**nudge**").count()
                + text.matches("**look**").count()
                + text.matches("**answer**").count(),
            instance.hints.len()
        );
        assert!(!text.contains("{{"), "{text}");
    }
}
