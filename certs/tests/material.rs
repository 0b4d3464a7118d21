//! Files as they turn up in practice, good and bad, and a handshake with the good ones.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails by panicking")]

use std::io::{Read, Write};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use placecard_certs::{Error, Pair, Role, SelfSigned, load, self_signed, server_config};
use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConnection};

const HOUR: Duration = Duration::from_secs(3600);

fn now() -> SystemTime {
    SystemTime::now()
}

fn made() -> SelfSigned {
    self_signed(&["localhost", "127.0.0.1", "::1", "hook.ns.svc"], HOUR, now()).unwrap()
}

fn loaded(chain: &str, key: &str) -> Result<Pair, Error> {
    load(chain.as_bytes(), key.as_bytes())
}

/// A certificate signed by its own key, shaped by `shape`.
fn odd(shape: impl FnOnce(&mut CertificateParams)) -> (String, String) {
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    shape(&mut params);
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

#[test]
fn a_good_pair_tells_its_names_and_dates() {
    let start = now();
    let made = self_signed(&["localhost", "10.0.0.7", "::1"], HOUR, start).unwrap();
    let pair = loaded(&made.chain_pem, &made.key_pem).unwrap();
    assert_eq!(pair.names, ["localhost", "10.0.0.7", "::1"]);
    assert_eq!(pair.subject, "CN=placecard");
    // X.509 has whole seconds.
    let seconds = |t: SystemTime| t.duration_since(UNIX_EPOCH).unwrap().as_secs();
    assert_eq!(seconds(pair.not_before), seconds(start) - 300);
    assert_eq!(seconds(pair.not_after), seconds(start) + 3600);
}

#[test]
fn validity_is_judged_by_the_clock_that_is_given() {
    let made = made();
    let pair = loaded(&made.chain_pem, &made.key_pem).unwrap();
    let second = Duration::from_secs(1);
    assert_eq!(pair.check_validity(now()), Ok(()));
    assert_eq!(pair.check_validity(pair.not_before), Ok(()));
    assert_eq!(pair.check_validity(pair.not_after), Ok(()));
    assert_eq!(pair.check_validity(pair.not_after + second), Err(Error::Expired { since: second }));
    assert_eq!(
        pair.check_validity(pair.not_before - second),
        Err(Error::NotYetValid { begins_in: second })
    );
    let late = pair.check_validity(pair.not_after + 49 * HOUR).unwrap_err().to_string();
    assert_eq!(late, "the certificate expired 2 days ago; issue it again");
}

#[test]
fn a_chain_ends_when_its_first_certificate_to_end_does() {
    let (leaf, key) = odd(|_| {});
    let short = self_signed(&["issuer"], HOUR, now()).unwrap();
    let pair = loaded(&format!("{leaf}{}", short.ca_pem), &key).unwrap();
    assert!(pair.not_after <= now() + HOUR);
    assert_eq!(pair.certified.cert.len(), 2);
}

#[test]
fn every_bad_file_has_its_own_error_and_a_way_out() {
    let made = made();
    let (chain, key) = (made.chain_pem.as_str(), made.key_pem.as_str());
    let swapped = |role, found: &str| Error::NothingFound { role, found: vec![found.to_owned()] };
    let (cut, _) = chain.split_at(chain.len() / 2);
    let broken_base64 = chain.replacen("MII", "M!!", 1);
    let not_x509 = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
    let encrypted =
        "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n";
    let traditional = "-----BEGIN EC PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAAAA\n-----END EC PRIVATE KEY-----\n";
    let other = self::made();
    let both = format!("{}{chain}", made.ca_pem);
    let subject = || "CN=placecard".to_owned();
    let cases: Vec<(&str, &str, Error, &str)> = vec![
        ("", key, Error::Empty(Role::Certificate), "certificate file is empty"),
        (" \n\t", key, Error::Empty(Role::Certificate), "own certificate first"),
        (chain, "", Error::Empty(Role::Key), "key file is empty"),
        ("\u{0}\u{1}garbage", key, Error::NotPem(Role::Certificate), "openssl"),
        (chain, "garbage", Error::NotPem(Role::Key), "private key in PEM"),
        (key, chain, swapped(Role::Certificate, "PRIVATE KEY"), "swapped?"),
        (chain, chain, swapped(Role::Key, "CERTIFICATE"), "swapped?"),
        (not_x509, key, Error::BrokenCertificate { position: 1 }, "not an X.509 certificate"),
        (chain, encrypted, Error::EncryptedKey, "passphrase"),
        (chain, traditional, Error::EncryptedKey, "passphrase"),
        (chain, &other.key_pem, Error::Mismatch { subject: subject() }, "from one issuance"),
        (&both, key, Error::WrongOrder { position: 2 }, "must stand first"),
    ];
    for (chain, key, expected, words) in cases {
        let error = loaded(chain, key).unwrap_err();
        assert_eq!(error, expected);
        assert!(error.to_string().contains(words), "{error}");
    }
    for (chain, words) in [(cut, "END line"), (broken_base64.as_str(), "not base64")] {
        let error = loaded(chain, key).unwrap_err();
        assert!(matches!(error, Error::BrokenPem { role: Role::Certificate, .. }), "{error:?}");
        assert!(error.to_string().contains(words), "{error}");
    }
    let two_keys = format!("{key}{}", other.key_pem);
    assert_eq!(loaded(chain, &two_keys).unwrap_err(), Error::SeveralKeys(2));
    let no_key = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n";
    assert!(matches!(loaded(chain, no_key), Err(Error::UnsupportedKey(_))));
}

#[test]
fn a_certificate_that_no_client_could_accept_is_refused() {
    let (chain, key) = odd(|params| params.subject_alt_names.clear());
    assert!(matches!(loaded(&chain, &key), Err(Error::NoNames { .. })));
    let (chain, key) =
        odd(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth]);
    assert_eq!(loaded(&chain, &key).unwrap_err(), Error::NotForServers);
    let (chain, key) = odd(|_| {});
    assert!(loaded(&chain, &key).is_ok(), "no extended key usage means every usage");
}

