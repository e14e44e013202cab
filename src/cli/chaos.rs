//! `kubekata chaos`: something happens to the nodes of the cluster, on purpose.

use std::process::ExitCode;

use anyhow::Result;
use clap::builder::PossibleValuesParser;

use super::app::App;
use super::cluster::running_host;
use super::{GOOD, Misuse};
use crate::sandbox::chaos::{Chaos, ChaosKind, KINDS};
use crate::sandbox::{self, Order, Refused};

/// Let something happen to the nodes of the cluster
///
/// Without a word it lists what can happen. Draining is kubectl's own: kubectl drain NODE.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// What happens
    #[arg(value_parser = PossibleValuesParser::new(KINDS.map(|kind| kind.name)))]
    what: Option<String>,
    /// What it happens to: a node or a zone, and for pressure memory, disk or pid
    #[arg(requires = "what")]
    targets: Vec<String>,
    /// End the pressure
    #[arg(long, requires = "what")]
    off: bool,
}

const EXAMPLES: &str = "\
Examples:
  kubekata chaos node-loss kubekata-worker2
  kubekata chaos zone-loss zone-b
  kubekata chaos pressure kubekata-worker memory
  kubekata chaos pressure kubekata-worker memory --off
  kubekata clock skip 6m              what follows from it, without waiting";

pub async fn run(app: &App, args: &Args) -> Result<ExitCode> {
    let Some(what) = &args.what else {
        list();
        return Ok(GOOD);
    };
    app.require_embedded("chaos")?;
    let chaos = Chaos::new(what, args.targets.clone(), args.off).map_err(Misuse)?;
    let host = running_host(&app.places()?)?;
    let status = sandbox::ask(&host, Order::Chaos { chaos }).await;
    let status = status.map_err(|error| match error.downcast::<Refused>() {
        Ok(Refused(why)) => Misuse(why).into(),
        Err(error) => error,
    })?;
    say!("{}", status.said.unwrap_or_default());
    Ok(GOOD)
}

fn list() {
    let usage = |kind: &ChaosKind| {
        let off = if kind.has_off { " [--off]" } else { "" };
        format!("{} {}{off}", kind.name, kind.takes.join(" "))
    };
    let width = KINDS.map(|kind| usage(kind).len()).into_iter().max();
    let width = width.unwrap_or_default();
    for kind in KINDS {
        say!("{:width$}  {}", usage(kind), kind.says);
    }
}
