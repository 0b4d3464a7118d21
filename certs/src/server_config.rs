//! A checked pair as a rustls server configuration.

use std::sync::Arc;

use rustls::crypto::ring;
use rustls::server::{ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::SingleCertAndKey;
use rustls::{RootCertStore, ServerConfig};

use crate::adopt::Current;
use crate::authority::Authority;
use crate::error::Error;
use crate::pair::Pair;

/// The configuration of a server that speaks HTTP/2 and HTTP/1.1 over TLS 1.2 and 1.3 with this
/// pair. It names its cryptography (ring) itself and needs no process-wide default.
///
/// # Errors
/// [`Error::Rustls`] if the TLS library refuses its own defaults.
pub fn server_config(pair: &Pair) -> Result<Arc<ServerConfig>, Error> {
    resolving(Arc::new(SingleCertAndKey::from(Arc::clone(&pair.certified))), &[])
}

/// The same with the pair of the moment of each handshake: connections that are there go on.
///
/// # Errors
/// [`Error::Rustls`] if the TLS library refuses its own defaults.
pub fn reloading_config(current: Arc<Current>) -> Result<Arc<ServerConfig>, Error> {
    resolving(current, &[])
}

/// The same, and clients may show a certificate of these authorities. Who shows none can connect, who
/// shows another one cannot.
///
/// # Errors
/// [`Error::Rustls`] if there is no authority, or one cannot be trusted.
pub fn checking_config(
    current: Arc<Current>,
    authorities: &[Authority],
) -> Result<Arc<ServerConfig>, Error> {
    if authorities.is_empty() {
        return Err(Error::Rustls("there is no authority of clients".to_owned()));
    }
    resolving(current, authorities)
}

fn resolving(
    resolver: Arc<dyn ResolvesServerCert>,
    authorities: &[Authority],
) -> Result<Arc<ServerConfig>, Error> {
    let provider = Arc::new(ring::default_provider());
    let verifier = if authorities.is_empty() {
        WebPkiClientVerifier::no_client_auth()
    } else {
        let mut roots = RootCertStore::empty();
        for authority in authorities {
            let added = roots.add(authority.certificate.clone());
            added.map_err(|error| Error::Rustls(error.to_string()))?;
        }
        let roots = Arc::new(roots);
        WebPkiClientVerifier::builder_with_provider(roots, Arc::clone(&provider))
            .allow_unauthenticated()
            .build()
            .map_err(|error| Error::Rustls(error.to_string()))?
    };
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Rustls(error.to_string()))?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(resolver);
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Makes ring the process-wide default of rustls, for libraries that ask for one. A default that
/// is already there stays.
pub fn install_provider() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Losing the race to another thread is the same as finding a default.
        let _ = ring::default_provider().install_default();
    }
}
