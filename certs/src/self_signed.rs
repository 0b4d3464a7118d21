//! A certificate for a server that was given none: a certificate authority made for the occasion
//! and a leaf signed by it. The authority's key is dropped, so nothing else can ever be signed.

use std::time::{Duration, SystemTime};

use crate::error::Error;
use crate::make::{self, BACKDATED};

/// How long a self-signed certificate lasts unless told otherwise: a year.
pub const LIFETIME: Duration = Duration::from_secs(365 * 86_400);

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
    let authority = make::authority("placecard self-signed authority", BACKDATED, lifetime, now)?;
    let leaf = make::leaf(&authority.issuer, names, BACKDATED, lifetime, now)?;
    Ok(SelfSigned {
        chain_pem: leaf.chain_pem,
        key_pem: leaf.key_pem,
        ca_pem: authority.certificate_pem,
    })
}
