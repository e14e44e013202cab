//! `tail`, `head`, `yes` and `cat` where they stream: following files, endless devices, memory.
//!
//! Whatever these do not know (rare options) is left to the shell interpreter's own versions.

mod amount;
pub mod cat;

use std::time::Duration;

use super::{MEGABYTE, Program, UseInShell};
use crate::kubelet::runtime::filesystem::{Device, FileError};
use crate::kubelet::runtime::process::{Process, Usage};

use amount::{Amount, parse};

pub const TAIL: Program = Program {
    names: &["tail"],
    run: |process| Box::pin(tail(process)),
    memory: MEGABYTE / 4,
    idle_millicores: 0,
    use_in_shell: UseInShell::Command,
};

pub const HEAD: Program = Program {
    names: &["head"],
    run: |process| Box::pin(head(process)),
    memory: MEGABYTE / 4,
    idle_millicores: 0,
    use_in_shell: UseInShell::Command,
};

pub const YES: Program = Program {
    names: &["yes"],
    run: |process| Box::pin(yes(process)),
    memory: MEGABYTE / 4,
    idle_millicores: 0,
    use_in_shell: UseInShell::Command,
};

const CHUNK: usize = 64 * 1024;
/// How often a followed file is looked at.
const FOLLOW_EVERY: Duration = Duration::from_secs(1);
/// What a machine writes to a page of memory a second, roughly.
const FILL_RATE: u64 = 400 * MEGABYTE;

/// Bytes as they come from a file, a device or standard input.
enum Source {
    Memory(Vec<u8>),
    /// Gives the same byte for ever.
    Endless(u8),
    Stdin,
}

fn open(process: &Process, file: &str) -> Result<Source, FileError> {
    if file == "-" {
        return Ok(Source::Stdin);
    }
    let path = process.path(file);
    match process.filesystem.device(&path) {
        Some(Device::Zero | Device::Full) => Ok(Source::Endless(0)),
        Some(Device::Random) => Ok(Source::Endless(b'x')),
        Some(Device::Stdin) => Ok(Source::Stdin),
        _ => Ok(Source::Memory(process.filesystem.read(&path)?.to_vec())),
    }
}

async fn head(mut process: Process) -> i32 {
    let request = match parse(process.arguments()) {
        Ok(request) => request,
        Err(message) => {
            process.complain(format!("head: {message}\n")).await;
            return 1;
        }
    };
    let is_init = process.is_init;
    let mut signals = std::mem::replace(&mut process.signals, Process::no_signals());
    let work = async {
        let mut files = request.files.clone();
        if files.is_empty() {
            files.push("-".to_owned());
        }
        let has_titles = (files.len() > 1 && !request.is_quiet) || request.is_verbose;
        let mut code = 0;
        for (number, file) in files.iter().enumerate() {
            let source = match open(&process, file) {
                Ok(source) => source,
                Err(error) => {
                    process.complain(format!("head: {file}: {error}\n")).await;
                    code = 1;
                    continue;
                }
            };
            if has_titles {
                let gap = if number > 0 { "\n" } else { "" };
                process.print(format!("{gap}==> {file} <==\n")).await;
            }
            if beginning(&process, source, request.amount).await.is_err() {
                return 141;
            }
        }
        code
    };
    Process::until_signal(&mut signals, is_init, |_| None, work).await
}

async fn beginning(process: &Process, source: Source, amount: Amount) -> std::io::Result<()> {
    let (mut bytes, mut newlines) = match amount {
        Amount::Bytes(bytes) => (bytes, usize::MAX),
        Amount::Lines(lines) | Amount::FromLine(lines) => (usize::MAX, lines),
    };
    let mut memory = match &source {
        Source::Memory(content) => Some(bytes::Bytes::from(content.clone())),
        _ => None,
    };
    while bytes > 0 && newlines > 0 {
        let chunk = match &source {
            Source::Memory(_) => memory.take(),
            Source::Endless(byte) => Some(vec![*byte; CHUNK.min(bytes)].into()),
            Source::Stdin => process.start.stdin.read().await,
        };
        let Some(chunk) = chunk else {
            return Ok(());
        };
        let mut end = chunk.len().min(bytes);
        for (at, byte) in chunk[..end].iter().enumerate() {
            if *byte == b'\n' {
                newlines = newlines.saturating_sub(1);
                if newlines == 0 {
                    end = at + 1;
                    break;
                }
            }
        }
        bytes = bytes.saturating_sub(end);
        process.start.stdout.write(&chunk[..end]).await?;
        tokio::task::yield_now().await;
    }
    Ok(())
}

