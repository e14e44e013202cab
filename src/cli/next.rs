//! `kubekata next`: starts the kata that comes after the one under way.

use std::process::ExitCode;

use anyhow::Result;

use super::GOOD;
use super::app::App;
use super::start::begin;
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
    let Some(kata) = course.kata(&id) else {
        return Ok(GOOD);
    };
    let kata = learner.instance(kata)?;
    let fresh = learner.progress.attempt(&id).number == 0;
    begin(app, &mut learner, &kata, fresh).await?;
    Ok(GOOD)
}
