//! Frames, as section 2.2 of the SPDY/3 specification lays them out.
//!
//! Flow control (added in 3.1) is left out: Go's client, which defines this dialect, has none.

use std::io;

use bytes::{Buf, BufMut, Bytes, BytesMut};
use tokio_util::codec::{Decoder, Encoder};

const VERSION: u16 = 3;
const CONTROL: u16 = 0x8000;
pub(super) const FLAG_FIN: u8 = 1;
/// Frames hold at most 24 bits' worth of bytes; nobody needs that much.
const MAX_LENGTH: usize = 4 * 1024 * 1024;

const SYN_STREAM: u16 = 1;
const SYN_REPLY: u16 = 2;
const RST_STREAM: u16 = 3;
const PING: u16 = 6;
const GO_AWAY: u16 = 7;

/// One frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Frame {
    SynStream {
        stream: u32,
        fin: bool,
        headers: Bytes,
    },
    SynReply {
        stream: u32,
        headers: Bytes,
    },
    Reset {
        stream: u32,
        status: u32,
    },
    Ping(u32),
    GoAway,
    Data {
        stream: u32,
        fin: bool,
        data: Bytes,
    },
    /// A kind that means nothing here: SETTINGS, HEADERS, WINDOW_UPDATE.
    Other,
}

/// Cuts bytes into frames and back.
pub(super) struct FrameCodec;

impl Decoder for FrameCodec {
    type Item = Frame;
    type Error = io::Error;

    fn decode(&mut self, buffer: &mut BytesMut) -> io::Result<Option<Frame>> {
        const HEAD: usize = 8;
        if buffer.len() < HEAD {
            return Ok(None);
        }
        let mut head = &buffer[..HEAD];
        let first = head.get_u32();
        let flags_and_length = head.get_u32();
        let [flags, ..] = flags_and_length.to_be_bytes();
        let length = (flags_and_length & 0x00ff_ffff) as usize;
        if length > MAX_LENGTH {
            return Err(malformed("frame too large"));
        }
        if buffer.len() < HEAD + length {
            buffer.reserve(HEAD + length - buffer.len());
            return Ok(None);
        }
        buffer.advance(HEAD);
        let mut body = buffer.split_to(length).freeze();
        let fin = flags & FLAG_FIN != 0;
        if first >> 16 & u32::from(CONTROL) == 0 {
            let (stream, data) = (first, body);
            return Ok(Some(Frame::Data { stream, fin, data }));
        }
        let kind = (first & 0xffff) as u16;
        let mut number = || body.try_get_u32().map_err(|_| malformed("frame too short"));
        Ok(Some(match kind {
            SYN_STREAM => {
                let stream = number()? & 0x7fff_ffff;
                number()?;
                // Priority and an unused slot.
                if body.len() < 2 {
                    return Err(malformed("frame too short"));
                }
                body.advance(2);
                let headers = body;
                Frame::SynStream {
                    stream,
                    fin,
                    headers,
                }
            }
            SYN_REPLY => {
                let stream = number()? & 0x7fff_ffff;
                let headers = body;
                Frame::SynReply { stream, headers }
            }
            RST_STREAM => Frame::Reset {
                stream: number()?,
                status: number()?,
            },
            PING => Frame::Ping(number()?),
            GO_AWAY => Frame::GoAway,
            _ => Frame::Other,
        }))
    }
}

impl Encoder<Frame> for FrameCodec {
    type Error = io::Error;

    fn encode(&mut self, frame: Frame, out: &mut BytesMut) -> io::Result<()> {
        match frame {
            Frame::Data { stream, fin, data } => {
                out.put_u32(stream);
                out.put_u32(flags_and_length(fin, data.len())?);
                out.put_slice(&data);
            }
            Frame::SynStream {
                stream,
                fin,
                headers,
            } => {
                control(out, SYN_STREAM, fin, headers.len() + 10)?;
                out.put_u32(stream);
                out.put_u32(0);
                out.put_u16(0);
                out.put_slice(&headers);
            }
            Frame::SynReply { stream, headers } => {
                control(out, SYN_REPLY, false, headers.len() + 4)?;
                out.put_u32(stream);
                out.put_slice(&headers);
            }
            Frame::Reset { stream, status } => {
                control(out, RST_STREAM, false, 8)?;
                out.put_u32(stream);
                out.put_u32(status);
            }
            Frame::Ping(id) => {
                control(out, PING, false, 4)?;
                out.put_u32(id);
            }
            Frame::GoAway => {
                control(out, GO_AWAY, false, 8)?;
                out.put_u64(0);
            }
            Frame::Other => {}
        }
        Ok(())
    }
}

fn control(out: &mut BytesMut, kind: u16, fin: bool, length: usize) -> io::Result<()> {
    out.put_u16(CONTROL | VERSION);
    out.put_u16(kind);
    out.put_u32(flags_and_length(fin, length)?);
    Ok(())
}

fn flags_and_length(fin: bool, length: usize) -> io::Result<u32> {
    if length > MAX_LENGTH {
        return Err(malformed("frame too large"));
    }
    let length = u32::try_from(length).map_err(|_| malformed("frame too large"))?;
    Ok(length | if fin { u32::from(FLAG_FIN) << 24 } else { 0 })
}

fn malformed(why: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn frames_survive_the_wire() {
        let headers = Bytes::from_static(b"block");
        let data = Bytes::from_static(b"hello");
        for frame in [
            Frame::SynStream {
                stream: 1,
                fin: false,
                headers: headers.clone(),
            },
            Frame::SynReply { stream: 3, headers },
            Frame::Reset {
                stream: 5,
                status: 3,
            },
            Frame::Ping(7),
            Frame::GoAway,
            Frame::Data {
                stream: 9,
                fin: true,
                data,
            },
        ] {
            let mut wire = BytesMut::new();
            FrameCodec
                .encode(frame.clone(), &mut wire)
                .expect("the frame is small");
            assert_eq!(
                FrameCodec.decode(&mut wire).expect("it decodes"),
                Some(frame)
            );
            assert!(wire.is_empty());
        }
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_decoder_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let mut wire = BytesMut::from(bytes.as_slice());
            while let Ok(Some(_)) = FrameCodec.decode(&mut wire) {}
        }
    }
}
