//! `kubekata next`: starts the kata that comes after the one under way, of those that can be done
//! where the learner works.

use std::process::ExitCode;

use anyhow::Result;

use super::GOOD;
use super::app::App;
use super::start::begin;
use crate::sandbox::Choice;
use crate::session::State;

pub async fn run(app: &App) -> Result<ExitCode> {
    let course = app.course()?;
    let mut learner = app.learner()?;
    let state = State::new(course.clone(), learner.seed, learner.progress.clone());
    let after = learner
        .under_way(&course)
        .and_then(|kata| course.after(&kata.id))
        .filter(|kata| !learner.progress.is_solved(&kata.id))
        .map(|kata| kata.id.clone());
    let Some(id) = after.or_else(|| state.next_kata()) else {
        say!("every kata is solved");
        return Ok(GOOD);
    };
    let mut candidate = course.kata(&id);
    while let Some(kata) = candidate {
        let instance = learner.instance(kata)?;
        let lacking = match app.global.sandbox {
            // It can do everything.
            Choice::Embedded => Vec::new(),
            _ => {
                let sandbox = app.sandbox(&learner.places).await?;
                sandbox.abilities().await?.lacking(&instance)
            }
        };
        if lacking.is_empty() {
            let fresh = learner.progress.begins_anew(&kata.id);
            begin(app, &mut learner, &instance, fresh).await?;
            return Ok(GOOD);
        }
        say!("passing over {}: {}", kata.id, lacking.join("; "));
        candidate = course.after(&kata.id);
    }
    say!("no kata that follows can be done on {}", app.global.sandbox);
    Ok(GOOD)
}
