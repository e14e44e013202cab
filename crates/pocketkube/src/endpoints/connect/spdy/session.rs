//! A SPDY connection as streams: the client opens them, each with headers and bytes both ways.

use std::collections::HashMap;
use std::io;

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::mpsc;
use tokio_util::codec::Framed;

use super::frame::{Frame, FrameCodec};
use super::headers::{HeaderReader, HeaderWriter, Headers};

/// Pieces in flight a stream.
const IN_FLIGHT: usize = 16;
/// Streams that one client may have open.
const MAX_STREAMS: usize = 1024;

/// A stream that the client opened.
pub(super) struct Stream {
    pub headers: Headers,
    /// What the client sends; ends when it closes its half.
    pub input: mpsc::Receiver<Bytes>,
    pub output: Output,
}

/// The server's half of a stream. It stays open until closed or dropped.
pub(super) struct Output {
    stream: u32,
    frames: mpsc::Sender<Frame>,
}

impl Output {
    /// Sends bytes; fails once the connection is gone.
    pub async fn send(&self, data: Bytes) -> io::Result<()> {
        let frame = Frame::Data {
            stream: self.stream,
            fin: false,
            data,
        };
        self.frames
            .send(frame)
            .await
            .map_err(|_| io::ErrorKind::BrokenPipe.into())
    }

    /// Ends the server's half.
    pub async fn close(self) {
        let frame = Frame::Data {
            stream: self.stream,
            fin: true,
            data: Bytes::new(),
        };
        let _ = self.frames.send(frame).await;
    }
}

/// Drives a connection until it ends. Streams that the client opens go to `opened`; when its
/// receiver is dropped and all outputs are gone, the connection closes.
pub(super) async fn run(
    connection: impl AsyncRead + AsyncWrite + Unpin,
    opened: mpsc::Sender<Stream>,
) -> io::Result<()> {
    let mut wire = Framed::new(connection, FrameCodec);
    let (frames, mut to_send) = mpsc::channel(64);
    let mut session = Session {
        reader: HeaderReader::new(),
        writer: HeaderWriter::new()?,
        inputs: HashMap::new(),
        opened: Some(opened),
        frames: Some(frames),
    };
    loop {
        let reply = tokio::select! {
            frame = wire.next() => match frame {
                Some(frame) => session.receive(frame?).await?,
                None => return Ok(()),
            },
            frame = to_send.recv() => match frame {
                Some(frame) => Some(frame),
                // Nobody is left who could send anything.
                None => {
                    wire.send(Frame::GoAway).await?;
                    return wire.close().await;
                }
            },
            () = session.listener_gone() => {
                session.stop_accepting();
                None
            }
        };
        if let Some(frame) = reply {
            wire.send(frame).await?;
        }
    }
}

struct Session {
    reader: HeaderReader,
    writer: HeaderWriter,
    inputs: HashMap<u32, mpsc::Sender<Bytes>>,
    opened: Option<mpsc::Sender<Stream>>,
    frames: Option<mpsc::Sender<Frame>>,
}

impl Session {
    /// Takes a frame in and returns the one that answers it.
    async fn receive(&mut self, frame: Frame) -> io::Result<Option<Frame>> {
        Ok(match frame {
            Frame::SynStream {
                stream,
                fin,
                headers,
            } => {
                let headers = self.reader.read(&headers)?;
                Some(self.open(stream, fin, headers).await?)
            }
            Frame::Data { stream, fin, data } => {
                if let Some(input) = self.inputs.get(&stream)
                    && !data.is_empty()
                    && input.send(data).await.is_err()
                {
                    self.inputs.remove(&stream);
                }
                if fin {
                    self.inputs.remove(&stream);
                }
                None
            }
            Frame::Reset { stream, .. } => {
                self.inputs.remove(&stream);
                None
            }
            Frame::Ping(id) => Some(Frame::Ping(id)),
            Frame::SynReply { .. } | Frame::GoAway | Frame::Other => None,
        })
    }

    async fn open(&mut self, stream: u32, fin: bool, headers: Headers) -> io::Result<Frame> {
        /// The stream is refused before it was processed.
        const REFUSED: u32 = 3;
        let (Some(opened), Some(frames)) = (&self.opened, &self.frames) else {
            return Ok(Frame::Reset {
                stream,
                status: REFUSED,
            });
        };
        if self.inputs.len() >= MAX_STREAMS {
            return Ok(Frame::Reset {
                stream,
                status: REFUSED,
            });
        }
        let (sender, input) = mpsc::channel(IN_FLIGHT);
        let output = Output {
            stream,
            frames: frames.clone(),
        };
        let new = Stream {
            headers,
            input,
            output,
        };
        if opened.send(new).await.is_err() {
            return Ok(Frame::Reset {
                stream,
                status: REFUSED,
            });
        }
        if !fin {
            self.inputs.insert(stream, sender);
        }
        let headers = self.writer.write(&Headers::new())?;
        Ok(Frame::SynReply { stream, headers })
    }

    /// Waits until nobody takes new streams any more.
    async fn listener_gone(&self) {
        match &self.opened {
            Some(opened) => opened.closed().await,
            None => std::future::pending().await,
        }
    }

    fn stop_accepting(&mut self) {
        self.opened = None;
        self.frames = None;
    }
}
