//! The socket side: TLS, HTTP/2 and HTTP/1.1, and an end that drops no request.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use axum_server::{Handle, Server};
use hyper_util::rt::TokioTimer;
use rustls::ServerConfig;
use tokio::net::TcpListener;

use crate::clients::{Clients, Noting};
use crate::connections::Counted;
use crate::serve::{App, router};

/// Longest time that requests may take to finish once the server stops.
const GRACE: Duration = Duration::from_secs(15);

/// Connections that say nothing are asked this often whether they are still there.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Requests that one HTTP/2 connection may have open.
const STREAMS: u32 = 256;

/// What connections may take, and who may ask.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Longest time of a TLS handshake.
    pub handshake: Duration,
    /// Longest time that a head of HTTP/1.1 may take to arrive, from its first byte on.
    pub head: Duration,
    /// Longest time that a connection may say nothing. One of HTTP/2 answers when it is asked
    /// whether it is still there, so it ends only if nobody is.
    pub silent: Duration,
    /// Connections at once; one more is closed as soon as it is there.
    pub connections: usize,
    /// Who gets decisions; `None`: everybody who connects.
    pub clients: Option<Clients>,
}

impl Default for Limits {
    /// An API server needs one connection, and there are a few API servers.
    fn default() -> Self {
        let (handshake, head) = (Duration::from_secs(10), Duration::from_secs(10));
        Self { handshake, head, silent: KEEP_ALIVE * 3, connections: 1024, clients: None }
    }
}

/// Serves within the usual limits, see [`serve_within`].
///
/// # Errors
/// What the listener says.
pub async fn serve(
    listener: TcpListener,
    tls: Arc<ServerConfig>,
    app: Arc<App>,
    stop: impl Future<Output = Duration>,
) -> io::Result<()> {
    serve_within(Limits::default(), listener, RustlsConfig::from_config(tls), app, stop).await
}

/// Serves until `stop` resolves, and then ends in order: readiness goes off, for the time that
/// `stop` resolved to requests are still taken (until the endpoint is known to be gone), then no
/// new ones, and those under way are finished. What `tls` is given meanwhile holds for connections from
/// then on.
///
/// # Errors
/// What the listener says.
pub async fn serve_within(
    limits: Limits,
    listener: TcpListener,
    tls: RustlsConfig,
    app: Arc<App>,
    stop: impl Future<Output = Duration>,
) -> io::Result<()> {
    let handle: Handle<SocketAddr> = Handle::new();
    let acceptor = RustlsAcceptor::new(tls)
        .handshake_timeout(limits.handshake)
        .acceptor(Counted::new(limits.connections, limits.silent, Arc::clone(&app)));
    let acceptor = Noting { inner: acceptor, clients: limits.clients };
    let mut server = Server::from_listener(listener).acceptor(acceptor).handle(handle.clone());
    let builder = server.http_builder();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(limits.head);
    builder
        .http2()
        .timer(TokioTimer::new())
        .keep_alive_interval(KEEP_ALIVE)
        .max_concurrent_streams(STREAMS);

    let serving = server.serve(router(Arc::clone(&app)).into_make_service());
    let stopping = async {
        let delay = stop.await;
        app.readiness.drain();
        tracing::info!(seconds = delay.as_secs_f64(), "stopping: not ready any more");
        tokio::time::sleep(delay).await;
        handle.graceful_shutdown(Some(GRACE));
    };
    tokio::pin!(serving);
    tokio::select! {
        ended = &mut serving => return ended,
        () = stopping => {}
    }
    serving.await
}

/// Resolves when the process is told to stop: to `delay` on SIGTERM, because Kubernetes goes on
/// sending requests for a while; to nothing on SIGINT, because somebody waits at the keyboard.
///
/// # Errors
/// The signal handlers cannot be installed.
pub fn told_to_stop(delay: Duration) -> io::Result<impl Future<Output = Duration>> {
    use tokio::signal::unix::{SignalKind, signal};
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => delay,
            _ = interrupt.recv() => Duration::ZERO,
        }
    })
}
