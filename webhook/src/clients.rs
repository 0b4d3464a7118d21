//! Which clients may ask for a decision, if they have to show a certificate.
//!
//! Everybody may connect, because the kubelet's probes have none; who is a stranger gets no decision.

use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::Arc;

use axum::Extension;
use axum::middleware::AddExtension;
use axum_server::accept::Accept;
use axum_server::tls_rustls::RustlsAcceptor;
use placecard_certs::client_names;
use tokio::net::TcpStream;
use tower::Layer as _;

use crate::connections::Counted;

/// The clients that may ask. TLS has checked that their certificates are of the right authority.
#[derive(Debug, Clone)]
pub struct Clients {
    /// Common names or DNS names, of which the certificate has to have one; none: any will do.
    pub names: Arc<[String]>,
}

/// Whether whoever sent a request may ask.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Peer {
    /// It may.
    Known,
    /// It showed no certificate, or one of another name.
    Stranger,
}

impl Clients {
    fn peer(&self, certificate: Option<&[u8]>) -> Peer {
        let Some(certificate) = certificate else { return Peer::Stranger };
        let names = client_names(certificate);
        if self.names.is_empty() || names.iter().any(|name| self.names.contains(name)) {
            Peer::Known
        } else {
            Peer::Stranger
        }
    }
}

/// Notes with each request of a connection who is at its other end.
#[derive(Clone)]
pub(crate) struct Noting {
    pub(crate) inner: RustlsAcceptor<Counted>,
    /// `None`: everybody may ask.
    pub(crate) clients: Option<Clients>,
}

impl<S: Send + 'static> Accept<TcpStream, S> for Noting {
    type Stream = <RustlsAcceptor<Counted> as Accept<TcpStream, S>>::Stream;
    type Service = AddExtension<S, Peer>;
    type Future =
        Pin<Box<dyn Future<Output = io::Result<(Self::Stream, Self::Service)>> + Send + 'static>>;

    fn accept(&self, stream: TcpStream, service: S) -> Self::Future {
        let shaking = self.inner.accept(stream, service);
        let clients = self.clients.clone();
        Box::pin(async move {
            let (stream, service) = shaking.await?;
            let shown = stream.get_ref().1.peer_certificates();
            let shown = shown.and_then(|chain| chain.first()).map(AsRef::as_ref);
            let peer = clients.map_or(Peer::Known, |clients| clients.peer(shown));
            Ok((stream, Extension(peer).layer(service)))
        })
    }
}
