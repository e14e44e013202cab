//! `kubekata new kata`: the files of a kata, ready to be filled.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::Subcommand;

use super::app::App;
use super::{GOOD, Misuse};

#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// A kata with its lesson, checks, solution and two wrong answers
    Kata {
        /// Where it belongs: track/slug
        id: String,
    },
}

pub fn run(app: &App, args: &Args) -> Result<ExitCode> {
    let What::Kata { id } = &args.what;
    let Some((track, slug)) = id
        .split_once('/')
        .filter(|(track, slug)| is_name(track) && is_name(slug))
    else {
        let message = format!("{id}: expected track/slug, in lower case letters, digits and -");
        return Err(Misuse(message).into());
    };
    let root = app
        .global
        .course
        .clone()
        .unwrap_or_else(|| PathBuf::from("."));
    if !root.join("lessons/course.yaml").is_file() {
        let message = format!("{} is no course: no lessons/course.yaml", root.display());
        return Err(Misuse(message).into());
    }
    if root.join("katas").join(track).join(slug).exists() {
        return Err(Misuse(format!("there is a kata {id} already")).into());
    }
    for (path, text) in files(track, slug) {
        write(&root.join(&path), &text)?;
        say!("{path}");
    }
    say!("\nadd `{slug}` to the lessons of the track `{track}` in lessons/course.yaml, then:");
    say!("  kubekata lint && kubekata verify {id}");
    Ok(GOOD)
}

fn is_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    !text.is_empty() && text.chars().all(allowed)
}

fn write(path: &Path, text: &str) -> Result<()> {
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
