//! Makes authorities, and certificates that they sign: ECDSA P-256, for servers.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, CertificateParams, DistinguishedName, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use time::OffsetDateTime;

use crate::error::Error;

/// Certificates begin this much before they are made, for clients whose clocks are behind.
pub(crate) const BACKDATED: Duration = Duration::from_secs(300);

/// An authority, able to sign.
pub(crate) struct MadeAuthority {
    pub(crate) certificate_pem: String,
    pub(crate) key_pem: String,
    pub(crate) issuer: Issuer<'static, KeyPair>,
}

/// A server's certificate and its key.
pub(crate) struct MadeLeaf {
    pub(crate) chain_pem: String,
    pub(crate) key_pem: String,
}

/// An authority that signs servers' certificates and nothing else.
pub(crate) fn authority(
    name: &str,
    backdated: Duration,
    lifetime: Duration,
    now: SystemTime,
) -> Result<MadeAuthority, Error> {
    let mut params = CertificateParams::default();
    params.distinguished_name = named(name);
    params.not_before = date(now.checked_sub(backdated), now)?;
    params.not_after = date(now.checked_add(lifetime), now)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let key = new_key()?;
    let certificate_pem = params.self_signed(&key).map_err(|error| generate(&error))?.pem();
    let key_pem = key.serialize_pem();
    Ok(MadeAuthority { certificate_pem, key_pem, issuer: Issuer::new(params, key) })
}

/// A certificate for a server of these DNS names and IP addresses.
pub(crate) fn leaf(
    issuer: &Issuer<'_, KeyPair>,
    names: &[&str],
    backdated: Duration,
    lifetime: Duration,
    now: SystemTime,
) -> Result<MadeLeaf, Error> {
    if names.is_empty() {
        return Err(Error::NoNames { subject: "placecard".to_owned() });
    }
    let mut params = CertificateParams::default();
    params.subject_alt_names =
        names.iter().map(|name| subject_alt_name(name)).collect::<Result<_, _>>()?;
    params.distinguished_name = named("placecard");
    params.not_before = date(now.checked_sub(backdated), now)?;
    params.not_after = date(now.checked_add(lifetime), now)?;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    let key = new_key()?;
    let leaf = params.signed_by(&key, issuer).map_err(|error| generate(&error))?;
    Ok(MadeLeaf { chain_pem: leaf.pem(), key_pem: key.serialize_pem() })
}

fn new_key() -> Result<KeyPair, Error> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|error| generate(&error))
}

fn subject_alt_name(name: &str) -> Result<rcgen::SanType, Error> {
    if let Ok(ip) = name.parse() {
        return Ok(rcgen::SanType::IpAddress(ip));
    }
    let host = rustls::pki_types::DnsName::try_from(name);
    let host = host.map_err(|_| Error::BadName(name.to_owned()))?;
    let host = host.as_ref().try_into().map_err(|_| Error::BadName(name.to_owned()))?;
    Ok(rcgen::SanType::DnsName(host))
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

/// X.509 has no years after 9999 (RFC 5280, 4.1.2.5), and no clock is right before 1970.
fn date(moment: Option<SystemTime>, now: SystemTime) -> Result<OffsetDateTime, Error> {
    let seconds = moment
        .and_then(|moment| moment.duration_since(UNIX_EPOCH).ok())
        .and_then(|since| i64::try_from(since.as_secs()).ok());
    seconds
        .and_then(|seconds| OffsetDateTime::from_unix_timestamp(seconds).ok())
        .ok_or(Error::BadDates(now))
}

pub(crate) fn generate(error: &rcgen::Error) -> Error {
    Error::Generate(error.to_string())
}
