use jiff::Timestamp;

use super::*;
use crate::course::KataId;

fn entry(kata: &str) -> Entry {
    Entry::Started {
        kata: KataId::new(kata),
        at: Timestamp::UNIX_EPOCH,
        seed: Some(7),
    }
}

fn open(folder: &Path) -> Opened {
    Journal::open(&folder.join("progress.jsonl")).expect("it opens")
}

fn folder() -> (tempfile::TempDir, PathBuf) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("progress.jsonl");
    (folder, path)
}

#[test]
fn what_was_written_is_there_after_reopening() {
    let (folder, _) = folder();
    let mut first = open(folder.path());
    first.journal.append(&entry("pods/a")).expect("it writes");
    first.journal.append(&entry("pods/b")).expect("it writes");
    let again = open(folder.path());
    assert_eq!(again.seed, first.seed);
    assert_eq!(again.progress.katas.len(), 2);
    assert_eq!(again.warning, None);
}

#[test]
fn a_line_that_a_crash_cut_short_is_passed_over() {
    let (folder, path) = folder();
    let mut first = open(folder.path());
    first.journal.append(&entry("pods/a")).expect("it writes");
    let mut text = std::fs::read_to_string(&path).expect("it reads");
    text.push_str("{\"what\":\"star");
    std::fs::write(&path, &text).expect("it writes");
    let mut again = open(folder.path());
    assert_eq!((again.progress.katas.len(), &again.warning), (1, &None));
    again.journal.append(&entry("pods/b")).expect("it writes");
    let last = open(folder.path());
    assert_eq!((last.progress.katas.len(), last.warning), (2, None));
}

#[test]
fn a_damaged_file_is_set_aside_and_the_rest_of_it_kept() {
    let (folder, path) = folder();
    let mut first = open(folder.path());
    first.journal.append(&entry("pods/a")).expect("it writes");
    let text = std::fs::read_to_string(&path).expect("it reads");
    std::fs::write(&path, text + "garbage\n").expect("it writes");
    first.journal.append(&entry("pods/b")).expect("it writes");
    let again = open(folder.path());
    assert!(
        again
            .warning
            .is_some_and(|text| text.contains("1 damaged line"))
    );
    assert_eq!(again.progress.katas.len(), 2);
    assert!(folder.path().join("progress.damaged-1").exists());
    assert_eq!(open(folder.path()).warning, None);
}

#[test]
fn a_file_that_lost_its_first_line_gets_its_seed_from_the_first_attempt() {
    let (folder, path) = folder();
    let line = serde_json::to_string(&entry("pods/a")).expect("it is JSON");
    std::fs::write(&path, format!("\0\0\0\n{line}\n")).expect("it writes");
    let opened = open(folder.path());
    assert_eq!((opened.seed, opened.progress.katas.len()), (7, 1));
}

#[test]
fn a_newer_format_is_refused_and_left_alone() {
    let (_folder, path) = folder();
    let newer = "{\"format\":99,\"seed\":1}\n{\"what\":\"dreamt\"}\n";
    std::fs::write(&path, newer).expect("it writes");
    let error = Journal::open(&path).expect_err("it is refused");
    assert!(error.to_string().contains("format 99"), "{error}");
    assert_eq!(std::fs::read_to_string(&path).expect("it reads"), newer);
}

#[test]
fn a_file_of_the_first_format_is_taken_over_whole_and_kept() {
    let (folder, path) = folder();
    let kept = include_str!("../../../tests/kept/progress-format-1.jsonl");
    std::fs::write(&path, kept).expect("it writes");
    let opened = open(folder.path());
    assert_eq!((opened.seed, &opened.warning), (424_242, &None));
    let first = &opened.progress.katas[&KataId::new("pods/first-pod")];
    assert_eq!((first.solved.len(), first.solved[0].hints), (1, 1));
    assert_eq!(first.solved[0].seed, Some(424_242));
    let second = opened
        .progress
        .attempt(&KataId::new("pods/dying-container"));
    assert_eq!((second.seconds, second.solution_seen), (212, true));
    let before = folder.path().join("progress.format-1-1");
    assert_eq!(std::fs::read_to_string(before).expect("it reads"), kept);
    let text = std::fs::read_to_string(&path).expect("it reads");
    assert!(
        text.starts_with("{\"format\":2,\"seed\":424242}\n"),
        "{text}"
    );
    assert_eq!(open(folder.path()).progress, opened.progress);
}

#[test]
fn two_programs_hear_of_each_others_entries_once() {
    let (folder, _) = folder();
    let (mut one, mut two) = (open(folder.path()), open(folder.path()));
    assert_eq!(one.seed, two.seed);
    assert!(
        one.journal
            .append(&entry("pods/a"))
            .expect("it writes")
            .is_empty()
    );
    assert_eq!(two.journal.news().expect("it reads"), [entry("pods/a")]);
    assert!(two.journal.news().expect("it reads").is_empty());
    two.journal.append(&entry("pods/b")).expect("it writes");
    let heard = one.journal.append(&entry("pods/c")).expect("it writes");
    assert_eq!(heard, [entry("pods/b")]);
    assert_eq!(two.journal.news().expect("it reads"), [entry("pods/c")]);
    assert_eq!(open(folder.path()).progress.katas.len(), 3);
}

#[test]
fn a_seed_that_was_taken_over_is_the_learners_from_then_on() {
    let (folder, _) = folder();
    let mut first = open(folder.path());
    let taken = Entry::SeedTaken { seed: 5 };
    first.journal.append(&taken).expect("it writes");
    assert_eq!(open(folder.path()).seed, 5);
}