#[test]
fn an_expired_file_loads_and_says_so() {
    let (chain, key) = odd(|params| {
        params.not_before = rcgen::date_time_ymd(2020, 1, 1);
        params.not_after = rcgen::date_time_ymd(2021, 1, 1);
    });
    let pair = loaded(&chain, &key).unwrap();
    assert!(matches!(pair.check_validity(now()), Err(Error::Expired { .. })));
}

#[test]
fn a_key_in_the_certificate_file_and_text_around_blocks_do_no_harm() {
    let made = made();
    let chain = format!("subject: somebody\n{}{}\ntrailing\n", made.key_pem, made.chain_pem);
    assert!(loaded(&chain, &made.key_pem).is_ok());
    let crlf = made.chain_pem.replace('\n', "\r\n");
    assert!(loaded(&crlf, &made.key_pem.replace('\n', "\r\n")).is_ok());
}

#[test]
fn names_and_dates_that_cannot_be_certified_are_refused() {
    let make = |names: &[&str], lifetime, now| self_signed(names, lifetime, now).unwrap_err();
    assert!(matches!(make(&[], HOUR, now()), Error::NoNames { .. }));
    for name in ["", "two words", "ümlaut", "https://host", "a..b"] {
        assert_eq!(make(&["localhost", name], HOUR, now()), Error::BadName(name.to_owned()));
    }
    assert!(matches!(make(&["a"], HOUR, UNIX_EPOCH), Error::BadDates(_)));
    assert!(matches!(make(&["a"], Duration::MAX, now()), Error::BadDates(_)));
    assert!(matches!(make(&["a"], 80_000_000 * HOUR, now()), Error::BadDates(_)));
}

#[test]
fn two_runs_share_nothing() {
    let (one, two) = (made(), made());
    assert_ne!(one.key_pem, two.key_pem);
    assert_ne!(one.ca_pem, two.ca_pem);
    assert!(!format!("{one:?}").contains("PRIVATE KEY"));
}

/// Moves bytes between the two ends until neither has more to say.
fn shake(
    client: &mut ClientConnection,
    server: &mut ServerConnection,
) -> Result<(), rustls::Error> {
    let mut wire = Vec::new();
    for _ in 0..10 {
        wire.clear();
        client.write_tls(&mut wire).unwrap();
        server.read_tls(&mut wire.as_slice()).unwrap();
        server.process_new_packets()?;
        wire.clear();
        server.write_tls(&mut wire).unwrap();
        client.read_tls(&mut wire.as_slice()).unwrap();
        client.process_new_packets()?;
    }
    Ok(())
}

fn connect(
    trusted_pem: &str,
    host: &str,
    version: &'static rustls::SupportedProtocolVersion,
    alpn: &[&str],
    made: &SelfSigned,
) -> Result<(ClientConnection, ServerConnection), rustls::Error> {
    let pair = loaded(&made.chain_pem, &made.key_pem).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(trusted_pem.as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[version])
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = alpn.iter().map(|name| name.as_bytes().to_vec()).collect();
    let host = ServerName::try_from(host.to_owned()).unwrap();
    let mut client = ClientConnection::new(Arc::new(config), host).unwrap();
    let mut server = ServerConnection::new(server_config(&pair).unwrap()).unwrap();
    shake(&mut client, &mut server)?;
    Ok((client, server))
}

#[test]
fn a_client_that_trusts_the_authority_can_talk() {
    use rustls::version::{TLS12, TLS13};
    let made = made();
    let cases = [
        ("localhost", &TLS13, vec!["h2", "http/1.1"], Some("h2")),
        ("127.0.0.1", &TLS13, vec!["http/1.1"], Some("http/1.1")),
        ("::1", &TLS12, vec!["h2"], Some("h2")),
        ("hook.ns.svc", &TLS12, vec![], None),
    ];
    for (host, version, offered, agreed) in cases {
        let (mut client, mut server) =
            connect(&made.ca_pem, host, version, &offered, &made).unwrap();
        assert!(!client.is_handshaking() && !server.is_handshaking(), "{host}");
        assert_eq!(server.alpn_protocol(), agreed.map(str::as_bytes), "{host}");
        assert_eq!(server.protocol_version(), Some(version.version));
        client.writer().write_all(b"hello").unwrap();
        shake(&mut client, &mut server).unwrap();
        let mut heard = [0; 5];
        server.reader().read_exact(&mut heard).unwrap();
        assert_eq!(&heard, b"hello");
    }
}

#[test]
fn strangers_and_wrong_hosts_are_turned_away() {
    use rustls::version::TLS13;
    let made = made();
    let stranger = self::made();
    assert!(connect(&stranger.ca_pem, "localhost", &TLS13, &[], &made).is_err());
    assert!(connect(&made.ca_pem, "elsewhere", &TLS13, &[], &made).is_err());
    assert!(connect(&made.ca_pem, "127.0.0.2", &TLS13, &[], &made).is_err());
}

#[test]
fn the_provider_can_be_installed_twice() {
    placecard_certs::install_provider();
    placecard_certs::install_provider();
    assert!(rustls::crypto::CryptoProvider::get_default().is_some());
}
