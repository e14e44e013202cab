//! The log of one run of a container: timestamped lines, kept up to a limit, to read or follow.
//!
//! Mirrors the CRI log format's behaviour: a line counts when it is complete or its writer ends.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use jiff::Timestamp;
use parking_lot::Mutex;
use tokio::sync::Notify;

use super::process::StreamKind;

/// A line of output; its text includes the line feed it ended with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    pub at: Timestamp,
    pub stream: StreamKind,
    pub text: Bytes,
}

/// What of a log to read, as the query of `pods/log` says.
#[derive(Clone, Debug, Default)]
pub struct LogOptions {
    pub follow: bool,
    /// Only the last so many lines.
    pub tail: Option<usize>,
    pub since: Option<Timestamp>,
    /// Puts the time before each line.
    pub timestamps: bool,
    pub limit_bytes: Option<u64>,
}

/// Most bytes kept; older lines are rotated away.
const CAPACITY: usize = 4 * 1024 * 1024;
/// A line is cut here, as container runtimes do.
const LONGEST_LINE: usize = 16 * 1024;

#[derive(Debug, Default)]
pub struct LogBuffer {
    content: Mutex<Content>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Content {
    lines: VecDeque<LogLine>,
    bytes: usize,
    /// Lines that have been rotated away.
    dropped: u64,
    unfinished: [BytesMut; 2],
    closed: bool,
}

impl Content {
    fn push(&mut self, at: Timestamp, stream: StreamKind, text: Bytes) {
        self.bytes += text.len();
        self.lines.push_back(LogLine { at, stream, text });
        while self.bytes > CAPACITY
            && let Some(oldest) = self.lines.pop_front()
        {
            self.bytes -= oldest.text.len();
            self.dropped += 1;
        }
    }

    fn end(&self) -> u64 {
        self.dropped + self.lines.len() as u64
    }
}

impl LogBuffer {
    pub fn new() -> Arc<Self> {
        Arc::default()
    }

    pub fn append(&self, at: Timestamp, stream: StreamKind, mut output: &[u8]) {
        let mut content = self.content.lock();
        let slot = match stream {
            StreamKind::Stdout => 0,
            StreamKind::Stderr => 1,
        };
        while !output.is_empty() {
            let unfinished = content.unfinished[slot].len();
            let room = LONGEST_LINE.saturating_sub(unfinished).max(1);
            let (taken, is_complete) = match output.iter().position(|byte| *byte == b'\n') {
                Some(at) if at < room => (at + 1, true),
                _ if output.len() >= room => (room, true),
                _ => (output.len(), false),
            };
            content.unfinished[slot].extend_from_slice(&output[..taken]);
            output = &output[taken..];
            if is_complete {
                let line = content.unfinished[slot].split().freeze();
                content.push(at, stream, line);
            }
        }
        drop(content);
        self.changed.notify_waiters();
    }

    /// Completes what is unfinished and lets followers end.
    pub fn close(&self, at: Timestamp) {
        let mut content = self.content.lock();
        for (slot, stream) in [StreamKind::Stdout, StreamKind::Stderr]
            .into_iter()
            .enumerate()
        {
            let rest = content.unfinished[slot].split().freeze();
            if !rest.is_empty() {
                content.push(at, stream, rest);
            }
        }
        content.closed = true;
        drop(content);
        self.changed.notify_waiters();
    }

    /// All lines there are now.
    pub fn lines(&self) -> Vec<LogLine> {
        self.content.lock().lines.iter().cloned().collect()
    }

    /// All text there is now, of both streams.
    pub fn text(&self) -> String {
        let lines = self.lines();
        let text = lines.iter().map(|line| String::from_utf8_lossy(&line.text));
        text.collect()
    }

    /// The last lines within `bytes`, as a termination message that falls back to logs wants them.
    pub fn last(&self, most_lines: usize, most_bytes: usize) -> String {
        let content = self.content.lock();
        let mut taken = Vec::new();
        let mut bytes = 0;
        for line in content.lines.iter().rev().take(most_lines) {
            bytes += line.text.len();
            if bytes > most_bytes {
                break;
            }
            taken.push(line.text.clone());
        }
        let text = taken.iter().rev().map(|line| String::from_utf8_lossy(line));
        text.collect()
    }

