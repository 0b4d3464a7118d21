//! Clients that have to show a certificate.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use axum_server::tls_rustls::RustlsConfig;
use http_body_util::BodyExt as _;
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use placecard_certs::kept::authorities;
use placecard_certs::{Current, checking_config, client_names};
use placecard_webhook::clients::{AuthorityFile, Clients};
use placecard_webhook::listen::{self, Limits};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsConnector;

use crate::support::{DAY, app, create, plain_pod};

fn authority() -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A client's certificate and key.
type Shown = (CertificateDer<'static>, PrivateKeyDer<'static>);

fn client(of: &CertifiedIssuer<'static, KeyPair>, common: &str, dns: &[&str]) -> Shown {
    let names: Vec<String> = dns.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, common);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, of).unwrap();
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
    (certificate.der().clone(), key)
}

/// What a request to each path is answered with; `None`: there is no connection.
async fn answers(
    address: std::net::SocketAddr,
    ca_pem: &str,
    shown: Option<Shown>,
) -> Option<[StatusCode; 2]> {
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(ca_pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match shown {
        Some((certificate, key)) => config.with_client_auth_cert(vec![certificate], key).unwrap(),
        None => config.with_no_client_auth(),
    };
    let stream = TcpStream::connect(address).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.ok()?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.ok()?;
    tokio::spawn(connection);
    let head = |request: axum::http::request::Builder| {
        request.header(header::HOST, "localhost").header(header::CONTENT_TYPE, "application/json")
    };
    let body = Body::from(create(&plain_pod()).to_string());
    let asked = [
        head(Request::get("/readyz")).body(Body::empty()).unwrap(),
        head(Request::post("/mutate")).body(body).unwrap(),
    ];
    let mut found = Vec::new();
    for request in asked {
        // In TLS 1.3 a client hears only now that its certificate was not taken.
        let response = sender.send_request(request).await.ok()?;
        found.push(response.status());
        response.into_body().collect().await.ok()?;
    }
    found.try_into().ok()
}

#[tokio::test]
async fn who_shows_no_certificate_that_may_ask_gets_no_decision() {
    const ALL: Option<[StatusCode; 2]> = Some([StatusCode::OK, StatusCode::OK]);
    const PROBES: Option<[StatusCode; 2]> = Some([StatusCode::OK, StatusCode::FORBIDDEN]);
    let (ours, theirs) = (authority(), authority());
    let cases = [
        (Some((&ours, "apiserver", &[][..])), ALL, ALL),
        (Some((&ours, "somebody", &["apiserver"][..])), ALL, ALL),
        (Some((&ours, "somebody", &["else"][..])), PROBES, ALL),
        (Some((&theirs, "apiserver", &[][..])), None, None),
        (None, PROBES, PROBES),
    ];
    let made = placecard_certs::self_signed(&["localhost"], DAY, SystemTime::now()).unwrap();
    let pair = placecard_certs::load(made.chain_pem.as_bytes(), made.key_pem.as_bytes()).unwrap();
    let trusted = authorities(ours.pem().as_bytes()).unwrap();
    let mut addresses = Vec::new();
    for names in [vec!["apiserver".to_owned()], Vec::new()] {
        let tls = checking_config(Arc::new(Current::new(&pair)), &trusted).unwrap();
        let tls = RustlsConfig::from_config(tls);
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        addresses.push(listener.local_addr().unwrap());
        let limits = Limits { clients: Some(Clients { names: names.into() }), ..Limits::default() };
        let never = std::future::pending();
        tokio::spawn(listen::serve_within(limits, listener, tls, Arc::new(app()), never));
    }
    for (index, (shown, named, any)) in cases.into_iter().enumerate() {
        for (address, expected) in addresses.iter().zip([named, any]) {
            let shown = shown.map(|(of, common, dns)| client(of, common, dns));
            assert_eq!(answers(*address, &made.ca_pem, shown).await, expected, "case {index}");
        }
    }
    assert!(checking_config(Arc::new(Current::new(&pair)), &[]).is_err());
    let (certificate, _) = client(&ours, "a", &["b", "c"]);
    assert_eq!(client_names(&certificate), ["a", "b", "c"]);
    assert_eq!(client_names(b"no certificate"), Vec::<String>::new());
}

/// Waits until this is what clients of an authority get.
async fn become_answers(
    address: std::net::SocketAddr,
    ca_pem: &str,
    of: &CertifiedIssuer<'static, KeyPair>,
    expected: Option<[StatusCode; 2]>,
) {
    let waited = tokio::time::timeout(Duration::from_secs(60), async {
        while answers(address, ca_pem, Some(client(of, "a", &[]))).await != expected {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    });
    assert!(waited.await.is_ok(), "never {expected:?}");
}

#[tokio::test]
async fn the_authorities_of_clients_are_those_of_the_file_at_the_moment() {
    const ALL: Option<[StatusCode; 2]> = Some([StatusCode::OK, StatusCode::OK]);
    let (old, new) = (authority(), authority());
    let made = placecard_certs::self_signed(&["localhost"], DAY, SystemTime::now()).unwrap();
    let pair = placecard_certs::load(made.chain_pem.as_bytes(), made.key_pem.as_bytes()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("ca.crt");
    let current = Arc::new(Current::new(&pair));
    let refused = AuthorityFile::read(path.clone(), Arc::clone(&current)).unwrap_err();
    assert!(refused.starts_with("--client-ca-file "), "{refused}");
    std::fs::write(&path, old.pem()).unwrap();
    let (file, tls) = AuthorityFile::read(path.clone(), current).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let limits = Limits { clients: Some(Clients { names: [].into() }), ..Limits::default() };
    let never = std::future::pending();
    tokio::spawn(file.follow(tls.clone(), Duration::from_millis(5)));
    tokio::spawn(listen::serve_within(limits, listener, tls, Arc::new(app()), never));
    become_answers(address, &made.ca_pem, &old, ALL).await;
    become_answers(address, &made.ca_pem, &new, None).await;
    std::fs::write(&path, new.pem()).unwrap();
    become_answers(address, &made.ca_pem, &new, ALL).await;
    become_answers(address, &made.ca_pem, &old, None).await;
    // What is no good changes nothing, and what comes after it is taken.
    std::fs::write(&path, "nothing").unwrap();
    become_answers(address, &made.ca_pem, &new, ALL).await;
    std::fs::write(&path, format!("{}{}", old.pem(), new.pem())).unwrap();
    become_answers(address, &made.ca_pem, &old, ALL).await;
    become_answers(address, &made.ca_pem, &new, ALL).await;
}
