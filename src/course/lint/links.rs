//! Links lead somewhere: to a page of the web, or to a lesson of the course by its path.

use pulldown_cmark::{Event, Parser, Tag};

use super::super::model::Course;
use super::super::problem::{Problem, Problems};

pub(super) fn lint(course: &Course, problems: &mut Problems) {
    let lessons = || course.tracks.iter().flat_map(|track| &track.lessons);
    let is_lesson = |target: &str| {
        let id = target.trim_start_matches("../").trim_end_matches(".md");
        lessons().any(|lesson| lesson.id == id)
    };
    let mut look = |file: &str, text: &str| {
        for target in targets(text) {
            if !is_page(&target) && !is_lesson(&target) {
                let message = format!("the link {target} leads to no page and to no lesson");
                problems.push(Problem::new(file, message));
            }
        }
    };
    for lesson in lessons() {
        look(&lesson.text.path, &lesson.text.text);
    }
    for kata in course.katas.values() {
        if let Ok(instance) = kata.instance(1) {
            look(&format!("katas/{}/debrief.md", kata.id), &instance.debrief);
            look(&format!("katas/{}/kata.yaml", kata.id), &instance.story);
        }
    }
}

/// Where the links of a text of markdown lead.
fn targets(text: &str) -> Vec<String> {
    let target = |event| match event {
        Event::Start(Tag::Link { dest_url, .. }) => Some(dest_url.to_string()),
        _ => None,
    };
    Parser::new(text).filter_map(target).collect()
}

/// An address with a host. Whether anybody answers there is not asked: courses are read offline.
fn is_page(target: &str) -> bool {
    let rest = target
        .strip_prefix("https://")
        .or_else(|| target.strip_prefix("http://"));
    rest.is_some_and(|rest| !rest.is_empty() && !rest.contains(char::is_whitespace))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_in_markdown_but_not_in_code() {
        let text = "A [page](https://kubernetes.io/docs/), a [lesson](pods/first-pod).\n\n```\n[x](y)\n```\n";
        assert_eq!(
            targets(text),
            ["https://kubernetes.io/docs/", "pods/first-pod"]
        );
        assert!(is_page("https://kubernetes.io") && !is_page("https://") && !is_page("docs/x"));
    }
}
