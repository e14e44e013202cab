//! The programs that kind clusters need: docker or podman, and kind itself.

use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use anyhow::Result;
use tokio::process::Command;

use super::recipe::is_new_enough;
use super::trouble::{self, KindTrouble};

/// A daemon that has not answered by then does not run.
const ANSWER: Duration = Duration::from_secs(20);

/// What was found on this machine.
#[derive(Debug, Clone)]
pub(super) struct Tools {
    kind: PathBuf,
    /// `docker` or `podman`.
    pub containers: &'static str,
}

/// What a program said, and whether it was content.
pub(super) struct Said {
    pub good: bool,
    pub out: String,
    pub errors: String,
}

impl Tools {
    /// Finds what is needed, ready to be used. Fails with the [`KindTrouble`] there is.
    pub async fn find() -> Result<Self> {
        let containers = containers().await?;
        let kind = in_path("kind").ok_or(KindTrouble::NoKind)?;
        let tools = Self { kind, containers };
        let version = tools.ask(&["version"]).await?.out;
        // `kind v0.31.0 go1.25.5 linux/amd64`
        let version = version.split_whitespace().nth(1).unwrap_or_default();
        if !is_new_enough(version) {
            return Err(KindTrouble::OldKind(version.to_owned()).into());
        }
        Ok(tools)
    }

    /// kind with these arguments, ready to be started.
    pub fn kind(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.kind);
        command
            .args(arguments)
            .env("KIND_EXPERIMENTAL_PROVIDER", self.containers)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        command
    }

    /// Runs kind and waits for what it says.
    pub async fn ask(&self, arguments: &[&str]) -> Result<Said> {
        said(self.kind(arguments)).await
    }

    /// The names of the clusters that kind knows.
    pub async fn clusters(&self) -> Result<Vec<String>> {
        let said = self.ask(&["get", "clusters"]).await?;
        if !said.good {
            return Err(trouble::of_creation(self.containers, &said.errors).into());
        }
        Ok(said
            .out
            .lines()
            .map(|line| line.trim().to_owned())
            .collect())
    }
}

/// docker where it runs, else podman; the trouble with docker where neither does.
async fn containers() -> Result<&'static str> {
    let mut first = None;
    for tool in ["docker", "podman"] {
        let Some(path) = in_path(tool) else { continue };
        let mut command = Command::new(path);
        command.args(["version", "--format", "{{.Server.Version}}"]);
        if tool == "podman" {
            // It has no server where it runs natively.
            command = Command::new(tool);
            command.arg("info");
        }
        command.stdin(Stdio::null()).kill_on_drop(true);
        let trouble = match tokio::time::timeout(ANSWER, said(command)).await {
            Ok(said) => {
                let said = said?;
                if said.good {
                    return Ok(tool);
                }
                trouble::of_containers(tool, &said.errors)
            }
            Err(_) => KindTrouble::NotRunning(tool),
        };
        first.get_or_insert(trouble);
    }
    Err(first.unwrap_or(KindTrouble::NoContainers).into())
}

async fn said(mut command: Command) -> Result<Said> {
    let output = command.output().await?;
    Ok(Said {
        good: output.status.success(),
        out: String::from_utf8_lossy(&output.stdout).into_owned(),
        errors: String::from_utf8_lossy(&output.stderr).into_owned(),
    })
}

/// Where the shell would find a program.
fn in_path(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let name = format!("{name}{}", std::env::consts::EXE_SUFFIX);
    std::env::split_paths(&path)
        .map(|folder| folder.join(&name))
        .find(|candidate| candidate.is_file())
}
