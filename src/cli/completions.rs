//! `kubekata completions`: the completion script of a shell.

use std::process::ExitCode;

use anyhow::Result;
use clap::CommandFactory;
use clap_complete::Shell;

use super::GOOD;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// bash, zsh, fish, elvish or powershell
    shell: Shell,
}

pub fn run(args: &Args) -> Result<ExitCode> {
    let mut command = super::args::Args::command();
    clap_complete::generate(args.shell, &mut command, "kubekata", &mut std::io::stdout());
    Ok(GOOD)
}
