//! A connection of its own for each request: TCP, TLS and HTTP/1.1 from the beginning.

use std::error::Error;
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use placecard_certs::kept::authorities;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, ClientConnection, RootCertStore, Stream};

/// Longest time without a byte.
const SILENT: Duration = Duration::from_secs(10);

/// The status that a server answers a GET with, to a client that trusts these authorities (PEM).
///
/// # Errors
/// There is no connection, no trust, or no answer.
pub fn status(server: SocketAddr, bundle: &[u8], path: &str) -> Result<u16, Box<dyn Error>> {
    let mut roots = RootCertStore::empty();
    for authority in authorities(bundle)? {
        roots.add(authority.certificate)?;
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let mut client = ClientConnection::new(Arc::new(config), ServerName::try_from("127.0.0.1")?)?;
    let mut socket = TcpStream::connect(server)?;
    socket.set_read_timeout(Some(SILENT))?;
    let mut stream = Stream::new(&mut client, &mut socket);
    let head = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes())?;
    let mut answer = [0; 12];
    stream.read_exact(&mut answer)?;
    let answer = std::str::from_utf8(&answer)?;
    Ok(answer.strip_prefix("HTTP/1.1 ").ok_or(answer)?.parse()?)
}
