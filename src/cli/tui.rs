//! `kubekata` alone: the terminal interface over a session.

use std::process::ExitCode;

use anyhow::Result;

use super::app::App;

pub async fn run(_app: &App) -> Result<ExitCode> {
    anyhow::bail!("the terminal interface is not in this build; see kubekata --help")
}
