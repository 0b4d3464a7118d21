//! Which clients may ask for a decision, if they have to show a certificate.
//!
//! Everybody may connect, because the kubelet's probes have none; who is a stranger gets no decision.
//! The authorities of clients are in a file that is read again and again, as that of the certificate.

use std::fmt::Display;
use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::middleware::AddExtension;
use axum_server::accept::Accept;
use axum_server::tls_rustls::{RustlsAcceptor, RustlsConfig};
use placecard_certs::kept::authorities;
use placecard_certs::{Current, checking_config, client_names};
use rustls::ServerConfig;
use tokio::net::TcpStream;
use tokio::time::sleep;
use tower::Layer as _;

use crate::certificates::files::pem;
use crate::connections::Counted;

/// The clients that may ask. TLS has checked that their certificates are of the right authority.
#[derive(Debug, Clone)]
pub struct Clients {
    /// Common names or DNS names, of which the certificate has to have one; none: any will do.
    pub names: Arc<[String]>,
}

/// The file with the authorities of clients.
#[derive(Debug)]
pub struct AuthorityFile {
    path: PathBuf,
    /// What is served.
    current: Arc<Current>,
    /// What stood in the file when it was read last.
    known: Result<Vec<u8>, String>,
}

impl AuthorityFile {
    /// Reads the file, and gives what connections are made with.
    ///
    /// # Errors
    /// It cannot be read, or has no authority in it.
    pub fn read(path: PathBuf, current: Arc<Current>) -> Result<(Self, RustlsConfig), String> {
        let known = bytes(&path);
        let file = Self { path, current, known };
        let config = file.config()?;
        Ok((file, RustlsConfig::from_config(config)))
    }

    fn config(&self) -> Result<Arc<ServerConfig>, String> {
        let fail =
            |error: &dyn Display| format!("--client-ca-file {}: {error}", self.path.display());
        let pem = self.known.as_ref().map_err(Clone::clone)?;
        let authorities = authorities(pem).map_err(|error| fail(&error))?;
        if authorities.is_empty() {
            return Err(fail(&"no certificate in it is that of an authority"));
        }
        let config = checking_config(Arc::clone(&self.current), &authorities);
        config.map_err(|error| fail(&error))
    }

    /// Follows the file for ever. A file that is no good changes nothing. Connections that are there go
    /// on; none is taken up again that was made with other authorities.
    pub async fn follow(mut self, tls: RustlsConfig, pause: Duration) {
        loop {
            sleep(pause).await;
            let path = self.path.clone();
            let Ok(found) = tokio::task::spawn_blocking(move || bytes(&path)).await else {
                continue;
            };
            if found == self.known {
                continue;
            }
            self.known = found;
            match self.config() {
                Ok(config) => {
                    tls.reload_from_config(config);
                    tracing::info!("the authorities of clients are those of the file from now on");
                }
                Err(error) => {
                    tracing::warn!(error, "the authorities of clients stay as they were");
                }
            }
        }
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>, String> {
    pem("--client-ca-file", path)
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
