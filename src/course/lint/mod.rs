//! Rules of good teaching that a course can break and still load: authors run them with `lint`.
//!
//! Here are the rules about the parts of a kata; beside it those about manifests, commands, links
//! and time. What a check means is not known here.

mod commands;
mod links;
mod manifests;
mod reading;

use super::instance::{HintTier, KataInstance};
use super::model::{Course, Need};
use super::problem::{Problem, Problems};

/// How many learners' variants are looked at.
const SEEDS: u64 = 20;

/// Every rule that the course breaks.
pub fn lint(course: &Course) -> Problems {
    let mut problems = Problems::default();
    for kata in course.katas.values() {
        let mut first = None;
        for seed in 0..SEEDS {
            match kata.instance(seed) {
                Ok(instance) => first = first.or(Some(instance)),
                Err(found) => {
                    problems.extend(found);
                    break;
                }
            }
        }
        if let Some(instance) = first {
            lint_kata(&instance, &mut problems);
            commands::lint(&instance, &mut problems);
            manifests::lint(&instance, &mut problems);
            reading::lint_kata(&instance, &mut problems);
        }
    }
    for lesson in course.tracks.iter().flat_map(|track| &track.lessons) {
        reading::lint_lesson(lesson, &mut problems);
    }
    links::lint(course, &mut problems);
    problems.or_ok(()).err().unwrap_or_default()
}

fn lint_kata(kata: &KataInstance, problems: &mut Problems) {
    let definition = format!("katas/{}/kata.yaml", kata.id);
    let mut refuse = |field: &str, message: String| {
        problems.push(Problem::new(&definition, message).in_field(field));
    };
    for tier in [HintTier::Nudge, HintTier::Look, HintTier::Answer] {
        if !kata.hints.iter().any(|hint| hint.tier == tier) {
            refuse("hints", format!("no `{}` among the hints", tier.as_str()));
        }
    }
    let tiers: Vec<_> = kata
        .hints
        .iter()
        .map(|hint| (&hint.task, hint.tier))
        .collect();
    if tiers
        .windows(2)
        .any(|pair| pair[0].0 == pair[1].0 && pair[0].1 > pair[1].1)
    {
        let message = "the hints of a task go from nudge to look to answer";
        refuse("hints", message.to_owned());
    }
    if kata.wrong.len() < 2 {
        refuse("wrong", "fewer than two wrong answers".to_owned());
    }
    if kata.story.trim().is_empty() {
        refuse("story", "the kata tells nothing".to_owned());
    }
    let tells = kata.tasks.iter().map(|task| task.text.as_str());
    let tells: Vec<&str> = tells.chain([kata.story.as_str()]).collect();
    let needs = &kata.sandbox.needs;
    if tells.iter().any(|text| text.contains("kubekata chaos")) && !needs.contains(&Need::Chaos) {
        let message = "the kata asks for `kubekata chaos`: it needs `chaos`";
        refuse("sandbox.needs", message.to_owned());
    }
    for task in &kata.tasks {
        if task.text.trim().is_empty() {
            refuse("tasks", format!("task `{}` says nothing", task.id));
        }
    }
    if kata.debrief.trim().is_empty() {
        let file = format!("katas/{}/debrief.md", kata.id);
        problems.push(Problem::new(file, "the debrief says nothing"));
    }
}
