//! Bounds how many connections there are, and how long one may say nothing.

use std::future::{Future as _, Ready, ready};
use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use axum_server::accept::Accept;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, Sleep, sleep_until};

use crate::metrics::limits::Shed;
use crate::serve::App;

/// Takes connections as long as there are not too many of them.
#[derive(Clone)]
pub(crate) struct Counted {
    room: Arc<Semaphore>,
    silent: Duration,
    app: Arc<App>,
}

impl Counted {
    /// So many connections, each of which is ended once it has said nothing for so long.
    pub(crate) fn new(connections: usize, silent: Duration, app: Arc<App>) -> Self {
        Self { room: Arc::new(Semaphore::new(connections)), silent, app }
    }

    fn take(&self, stream: TcpStream) -> io::Result<Held> {
        let Ok(permit) = Arc::clone(&self.room).try_acquire_owned() else {
            self.app.metrics.limits.shed(Shed::Connection);
            return Err(io::Error::other("too many connections"));
        };
        // An answer's last segment would wait up to 40 ms for the client's acknowledgement.
        stream.set_nodelay(true)?;
        let (silent, heard) = (self.silent, Instant::now());
        let wake = Box::pin(sleep_until(heard + silent));
        Ok(Held { stream, silent, heard, wake, _permit: permit })
    }
}

impl<S> Accept<TcpStream, S> for Counted {
    type Stream = Held;
    type Service = S;
    type Future = Ready<io::Result<(Held, S)>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        ready(self.take(stream).map(|held| (held, service)))
    }
}

/// A connection that counts for as long as it is there.
pub(crate) struct Held {
    stream: TcpStream,
    silent: Duration,
    /// When it said something last.
    heard: Instant,
    wake: Pin<Box<Sleep>>,
    _permit: OwnedSemaphorePermit,
}

impl Held {
    /// Whether it has said nothing for too long; else this task is woken when that may be so.
    fn is_silent(&mut self, context: &mut Context<'_>) -> bool {
        while self.wake.as_mut().poll(context).is_ready() {
            let until = self.heard + self.silent;
            if until <= Instant::now() {
                return true;
            }
            self.wake.as_mut().reset(until);
        }
        false
    }
}

impl AsyncRead for Held {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if read.is_ready() {
            self.heard = Instant::now();
        } else if self.is_silent(context) {
            return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
        }
        read
    }
}

impl AsyncWrite for Held {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write_vectored(context, slices)
    }
}
