//! Progress survives: a killed program, a second program, a journey to another computer.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use jiff::Timestamp;
use kubekata::course::KataId;
use kubekata::session::{Claim, Entry, Journal, Presence, Progress};
use rand::Rng;
use rand::SeedableRng;
use rand::rngs::StdRng;

use crate::support::{kubekata, stderr, stdout};

/// Names the journal for [`a_writer_that_is_killed`], which is a test only in name.
const WRITES_TO: &str = "KUBEKATA_TEST_WRITES_TO";

/// So many programs are killed.
const KILLS: usize = 200;

/// The most entries that a program gets to acknowledge.
const MOST: usize = 6;

fn entry(number: u64) -> Entry {
    Entry::Spent {
        kata: KataId::new(format!("killed/kata-{}", number % 7)),
        seconds: number,
    }
}

/// Not a test by itself: the program that [`no_kill_loses_what_was_acknowledged`] kills. It writes
/// for ever, and says after each entry that it is kept.
#[test]
fn a_writer_that_is_killed() {
    let Some(path) = std::env::var_os(WRITES_TO) else {
        return;
    };
    let mut opened = Journal::open(Path::new(&path)).expect("it opens");
    let mut out = std::io::stdout();
    for number in 1.. {
        opened.journal.append(&entry(number)).expect("it writes");
        writeln!(out, "\nkept {number}").expect("somebody listens");
        out.flush().expect("somebody listens");
    }
}

#[test]
fn no_kill_loses_what_was_acknowledged() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("progress.jsonl");
    let mut random = StdRng::seed_from_u64(7);
    let mut acknowledged = Progress::default();
    for kill in 0..KILLS {
        let mut writer = Command::new(std::env::current_exe().expect("this program"))
            .args([
                "progress::a_writer_that_is_killed",
                "--exact",
                "--nocapture",
            ])
            .env(WRITES_TO, &path)
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("it starts");
        let out = writer.stdout.take().expect("it speaks");
        let wanted = random.random_range(0..=MOST);
        let mut lines = BufReader::new(out).lines();
        let mut kept = 0;
        while kept < wanted {
            let line = lines.next().expect("it goes on").expect("it is text");
            if let Some(number) = line.strip_prefix("kept ") {
                acknowledged.apply(&entry(number.parse().expect("a number")));
                kept += 1;
            }
        }
        // Whatever it does just now, it does no more of it.
        for _ in 0..random.random_range(0..20_000) {
            std::hint::spin_loop();
        }
        writer.kill().expect("it is killed");
        writer.wait().expect("it ends");
        let opened = Journal::open(&path).expect("the journal opens");
        assert_eq!(opened.warning, None, "kill {kill} left a damaged line");
        for (kata, known) in &acknowledged.katas {
            let read = opened.progress.attempt(kata).seconds;
            let least = known.attempt.seconds;
            assert!(
                read >= least,
                "kill {kill}: {kata} has {read} s of {least} s"
            );
        }
        // What was written and not acknowledged may be there; from here on it counts.
        acknowledged = opened.progress;
    }
    assert!(!acknowledged.katas.is_empty());
}

fn write(data: &Path, entries: &[Entry]) {
    let mut opened = Journal::open(&data.join("progress.jsonl")).expect("it opens");
    opened.journal.append_all(entries).expect("it writes");
}

fn started_and_solved(kata: &str, second: i64, seconds: u64) -> Vec<Entry> {
    let kata = KataId::new(kata);
    let at = Timestamp::from_second(second).expect("a time");
    vec![
        Entry::Started {
            kata: kata.clone(),
            at,
            seed: Some(5),
        },
        Entry::Spent {
            kata: kata.clone(),
            seconds,
        },
        Entry::Solved { kata, at },
    ]
}

#[test]
fn progress_moves_to_another_computer_and_joins_what_is_there() {
    let (here, there) = (
        tempfile::tempdir().expect("a folder"),
        tempfile::tempdir().expect("a folder"),
    );
    write(here.path(), &started_and_solved("pods/first-pod", 100, 60));
    let file = here.path().join("export.json");
    let name = file.to_str().expect("a name");
    let exported = kubekata(here.path(), &["progress", "export", name]);
    assert!(exported.status.success(), "{}", stderr(&exported));
    let dry = kubekata(there.path(), &["progress", "import", name, "--dry-run"]);
    assert!(stdout(&dry).contains("pods/first-pod: solved once, best in 1 min"));
    let imported = kubekata(there.path(), &["progress", "import", name]);
    assert!(imported.status.success(), "{}", stderr(&imported));
    let again = kubekata(there.path(), &["progress", "import", name]);
    assert!(stdout(&again).contains("nothing new"), "{}", stdout(&again));
    let text = stdout(&kubekata(there.path(), &["progress", "export"]));
    let exported: serde_json::Value = serde_json::from_str(&text).expect("it is JSON");
    let before: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(&file).expect("it reads")).expect("JSON");
    assert_eq!(exported["progress"], before["progress"]);
    assert_eq!(exported["seed"], before["seed"], "the katas are the same");
}

#[test]
fn a_broken_export_is_refused_with_its_place_and_changes_nothing() {
    let data = tempfile::tempdir().expect("a folder");
    write(data.path(), &started_and_solved("pods/first-pod", 100, 60));
    let text = stdout(&kubekata(data.path(), &["progress", "export"]));
    let file = data.path().join("broken.json");
    std::fs::write(&file, text.replace("\"seconds\": 60", "\"seconds\": -1")).expect("it writes");
    let name = file.to_str().expect("a name");
    let refused = kubekata(data.path(), &["progress", "import", name]);
    assert_eq!(refused.status.code(), Some(2));
    let said = stderr(&refused);
    assert!(
        said.contains("broken.json:") && said.contains("seconds: "),
        "{said}"
    );
    assert_eq!(
        stdout(&kubekata(data.path(), &["progress", "export"])).len(),
        text.len()
    );
}

#[test]
fn a_second_interface_is_refused_with_the_process_of_the_first() {
    let data = tempfile::tempdir().expect("a folder");
    let places = kubekata::sandbox::Places::open(Some(data.path())).expect("places");
    let now = Timestamp::from_second(0).expect("a time");
    let claim = Presence::claim(&places, now).expect("it asks");
    let second = kubekata(data.path(), &[]);
    assert_eq!(second.status.code(), Some(3));
    let said = stderr(&second);
    assert!(
        said.contains(&format!("process {}", std::process::id())),
        "{said}"
    );
    assert!(said.contains("check --watch"), "{said}");
    let beside = kubekata(data.path(), &["list"]);
    assert!(beside.status.success(), "{}", stderr(&beside));
    assert!(matches!(claim, Claim::Granted(_)));
}
