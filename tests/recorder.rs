//! A webhook that admits everything and remembers what it was asked.

use std::collections::BTreeSet;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::SystemTime;

use placecard_tests::installation::HOST;
use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use serde_json::{Value, json};

/// What was asked: `KIND NAME`, and `PATH OPERATION`.
type Calls = Arc<Mutex<BTreeSet<(String, String)>>>;

/// A running recorder; it runs until the process ends.
pub(crate) struct Recorder {
    pub(crate) address: SocketAddr,
    /// The authority to trust, in PEM.
    pub(crate) ca_pem: String,
    calls: Calls,
}

impl Recorder {
    /// Starts one on a free loopback port.
    pub(crate) fn start() -> Self {
        let made =
            placecard_certs::self_signed(&[HOST], placecard_certs::LIFETIME, SystemTime::now())
                .expect("a certificate");
        let chain = CertificateDer::pem_slice_iter(made.chain_pem.as_bytes())
            .collect::<Result<Vec<_>, _>>()
            .expect("a chain");
        let key = PrivateKeyDer::from_pem_slice(made.key_pem.as_bytes()).expect("a key");
        // Without ALPN the API server speaks HTTP/1.1, which is little to implement.
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .expect("a pair");
        let (config, calls) = (Arc::new(config), Calls::default());
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = listener.local_addr().expect("an address");
        let theirs = Arc::clone(&calls);
        thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                let (config, calls) = (Arc::clone(&config), Arc::clone(&theirs));
                // A connection that breaks off is the API server's to open again.
                thread::spawn(move || drop(answer(socket, config, &calls)));
            }
        });
        Self { address, ca_pem: made.ca_pem, calls }
    }

    /// What was asked about one object since the last time.
    pub(crate) fn take(&self, kind: &str, name: &str) -> Vec<String> {
        let object = format!("{kind} {name}");
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        let (taken, left) = std::mem::take(&mut *calls).into_iter().partition(|c| c.0 == object);
        *calls = left;
        let taken: BTreeSet<(String, String)> = taken;
        taken.into_iter().map(|call| call.1).collect()
    }
}

fn answer(socket: TcpStream, config: Arc<ServerConfig>, calls: &Calls) -> io::Result<()> {
    let connection = ServerConnection::new(config).map_err(io::Error::other)?;
    let mut stream = BufReader::new(StreamOwned::new(connection, socket));
    loop {
        let mut start = String::new();
        if stream.read_line(&mut start)? == 0 {
            return Ok(());
        }
        let mut length = 0;
        loop {
            let mut header = String::new();
            stream.read_line(&mut header)?;
            if header.trim().is_empty() {
                break;
            }
            if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().map_err(io::Error::other)?;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        let review: Value = serde_json::from_slice(&body)?;
        let request = &review["request"];
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let path = start.split_whitespace().nth(1).unwrap_or_default();
        let path = path.split('?').next().unwrap_or_default();
        let object = format!("{} {}", text(&request["kind"]["kind"]), text(&request["name"]));
        let call = format!("{path} {}", text(&request["operation"]));
        calls.lock().unwrap_or_else(PoisonError::into_inner).insert((object, call));
        let answer = json!({
            "apiVersion": "admission.k8s.io/v1",
            "kind": "AdmissionReview",
            "response": {"uid": request["uid"], "allowed": true},
        })
        .to_string();
        let stream = stream.get_mut();
        write!(
            stream,
            "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{answer}",
            answer.len()
        )?;
        stream.flush()?;
    }
}
