//! How soon the program is there: `cargo bench -p kubekata --bench start`.
//!
//! Starts it in a pseudo-terminal with fresh data, again and again, and prints the time to the first
//! frame and to the first one that shows a cluster which is ready. Prints and never fails.

use std::io::{Read as _, Write as _};
use std::num::NonZeroU16;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use portable_pty::{CommandBuilder, PtySize, native_pty_system};

const ROUNDS: usize = 20;
const SIZE: PtySize = PtySize {
    rows: 40,
    cols: 120,
    pixel_width: 0,
    pixel_height: 0,
};

fn main() {
    let (mut frames, mut ready) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        match once() {
            Ok((frame, cluster)) => {
                frames.push(frame);
                ready.push(cluster);
            }
            Err(error) => return println!("not measured: {error:#}"),
        }
    }
    tell("first frame", &mut frames);
    tell("cluster ready", &mut ready);
}

/// The two times of one start.
fn once() -> Result<(Duration, Duration)> {
    let data = tempfile::tempdir()?;
    // Who knows the tour is not shown it.
    std::fs::write(data.path().join("welcomed"), "")?;
    let pair = native_pty_system().openpty(SIZE)?;
    let began = Instant::now();
    let mut child = pair.slave.spawn_command(command(data.path()))?;
    drop(pair.slave);
    let mut reader = pair.master.try_clone_reader()?;
    let size = NonZeroU16::new(SIZE.rows).zip(NonZeroU16::new(SIZE.cols));
    let (rows, columns) = size.context("a size")?;
    let mut screen = vt100::Parser::new(rows, columns, 0);
    let (mut frame, mut buffer) = (None, [0; 8192]);
    let ready = loop {
        let count = reader.read(&mut buffer)?;
        let count = Some(count).filter(|count| *count > 0);
        screen.process(&buffer[..count.context("it ended too soon")?]);
        let contents = screen.screen().contents();
        if frame.is_none() && contents.contains("q quit") {
            frame = Some(began.elapsed());
        }
        if contents.contains("embedded · 3 nodes") {
            break began.elapsed();
        }
    };
    pair.master.take_writer()?.write_all(b"q")?;
    // What it still writes has to go somewhere.
    while matches!(reader.read(&mut buffer), Ok(count) if count > 0) {}
    child.wait()?;
    Ok((frame.unwrap_or(ready), ready))
}

fn command(data: &Path) -> CommandBuilder {
    let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_kubekata"));
    command.env("KUBEKATA_DATA", data);
    command.env("KUBEKATA_CONFIG", data.join("config.yaml"));
    command.env("TERM", "xterm-256color");
    command.cwd(data);
    command
}

fn tell(what: &str, took: &mut [Duration]) {
    took.sort_unstable();
    println!(
        "{what:14} median {:?}  best {:?}  worst {:?}",
        took[took.len() / 2],
        took[0],
        took[took.len() - 1]
    );
}
