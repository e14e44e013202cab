//! `kubekata preview`: a lesson and its kata as the lab shows them, again whenever a file of the
//! course changes. Without a terminal the text is printed once.

mod page;
mod watch;

use std::io::IsTerminal;
use std::process::ExitCode;

use anyhow::Result;

use self::watch::Watch;
use super::app::App;
use super::{GOOD, Misuse};
use crate::check;
use crate::course::{self, Origin, Problems};
use crate::tui::{self, Page};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The kata or the lesson: track/slug, or its slug alone
    name: String,
    /// Print it once
    #[arg(long)]
    once: bool,
}

pub async fn run(app: &App, args: &Args) -> Result<ExitCode> {
    let page = page(app, &args.name)?;
    let options = tui::Options {
        no_color: app.global.no_color,
        ascii: app.global.ascii,
        ..tui::Options::default()
    };
    let is_terminal = std::io::stdout().is_terminal() && std::io::stdin().is_terminal();
    if args.once || app.global.linear || !is_terminal {
        for line in tui::page_as_text(&page, &options) {
            say!("{line}");
        }
        return Ok(GOOD);
    }
    let mut watch = match &app.global.course {
        Some(Origin::Folder(folder)) => Some(Watch::begin(folder)?),
        // What is inside the program, or pinned, does not change.
        _ => None,
    };
    let again = async || match &mut watch {
        Some(watch) => {
            watch.changed().await;
            page_or_problems(app, &args.name)
        }
        None => std::future::pending().await,
    };
    tui::show_page(page, again, &options).await?;
    Ok(GOOD)
}

/// The page as the files are now. Fails where they cannot be read at all.
fn page(app: &App, name: &str) -> Result<Page> {
    let files = match app.course_files() {
        Ok(files) => files,
        Err(error) => return problems_page(name, error.downcast::<Problems>()?),
    };
    let course = match course::load_files(&files) {
        Ok(course) => course,
        Err(problems) => return problems_page(name, problems),
    };
    let seed = match app.global.seed {
        Some(seed) => seed,
        None => app.learner()?.seed,
    };
    if let Err(problems) = check::validate(&course).or_ok(()) {
        return problems_page(name, problems);
    }
    if let Some(kata) = course.find(name) {
        return match page::of_kata(&course, kata, seed) {
            Ok(markdown) => Ok(Page::new(kata.id.as_str(), markdown)),
            Err(problems) => problems_page(name, problems),
        };
    }
    let mut lessons = course.tracks.iter().flat_map(|track| &track.lessons);
    match lessons.find(|lesson| lesson.id == name) {
        Some(lesson) => Ok(Page::new(&lesson.id, page::of_lesson(lesson))),
        None => Err(Misuse(format!("no kata and no lesson {name}")).into()),
    }
}

/// While an author works nothing ends the preview: what is wrong is shown in its place.
fn page_or_problems(app: &App, name: &str) -> Page {
    page(app, name).unwrap_or_else(|error| Page::new(name, format!("```\n{error:#}\n```\n")))
}

fn problems_page(name: &str, problems: Problems) -> Result<Page> {
    let count = problems.len();
    Ok(Page::new(
        name,
        format!("# {count} to mend\n\n```\n{problems}\n```\n"),
    ))
}
