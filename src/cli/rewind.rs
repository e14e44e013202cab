//! `kubekata rewind` and `kubekata undo`: the cluster as it was.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Result;

use super::app::App;
use super::clock;
use super::cluster::running_host;
use super::{GOOD, Misuse};
use crate::sandbox::{self, Order, Refused, RewindTo};

/// Bring the cluster back to how it was
///
/// Objects are what they were then, and the containers of Pods that changed since are started anew.
/// Time goes on, and revisions count up: watches see it as they see any change. What is not in the
/// API does not come back: files in volumes, logs, the power of nodes.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// A revision, as `kubekata trace` shows them, or a span of cluster time
    #[arg(long, value_name = "REVISION|DURATION", value_parser = target)]
    to: Target,
}

/// Take your last command back
///
/// The cluster is as it was just before it, whatever happened since. Once more takes back the
/// command before. `kubekata rewind` goes back to any moment that is remembered.
#[derive(Debug, clap::Args)]
pub struct UndoArgs {}

const EXAMPLES: &str = "\
Examples:
  kubekata rewind --to 5m             as it was five minutes ago
  kubekata rewind --to 1402           as it was at this revision
  kubekata undo                       as it was before your last command";

#[derive(Debug, Clone, Copy, PartialEq)]
enum Target {
    Revision(u64),
    Ago(Duration),
}

fn target(text: &str) -> Result<Target, String> {
    if let Ok(revision) = text.parse::<u64>() {
        return Ok(Target::Revision(revision));
    }
    let span = clock::length(text).map(Target::Ago);
    span.map_err(|_| "expected a revision such as 1402, or a span such as 90s or 5m".to_owned())
}

pub async fn run(app: &App, args: &Args) -> Result<ExitCode> {
    let back = match args.to {
        Target::Revision(revision) => RewindTo::Revision { revision },
        Target::Ago(span) => RewindTo::Ago {
            seconds: span.as_secs_f64(),
        },
    };
    go_back(app, back).await
}

pub async fn undo(app: &App, _args: &UndoArgs) -> Result<ExitCode> {
    go_back(app, RewindTo::LastCommand).await
}

async fn go_back(app: &App, back: RewindTo) -> Result<ExitCode> {
    let host = running_host(&app.places()?)?;
    let status = sandbox::ask(&host, Order::Rewind { back }).await;
    let status = status.map_err(|error| match error.downcast::<Refused>() {
        Ok(Refused(why)) => Misuse(why).into(),
        Err(error) => error,
    })?;
    say!("{}", status.said.unwrap_or_default());
    Ok(GOOD)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_revision_or_a_span_says_how_far_back() {
        assert_eq!(target("1402"), Ok(Target::Revision(1402)));
        let five = Duration::from_secs(300);
        assert_eq!(target("5m"), Ok(Target::Ago(five)));
        assert!(target("yesterday").is_err());
    }
}
