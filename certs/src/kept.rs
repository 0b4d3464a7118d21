//! What is kept where all replicas find it: authorities, the certificate that they serve, and the
//! certificates before it.
//!
//! The keys are those of a Secret of the type `kubernetes.io/tls`, and two more.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rustls::pki_types::CertificateDer;

use crate::authority::Authority;
use crate::error::Error;
use crate::pair::{self, Pair, parse, system_time};
use crate::pem;

/// The certificate that is served, in PEM.
pub const LEAF: &str = "tls.crt";
/// Its key, in PEM.
pub const LEAF_KEY: &str = "tls.key";
/// All authorities that clients have to trust, in PEM.
pub const AUTHORITIES: &str = "ca.crt";
/// The keys of those that sign, in PEM; the others have lost theirs.
pub const AUTHORITY_KEYS: &str = "ca.key";
/// Certificates that were served before and are valid still, in PEM, without their keys.
pub const FORMER: &str = "former.crt";

/// More authorities than this are never kept: only tampering leads to so many.
const AUTHORITY_LIMIT: usize = 8;

/// More former certificates are never kept.
const FORMER_LIMIT: usize = 16;

/// What is kept.
#[derive(Debug, Clone, Default)]
pub struct Kept {
    /// The authorities, the oldest first.
    pub authorities: Vec<Authority>,
    /// The certificate that is served.
    pub leaf: Option<Leaf>,
    /// Those before it that are valid still.
    pub former: Vec<Former>,
    /// What could not be read, by its key.
    pub troubles: Vec<(&'static str, Error)>,
}

/// A certificate with its key.
#[derive(Clone)]
pub struct Leaf {
    /// The certificate in PEM.
    pub chain_pem: Vec<u8>,
    /// Its key in PEM.
    pub key_pem: Vec<u8>,
    /// Both, checked.
    pub pair: Pair,
}

impl std::fmt::Debug for Leaf {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Leaf").field("pair", &self.pair).finish_non_exhaustive()
    }
}

/// A certificate that somebody may serve still.
#[derive(Debug, Clone)]
pub struct Former {
    /// The certificate.
    pub certificate: CertificateDer<'static>,
    /// Until when it is valid.
    pub not_after: SystemTime,
}

impl Kept {
    /// Reads what is kept. What cannot be read is left out, and told in [`Self::troubles`].
    #[must_use]
    pub fn read(data: &BTreeMap<String, Vec<u8>>) -> Self {
        let mut kept = Self::default();
        if let Some(pem) = present(data, AUTHORITIES) {
            match authorities(pem) {
                Ok(authorities) => kept.authorities = authorities,
                Err(error) => kept.troubles.push((AUTHORITIES, error)),
            }
        }
        if let Some(pem) = present(data, AUTHORITY_KEYS) {
            match pem::private_keys(pem) {
                Ok(keys) => {
                    let keys: Vec<_> = keys.into_iter().map(Arc::new).collect();
                    for authority in &mut kept.authorities {
                        keys.iter().for_each(|key| authority.take_key(key));
                    }
                }
                Err(error) => kept.troubles.push((AUTHORITY_KEYS, error)),
            }
        }
        if let (Some(chain), Some(key)) = (present(data, LEAF), present(data, LEAF_KEY)) {
            match pair::load(chain, key) {
                Ok(pair) => {
                    kept.leaf = Some(Leaf { chain_pem: chain.clone(), key_pem: key.clone(), pair });
                }
                Err(error) => kept.troubles.push((LEAF, error)),
            }
        }
        if let Some(pem) = present(data, FORMER) {
            match pem::certificates(pem) {
                Ok(found) => kept.former = found.into_iter().filter_map(former).collect(),
                Err(error) => kept.troubles.push((FORMER, error)),
            }
        }
        kept
    }

