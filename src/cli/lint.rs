//! `kubekata lint`: every mistake of a course, and every rule of good teaching that it breaks.

use std::process::ExitCode;

use anyhow::Result;

use super::app::App;
use super::{GOOD, refused};
use crate::{check, course};

pub fn run(app: &App) -> Result<ExitCode> {
    let problems = match course::load(app.global.course.as_deref()) {
        Err(problems) => problems,
        Ok(course) => {
            let mut problems = check::validate(&course);
            problems.extend(course::lint(&course));
            problems.extend(check::giveaways(&course));
            let Err(problems) = problems.or_ok(()) else {
                let katas = course.katas.len();
                say!(
                    "{}",
                    app.out
                        .good(&format!("{katas} katas, nothing to complain about"))
                );
                return Ok(GOOD);
            };
            problems
        }
    };
    for problem in problems.iter() {
        say!("{problem}");
    }
    say!("{}", app.out.bad(&format!("{} to mend", problems.len())));
    Ok(refused())
}
