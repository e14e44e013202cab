//! Has kind make a cluster, and passes on what it is busy with.

use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::io::{AsyncBufReadExt, BufReader};

use super::recipe::{CONFIG, IMAGE};
use super::record::Records;
use super::tools::Tools;
use super::trouble::{self, KindTrouble};

/// Pulling the image over a slow line, and starting three nodes on a slow machine.
const LONGEST: Duration = Duration::from_secs(15 * 60);

/// How long the nodes may take to be ready, once they run.
const READY: &str = "180s";

/// Makes the cluster. What a failure leaves behind is taken away.
pub(super) async fn create(
    tools: &Tools,
    records: &Records,
    name: &str,
    told: &(dyn Fn(&str) + Sync),
) -> Result<()> {
    std::fs::write(records.recipe(), CONFIG).context("cannot write kind's configuration")?;
    let recipe = records.recipe().display().to_string();
    let kubeconfig = records.kubeconfig().display().to_string();
    let mut command = tools.kind(&[
        "create",
        "cluster",
        "--name",
        name,
        "--image",
        IMAGE,
        "--config",
        &recipe,
        "--kubeconfig",
        &kubeconfig,
        "--wait",
        READY,
    ]);
    command.stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().context("cannot start kind")?;
    let errors = child.stderr.take().context("kind has an output")?;
    let mut said = String::new();
    let run = async {
        let mut lines = BufReader::new(errors).lines();
        while let Some(line) = lines.next_line().await? {
            if let Some(step) = step(&line) {
                told(step);
            }
            said.push_str(&line);
            said.push('\n');
        }
        Ok::<_, anyhow::Error>(child.wait().await?)
    };
    let ended = tokio::time::timeout(LONGEST, run).await;
    let trouble = match ended {
        Ok(status) if status.as_ref().is_ok_and(|status| status.success()) => return Ok(()),
        Ok(status) => {
            status?;
            trouble::of_creation(tools.containers, &said)
        }
        Err(_) => KindTrouble::TimedOut(LONGEST.as_secs() / 60, tools.containers),
    };
    // kind does so itself, unless it was interrupted.
    let _ = tools
        .ask(&[
            "delete",
            "cluster",
            "--name",
            name,
            "--kubeconfig",
            &kubeconfig,
        ])
        .await;
    records.remove()?;
    Err(trouble.into())
}

/// What a line of kind's says it is busy with: ` • Preparing nodes 📦 …`.
fn step(line: &str) -> Option<&str> {
    let step = line.trim().strip_prefix('•')?;
    // Symbols that terminals disagree about are left out.
    let end = step.find(|c: char| !c.is_ascii()).unwrap_or(step.len());
    Some(step[..end].trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_kind_is_busy_with_is_passed_on_without_its_pictures() {
        assert_eq!(
            step(" • Ensuring node image (kindest/node:v1.35.0) 🖼  ..."),
            Some("Ensuring node image (kindest/node:v1.35.0)")
        );
        assert_eq!(step(" ✓ Preparing nodes 📦 📦 📦 "), None);
        assert_eq!(step("Creating cluster \"kubekata\" ..."), None);
    }
}
