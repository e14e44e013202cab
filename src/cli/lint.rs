//! `kubekata lint`: every mistake of a course, and every rule of good teaching that it breaks.

use std::process::ExitCode;

use anyhow::Result;

use super::app::App;
use super::{GOOD, refused};
use crate::check;
use crate::course::{self, Course, CourseFiles, Problems};

pub fn run(app: &App) -> Result<ExitCode> {
    let problems = match found(app) {
        Ok(Ok(course)) => match every_rule(&course).or_ok(()) {
            Ok(()) => {
                let katas = course.katas.len();
                let noun = if katas == 1 { "kata" } else { "katas" };
                let words = format!("{katas} {noun}, nothing to complain about");
                say!("{}", app.out.good(&words));
                return Ok(GOOD);
            }
            Err(problems) => problems,
        },
        Ok(Err(problems)) => problems,
        Err(error) => return Err(error),
    };
    for problem in problems.iter() {
        say!("{problem}");
    }
    say!("{}", app.out.bad(&format!("{} to mend", problems.len())));
    Ok(refused())
}

/// The course, or what keeps it from being loaded.
fn found(app: &App) -> Result<Result<Course, Problems>> {
    let files: Result<CourseFiles> = app.course_files();
    match files {
        Ok(files) => Ok(course::load_files(&files)),
        Err(error) => Ok(Err(error.downcast::<Problems>()?)),
    }
}

/// Every rule that a course can break and still load.
pub fn every_rule(course: &Course) -> Problems {
    let mut problems = check::validate(course);
    problems.extend(course::lint(course));
    problems.extend(check::lint(course));
    problems.extend(check::giveaways(course));
    problems
}
