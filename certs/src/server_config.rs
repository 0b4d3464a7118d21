//! A checked pair as a rustls server configuration.

use std::sync::Arc;

use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::sign::SingleCertAndKey;

use crate::error::Error;
use crate::pair::Pair;

/// The configuration of a server that speaks HTTP/2 and HTTP/1.1 over TLS 1.2 and 1.3 with this
/// pair. It names its cryptography (ring) itself and needs no process-wide default.
///
/// A server that reloads its certificate makes a new one and swaps the whole configuration.
///
/// # Errors
/// [`Error::Rustls`] if the TLS library refuses its own defaults.
pub fn server_config(pair: &Pair) -> Result<Arc<ServerConfig>, Error> {
    let resolver = Arc::new(SingleCertAndKey::from(Arc::clone(&pair.certified)));
    let mut config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::Rustls(error.to_string()))?
        .with_no_client_auth()
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