    /// What is kept, as data of a Secret. A key without anything is empty, because the type
    /// `kubernetes.io/tls` asks for it.
    #[must_use]
    pub fn write(&self) -> BTreeMap<String, Vec<u8>> {
        let keys = self.authorities.iter().filter_map(|one| one.key.as_ref());
        let keys: String = keys.map(|key| pem::encode("PRIVATE KEY", key.secret_der())).collect();
        let former = self.former.iter().map(|one| &one.certificate);
        let (chain, key) = match &self.leaf {
            Some(leaf) => (leaf.chain_pem.clone(), leaf.key_pem.clone()),
            None => (Vec::new(), Vec::new()),
        };
        let trusted = self.authorities.iter().map(|one| &one.certificate);
        BTreeMap::from([
            (LEAF.to_owned(), chain),
            (LEAF_KEY.to_owned(), key),
            (AUTHORITIES.to_owned(), bundle(trusted).into_bytes()),
            (AUTHORITY_KEYS.to_owned(), keys.into_bytes()),
            (FORMER.to_owned(), bundle(former).into_bytes()),
        ])
    }

    /// The youngest authority that can sign now.
    #[must_use]
    pub fn newest(&self, now: SystemTime) -> Option<&Authority> {
        let usable = self.authorities.iter().filter(|one| one.is_usable(now));
        usable.max_by_key(|one| one.not_before)
    }

    pub(crate) fn add(&mut self, authority: Authority) {
        if self.authorities.len() >= AUTHORITY_LIMIT {
            self.authorities.remove(0);
        }
        self.authorities.push(authority);
    }

    /// Puts another certificate in the place of the one that is served.
    pub(crate) fn replace(&mut self, leaf: Leaf, now: SystemTime) {
        if let Some(old) = self.leaf.replace(leaf) {
            let certificate = old.pair.certified.cert.first().cloned();
            self.former.extend(certificate.and_then(former));
        }
        self.drop_expired(now);
        if self.former.len() > FORMER_LIMIT {
            self.former.remove(0);
        }
    }

    pub(crate) fn drop_expired(&mut self, now: SystemTime) {
        self.former.retain(|one| now <= one.not_after);
    }
}

/// The authorities of a bundle in PEM, each once. Certificates that are no authorities are left out.
///
/// # Errors
/// It is no PEM, or something in it is broken.
pub fn authorities(pem: &[u8]) -> Result<Vec<Authority>, Error> {
    let mut found: Vec<Authority> = Vec::new();
    for authority in pem::certificates(pem)?.into_iter().filter_map(Authority::read) {
        if found.iter().all(|one| one.certificate != authority.certificate) {
            found.push(authority);
        }
    }
    Ok(found)
}

/// Certificates as a bundle in PEM.
pub fn bundle<'a>(certificates: impl IntoIterator<Item = &'a CertificateDer<'static>>) -> String {
    certificates.into_iter().map(|one| pem::encode("CERTIFICATE", one)).collect()
}

fn present<'a>(data: &'a BTreeMap<String, Vec<u8>>, key: &str) -> Option<&'a Vec<u8>> {
    data.get(key).filter(|value| !value.trim_ascii().is_empty())
}

fn former(certificate: CertificateDer<'static>) -> Option<Former> {
    let parsed = parse(&certificate)?;
    let not_after = system_time(parsed.validity().not_after);
    drop(parsed);
    Some(Former { certificate, not_after })
}

/// Lives of what is kept, and pauses between two steps.
#[derive(Debug, Clone, Copy)]
pub struct Lives {
    /// Of an authority. A new one comes when two thirds are over.
    pub authority: Duration,
    /// Of a certificate that is served. A new one comes when two thirds are over.
    pub leaf: Duration,
    /// So long an authority is trusted everywhere before the first certificate that it signed is
    /// served: API servers see a change of a configuration some time after it was made.
    pub settle: Duration,
    /// So long a certificate has been kept before authorities are taken out of bundles that nobody
    /// keeps: replicas take a certificate over some time after it was kept.
    pub linger: Duration,
}

impl Default for Lives {
    fn default() -> Self {
        const DAY: Duration = Duration::from_secs(86_400);
        Self {
            authority: 5 * 365 * DAY,
            leaf: 90 * DAY,
            settle: Duration::from_secs(60),
            linger: Duration::from_secs(600),
        }
    }
}

impl Lives {
    /// So much certificates begin before they are made.
    #[must_use]
    pub(crate) fn backdated(&self) -> Duration {
        crate::make::BACKDATED.min(self.leaf / 10)
    }
}
