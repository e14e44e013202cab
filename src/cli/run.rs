//! `kubekata run`: keeps the learner's own program running beside the lab, with an identity of its
//! own, until it is interrupted. Its output is what the learner sees.

use std::process::ExitCode;

use anyhow::{Context, Result};

use super::app::App;
use super::{GOOD, Misuse};
use crate::course::KataInstance;
use crate::sandbox::{self, Keeper, Places, ProgramEnd, Sandbox};
use crate::tui::Signals;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// The kata; the one under way where it is left out
    #[arg(long)]
    kata: Option<String>,
    /// Run this once, as the program would, instead of the program
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<String>,
}

pub async fn run(app: &App, args: &Args) -> Result<ExitCode> {
    let course = app.course()?;
    let learner = app.learner()?;
    let kata = app.kata(&course, &learner, args.kata.as_deref())?;
    let kata = learner.instance(kata)?;
    learner.attempt(&kata)?;
    let Some(program) = &kata.program else {
        return Err(Misuse(format!("{} has no program to run", kata.id)).into());
    };
    app.allow_programs("run")?;
    let sandbox = app.sandbox(&learner.places).await?;
    let launch = launch(sandbox.as_ref(), &learner.places, &kata).await?;
    let account = &program.service_account;
    let code = match args.command.as_slice() {
        [] => {
            let command = shell_words::join(&launch.command);
            say!("running `{command}` as {account}; Ctrl-C ends it");
            let tell = |news: String| say!("kubekata: {news}");
            let namespace = kata.namespace();
            let keeper = Keeper::new(sandbox.client(), namespace, account, launch, tell);
            let mut signals = Signals::listen()?;
            match keeper.run(signals.next()).await? {
                ProgramEnd::Asked => {}
                ProgramEnd::KataGone => say!("the kata was set back: the program is ended"),
            }
            GOOD
        }
        [program, arguments @ ..] => {
            let status = tokio::process::Command::new(program)
                .args(arguments)
                .envs(&launch.variables)
                .status()
                .await
                .with_context(|| format!("cannot start {program}"))?;
            ExitCode::from(u8::try_from(status.code().unwrap_or(1)).unwrap_or(1))
        }
    };
    sandbox.close().await?;
    Ok(code)
}

/// How the program of a kata is started: in the learner's folder, as its own service account.
pub async fn launch(
    sandbox: &dyn Sandbox,
    places: &Places,
    kata: &KataInstance,
) -> Result<sandbox::Launch> {
    let program = kata.program.as_ref().context("this kata has a program")?;
    let mut shell = sandbox::shell_in(sandbox, places, kata, false)?;
    let (client, admin) = (sandbox.client(), sandbox.kubeconfig());
    let account = &program.service_account;
    let config = sandbox::kubeconfig_of(&client, &admin, kata.namespace(), account)
        .await
        .with_context(|| format!("no token for {account}"))?;
    let path = places.shell(&kata.id).join("program.kubeconfig");
    sandbox::write_private(&path, &config)?;
    let variables = [
        ("KUBECONFIG", path.display().to_string()),
        ("NAMESPACE", kata.namespace().to_owned()),
        // Python keeps its output to itself for long, unless it writes to a terminal.
        ("PYTHONUNBUFFERED", "1".to_owned()),
    ];
    for (name, value) in variables {
        shell.variables.insert(name.to_owned(), value);
    }
    Ok(sandbox::Launch {
        command: program.command.clone(),
        workdir: shell.workdir,
        variables: shell.variables,
        log: None,
    })
}
