//! Gives a kata its place in `course.yaml`, without touching a line that the author wrote.

/// The text with `slug` among the lessons of `track`, which is added where it is missing. `None`
/// where the file is written in a way that is better changed by hand.
pub(super) fn add_to_course(text: &str, track: &str, slug: &str) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let begins = |line: &str| line.trim_start().strip_prefix("- ").is_some();
    let is_track = |line: &str| {
        let id = line.trim_start().strip_prefix("- id:");
        id.is_some_and(|id| id.trim().trim_matches(['"', '\'']) == track)
    };
    let Some(at) = lines.iter().position(|line| is_track(line)) else {
        return add_track(text, track, slug);
    };
    let within = lines[at + 1..].iter().position(|line| begins(line));
    let end = within.map_or(lines.len(), |length| at + 1 + length);
    let lessons = (at..end).find(|line| lines[*line].trim_start().starts_with("lessons:"))?;
    let line = lines[lessons].trim_end();
    let before = line.strip_suffix(']')?;
    let (_, listed) = before.split_once('[')?;
    let is_listed = listed.split(',').any(|name| name.trim() == slug);
    let separator = if listed.trim().is_empty() { "" } else { ", " };
    let changed = match is_listed {
        true => line.to_owned(),
        false => format!("{before}{separator}{slug}]"),
    };
    let mut lines: Vec<String> = lines.into_iter().map(str::to_owned).collect();
    lines[lessons] = changed;
    Some(lines.join("\n") + "\n")
}

/// A track at the end, where the tracks are the last thing in the file.
fn add_track(text: &str, track: &str, slug: &str) -> Option<String> {
    // Written in one line each, they are not added to.
    if text.contains("- {") {
        return None;
    }
    let before = match text.split_once("tracks: []\n") {
        Some((before, rest)) if rest.trim().is_empty() => format!("{before}tracks:\n"),
        _ => {
            let last = text.lines().rfind(|line| {
                let top = line.starts_with(|c: char| c.is_ascii_alphabetic());
                top && line.contains(':')
            })?;
            if last.trim_end() != "tracks:" {
                return None;
            }
            format!("{}\n", text.trim_end())
        }
    };
    let title = title_of(track);
    Some(format!(
        "{before}  - id: {track}\n    title: {title}\n    about: What one learns here.\n    lessons: [{slug}]\n"
    ))
}

fn title_of(track: &str) -> String {
    let mut letters = track.chars();
    let first = letters.next().map(|c| c.to_ascii_uppercase());
    first
        .into_iter()
        .chain(letters)
        .map(|c| if c == '-' { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const COURSE: &str = "format: 1\ntitle: T\ntracks:\n  - id: pods\n    title: Pods\n    lessons: [first]\n  - id: jobs\n    title: Jobs\n    lessons: []\n";

    #[test]
    fn a_kata_comes_last_in_its_track() {
        let pods = add_to_course(COURSE, "pods", "second").unwrap();
        assert_eq!(pods, COURSE.replace("[first]", "[first, second]"));
        let jobs = add_to_course(COURSE, "jobs", "cron").unwrap();
        assert_eq!(jobs, COURSE.replace("[]", "[cron]"));
        assert_eq!(add_to_course(COURSE, "pods", "first").unwrap(), COURSE);
    }

    #[test]
    fn a_track_that_is_missing_is_added_at_the_end() {
        let added = add_to_course(COURSE, "day-two", "hello").unwrap();
        let (before, track) = added.split_at(COURSE.len());
        assert_eq!(before, COURSE);
        assert!(
            track.contains("id: day-two") && track.contains("title: Day two"),
            "{track}"
        );
        let first = add_to_course("format: 1\ntitle: T\ntracks: []\n", "a", "b").unwrap();
        assert!(
            first.starts_with("format: 1\ntitle: T\ntracks:\n  - id: a\n"),
            "{first}"
        );
    }

    #[test]
    fn what_is_written_in_another_way_is_left_to_its_author() {
        let flow = "format: 1\ntracks:\n  - {id: pods, lessons: [first]}\n";
        assert_eq!(add_to_course(flow, "pods", "second"), None);
        let block = "tracks:\n  - id: pods\n    lessons:\n      - first\n";
        assert_eq!(add_to_course(block, "pods", "second"), None);
    }
}
