//! `kubekata sandbox`: where the learner works, what it can do for the course, and how nothing is
//! left behind there.

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

use super::app::App;
use super::output::{confirmed, counted};
use super::{GOOD, Misuse, refused};
use crate::sandbox::{self, Choice, Places, Territory};
use crate::session;

/// Where you work
///
/// Without a command it shows what the cluster of --sandbox is, and which katas cannot be done
/// there.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show what the cluster is, and which katas cannot be done there
    Status,
    /// Delete every namespace that kubekata made for you there
    Clean,
    /// Delete the kind cluster that kubekata made
    Delete,
}

pub async fn run(app: &App, args: &Args) -> Result<ExitCode> {
    match args.command {
        None | Some(Command::Status) => status(app).await,
        Some(Command::Clean) => clean(app).await,
        Some(Command::Delete) => delete(app).await,
    }
}

async fn status(app: &App) -> Result<ExitCode> {
    let course = app.course()?;
    let learner = app.learner()?;
    let sandbox = app.sandbox(&learner.places).await?;
    let info = session::describe(sandbox.as_ref()).await?;
    say!("sandbox     {}", info.kind);
    say!("version     {}", info.version);
    say!("address     {}", info.address.unwrap_or_default());
    say!("nodes       {}", info.nodes);
    if let Territory::OwnNamespaces(owner) = sandbox.territory() {
        let own = owner.namespaces(&sandbox.client()).await?;
        if own.is_empty() {
            say!("namespaces  none of yours");
        }
        for own in own {
            say!("namespaces  {}  {}", own.name, own.kata.unwrap_or_default());
        }
    }
    let abilities = sandbox.abilities().await?;
    let mut passed_over = 0;
    for kata in course.katas_in_order() {
        let kata = learner.instance(kata)?;
        let lacking = abilities.lacking(&kata);
        if !lacking.is_empty() {
            passed_over += 1;
            let mark = app.out.partial("not here");
            say!("{mark}  {:28} {}", kata.id, lacking.join("; "));
        }
    }
    let all = course.katas.len();
    let can = all - passed_over;
    say!("{can} of {} can be done here", counted(all, "kata"));
    sandbox.close().await?;
    Ok(GOOD)
}

async fn clean(app: &App) -> Result<ExitCode> {
    let places = app.places()?;
    let sandbox = app.sandbox(&places).await?;
    let Territory::OwnNamespaces(owner) = sandbox.territory() else {
        let message = match &app.global.sandbox {
            Choice::Kind(_) => "kubekata sandbox delete takes the whole kind cluster away",
            _ => "the embedded cluster is all yours; kubekata reset sets a kata back",
        };
        return Err(Misuse(message.to_owned()).into());
    };
    let own = owner.namespaces(&sandbox.client()).await?;
    if own.is_empty() {
        say!("nothing of yours is there");
        return Ok(GOOD);
    }
    let names: Vec<String> = own.into_iter().map(|own| own.name).collect();
    let question = format!("delete {} on {}?", names.join(", "), sandbox.name());
    if !app.global.yes && !confirmed(&question)? {
        say!("nothing was changed");
        return Ok(refused());
    }
    for name in owner.clean(&sandbox.client(), &[]).await? {
        say!("deleted {name}");
    }
    sandbox.close().await?;
    Ok(GOOD)
}

async fn delete(app: &App) -> Result<ExitCode> {
    let places: Places = app.places()?;
    let Choice::Kind(name) = &app.global.sandbox else {
        let message = "only kind clusters are deleted: kubekata sandbox delete --sandbox kind";
        return Err(Misuse(message.to_owned()).into());
    };
    let question = format!("delete the kind cluster {name} with everything in it?");
    if !app.global.yes && !confirmed(&question)? {
        say!("nothing was changed");
        return Ok(refused());
    }
    sandbox::delete_kind(&places, name).await?;
    say!("deleted {name}");
    Ok(GOOD)
}
