//! Asks as an API server does: over one connection of HTTP/2, several requests at once.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body, Bytes};
use http::{Request, StatusCode, header};
use http_body_util::BodyExt as _;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};
use tokio_rustls::TlsConnector;

use crate::process::Result;

/// A connection to a server.
#[derive(Clone)]
pub struct Client {
    sender: http2::SendRequest<Body>,
}

/// From the moment that a request was due until its answer was there, in milliseconds.
pub struct Latencies {
    /// Half of them.
    pub median: f64,
    /// 99 of 100.
    pub p99: f64,
    /// 999 of 1,000.
    pub p999: f64,
    /// All of them.
    pub worst: f64,
}

impl Latencies {
    /// Of these times in milliseconds, in no order.
    #[must_use]
    pub fn of(mut all: Vec<f64>) -> Self {
        all.sort_by(f64::total_cmp);
        let at = |part: usize| all.get(all.len() * part / 1000).copied().unwrap_or_default();
        let worst = all.last().copied().unwrap_or_default();
        Self { median: at(500), p99: at(990), p999: at(999), worst }
    }
}

impl Client {
    /// Connects to where a server listens, and trusts this authority for `localhost`.
    ///
    /// # Errors
    /// There is no such server, or another one.
    pub async fn connect(address: SocketAddr, ca_pem: &[u8]) -> Result<Self> {
        let mut roots = rustls::RootCertStore::empty();
        for authority in CertificateDer::pem_slice_iter(ca_pem) {
            roots.add(authority?)?;
        }
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = rustls::ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from("localhost")?;
        let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await?;
        let (sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(Self { sender })
    }

    /// One answer.
    ///
    /// # Errors
    /// There is none, or it is no JSON.
    pub async fn ask(&self, path: &str, body: Bytes) -> Result<Value> {
        Ok(serde_json::from_slice(&self.send(path, body).await?)?)
    }

    async fn send(&self, path: &str, body: Bytes) -> Result<Bytes> {
        let request = Request::post(format!("https://localhost{path}?timeout=5s"))
            .header(header::CONTENT_TYPE, "application/json")
            .header(header::CONTENT_LENGTH, body.len())
            .body(Body::from(body))?;
        let mut sender = self.sender.clone();
        sender.ready().await?;
        let response = sender.send_request(request).await?;
        if response.status() != StatusCode::OK {
            return Err(format!("the answer is {}", response.status()).into());
        }
        Ok(response.into_body().collect().await?.to_bytes())
    }

    /// So many requests, `at_once` of them under way; how long they took.
    ///
    /// # Errors
    /// One of them was not answered.
    pub async fn as_fast_as_it_goes(
        &self,
        path: &'static str,
        bodies: Arc<Vec<Bytes>>,
        requests: usize,
        at_once: usize,
    ) -> Result<Duration> {
        let begin = Instant::now();
        let mut workers = JoinSet::new();
        for worker in 0..at_once {
            let (client, bodies) = (self.clone(), Arc::clone(&bodies));
            workers.spawn(async move {
                for number in (worker..requests).step_by(at_once) {
                    let body = bodies.get(number % bodies.len()).cloned().unwrap_or_default();
                    client.send(path, body).await?;
                }
                Result::Ok(())
            });
        }
        while let Some(ended) = workers.join_next().await {
            ended??;
        }
        Ok(begin.elapsed())
    }

    /// Requests at their times, whether or not those before were answered.
    ///
    /// # Errors
    /// One of them was not answered.
    pub async fn at_rate(
        &self,
        path: &'static str,
        bodies: Arc<Vec<Bytes>>,
        rate: f64,
        time: Duration,
    ) -> Result<Latencies> {
        let pause = Duration::from_secs_f64(1.0 / rate);
        let begin = Instant::now();
        let mut due = begin;
        let mut open = JoinSet::new();
        let mut number = 0;
        while due - begin < time {
            sleep_until(due).await;
            // The clock of the runtime goes by milliseconds: what is due by then goes at once.
            while due <= Instant::now() && due - begin < time {
                let (client, at) = (self.clone(), due);
                let body = bodies.get(number % bodies.len()).cloned().unwrap_or_default();
                open.spawn(async move {
                    client.send(path, body).await?;
                    Result::Ok(at.elapsed())
                });
                due += pause;
                number += 1;
            }
        }
        let mut all = Vec::with_capacity(number);
        while let Some(ended) = open.join_next().await {
            all.push(ended??.as_secs_f64() * 1e3);
        }
        Ok(Latencies::of(all))
    }
}
