//! RESP, the protocol of Redis, and how `redis-cli` shows its answers.

use futures::future::BoxFuture;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};

/// An answer of the protocol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    Simple(String),
    Error(String),
    Integer(i64),
    Bulk(Option<String>),
    Array(Vec<Reply>),
}

/// A command in either form: an array of strings, or words on a line.
pub async fn read_command(
    read: &mut (impl AsyncBufReadExt + Unpin),
) -> std::io::Result<Option<Vec<String>>> {
    let mut line = String::new();
    if read.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let Some(count) = line.trim_end().strip_prefix('*') else {
        return Ok(Some(line.split_whitespace().map(str::to_owned).collect()));
    };
    let mut words = Vec::new();
    for _ in 0..count.parse::<usize>().unwrap_or(0).min(1024) {
        line.clear();
        read.read_line(&mut line).await?;
        let length = line.trim_end().trim_start_matches('$').parse().unwrap_or(0);
        words.push(read_bulk(read, length).await?);
    }
    Ok(Some(words))
}

async fn read_bulk(
    read: &mut (impl AsyncBufReadExt + Unpin),
    length: usize,
) -> std::io::Result<String> {
    const LONGEST: usize = 16 * 1024 * 1024;
    if length > LONGEST {
        return Err(std::io::ErrorKind::InvalidData.into());
    }
    let mut bytes = vec![0; length + 2];
    read.read_exact(&mut bytes).await?;
    bytes.truncate(length);
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

impl Reply {
    pub fn ok() -> Self {
        Self::Simple("OK".to_owned())
    }

    pub fn wrong_type() -> Self {
        let words = "WRONGTYPE Operation against a key holding the wrong kind of value";
        Self::Error(words.to_owned())
    }

    pub fn encode(&self) -> String {
        match self {
            Self::Simple(text) => format!("+{text}\r\n"),
            Self::Error(text) => format!("-{text}\r\n"),
            Self::Integer(number) => format!(":{number}\r\n"),
            Self::Bulk(None) => "$-1\r\n".to_owned(),
            Self::Bulk(Some(text)) => format!("${}\r\n{text}\r\n", text.len()),
            Self::Array(items) => {
                let inside: String = items.iter().map(Self::encode).collect();
                format!("*{}\r\n{inside}", items.len())
            }
        }
    }

    /// As `redis-cli` prints it: bare for pipes, dressed up on a terminal.
    pub fn show(&self, is_terminal: bool) -> String {
        match self {
            Self::Simple(text) => text.clone(),
            Self::Error(text) if is_terminal => format!("(error) {text}"),
            Self::Error(text) => text.clone(),
            Self::Integer(number) if is_terminal => format!("(integer) {number}"),
            Self::Integer(number) => number.to_string(),
            Self::Bulk(None) if is_terminal => "(nil)".to_owned(),
            Self::Bulk(None) => String::new(),
            Self::Bulk(Some(text)) if is_terminal => format!("{text:?}"),
            Self::Bulk(Some(text)) => text.clone(),
            Self::Array(items) if items.is_empty() && is_terminal => "(empty array)".to_owned(),
            Self::Array(items) => {
                let lines = items.iter().enumerate().map(|(at, item)| {
                    let item = item.show(is_terminal);
                    if is_terminal {
                        format!("{}) {item}", at + 1)
                    } else {
                        item
                    }
                });
                lines.collect::<Vec<_>>().join("\n")
            }
        }
    }
}

pub type Stream = BufReader<tokio::io::DuplexStream>;

pub async fn ask(stream: &mut Stream, words: &[String]) -> std::io::Result<Reply> {
    let mut text = format!("*{}\r\n", words.len());
    for word in words {
        text.push_str(&format!("${}\r\n{word}\r\n", word.len()));
    }
    stream.write_all(text.as_bytes()).await?;
    read_reply(stream).await
}

fn read_reply(stream: &mut Stream) -> BoxFuture<'_, std::io::Result<Reply>> {
    Box::pin(async move {
        let mut line = String::new();
        if stream.read_line(&mut line).await? == 0 {
            return Err(std::io::ErrorKind::UnexpectedEof.into());
        }
        let line = line.trim_end();
        let (kind, rest) = line.split_at(line.len().min(1));
        Ok(match kind {
            "+" => Reply::Simple(rest.to_owned()),
            "-" => Reply::Error(rest.to_owned()),
            ":" => Reply::Integer(rest.parse().unwrap_or(0)),
            "$" => match rest.parse::<i64>() {
                Ok(length) if length >= 0 => {
                    Reply::Bulk(Some(read_bulk(stream, length as usize).await?))
                }
                _ => Reply::Bulk(None),
            },
            "*" => {
                let mut items = Vec::new();
                for _ in 0..rest.parse::<usize>().unwrap_or(0) {
                    items.push(read_reply(stream).await?);
                }
                Reply::Array(items)
            }
            _ => return Err(std::io::ErrorKind::InvalidData.into()),
        })
    })
}
