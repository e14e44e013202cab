//! The files of a new kata: a whole small one, which passes `lint` and `verify` as it is.

use std::path::Path;

use anyhow::{Context, Result};

use super::super::Misuse;
use super::place::add_to_course;

/// Writes them below `root`, and gives the kata its place in the course.
pub(super) fn write(root: &Path, id: &str) -> Result<()> {
    let Some((track, slug)) = id
        .split_once('/')
        .filter(|(track, slug)| is_name(track) && is_name(slug))
    else {
        let message = format!("{id}: expected track/slug, in lower case letters, digits and -");
        return Err(Misuse(message).into());
    };
    let course = root.join("lessons/course.yaml");
    let Ok(text) = std::fs::read_to_string(&course) else {
        let message = format!(
            "{} is no course: no lessons/course.yaml; kubekata new course DIR begins one",
            root.display()
        );
        return Err(Misuse(message).into());
    };
    if root.join("katas").join(track).join(slug).exists() {
        return Err(Misuse(format!("there is a kata {id} already")).into());
    }
    for (path, text) in files(track, slug) {
        write_file(&root.join(&path), &text)?;
        say!("{path}");
    }
    match add_to_course(&text, track, slug) {
        Some(text) => {
            write_file(&course, &text)?;
            say!("lessons/course.yaml");
        }
        None => say!("\nadd `{slug}` to the lessons of the track `{track}` in lessons/course.yaml"),
    }
    say!("\nwhat to do next:");
    say!("  kubekata lint");
    say!("  kubekata verify {id}");
    say!("  kubekata preview {id}");
    Ok(())
}

fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.chars().all(allowed)
}

pub(super) fn write_file(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}

fn files(track: &str, slug: &str) -> Vec<(String, String)> {
    let kata = format!("katas/{track}/{slug}");
    let filled = |text: &str| text.replace("TRACK", track).replace("SLUG", slug);
    vec![
        (format!("lessons/{track}/{slug}.md"), filled(LESSON)),
        (format!("{kata}/kata.yaml"), filled(KATA)),
        (format!("{kata}/start/scene.yaml"), filled(SCENE)),
        (format!("{kata}/solution/solve.sh"), filled(SOLVE)),
        (format!("{kata}/wrong/other-text.sh"), filled(WRONG)),
        (format!("{kata}/wrong/nothing.sh"), "true\n".to_owned()),
        (format!("{kata}/debrief.md"), filled(DEBRIEF)),
        (format!("checks/{track}/{slug}.yaml"), filled(CHECKS)),
    ]
}

const LESSON: &str = "\
---
format: 1
title: The title of SLUG
kata: TRACK/SLUG
minutes: 3
---
# The title of SLUG

What one has to know before doing it.
";

const KATA: &str = "\
format: 1
title: The title of SLUG
difficulty: easy      # easy, medium, hard
kind: repair          # build, repair
minutes: 5

parameters:
  app: [harbor, beacon, lantern]

story: |
  What the matter is, for `{{ app }}` in the namespace `{{ namespace }}`.

scene: [there]        # these checks hold before the learner does anything

tasks:
  - id: greet
    text: The ConfigMap `{{ app }}` greets with `hello`.
    checks: [greets]

hints:
  - nudge: Where is the text kept?
  - look: The whole object shows it.
    command: kubectl get configmap {{ app }} -o yaml
  - answer: |
      `kubectl patch configmap {{ app }} --patch '{\"data\": {\"greeting\": \"hello\"}}'`

wrong:                # wrong answer: the checks that refuse it, and no others
  other-text: greets
  nothing: greets
";

const SCENE: &str = "\
apiVersion: v1
kind: ConfigMap
metadata:
  name: \"{{ app }}\"
data:
  greeting: bye
";

const SOLVE: &str = "\
kubectl patch configmap {{ app }} --patch '{\"data\": {\"greeting\": \"hello\"}}'
";

const WRONG: &str = "\
kubectl patch configmap {{ app }} --patch '{\"data\": {\"greeting\": \"Hello\"}}'
";

const DEBRIEF: &str = "\
# What happened

What was wrong, and why.

# In production

How one meets it outside of a kata.

# Going further

- Something to try.
";

const CHECKS: &str = "\
format: 1
checks:
  - id: there
    says: The ConfigMap `{{ app }}` is there
    object: {kind: ConfigMap, name: \"{{ app }}\"}

  - id: greets
    says: It greets with `hello`
    object:
      kind: ConfigMap
      name: \"{{ app }}\"
      match: {data: {greeting: hello}}
    otherwise: Every letter counts, the first one too.
";
