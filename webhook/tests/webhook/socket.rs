//! The listener, over TLS on a loopback port.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::body::{Body, Bytes};
use axum::http::{Request, StatusCode, Version, header};
use http_body_util::BodyExt as _;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use placecard_webhook::listen;
use placecard_webhook::serve::App;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::support::{DAY, app, create, plain_pod, shared};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(30);

/// A webhook that serves, and how to reach and stop it.
struct Running {
    address: SocketAddr,
    ca_pem: String,
    app: Arc<App>,
    stop: oneshot::Sender<Duration>,
    ended: JoinHandle<std::io::Result<()>>,
}

async fn run() -> Running {
    let now = SystemTime::now();
    let made = placecard_certs::self_signed(&["localhost", "127.0.0.1"], DAY, now).unwrap();
    let pair = placecard_certs::load(made.chain_pem.as_bytes(), made.key_pem.as_bytes()).unwrap();
    let tls = placecard_certs::server_config(&pair).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let app = shared(app());
    let (stop, told) = oneshot::channel();
    let serving = listen::serve(listener, tls, Arc::clone(&app), async { told.await.unwrap() });
    Running { address, ca_pem: made.ca_pem, app, stop, ended: tokio::spawn(serving) }
}

/// Connects over TLS, trusts these authorities, and offers these protocols.
pub(crate) async fn connect(
    address: SocketAddr,
    ca_pem: &str,
    alpn: &[&str],
) -> std::io::Result<TlsStream<TcpStream>> {
    let mut roots = rustls::RootCertStore::empty();
    for authority in CertificateDer::pem_slice_iter(ca_pem.as_bytes()) {
        roots.add(authority.unwrap()).unwrap();
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    let stream = TcpStream::connect(address).await?;
    let name = ServerName::try_from("localhost").unwrap();
    TlsConnector::from(Arc::new(config)).connect(name, stream).await
}

fn review(address: SocketAddr, body: impl Into<Body>) -> Request<Body> {
    Request::post(format!("https://{address}/mutate"))
        .header(header::HOST, "localhost")
        .header(header::CONTENT_TYPE, "application/json")
        .body(body.into())
        .unwrap()
}

async fn read(response: axum::http::Response<hyper::body::Incoming>) -> (StatusCode, String) {
    let status = response.status();
    let body: Bytes = response.into_body().collect().await.unwrap().to_bytes();
    (status, String::from_utf8(body.to_vec()).unwrap())
}

/// A connection that speaks HTTP/1.1.
pub(crate) async fn http1(address: SocketAddr, ca_pem: &str) -> http1::SendRequest<Body> {
    let stream = connect(address, ca_pem, &["http/1.1"]).await.unwrap();
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    sender
}

/// GETs a path.
pub(crate) async fn get(sender: &mut http1::SendRequest<Body>, path: &str) -> (StatusCode, String) {
    let request = Request::get(path).header(header::HOST, "localhost").body(Body::empty());
    read(sender.send_request(request.unwrap()).await.unwrap()).await
}

#[tokio::test]
async fn both_protocols_are_spoken() {
    let running = run().await;
    let body = create(&plain_pod()).to_string();

    let stream = connect(running.address, &running.ca_pem, &["h2", "http/1.1"]).await.unwrap();
    assert_eq!(stream.get_ref().1.alpn_protocol(), Some(&b"h2"[..]), "h2 is preferred");
    let (mut sender, connection) =
        http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection);
    let (one, two) = tokio::join!(
        sender.clone().send_request(review(running.address, body.clone())),
        sender.send_request(review(running.address, "{}")),
    );
    let (one, two) = (one.unwrap(), two.unwrap());
    assert_eq!((one.version(), one.status()), (Version::HTTP_2, StatusCode::OK));
    assert_eq!(two.status(), StatusCode::BAD_REQUEST);
    assert!(read(one).await.1.contains("\"allowed\":true"));

    for alpn in [&["http/1.1"][..], &[]] {
        let stream = connect(running.address, &running.ca_pem, alpn).await.unwrap();
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
        tokio::spawn(connection);
        for _ in 0..2 {
            let request = review(running.address, body.clone());
            let response = sender.send_request(request).await.unwrap();
            assert_eq!((response.version(), response.status()), (Version::HTTP_11, StatusCode::OK));
            read(response).await;
        }
    }
    running.ended.abort();
}

#[tokio::test]
async fn a_client_that_speaks_no_tls_harms_nobody() {
    let running = run().await;
    let mut plain = TcpStream::connect(running.address).await.unwrap();
    plain.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut heard = Vec::new();
    // A TLS alert or a reset, but no answer in the clear.
    let _ = plain.read_to_end(&mut heard).await;
    assert!(!heard.starts_with(b"HTTP"), "{heard:?}");
    let stranger = placecard_certs::self_signed(&["localhost"], DAY, SystemTime::now()).unwrap();
    assert!(connect(running.address, &stranger.ca_pem, &[]).await.is_err());
    let mut sender = http1(running.address, &running.ca_pem).await;
    assert_eq!(get(&mut sender, "/healthz").await, (StatusCode::OK, "ok\n".to_owned()));
    running.ended.abort();
}

#[tokio::test]
async fn readiness_goes_off_while_requests_are_still_taken() {
    let running = run().await;
    let mut before = http1(running.address, &running.ca_pem).await;
    assert_eq!(get(&mut before, "/readyz").await.0, StatusCode::OK);
    running.stop.send(DAY).unwrap();
    // The stop is noticed by a task of its own.
    let noticed = async {
        while running.app.readiness.obstacle(crate::support::noon()).is_none() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, noticed).await.unwrap();
    let mut after = http1(running.address, &running.ca_pem).await;
    for sender in [&mut before, &mut after] {
        let unready = (StatusCode::SERVICE_UNAVAILABLE, "shutting down\n".to_owned());
        assert_eq!(get(sender, "/readyz").await, unready);
        let request = review(running.address, create(&plain_pod()).to_string());
        let response = sender.send_request(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::OK);
        read(response).await;
    }
    assert!(!running.ended.is_finished());
    running.ended.abort();
}

#[tokio::test]
async fn a_request_under_way_is_finished_and_no_new_one_begins() {
    let running = run().await;
    let body = create(&plain_pod()).to_string();
    let (first, rest) = body.split_at(body.len() / 2);
    let mut stream = connect(running.address, &running.ca_pem, &["http/1.1"]).await.unwrap();
    let head = format!(
        "POST /mutate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
         Expect: 100-continue\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // The handler has begun to read once the server asks for the body.
    let mut heard = [0; 25];
    stream.read_exact(&mut heard).await.unwrap();
    assert_eq!(&heard, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(first.as_bytes()).await.unwrap();

    let mut idle = http1(running.address, &running.ca_pem).await;
    assert_eq!(get(&mut idle, "/healthz").await.0, StatusCode::OK);
    running.stop.send(Duration::ZERO).unwrap();
    let closed = async {
        while TcpStream::connect(running.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    };
    timeout(PATIENCE, closed).await.unwrap();
    assert!(!running.ended.is_finished(), "a request is under way");
    stream.write_all(rest.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let _ = stream.read_to_string(&mut answer).await;
    assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer}");
    assert!(answer.contains("\"allowed\":true"), "{answer}");
    timeout(PATIENCE, running.ended).await.unwrap().unwrap().unwrap();
}
