//! Packets: a length of three bytes, a number, a payload. Payloads of 16 MiB and more travel in pieces.

use std::io;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};

/// The longest piece. One of exactly this length says that another follows.
const PIECE: usize = 0xff_ffff;

/// What a client may send at most: `max_allowed_packet`'s ceiling, so that a liar cannot fill the memory.
const LONGEST: usize = 1 << 30;

/// Reads and writes payloads and keeps count of the packets of one exchange.
pub struct Packets<S> {
    pub stream: S,
    number: u8,
    outgoing: Vec<u8>,
}

impl<S: AsyncRead + AsyncWrite + Unpin> Packets<S> {
    pub fn new(stream: S) -> Packets<S> {
        Packets {
            stream,
            number: 0,
            outgoing: Vec::new(),
        }
    }

    /// A new command begins: counting starts again.
    pub fn restart(&mut self) {
        self.number = 0;
    }

    /// The next payload. `None`: the client closed the connection between packets.
    pub async fn read(&mut self) -> io::Result<Option<Vec<u8>>> {
        let mut payload = Vec::new();
        loop {
            let mut header = [0; 4];
            if !self.read_header(&mut header, payload.is_empty()).await? {
                return Ok(None);
            }
            let length = u32::from_le_bytes([header[0], header[1], header[2], 0]) as usize;
            if header[3] != self.number || payload.len() + length > LONGEST {
                return Err(io::ErrorKind::InvalidData.into());
            }
            self.number = self.number.wrapping_add(1);
            self.append(&mut payload, length).await?;
            if length < PIECE {
                return Ok(Some(payload));
            }
        }
    }

    /// `false`: the stream ended before the first byte, which is fine where a packet may begin.
    async fn read_header(&mut self, header: &mut [u8; 4], may_end: bool) -> io::Result<bool> {
        let read = self.stream.read(&mut header[..1]).await?;
        if read == 0 && may_end {
            return Ok(false);
        }
        self.stream.read_exact(&mut header[read..]).await?;
        Ok(true)
    }

    /// Grows with what arrives, not with what was announced.
    async fn append(&mut self, payload: &mut Vec<u8>, length: usize) -> io::Result<()> {
        let wanted = payload.len() + length;
        let mut piece = (&mut self.stream).take(length as u64);
        piece.read_to_end(payload).await?;
        if payload.len() == wanted {
            Ok(())
        } else {
            Err(io::ErrorKind::UnexpectedEof.into())
        }
    }

    /// Queues a payload; [`Packets::flush`] sends it.
    pub async fn write(&mut self, payload: &[u8]) -> io::Result<()> {
        let mut pieces = payload.chunks(PIECE);
        let mut last = PIECE;
        while last == PIECE {
            let piece = pieces.next().unwrap_or_default();
            last = piece.len();
            let length = u32::try_from(last).unwrap_or_default().to_le_bytes();
            self.outgoing
                .extend_from_slice(&[length[0], length[1], length[2], self.number]);
            self.outgoing.extend_from_slice(piece);
            self.number = self.number.wrapping_add(1);
        }
        if self.outgoing.len() > 1 << 16 {
            self.send().await
        } else {
            Ok(())
        }
    }

    pub async fn flush(&mut self) -> io::Result<()> {
        self.send().await?;
        self.stream.flush().await
    }

    async fn send(&mut self) -> io::Result<()> {
        self.stream.write_all(&self.outgoing).await?;
        self.outgoing.clear();
        Ok(())
    }
}

/// A length-encoded number.
pub fn put_length(out: &mut Vec<u8>, length: u64) {
    let bytes = length.to_le_bytes();
    match length {
        0..=250 => out.push(bytes[0]),
        251..=0xffff => {
            out.push(0xfc);
            out.extend_from_slice(&bytes[..2]);
        }
        0x1_0000..=0xff_ffff => {
            out.push(0xfd);
            out.extend_from_slice(&bytes[..3]);
        }
        _ => {
            out.push(0xfe);
            out.extend_from_slice(&bytes);
        }
    }
}

/// A length-encoded string.
pub fn put_text(out: &mut Vec<u8>, text: &[u8]) {
    put_length(out, text.len() as u64);
    out.extend_from_slice(text);
}

/// What a client sent, taken piece by piece from the front; `None` when too little is left.
pub struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    pub fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    pub fn byte(&mut self) -> Option<u8> {
        self.bytes(1).map(|byte| byte[0])
    }

    /// Up to a NUL, or to the end if there is none.
    pub fn text(&mut self) -> String {
        let end = self
            .0
            .iter()
            .position(|byte| *byte == 0)
            .unwrap_or(self.0.len());
        let text = String::from_utf8_lossy(&self.0[..end]).into_owned();
        self.0 = &self.0[(end + 1).min(self.0.len())..];
        text
    }

    /// As many bytes as a number needs.
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.bytes(N)?.try_into().ok()
    }

    /// A byte for the length, then as many bytes.
    pub fn short_bytes(&mut self) -> Option<&'a [u8]> {
        let length = self.byte()?;
        self.bytes(usize::from(length))
    }

    /// A length-encoded length, then as many bytes.
    pub fn long_bytes(&mut self) -> Option<&'a [u8]> {
        let length = match self.byte()? {
            0xfc => u64::from(u16::from_le_bytes(self.array()?)),
            0xfd => {
                let [one, two, three] = self.array()?;
                u64::from(u32::from_le_bytes([one, two, three, 0]))
            }
            0xfe => u64::from_le_bytes(self.array()?),
            short @ 0..=250 => short.into(),
            _ => return None,
        };
        self.bytes(usize::try_from(length).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn payloads_at_the_border_of_a_piece_come_back_whole() {
        for length in [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 2 * PIECE + 5] {
            let (client, server) = tokio::io::duplex(1 << 16);
            let payload: Vec<u8> = (0..length)
                .map(|at| u8::try_from(at % 251).unwrap())
                .collect();
            let sent = payload.clone();
            let writer = tokio::spawn(async move {
                let mut packets = Packets::new(client);
                packets.write(&sent).await.unwrap();
                packets.flush().await.unwrap();
            });
            let mut packets = Packets::new(server);
            assert!(
                packets.read().await.unwrap().unwrap() == payload,
                "{length}"
            );
            assert!(packets.read().await.unwrap().is_none(), "{length}");
            writer.await.unwrap();
        }
    }

    #[tokio::test]
    async fn wrong_numbers_and_cut_packets_are_errors() {
        for bytes in [&[1, 0, 0, 7, 1][..], &[5, 0, 0, 0, 1], &[5, 0]] {
            let mut packets = Packets::new(tokio::io::join(bytes, tokio::io::sink()));
            assert!(packets.read().await.is_err(), "{bytes:?}");
        }
    }

    #[test]
    fn lengths_take_as_many_bytes_as_they_need() {
        let cases: [(u64, &[u8]); 5] = [
            (250, &[250]),
            (251, &[0xfc, 251, 0]),
            (0xffff, &[0xfc, 0xff, 0xff]),
            (0x1_0000, &[0xfd, 0, 0, 1]),
            (0x100_0000, &[0xfe, 0, 0, 0, 1, 0, 0, 0, 0]),
        ];
        for (length, expected) in cases {
            let mut out = Vec::new();
            put_length(&mut out, length);
            assert_eq!(out, expected);
        }
    }
}