async fn tail(mut process: Process) -> i32 {
    let request = match parse(process.arguments()) {
        Ok(request) => request,
        Err(message) => {
            process.complain(format!("tail: {message}\n")).await;
            return 1;
        }
    };
    let is_init = process.is_init;
    let mut signals = std::mem::replace(&mut process.signals, Process::no_signals());
    let work = async {
        let mut files = request.files.clone();
        if files.is_empty() {
            files.push("-".to_owned());
        }
        let has_titles = files.len() > 1 && !request.is_quiet;
        let mut code = 0;
        let mut followed = Vec::new();
        for (number, file) in files.iter().enumerate() {
            let source = match open(&process, file) {
                Ok(source) => source,
                Err(error) => {
                    process
                        .complain(format!("tail: can't open '{file}': {error}\n"))
                        .await;
                    code = 1;
                    continue;
                }
            };
            if has_titles {
                let gap = if number > 0 { "\n" } else { "" };
                process.print(format!("{gap}==> {file} <==\n")).await;
            }
            let length = ending(&process, source, request.amount).await;
            followed.push((process.path(file), length));
        }
        if request.follow && !followed.is_empty() {
            follow(&process, followed).await;
        }
        if code != 0 && request.files.len() == 1 {
            process.complain("tail: no files\n").await;
        }
        code
    };
    Process::until_signal(&mut signals, is_init, |_| None, work).await
}

/// Prints the end of a source and says how long it was.
async fn ending(process: &Process, source: Source, amount: Amount) -> usize {
    let content = match source {
        Source::Memory(content) => content,
        Source::Endless(_) => fill_memory(process).await,
        Source::Stdin => {
            let mut content = Vec::new();
            let mut held = Vec::new();
            while let Some(chunk) = process.start.stdin.read().await {
                // What has no line feed yet has to be kept, and costs memory.
                held.push(process.kernel.usage.allocate(chunk.len() as u64).await);
                content.extend_from_slice(&chunk);
                if let Amount::Lines(lines) = amount
                    && chunk.contains(&b'\n')
                    && let Some(from) = last_lines(&content, lines)
                    && from > CHUNK
                {
                    content.drain(..from);
                    held.clear();
                }
            }
            content
        }
    };
    let from = match amount {
        Amount::Bytes(bytes) => content.len().saturating_sub(bytes),
        Amount::Lines(lines) => last_lines(&content, lines).unwrap_or(0),
        Amount::FromLine(line) => {
            let mut ends = content
                .iter()
                .enumerate()
                .filter(|(_, byte)| **byte == b'\n');
            match line {
                0 | 1 => 0,
                line => ends.nth(line - 2).map_or(content.len(), |(at, _)| at + 1),
            }
        }
    };
    let _ = process.start.stdout.write(&content[from..]).await;
    content.len()
}

/// Where the last so many lines begin; `None` if there are fewer.
fn last_lines(content: &[u8], lines: usize) -> Option<usize> {
    let body = content.strip_suffix(b"\n").unwrap_or(content);
    if lines == 0 {
        return Some(content.len());
    }
    let mut ends = body
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, byte)| **byte == b'\n');
    ends.nth(lines - 1).map(|(at, _)| at + 1)
}

/// Reads an endless line into memory: this ends with the container, if it has a limit.
async fn fill_memory(process: &Process) -> Vec<u8> {
    let usage: &Usage = &process.kernel.usage;
    let step = 16 * MEGABYTE;
    let mut held = Vec::new();
    loop {
        held.push(usage.allocate(step).await);
        usage.charge_cpu(Duration::from_millis(1000 * step / FILL_RATE));
        let pause = Duration::from_millis(1000 * step / FILL_RATE);
        process.kernel.clock.sleep(pause).await;
        // Without a limit the node's memory is the end of it.
        if usage.memory_limit().is_none() && usage.memory_bytes() > 8192 * MEGABYTE {
            usage.run_out_of_memory();
        }
    }
}

async fn follow(process: &Process, mut files: Vec<(String, usize)>) {
    loop {
        process.kernel.clock.sleep(FOLLOW_EVERY).await;
        for (path, seen) in &mut files {
            let Ok(content) = process.filesystem.read(path) else {
                continue;
            };
            if content.len() < *seen {
                *seen = 0;
            }
            if content.len() > *seen {
                let written = process.start.stdout.write(&content[*seen..]).await;
                *seen = content.len();
                if written.is_err() {
                    return;
                }
            }
        }
    }
}

async fn yes(mut process: Process) -> i32 {
    let words = match process.arguments() {
        [] => "y".to_owned(),
        words => words.join(" "),
    };
    let is_init = process.is_init;
    let mut signals = std::mem::replace(&mut process.signals, Process::no_signals());
    let line = format!("{words}\n");
    let chunk = line.repeat(CHUNK / line.len() + 1);
    let work = async {
        loop {
            if process.start.stdout.write(chunk.as_bytes()).await.is_err() {
                return 141;
            }
            // A flood that nobody holds back keeps a core busy; it need not be one of ours.
            let burst = Duration::from_millis(1);
            process.kernel.usage.charge_cpu(burst);
            process.kernel.clock.sleep(burst).await;
        }
    };
    Process::until_signal(&mut signals, is_init, |_| None, work).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_found_from_the_end() {
        assert_eq!(last_lines(b"a\nb\nc\n", 2), Some(2));
        assert_eq!(last_lines(b"a\nb\nc", 1), Some(4));
        assert_eq!(last_lines(b"a\n", 5), None);
    }
}
