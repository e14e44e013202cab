//! Header blocks: names and values, compressed with state that lasts the whole session.

use std::collections::BTreeMap;
use std::io;

use bytes::{Buf, BufMut, Bytes};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};

use super::dictionary::dictionary;

/// Headers by their name in lower case.
pub(super) type Headers = BTreeMap<String, String>;

/// More than any client sends; a block that claims more is an attack.
const MAX_BLOCK: usize = 64 * 1024;

/// Reads the blocks of one direction.
pub(super) struct HeaderReader {
    inflate: Decompress,
}

impl HeaderReader {
    pub fn new() -> Self {
        Self {
            inflate: Decompress::new(true),
        }
    }

    /// Decodes one block. A session cannot go on after an error.
    pub fn read(&mut self, block: &[u8]) -> io::Result<Headers> {
        let plain = self.inflate(block)?;
        parse(plain.into()).ok_or_else(|| invalid("malformed header block"))
    }

    fn inflate(&mut self, block: &[u8]) -> io::Result<Vec<u8>> {
        let mut plain = Vec::with_capacity(1024);
        let start = self.inflate.total_in();
        loop {
            let consumed = usize::try_from(self.inflate.total_in() - start).unwrap_or(usize::MAX);
            let rest = block.get(consumed..).unwrap_or_default();
            let before = (self.inflate.total_in(), plain.len());
            match self
                .inflate
                .decompress_vec(rest, &mut plain, FlushDecompress::Sync)
            {
                Ok(Status::StreamEnd) => return Ok(plain),
                Ok(_) => {}
                Err(error) if error.needs_dictionary().is_some() => {
                    self.inflate
                        .set_dictionary(&dictionary())
                        .map_err(invalid)?;
                    continue;
                }
                Err(error) => return Err(invalid(error)),
            }
            let is_done = (self.inflate.total_in(), plain.len()) == before;
            if plain.len() > MAX_BLOCK {
                return Err(invalid("header block too large"));
            }
            if plain.len() == plain.capacity() {
                plain.reserve(4096);
            } else if is_done || rest.is_empty() {
                return Ok(plain);
            }
        }
    }
}

/// Writes the blocks of one direction.
pub(super) struct HeaderWriter {
    deflate: Compress,
}

impl HeaderWriter {
    pub fn new() -> io::Result<Self> {
        let mut deflate = Compress::new(Compression::fast(), true);
        deflate.set_dictionary(&dictionary()).map_err(invalid)?;
        Ok(Self { deflate })
    }

    /// Encodes one block.
    pub fn write(&mut self, headers: &Headers) -> io::Result<Bytes> {
        let mut plain = Vec::new();
        plain.put_u32(length(headers.len()));
        for (name, value) in headers {
            for text in [name, value] {
                plain.put_u32(length(text.len()));
                plain.put_slice(text.as_bytes());
            }
        }
        // Deflate never needs more than a few bytes over the plain size.
        let mut block = Vec::with_capacity(plain.len() + 64);
        self.deflate
            .compress_vec(&plain, &mut block, FlushCompress::Sync)
            .map_err(invalid)?;
        Ok(block.into())
    }
}

fn parse(mut plain: Bytes) -> Option<Headers> {
    fn text(plain: &mut Bytes) -> Option<String> {
        let length = usize::try_from(plain.try_get_u32().ok()?).ok()?;
        if plain.remaining() < length {
            return None;
        }
        String::from_utf8(plain.split_to(length).to_vec()).ok()
    }
    let count = plain.try_get_u32().ok()?;
    let mut headers = Headers::new();
    for _ in 0..count {
        let name = text(&mut plain)?.to_ascii_lowercase();
        let value = text(&mut plain)?;
        headers.insert(name, value);
    }
    Some(headers)
}

fn length(length: usize) -> u32 {
    u32::try_from(length).expect("headers are short")
}

fn invalid(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, why)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_one_session_share_their_state() {
        let mut writer = HeaderWriter::new().expect("the dictionary fits");
        let mut reader = HeaderReader::new();
        for request in 0..3 {
            let headers = Headers::from([
                ("streamtype".to_owned(), "data".to_owned()),
                ("port".to_owned(), "80".to_owned()),
                ("requestid".to_owned(), request.to_string()),
            ]);
            let block = writer.write(&headers).expect("headers encode");
            assert_eq!(reader.read(&block).expect("the block decodes"), headers);
        }
    }

    #[test]
    fn garbage_is_an_error() {
        assert!(HeaderReader::new().read(&[0xff; 40]).is_err());
    }
}
