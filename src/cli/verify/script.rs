//! Runs an author's script as a learner would type it: bash, the real kubectl, a kubeconfig.

use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use tokio::process::Command;

use super::super::Misuse;
use crate::course::{KataInstance, SourceFile};
use crate::sandbox::ShellEnvironment;

/// No script of a kata takes so long in scaled time.
const LONGEST: Duration = Duration::from_secs(60);

/// A command of a hint that has not ended by then goes on for ever.
const LONGEST_LOOK: Duration = Duration::from_secs(3);

/// Fails where bash or kubectl is not installed.
pub async fn require_tools() -> Result<()> {
    for (tool, argument) in [("bash", "--version"), ("kubectl", "help")] {
        let found = Command::new(tool)
            .arg(argument)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status()
            .await;
        if found.is_err() {
            let message =
                format!("verify runs the katas' scripts and needs {tool}, which is not here");
            return Err(Misuse(message).into());
        }
    }
    Ok(())
}

/// Runs `script` in the learner's folder, with the other files of its folder beside it.
///
/// Fails with what it said where it fails.
pub async fn run(
    kata: &KataInstance,
    script: &SourceFile,
    beside: &[SourceFile],
    shell: &ShellEnvironment,
) -> Result<()> {
    for file in beside.iter().filter(|file| !file.name.ends_with(".sh")) {
        write(&shell.workdir.join(&file.name), &file.text)?;
    }
    let path = shell.workdir.join(".script.sh");
    write(&path, &script.text)?;
    let mut command = bash(shell);
    command.arg(&path).env("NAMESPACE", kata.namespace());
    let output = tokio::time::timeout(LONGEST, command.output())
        .await
        .with_context(|| format!("{} does not end", script.path))??;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("{}: {}\n{}", script.path, output.status, said.trim_end());
    }
    Ok(())
}

/// Whether `command` works. One that goes on (`-w`, `-f`) works.
pub async fn works(command: &str, shell: &ShellEnvironment) -> Result<bool> {
    let mut run = bash(shell);
    let run = run
        .args(["-c", command])
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    match tokio::time::timeout(LONGEST_LOOK, run.status()).await {
        Ok(status) => Ok(status?.success()),
        Err(_) => Ok(true),
    }
}

/// Whether a command succeeds that asks for something on this machine.
pub async fn succeeds(command: &str) -> bool {
    let mut run = Command::new("bash");
    let run = with_this_program(&mut run)
        .args(["-c", command])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    run.status().await.is_ok_and(|status| status.success())
}

/// `$KUBEKATA` is this program, for scripts that look what is beside it.
fn with_this_program(command: &mut Command) -> &mut Command {
    match std::env::current_exe() {
        Ok(program) => command.env("KUBEKATA", program),
        Err(_) => command,
    }
}

/// Puts a folder in front of the path in which this program is called `kubekata`, whatever the file
/// is called that runs.
pub fn lead_to_this_program(shell: &mut ShellEnvironment, folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder)?;
    #[cfg(unix)]
    std::os::unix::fs::symlink(std::env::current_exe()?, folder.join("kubekata"))?;
    let inherited = std::env::var("PATH").unwrap_or_default();
    let path = shell.variables.get("PATH").unwrap_or(&inherited);
    let folders = std::env::split_paths(path);
    let path = std::env::join_paths(std::iter::once(folder.to_path_buf()).chain(folders))?;
    let path = path.to_string_lossy().into_owned();
    shell.variables.insert("PATH".to_owned(), path);
    Ok(())
}

fn bash(shell: &ShellEnvironment) -> Command {
    let mut command = Command::new("bash");
    with_this_program(&mut command)
        .args(["-eu", "-o", "pipefail"])
        .current_dir(&shell.workdir)
        .envs(&shell.variables)
        .stdin(Stdio::null())
        .kill_on_drop(true);
    command
}

fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
}
