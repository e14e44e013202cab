use super::*;

fn kata() -> KataId {
    KataId::new("pods/first")
}

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(second).unwrap()
}

fn started(second: i64) -> Entry {
    Entry::Started {
        kata: kata(),
        at: at(second),
        seed: Some(7),
    }
}

fn spent(seconds: u64) -> Entry {
    Entry::Spent {
        kata: kata(),
        seconds,
    }
}

fn hint(hint: usize) -> Entry {
    Entry::HintShown { kata: kata(), hint }
}

fn solved(second: i64) -> Entry {
    Entry::Solved {
        kata: kata(),
        at: at(second),
    }
}

fn of(entries: &[Entry]) -> Progress {
    let mut progress = Progress::default();
    for entry in entries {
        progress.apply(entry);
    }
    progress
}

#[test]
fn a_new_attempt_forgets_hints_but_not_that_it_was_solved() {
    let progress = of(&[started(0), hint(0), spent(90), solved(90), started(100)]);
    assert!(progress.is_solved(&kata()));
    let attempt = progress.attempt(&kata());
    assert_eq!((attempt.number, attempt.hints.len()), (2, 0));
    assert_eq!(progress.katas[&kata()].solved[0].seconds, 90);
}

#[test]
fn a_reset_that_is_taken_back_goes_on_with_what_was_and_forgets_nothing_seen() {
    let progress = of(&[
        started(0),
        hint(0),
        spent(60),
        started(70),
        hint(1),
        spent(5),
        Entry::Restored { kata: kata() },
    ]);
    let attempt = progress.attempt(&kata());
    assert_eq!((attempt.number, attempt.seconds), (1, 65));
    assert_eq!(attempt.hints, [0, 1]);
    let twice = of(&[started(0), Entry::Restored { kata: kata() }]);
    assert_eq!(twice.attempt(&kata()).number, 1);
}

#[test]
fn an_export_reads_back_as_it_was() {
    let progress = of(&[started(0), hint(2), spent(30), solved(30)]);
    let text = Exchange::new(7, progress.clone(), at(99))
        .to_text()
        .unwrap();
    let read = Exchange::read("p.json", &text).unwrap();
    assert_eq!((read.seed, read.progress), (7, progress));
}

#[test]
fn a_mistake_in_an_export_is_named_with_file_line_and_field() {
    let progress = of(&[started(0), spent(30)]);
    let text = Exchange::new(7, progress, at(99)).to_text().unwrap();
    let said = |text: &str| Exchange::read("p.json", text).unwrap_err().to_string();
    let wrong = said(&text.replace("\"seconds\": 30", "\"seconds\": \"long\""));
    let line = 1 + text
        .lines()
        .position(|it| it.contains("\"seconds\""))
        .unwrap();
    assert!(
        wrong.starts_with(&format!(
            "p.json:{line}: progress.katas.pods/first.attempt.seconds: "
        )),
        "{wrong}"
    );
    let newer = said(&text.replace("\"format\": 2", "\"format\": 3"));
    assert_eq!(
        newer,
        "p.json:3: format: format 3 is not known here (up to 2): use a newer kubekata"
    );
    assert!(said("{}").contains("kind: this is not a file of"));
    let unknown = said(&text.replace("\"seconds\"", "\"secnods\""));
    assert!(unknown.contains("secnods"), "{unknown}");
    assert!(said(&text.replace("\"number\": 1", "\"number\": 0")).contains("count from 1"));
    assert!(said(&(text + "x")).contains("behind the end"));
}

#[test]
fn joining_keeps_the_better_of_both_and_is_the_same_the_second_time() {
    let here = of(&[started(0), hint(0), spent(60), solved(60), started(100)]);
    let there = of(&[started(5), spent(20), solved(25)]);
    let mut joined = here.clone();
    for (kata, record) in here.news_in(&there) {
        let (kata, record) = (kata.clone(), Box::new(record));
        joined.apply(&Entry::Imported { kata, record });
    }
    let kata = &joined.katas[&kata()];
    let times: Vec<u64> = kata.solved.iter().map(|solved| solved.seconds).collect();
    assert_eq!(times, [20, 60]);
    assert_eq!(kata.attempt.started, Some(at(100)), "the scene here stands");
    assert_eq!(joined.news_in(&there).count(), 0);
    let worse = of(&[started(0), spent(10)]);
    assert_eq!(here.news_in(&worse).count(), 0);
}

#[test]
fn a_record_of_nothing_takes_over_the_whole_of_the_other() {
    let there = of(&[started(5), hint(1), spent(20)]);
    let here = Progress::default();
    let (_, record) = here.news_in(&there).next().unwrap();
    assert_eq!(record.attempt, there.attempt(&kata()));
}
