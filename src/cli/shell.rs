//! `kubekata shell`: the learner's shell, in the kata's folder, pointed at the cluster.

use std::process::ExitCode;

use anyhow::{Context, Result};

use super::app::App;
use crate::sandbox;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The kata; the one under way where it is left out
    kata: Option<String>,
}

pub async fn run(app: &App, args: &Args) -> Result<ExitCode> {
    let course = app.course()?;
    let learner = app.learner()?;
    let kata = app.kata(&course, &learner, args.kata.as_deref())?;
    let kata = learner.instance(kata)?;
    learner.attempt(&kata)?;
    // Attached for as long as the shell is open, so that the host stays awake.
    let sandbox = app.sandbox(&learner.places).await?;
    let shell = sandbox::shell_in(sandbox.as_ref(), &learner.places, &kata, false)?;
    let status = tokio::process::Command::new(&shell.program)
        .args(&shell.arguments)
        .envs(&shell.variables)
        .current_dir(&shell.workdir)
        .status()
        .await
        .with_context(|| format!("cannot start {}", shell.program.display()))?;
    sandbox.close().await?;
    let code = status.code().unwrap_or(1);
    Ok(ExitCode::from(u8::try_from(code).unwrap_or(1)))
}
