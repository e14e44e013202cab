//! The standard streams of a process, whatever they are connected to: a container's log, an
//! `exec` session or a pipe of the shell.

use std::io;
use std::sync::Arc;

use bashkit::{CommandInput, CommandOutput};
use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::sync::Mutex;

use super::console::{Console, StreamKind};

pub type BoxedReader = Box<dyn AsyncRead + Send + Unpin>;
pub type BoxedWriter = Box<dyn AsyncWrite + Send + Unpin>;

/// Standard input.
#[derive(Clone, Default)]
pub enum Input {
    /// At its end from the beginning.
    #[default]
    Empty,
    Reader(Arc<Mutex<BoxedReader>>),
    /// What a shell's pipe or redirection brings.
    Shell(CommandInput),
}

impl Input {
    pub fn reader(reader: impl AsyncRead + Send + Unpin + 'static) -> Self {
        Self::Reader(Arc::new(Mutex::new(Box::new(reader))))
    }

    /// The next bytes, or `None` at the end of input.
    pub async fn read(&self) -> Option<Bytes> {
        match self {
            Self::Empty => None,
            Self::Reader(reader) => {
                let mut buffer = bytes::BytesMut::with_capacity(8 * 1024);
                let read = reader.lock().await.read_buf(&mut buffer).await;
                match read {
                    Ok(0) | Err(_) => None,
                    Ok(_) => Some(buffer.freeze()),
                }
            }
            Self::Shell(input) => input.read_chunk().await.ok().flatten().map(Bytes::from),
        }
    }

    pub async fn read_to_end(&self) -> Vec<u8> {
        let mut all = Vec::new();
        while let Some(bytes) = self.read().await {
            all.extend_from_slice(&bytes);
        }
        all
    }
}

/// Standard output or error.
#[derive(Clone)]
pub enum Output {
    Null,
    /// The container's own streams: its log and whoever is attached.
    Console(Arc<Console>, StreamKind),
    Writer(Arc<Mutex<BoxedWriter>>),
    /// A terminal: line feeds gain a carriage return.
    Terminal(Arc<Mutex<BoxedWriter>>),
    Shell(CommandOutput),
}

impl Output {
    pub fn writer(writer: impl AsyncWrite + Send + Unpin + 'static) -> Self {
        Self::Writer(Arc::new(Mutex::new(Box::new(writer))))
    }

    /// Writes everything. Fails with `BrokenPipe` when nobody reads any more.
    pub async fn write(&self, content: &[u8]) -> io::Result<()> {
        match self {
            Self::Null => Ok(()),
            Self::Console(console, kind) => {
                console.write(*kind, content);
                Ok(())
            }
            Self::Writer(writer) => {
                let mut writer = writer.lock().await;
                writer.write_all(content).await?;
                writer.flush().await
            }
            Self::Terminal(writer) => {
                let mut writer = writer.lock().await;
                writer.write_all(&with_carriage_returns(content)).await?;
                writer.flush().await
            }
            Self::Shell(output) => match output.write_all(content).await {
                Ok(()) => Ok(()),
                Err(bashkit::Error::Io(error)) => Err(error),
                Err(_) => Err(io::ErrorKind::BrokenPipe.into()),
            },
        }
    }

    /// Writes text, ignoring a reader that has gone away, as most programs do for their last words.
    pub async fn print(&self, text: impl AsRef<str>) {
        let _ = self.write(text.as_ref().as_bytes()).await;
    }
}

pub(super) fn with_carriage_returns(content: &[u8]) -> Vec<u8> {
    let mut cooked = Vec::with_capacity(content.len() + 8);
    for byte in content {
        if *byte == b'\n' {
            cooked.push(b'\r');
        }
        cooked.push(*byte);
    }
    cooked
}
