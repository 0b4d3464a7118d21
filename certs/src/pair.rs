//! A certificate chain with its key, checked.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::CertificateDer;
use rustls::sign::{CertifiedKey, SigningKey};
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::time::ASN1Time;

use crate::error::Error;
use crate::pem;

/// A certificate chain and the private key of its first certificate. They belong together.
#[derive(Debug, Clone)]
pub struct Pair {
    /// Chain and key as rustls serves them.
    pub certified: Arc<CertifiedKey>,
    /// Subject of the server's certificate.
    pub subject: String,
    /// The hosts that the server's certificate is for: DNS names and IP addresses, in its order.
    pub names: Vec<String>,
    /// From when on it is valid.
    pub not_before: SystemTime,
    /// Until when it is valid: the earliest end in the chain, because a client checks each.
    pub not_after: SystemTime,
}

impl Pair {
    /// Whether clients take the certificate at this time.
    ///
    /// # Errors
    /// [`Error::NotYetValid`] or [`Error::Expired`]. Both ends are inclusive (RFC 5280, 4.1.2.5).
    pub fn check_validity(&self, now: SystemTime) -> Result<(), Error> {
        if let Ok(begins_in) = self.not_before.duration_since(now)
            && !begins_in.is_zero()
        {
            return Err(Error::NotYetValid { begins_in });
        }
        match now.duration_since(self.not_after) {
            Ok(since) if !since.is_zero() => Err(Error::Expired { since }),
            _ => Ok(()),
        }
    }
}

/// Reads a chain and a key, both PEM, and checks that they belong together and that a client
/// could accept them for some host. The dates are not judged: see [`Pair::check_validity`].
///
/// # Errors
/// Everything that [`Error`] lists about files.
pub fn load(chain_pem: &[u8], key_pem: &[u8]) -> Result<Pair, Error> {
    let chain = pem::certificates(chain_pem)?;
    let key = pem::private_key(key_pem)?;
    let key = any_supported_type(&key).map_err(|e| Error::UnsupportedKey(e.to_string()))?;

    let parsed = chain
        .iter()
        .enumerate()
        .map(|(index, der)| parse(der).ok_or(Error::BrokenCertificate { position: index + 1 }))
        .collect::<Result<Vec<_>, _>>()?;
    let Some(leaf) = parsed.first() else {
        return Err(Error::BrokenCertificate { position: 1 });
    };
    check_key(&parsed, leaf, key.as_ref())?;
    check_purpose(leaf)?;

    let subject = leaf.subject().to_string();
    let names = names(leaf);
    if names.is_empty() {
        return Err(Error::NoNames { subject });
    }
    let not_before = system_time(leaf.validity().not_before);
    let not_after = parsed.iter().map(|c| system_time(c.validity().not_after)).min();
    let not_after = not_after.unwrap_or(not_before);
    drop(parsed);
    let certified = Arc::new(CertifiedKey::new(chain, key));
    Ok(Pair { certified, subject, names, not_before, not_after })
}

pub(crate) fn parse<'a>(der: &'a CertificateDer<'_>) -> Option<X509Certificate<'a>> {
    match X509Certificate::from_der(der) {
        Ok(([], certificate)) => Some(certificate),
        _ => None,
    }
}

fn check_key(
    chain: &[X509Certificate<'_>],
    leaf: &X509Certificate<'_>,
    key: &dyn SigningKey,
) -> Result<(), Error> {
    let Some(public) = key.public_key() else {
        return Err(Error::UnsupportedKey("its public half cannot be derived".to_owned()));
    };
    match chain.iter().position(|certificate| certificate.public_key().raw == public.as_ref()) {
        Some(0) => Ok(()),
        Some(index) => Err(Error::WrongOrder { position: index + 1 }),
        None => Err(Error::Mismatch { subject: leaf.subject().to_string() }),
    }
}

/// No extended key usage means every usage (RFC 5280, 4.2.1.12).
fn check_purpose(leaf: &X509Certificate<'_>) -> Result<(), Error> {
    match leaf.extended_key_usage() {
        Ok(None) => Ok(()),
        Ok(Some(usage)) if usage.value.server_auth || usage.value.any => Ok(()),
        Ok(Some(_)) => Err(Error::NotForServers),
        Err(_) => Err(Error::BrokenCertificate { position: 1 }),
    }
}

pub(crate) fn names(leaf: &X509Certificate<'_>) -> Vec<String> {
    let Ok(Some(extension)) = leaf.subject_alternative_name() else {
        return Vec::new();
    };
    let name = |name: &GeneralName<'_>| match name {
        GeneralName::DNSName(host) => Some((*host).to_owned()),
        GeneralName::IPAddress(bytes) => ip(bytes),
        _ => None,
    };
    extension.value.general_names.iter().filter_map(name).collect()
}

/// The names in a client's certificate (DER): its common name, then its DNS names and addresses.
#[must_use]
pub fn client_names(certificate: &[u8]) -> Vec<String> {
    let certificate = CertificateDer::from(certificate);
    let Some(parsed) = parse(&certificate) else { return Vec::new() };
    let common = parsed.subject().iter_common_name().filter_map(|name| name.as_str().ok());
    let common = common.map(str::to_owned);
    common.chain(names(&parsed)).collect()
}

fn ip(bytes: &[u8]) -> Option<String> {
    if let Ok(v4) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(v4).to_string());
    }
    <[u8; 16]>::try_from(bytes).ok().map(|v6| Ipv6Addr::from(v6).to_string())
}

/// Dates that this machine's clock cannot hold are put to the epoch, which is long expired.
pub(crate) fn system_time(time: ASN1Time) -> SystemTime {
    let seconds = Duration::from_secs(time.timestamp().unsigned_abs());
    let moved = if time.timestamp() < 0 {
        UNIX_EPOCH.checked_sub(seconds)
    } else {
        UNIX_EPOCH.checked_add(seconds)
    };
    moved.unwrap_or(UNIX_EPOCH)
}