    pub fn read(self: &Arc<Self>, options: LogOptions) -> LogReader {
        let content = self.content.lock();
        let mut next = content.dropped;
        if let Some(since) = options.since {
            next += content.lines.partition_point(|line| line.at < since) as u64;
        }
        if let Some(tail) = options.tail {
            next = next.max(content.end().saturating_sub(tail as u64));
        }
        drop(content);
        LogReader {
            log: self.clone(),
            left: options.limit_bytes,
            options,
            next,
        }
    }
}

/// A place in a log.
pub struct LogReader {
    log: Arc<LogBuffer>,
    options: LogOptions,
    next: u64,
    left: Option<u64>,
}

impl LogReader {
    /// The next lines, formatted; `None` at the end, which for a followed log is the end of its
    /// container.
    pub async fn next(&mut self) -> Option<Bytes> {
        loop {
            let log = self.log.clone();
            let changed = log.changed.notified();
            tokio::pin!(changed);
            changed.as_mut().enable();
            let (chunk, is_closed) = self.take();
            if !chunk.is_empty() {
                return Some(chunk);
            }
            if is_closed || !self.options.follow || self.left == Some(0) {
                return None;
            }
            changed.await;
        }
    }

    fn take(&mut self) -> (Bytes, bool) {
        const CHUNK: usize = 32 * 1024;
        let content = self.log.content.lock();
        self.next = self.next.max(content.dropped);
        let mut chunk = BytesMut::new();
        let from = usize::try_from(self.next - content.dropped).unwrap_or(usize::MAX);
        for line in content.lines.iter().skip(from) {
            if chunk.len() >= CHUNK || self.left == Some(0) {
                break;
            }
            self.next += 1;
            let start = chunk.len();
            if self.options.timestamps {
                chunk.extend_from_slice(format!("{:.9} ", line.at).as_bytes());
            }
            chunk.extend_from_slice(&line.text);
            if let Some(left) = &mut self.left {
                let wanted = (chunk.len() - start) as u64;
                let given = wanted.min(*left);
                chunk.truncate(start + given as usize);
                *left -= given;
            }
        }
        (chunk.freeze(), content.closed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).expect("a time")
    }

    async fn all(mut reader: LogReader) -> String {
        let mut text = String::new();
        while let Some(chunk) = reader.next().await {
            text.push_str(&String::from_utf8_lossy(&chunk));
        }
        text
    }

    #[tokio::test]
    async fn lines_count_when_they_are_complete() {
        let log = LogBuffer::new();
        log.append(at(1), StreamKind::Stdout, b"one\ntw");
        assert_eq!(log.text(), "one\n");
        log.append(at(2), StreamKind::Stderr, b"oops\n");
        log.append(at(3), StreamKind::Stdout, b"o\nthree");
        assert_eq!(log.text(), "one\noops\ntwo\n");
        log.close(at(4));
        assert_eq!(log.text(), "one\noops\ntwo\nthree");
    }

    #[tokio::test]
    async fn readers_get_what_their_options_ask_for() {
        let log = LogBuffer::new();
        for second in 1..=4 {
            let line = format!("line {second}\n");
            log.append(at(second), StreamKind::Stdout, line.as_bytes());
        }
        let read = |options| all(log.read(options));
        let tail = LogOptions {
            tail: Some(2),
            ..LogOptions::default()
        };
        assert_eq!(read(tail).await, "line 3\nline 4\n");
        let since = LogOptions {
            since: Some(at(4)),
            timestamps: true,
            ..LogOptions::default()
        };
        assert_eq!(read(since).await, "1970-01-01T00:00:04.000000000Z line 4\n");
        let limited = LogOptions {
            limit_bytes: Some(9),
            ..LogOptions::default()
        };
        assert_eq!(read(limited).await, "line 1\nli");
    }

    #[tokio::test]
    async fn followers_wait_for_the_end_of_the_container() {
        let log = LogBuffer::new();
        let follow = LogOptions {
            follow: true,
            ..LogOptions::default()
        };
        let reading = tokio::spawn(all(log.read(follow)));
        for second in 1..=3 {
            tokio::task::yield_now().await;
            log.append(at(second), StreamKind::Stdout, b"tick\n");
        }
        assert!(!reading.is_finished());
        log.close(at(4));
        assert_eq!(
            reading.await.expect("the reader ends"),
            "tick\ntick\ntick\n"
        );
    }
}
