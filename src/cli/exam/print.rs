//! An exam in words, and as JSON.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::cli::output::{Output, Tone, span};
use crate::course::Course;
use crate::session::{Exam, ExamKata};

/// The time that is left, then every kata with its points.
pub(super) fn print_status(out: &Output, course: &Course, exam: &Exam, now: Timestamp) {
    let left = exam.left(now);
    let (reached, all) = exam.points();
    say!(
        "{}  {} of {} left, {reached} of {all} points\n",
        out.paint(Tone::Strong, "Exam"),
        span(left),
        span(exam.seconds)
    );
    for kata in &exam.katas {
        say!("{}", line(out, course, kata));
    }
    say!("");
    let rows = [
        ("kubekata exam open", "the next kata, or the one you name"),
        ("kubekata exam check", "what counts so far"),
        ("kubekata exam finish", "end it and look back"),
    ];
    for (command, what) in rows {
        let command = out.paint(Tone::Accent, &format!("{command:22}"));
        say!("  {command} {}", out.paint(Tone::Dim, what));
    }
}

/// What was reached, and what was not.
pub(super) fn print_review(out: &Output, course: &Course, exam: &Exam) {
    let (reached, all) = exam.points();
    let words = format!("{reached} of {all} points, {} %", exam.percent());
    let passed = match exam.is_passed() {
        true => out.good("passed"),
        false => out.bad("not passed"),
    };
    let ended = exam.ended.unwrap_or(exam.began).min(exam.deadline());
    let took = ended.as_second() - exam.began.as_second();
    let took = span(u64::try_from(took).unwrap_or(0));
    say!("{passed}  {words}, in {took} of {}\n", span(exam.seconds));
    for kata in &exam.katas {
        say!("{}", line(out, course, kata));
        for (text, done) in tasks(course, exam, kata) {
            let mark = match done {
                true => out.good("done"),
                false => out.open("open"),
            };
            say!("      {mark}  {}", text.lines().next().unwrap_or_default());
        }
        if kata.done.len() < kata.tasks.len() {
            let command = format!("kubekata solution {}", kata.kata);
            say!("      look    {}", out.paint(Tone::Accent, &command));
        }
    }
}

fn line(out: &Output, course: &Course, kata: &ExamKata) -> String {
    let (reached, all) = kata.points();
    let title = course
        .kata(&kata.kata)
        .map_or("", |kata| kata.title.as_str());
    let words = format!("{reached:>2} of {all}");
    let mark = match reached {
        _ if reached == all => out.good(&words),
        0 => out.open(&words),
        _ => out.partial(&words),
    };
    format!("  {mark}  {:32} {title}", kata.kata)
}

fn tasks(course: &Course, exam: &Exam, kata: &ExamKata) -> Vec<(String, bool)> {
    let instance = course.kata(&kata.kata).map(|kata| kata.instance(exam.seed));
    let text = |id: &String| match &instance {
        Some(Ok(instance)) => instance
            .task(id)
            .map_or(id.clone(), |task| task.text.clone()),
        _ => id.clone(),
    };
    let tasks = kata.tasks.iter();
    tasks.map(|id| (text(id), kata.done.contains(id))).collect()
}

pub(super) fn as_json(course: &Course, exam: &Exam, now: Timestamp) -> Value {
    let kata = |kata: &ExamKata| {
        let (points, of) = kata.points();
        let tasks: Vec<Value> = kata
            .tasks
            .iter()
            .zip(tasks(course, exam, kata))
            .map(|(id, (text, done))| json!({"id": id, "text": text.trim_end(), "done": done}))
            .collect();
        json!({"kata": kata.kata, "points": points, "of": of, "tasks": tasks})
    };
    let (points, of) = exam.points();
    json!({
        "began": exam.began,
        "deadline": exam.deadline(),
        "ended": exam.ended,
        "seconds": exam.seconds,
        "secondsLeft": exam.left(now),
        "over": exam.is_over(now),
        "seed": exam.seed,
        "points": points,
        "of": of,
        "percent": exam.percent(),
        "passed": exam.is_passed(),
        "katas": exam.katas.iter().map(kata).collect::<Vec<_>>(),
    })
}
