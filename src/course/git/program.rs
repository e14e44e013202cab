//! Calls the `git` program on a bare repository, with everything off that could run something else.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

/// Settings for every call: no hooks, no transport that is a program, no questions.
const SETTINGS: [&str; 4] = [
    "core.hooksPath=/dev/null",
    "protocol.ext.allow=never",
    "core.fsmonitor=false",
    "gc.auto=0",
];

/// Git on one repository.
pub(super) struct Git<'a> {
    pub repository: &'a Path,
}

impl Git<'_> {
    /// What git prints. Fails with what it says where it fails; `input` is given to it.
    pub fn run(&self, arguments: &[&str], input: &str) -> Result<Vec<u8>> {
        let mut command = Command::new("git");
        for setting in SETTINGS {
            command.args(["-c", setting]);
        }
        let mut child = command
            .arg("--git-dir")
            .arg(self.repository)
            .args(arguments)
            // A repository that this is called in must not be the one that is meant.
            .env_remove("GIT_DIR")
            .env_remove("GIT_WORK_TREE")
            .env_remove("GIT_INDEX_FILE")
            .env("GIT_TERMINAL_PROMPT", "0")
            .env("GIT_LFS_SKIP_SMUDGE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("courses in git repositories need the program git, which does not start")?;
        let mut stdin = child.stdin.take().context("git takes input")?;
        let input = input.to_owned();
        // Git answers while it reads: who only writes first waits for ever.
        let writer = std::thread::Builder::new()
            .name("to git".to_owned())
            .spawn(move || stdin.write_all(input.as_bytes()))?;
        let output = child.wait_with_output()?;
        // Git may have ended before it had read everything.
        let _ = writer.join();
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            let line = said.lines().rev().find(|line| !line.trim().is_empty());
            bail!("git {}: {}", arguments[0], line.unwrap_or("it fails"));
        }
        Ok(output.stdout)
    }
}
