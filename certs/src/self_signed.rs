//! A certificate for a server that was given none: a certificate authority made for the occasion
//! and a leaf signed by it. The authority's key is dropped, so nothing else can ever be signed.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DistinguishedName, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256,
};
use time::OffsetDateTime;

use crate::error::Error;

/// How long a self-signed certificate lasts unless told otherwise: a year.
pub const LIFETIME: Duration = Duration::from_secs(365 * 86_400);

/// The certificates begin this much before `now`, for clients whose clocks are behind.
const BACKDATED: Duration = Duration::from_secs(300);

/// A self-signed certificate, ready to be written to files.
#[derive(Clone)]
pub struct SelfSigned {
    /// The server's certificate, in PEM.
    pub chain_pem: String,
    /// Its private key, in PEM (PKCS#8).
    pub key_pem: String,
    /// The certificate authority that a client must trust, in PEM.
    pub ca_pem: String,
}

impl std::fmt::Debug for SelfSigned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SelfSigned").field("ca_pem", &self.ca_pem).finish_non_exhaustive()
    }
}

/// Makes an authority and a certificate for these DNS names and IP addresses (ECDSA P-256), valid
/// from five minutes before `now` until `lifetime` after it.
///
/// # Errors
/// [`Error::BadName`] for a name that is neither, [`Error::NoNames`] without any,
/// [`Error::BadDates`] if a date falls before 1970 or after 9999.
pub fn self_signed(
    names: &[&str],
    lifetime: Duration,
    now: SystemTime,
) -> Result<SelfSigned, Error> {
    if names.is_empty() {
        return Err(Error::NoNames { subject: "placecard".to_owned() });
    }
    let not_before = date(now.checked_sub(BACKDATED), now)?;
    let not_after = date(now.checked_add(lifetime), now)?;
    let key = || KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(generate);

    let mut ca = CertificateParams::default();
    ca.distinguished_name = named("placecard self-signed authority");
    ca.not_before = not_before;
    ca.not_after = not_after;
    ca.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    ca.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let ca = CertifiedIssuer::self_signed(ca, key()?).map_err(generate)?;

    let mut leaf = CertificateParams::default();
    leaf.subject_alt_names =
        names.iter().map(|name| subject_alt_name(name)).collect::<Result<_, _>>()?;
    leaf.distinguished_name = named("placecard");
    leaf.not_before = not_before;
    leaf.not_after = not_after;
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    leaf.use_authority_key_identifier_extension = true;
    let leaf_key = key()?;
    let leaf = leaf.signed_by(&leaf_key, &ca).map_err(generate)?;

    Ok(SelfSigned { chain_pem: leaf.pem(), key_pem: leaf_key.serialize_pem(), ca_pem: ca.pem() })
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

fn generate(error: rcgen::Error) -> Error {
    Error::Generate(error.to_string())
}
