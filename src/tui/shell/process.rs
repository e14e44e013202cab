//! The running shell: a child process on a pseudo-terminal.
//!
//! Pseudo-terminals are read and written with blocking calls, so three named
//! threads do that (read, write, wait for the end) and talk to the loop over
//! bounded channels: a shell that floods its pane waits for the screen, never
//! the other way round. The threads end with the child.

use std::io::{Read, Write};
use std::thread;

use anyhow::Context as _;
use portable_pty::{ChildKiller, CommandBuilder, MasterPty, PtySize, native_pty_system};
use tokio::sync::mpsc;

use super::screen::ShellSize;
use crate::sandbox::ShellEnvironment;

/// Pieces of input that may wait for the shell.
const INPUT_QUEUE: usize = 256;
/// Bytes read at once.
const CHUNK: usize = 16 * 1024;

/// What the running shell reports. `life` tells a restarted shell's news from
/// those of the one before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ShellNews {
    /// It wrote something.
    Output {
        /// Which start of the shell.
        life: u64,
        /// What it wrote.
        bytes: Vec<u8>,
    },
    /// It ended.
    Ended {
        /// Which start of the shell.
        life: u64,
        /// In words: `exit 0`, `killed by Hangup`.
        how: String,
    },
}

/// A shell that runs until this value is dropped or the shell exits.
pub struct ShellProcess {
    master: Box<dyn MasterPty + Send>,
    killer: Box<dyn ChildKiller + Send + Sync>,
    input: mpsc::Sender<Vec<u8>>,
}

impl ShellProcess {
    /// Starts the program on a new pseudo-terminal. Blocks for the few
    /// milliseconds of a fork: call it off the loop.
    ///
    /// # Errors
    /// No pseudo-terminal is to be had, or the program cannot be run.
    pub fn start(
        environment: &ShellEnvironment,
        size: ShellSize,
        life: u64,
        news: mpsc::Sender<ShellNews>,
    ) -> anyhow::Result<Self> {
        let pair = native_pty_system()
            .openpty(pty_size(size))
            .context("cannot open a pseudo-terminal")?;
        let mut command = CommandBuilder::new(&environment.program);
        command.args(&environment.arguments);
        command.cwd(&environment.workdir);
        command.env("TERM", "xterm-256color");
        for (name, value) in &environment.variables {
            command.env(name, value);
        }
        let mut child = pair
            .slave
            .spawn_command(command)
            .with_context(|| format!("cannot run {}", environment.program.display()))?;
        // Our copy of the child's side must go, or the end is never seen.
        drop(pair.slave);

        let reader = pair.master.try_clone_reader()?;
        let writer = pair.master.take_writer()?;
        let (input, waiting) = mpsc::channel(INPUT_QUEUE);
        let killer = child.clone_killer();
        let output = news.clone();
        thread::Builder::new()
            .name("shell-output".into())
            .spawn(move || read_output(reader, life, &output))?;
        thread::Builder::new()
            .name("shell-input".into())
            .spawn(move || write_input(writer, waiting))?;
        thread::Builder::new()
            .name("shell-end".into())
            .spawn(move || {
                let how = match child.wait() {
                    Ok(status) => match status.signal() {
                        Some(signal) => format!("killed by {signal}"),
                        None => format!("exit {}", status.exit_code()),
                    },
                    Err(error) => error.to_string(),
                };
                let _ = news.blocking_send(ShellNews::Ended { life, how });
            })?;
        Ok(Self {
            master: pair.master,
            killer,
            input,
        })
    }

    /// Types something. Returns whether it was taken: a shell that does not
    /// read refuses at some point.
    pub fn send(&self, bytes: Vec<u8>) -> bool {
        self.input.try_send(bytes).is_ok()
    }

    /// Tells the shell and what runs in it the new size.
    pub fn resize(&self, size: ShellSize) {
        if let Err(error) = self.master.resize(pty_size(size)) {
            tracing::debug!(%error, "cannot resize the pseudo-terminal");
        }
    }
}

impl Drop for ShellProcess {
    /// Hangs up, as a closed terminal window does.
    fn drop(&mut self) {
        let _ = self.killer.kill();
    }
}

fn pty_size(size: ShellSize) -> PtySize {
    PtySize {
        rows: size.rows(),
        cols: size.columns(),
        pixel_width: 0,
        pixel_height: 0,
    }
}

/// Ends when the last program on the pseudo-terminal is gone (Linux reports
/// that as an error) or nobody listens any more.
fn read_output(mut reader: Box<dyn Read + Send>, life: u64, news: &mpsc::Sender<ShellNews>) {
    let mut buffer = vec![0; CHUNK];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return,
            Ok(count) => {
                let bytes = buffer[..count].to_vec();
                if news
                    .blocking_send(ShellNews::Output { life, bytes })
                    .is_err()
                {
                    return;
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(_) => return,
        }
    }
}

fn write_input(mut writer: Box<dyn Write + Send>, mut waiting: mpsc::Receiver<Vec<u8>>) {
    while let Some(bytes) = waiting.blocking_recv() {
        if writer
            .write_all(&bytes)
            .and_then(|()| writer.flush())
            .is_err()
        {
            return;
        }
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Duration;

    use super::*;

    async fn next(news: &mut mpsc::Receiver<ShellNews>) -> ShellNews {
        tokio::time::timeout(Duration::from_secs(20), news.recv())
            .await
            .expect("the shell reports in time")
            .expect("the channel stays open")
    }

    fn shell(script: &str) -> ShellEnvironment {
        ShellEnvironment {
            program: "/bin/sh".into(),
            arguments: vec!["-c".into(), script.into()],
            variables: [("GREETING".to_owned(), "hello".to_owned())].into(),
            workdir: "/".into(),
        }
    }

    #[tokio::test]
    async fn a_shell_reads_what_is_typed_and_reports_its_end() {
        let (sender, mut news) = mpsc::channel(16);
        let program = shell("stty size; read line; echo \"$GREETING $line\"; exit 3");
        let process =
            ShellProcess::start(&program, ShellSize::new(72, 9), 1, sender).expect("it starts");
        assert!(process.send(b"world\r".to_vec()));
        let mut output = String::new();
        let mut end = None;
        while end.is_none() || !output.contains("hello") {
            match next(&mut news).await {
                ShellNews::Output { life, bytes } => {
                    assert_eq!(life, 1);
                    output.push_str(&String::from_utf8_lossy(&bytes));
                }
                ShellNews::Ended { how, .. } => end = Some(how),
            }
        }
        assert!(output.contains("9 72"), "{output}");
        assert!(output.contains("hello world"), "{output}");
        assert_eq!(end.as_deref(), Some("exit 3"));
    }

    #[tokio::test]
    async fn dropping_the_handle_hangs_up() {
        let (sender, mut news) = mpsc::channel(16);
        let program = shell("echo ready; while :; do read line; done");
        let process =
            ShellProcess::start(&program, ShellSize::new(72, 9), 1, sender).expect("it starts");
        assert!(matches!(next(&mut news).await, ShellNews::Output { .. }));
        drop(process);
        loop {
            if let ShellNews::Ended { how, .. } = next(&mut news).await {
                assert!(
                    how.starts_with("killed by") || how.starts_with("exit"),
                    "{how}"
                );
                break;
            }
        }
    }
}
