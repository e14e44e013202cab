//! What loads, and how mistakes are told.

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
    let kata = KATA.replace("other: ready", "others: raedy");
    assert_eq!(
        said(&[("katas/pods/first/kata.yaml", &kata)]),
        [
            "katas/pods/first/kata.yaml: wrong.others: no check `raedy` in checks/pods/first.yaml",
            "katas/pods/first/kata.yaml: wrong.others: no file wrong/others.sh",
            "katas/pods/first/wrong/other.sh: kata.yaml says under `wrong` which check refuses it",
        ]
    );
}

#[test]
fn a_check_that_nobody_names_is_refused() {
    let kata = KATA.replace("checks: [ready]", "checks: [raedy]");
    let said = said(&[("katas/pods/first/kata.yaml", &kata)]);
    let expected =
        "checks/pods/first.yaml: checks: `ready` belongs to no task and not to the scene";
    assert!(said.contains(&expected.to_owned()), "{said:#?}");
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
fn files_that_are_plain_keep_their_braces() {
    let chart = "name: {{ .Values.name }}\n";
    let kata = KATA.replace("tasks:", "plain: [workspace/chart/]\ntasks:");
    let files = files(&[
        ("katas/pods/first/kata.yaml", &kata),
        ("katas/pods/first/workspace/chart/templates/a.yaml", chart),
        ("katas/pods/first/workspace/README.md", "{{ app }}"),
    ]);
    let course = load_files(&files).unwrap_or_else(|problems| panic!("{problems}"));
    let kata = course.find("first").expect("it is found");
    let kata = kata.instance(7).expect("it can be made");
    let texts: Vec<&str> = kata
        .workspace
        .iter()
        .map(|file| file.text.as_str())
        .collect();
    assert_eq!(texts, ["harbor", chart]);
}

#[test]
fn an_image_that_the_cluster_would_refuse_is_a_mistake_of_the_course() {
    let image =
        "repository: example.com/shop\nversions: {'1': '1'}\ncontents: {base: alpine, size: 3}\n";
    assert_eq!(said(&[("images/shop.yaml", image)]), Vec::<String>::new());
    let unknown = image.replace("base: alpine", "base: windows");
    let said = said(&[("images/shop.yaml", &unknown)]);
    assert!(
        said[0].starts_with("images/shop.yaml: base: there is no"),
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
