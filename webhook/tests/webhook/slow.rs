//! Clients that are slow, or too many: each costs a bounded time and a bounded place.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::http::StatusCode;
use axum_server::tls_rustls::RustlsConfig;
use placecard_webhook::listen::{self, Limits};
use placecard_webhook::serve::App;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{sleep, timeout};

use crate::socket::{connect, get, http1};
use crate::support::{DAY, app, noon};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

/// Short, so that the tests are.
const SHORT: Duration = Duration::from_millis(300);

async fn run(limits: Limits) -> (SocketAddr, String, Arc<App>) {
    let made = placecard_certs::self_signed(&["localhost"], DAY, SystemTime::now()).unwrap();
    let pair = placecard_certs::load(made.chain_pem.as_bytes(), made.key_pem.as_bytes()).unwrap();
    let tls = RustlsConfig::from_config(placecard_certs::server_config(&pair).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (address, app) = (listener.local_addr().unwrap(), Arc::new(app()));
    let never = std::future::pending();
    tokio::spawn(listen::serve_within(limits, listener, tls, Arc::clone(&app), never));
    (address, made.ca_pem, app)
}

/// Reads until the server closes.
async fn is_closed(stream: &mut (impl tokio::io::AsyncRead + Unpin)) -> Vec<u8> {
    let mut heard = Vec::new();
    // A reset is an end as well.
    let ended = timeout(PATIENCE, stream.read_to_end(&mut heard)).await;
    assert!(ended.is_ok(), "it is still open");
    heard
}

#[tokio::test]
async fn who_does_not_finish_the_handshake_is_let_go() {
    let (address, ca_pem, _) = run(Limits { handshake: SHORT, ..Limits::default() }).await;
    for sent in [&b""[..], b"\x16\x03\x01\x02\x00\x01"] {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(sent).await.unwrap();
        is_closed(&mut stream).await;
    }
    let mut sender = http1(address, &ca_pem).await;
    assert_eq!(get(&mut sender, "/healthz").await.0, StatusCode::OK);
}

#[tokio::test]
async fn who_sends_the_head_drop_by_drop_is_let_go() {
    let (address, ca_pem, _) = run(Limits { head: SHORT, ..Limits::default() }).await;
    let mut slow = connect(address, &ca_pem, &["http/1.1"]).await.unwrap();
    slow.write_all(b"POST /mutate HTTP/1.1\r\nHost: localhost\r\n").await.unwrap();
    // A drop before the time is over does not make it longer.
    let dropping = async {
        while slow.write_all(b"x: y\r\n").await.is_ok() && slow.flush().await.is_ok() {
            sleep(SHORT / 6).await;
        }
    };
    timeout(PATIENCE, dropping).await.unwrap();
    let mut sender = http1(address, &ca_pem).await;
    assert_eq!(get(&mut sender, "/healthz").await.0, StatusCode::OK);
}

#[tokio::test]
async fn who_says_nothing_is_let_go_before_a_request_and_after_one() {
    let (address, ca_pem, _) = run(Limits { silent: SHORT, ..Limits::default() }).await;
    for alpn in ["http/1.1", "h2"] {
        let mut silent = connect(address, &ca_pem, &[alpn]).await.unwrap();
        is_closed(&mut silent).await;
    }
    let mut after = connect(address, &ca_pem, &["http/1.1"]).await.unwrap();
    after.write_all(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let answer = String::from_utf8(is_closed(&mut after).await).unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    let mut sender = http1(address, &ca_pem).await;
    assert_eq!(get(&mut sender, "/healthz").await.0, StatusCode::OK);
}

#[tokio::test]
async fn who_does_not_send_the_body_is_answered_and_keeps_nobody_waiting() {
    let (address, ca_pem, app) = run(Limits::default()).await;
    let mut slow = connect(address, &ca_pem, &["http/1.1"]).await.unwrap();
    let head = "POST /mutate HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\
        Content-Length: 1000\r\nConnection: close\r\n\r\n{";
    slow.write_all(head.as_bytes()).await.unwrap();
    let mut sender = http1(address, &ca_pem).await;
    assert_eq!(get(&mut sender, "/healthz").await.0, StatusCode::OK);
    let answer = String::from_utf8(is_closed(&mut slow).await).unwrap();
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    let text = app.metrics.text(noon(), noon()).unwrap();
    assert!(text.contains(r#"verdict="invalid"} 1"#), "{text}");
}

#[tokio::test]
async fn one_connection_too_many_is_closed_until_another_one_ends() {
    let (address, ca_pem, app) = run(Limits { connections: 2, ..Limits::default() }).await;
    let mut first = http1(address, &ca_pem).await;
    let second = http1(address, &ca_pem).await;
    assert!(connect(address, &ca_pem, &["http/1.1"]).await.is_err());
    assert_eq!(get(&mut first, "/healthz").await.0, StatusCode::OK, "the others go on");
    let text = app.metrics.text(noon(), noon()).unwrap();
    assert!(text.contains(r#"placecard_shed_total{what="connection"} 1"#), "{text}");
    drop(second);
    let again = async {
        while connect(address, &ca_pem, &["http/1.1"]).await.is_err() {
            tokio::task::yield_now().await;
        }
    };
    assert!(timeout(PATIENCE, again).await.is_ok());
}
