//! The bytes of one client: plain, or under TLS once the client has asked for it.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, BufReader, ReadBuf};
use tokio::net::TcpStream;
use tokio_rustls::server::TlsStream;

use crate::wire::tls::Tls;

type Buffered = BufReader<TcpStream>;

pub enum Stream {
    Plain(Buffered),
    Secure(Box<TlsStream<Buffered>>),
    /// While TLS is agreed on, and after that has failed with nothing left to talk through.
    Gone,
}

impl Stream {
    pub fn new(stream: TcpStream) -> Stream {
        Stream::Plain(BufReader::new(stream))
    }

    /// `false`: the client sent something else than TLS; the stream is plain again.
    pub async fn secure(&mut self, tls: &Tls) -> io::Result<bool> {
        match std::mem::replace(self, Stream::Gone) {
            Stream::Plain(plain) => match tls.accept(plain).await {
                Ok(secure) => {
                    *self = Stream::Secure(Box::new(secure));
                    Ok(true)
                }
                Err(plain) => {
                    *self = Stream::Plain(plain);
                    Ok(false)
                }
            },
            Stream::Secure(_) | Stream::Gone => Err(io::ErrorKind::InvalidData.into()),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Secure(stream) => Pin::new(stream).poll_read(context, buffer),
            Stream::Gone => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Secure(stream) => Pin::new(stream).poll_write(context, bytes),
            Stream::Gone => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_flush(context),
            Stream::Secure(stream) => Pin::new(stream).poll_flush(context),
            Stream::Gone => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.get_mut() {
            Stream::Plain(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Secure(stream) => Pin::new(stream).poll_shutdown(context),
            Stream::Gone => Poll::Ready(Ok(())),
        }
    }
}
