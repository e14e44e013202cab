//! A program and everything that it starts, as one thing that can be ended.

use std::collections::BTreeMap;
use std::fs::File;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context, Result};
use tokio::process::{Child, Command};

/// How long a program may take to end by itself, as a container may.
const GRACE: Duration = Duration::from_secs(2);

/// How a program is started.
#[derive(Debug, Clone)]
pub struct Launch {
    pub command: Vec<String>,
    pub workdir: PathBuf,
    pub variables: BTreeMap<String, String>,
    /// Where its output goes; to this process's own where it is left out.
    pub log: Option<PathBuf>,
}

/// A running program. On Unix it leads a process group of its own, so that what it starts ends
/// with it, and the learner's Ctrl-C comes to its keeper only.
pub(super) struct Program {
    child: Child,
    #[cfg(unix)]
    group: Option<nix::unistd::Pid>,
}

impl Program {
    pub(super) fn start(launch: &Launch) -> Result<Self> {
        let [program, arguments @ ..] = launch.command.as_slice() else {
            anyhow::bail!("no command");
        };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .current_dir(&launch.workdir)
            .envs(&launch.variables)
            .stdin(Stdio::null())
            .kill_on_drop(true);
        if let Some(path) = &launch.log {
            let log = File::options().create(true).append(true).open(path)?;
            command.stdout(log.try_clone()?).stderr(log);
        }
        #[cfg(unix)]
        command.process_group(0);
        let child = command
            .spawn()
            .with_context(|| format!("cannot start {program}"))?;
        Ok(Self {
            #[cfg(unix)]
            group: child
                .id()
                .and_then(|id| i32::try_from(id).ok())
                .map(nix::unistd::Pid::from_raw),
            child,
        })
    }

    /// Returns when it has ended by itself. Nothing of it is left then.
    pub(super) async fn ended(&mut self) -> Result<ExitStatus> {
        let status = self.child.wait().await?;
        self.kill();
        Ok(status)
    }

    /// Asks it to end, and ends it.
    pub(super) async fn end(mut self) {
        self.ask_to_end();
        if tokio::time::timeout(GRACE, self.child.wait())
            .await
            .is_err()
        {
            // It may just have ended.
            let _ = self.child.kill().await;
        }
        self.kill();
    }

    #[cfg(unix)]
    fn ask_to_end(&self) {
        self.signal(nix::sys::signal::Signal::SIGTERM);
    }

    #[cfg(not(unix))]
    fn ask_to_end(&mut self) {
        let _ = self.child.start_kill();
    }

    /// Whatever is left of its group.
    #[cfg(unix)]
    fn kill(&mut self) {
        self.signal(nix::sys::signal::Signal::SIGKILL);
        self.group = None;
    }

    #[cfg(not(unix))]
    fn kill(&mut self) {}

    #[cfg(unix)]
    fn signal(&self, signal: nix::sys::signal::Signal) {
        if let Some(group) = self.group {
            // Nobody is left in it: just as well.
            let _ = nix::sys::signal::killpg(group, signal);
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.kill();
    }
}
