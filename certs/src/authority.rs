//! Authorities as they are kept: a certificate, with its key as long as it signs.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use rcgen::{Issuer, KeyPair};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::crypto::ring;
use rustls::crypto::ring::sign::any_supported_type;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};

use crate::error::Error;
use crate::make::{self, generate};
use crate::pair::{Pair, parse, system_time};
use crate::pem;

/// An authority.
#[derive(Clone)]
pub struct Authority {
    /// Its certificate.
    pub certificate: CertificateDer<'static>,
    /// From when on it is valid.
    pub not_before: SystemTime,
    /// Until when.
    pub not_after: SystemTime,
    /// Its key in PKCS#8; without it, it is only trusted.
    pub(crate) key: Option<Arc<PrivateKeyDer<'static>>>,
    public: Vec<u8>,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Authority")
            .field("not_before", &self.not_before)
            .field("not_after", &self.not_after)
            .field("signs", &self.key.is_some())
            .finish_non_exhaustive()
    }
}

impl PartialEq for Authority {
    fn eq(&self, other: &Self) -> bool {
        self.certificate == other.certificate && self.key.is_some() == other.key.is_some()
    }
}

impl Authority {
    /// Reads a certificate of an authority; `None`: it is none.
    pub(crate) fn read(certificate: CertificateDer<'static>) -> Option<Self> {
        let parsed = parse(&certificate)?;
        if !parsed.is_ca() {
            return None;
        }
        let not_before = system_time(parsed.validity().not_before);
        let not_after = system_time(parsed.validity().not_after);
        let public = parsed.public_key().raw.to_vec();
        drop(parsed);
        Some(Self { certificate, not_before, not_after, key: None, public })
    }

    /// Makes a new one.
    ///
    /// # Errors
    /// [`Error::BadDates`] if the clock is far off.
    pub fn make(
        name: &str,
        backdated: Duration,
        lifetime: Duration,
        now: SystemTime,
    ) -> Result<Self, Error> {
        let made = make::authority(name, backdated, lifetime, now)?;
        let mut certificates = pem::certificates(made.certificate_pem.as_bytes())?;
        let read = certificates.pop().and_then(Self::read);
        let mut authority = read.ok_or(Error::BrokenCertificate { position: 1 })?;
        authority.key = Some(Arc::new(pem::private_key(made.key_pem.as_bytes())?));
        Ok(authority)
    }

    /// Takes a key, if it is the authority's own.
    pub(crate) fn take_key(&mut self, key: &Arc<PrivateKeyDer<'static>>) {
        let own = any_supported_type(key).ok().and_then(|key| Some(key.public_key()?.to_vec()));
        if matches!(**key, PrivateKeyDer::Pkcs8(_)) && own.is_some_and(|own| own == self.public) {
            self.key = Some(Arc::clone(key));
        }
    }

    /// Whether it can sign what clients take at this time.
    #[must_use]
    pub fn is_usable(&self, now: SystemTime) -> bool {
        self.key.is_some() && self.is_valid(now)
    }

    pub(crate) fn is_valid(&self, now: SystemTime) -> bool {
        self.not_before <= now && now <= self.not_after
    }

    /// A certificate and key for a server, both in PEM: no longer valid than the authority.
    ///
    /// # Errors
    /// A name is none, or the authority's key is not there.
    pub(crate) fn sign(
        &self,
        names: &[&str],
        backdated: Duration,
        lifetime: Duration,
        now: SystemTime,
    ) -> Result<(String, String), Error> {
        let missing = || Error::Generate("the key of the authority is not there".to_owned());
        let key = self.key.as_ref().ok_or_else(missing)?;
        let key = KeyPair::try_from(&**key).map_err(|error| generate(&error))?;
        let issuer = Issuer::from_ca_cert_der(&self.certificate, key);
        let issuer = issuer.map_err(|error| generate(&error))?;
        let left = self.not_after.duration_since(now).unwrap_or_default();
        let made = make::leaf(&issuer, names, backdated, lifetime.min(left), now)?;
        Ok((made.chain_pem, made.key_pem))
    }

    /// Whether it signed this certificate; dates are not looked at.
    #[must_use]
    pub fn signed(&self, certificate: &CertificateDer<'_>) -> bool {
        let Some(parsed) = parse(certificate) else { return false };
        // A time at which it is valid.
        let then = system_time(parsed.validity().not_before);
        let name = crate::pair::names(&parsed).into_iter().next();
        name.is_some_and(|name| verifies([self], std::slice::from_ref(certificate), &name, then))
    }
}

/// Whether a client that trusts these authorities takes the pair for a host of this name, at this
/// time.
#[must_use]
pub fn vouched(authorities: &[Authority], pair: &Pair, name: &str, now: SystemTime) -> bool {
    // Go looks at the dates of roots, too.
    let valid = authorities.iter().filter(|one| one.is_valid(now));
    verifies(valid, &pair.certified.cert, name, now)
}

fn verifies<'a>(
    authorities: impl IntoIterator<Item = &'a Authority>,
    chain: &[CertificateDer<'_>],
    name: &str,
    now: SystemTime,
) -> bool {
    let mut roots = RootCertStore::empty();
    for authority in authorities {
        // One that cannot be trusted vouches for nothing.
        let _ = roots.add(authority.certificate.clone());
    }
    let since = now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
    let (Ok(verifier), Some((leaf, issuers)), Ok(name)) =
        (verifier, chain.split_first(), ServerName::try_from(name))
    else {
        return false;
    };
    let now = UnixTime::since_unix_epoch(since);
    verifier.verify_server_cert(leaf, issuers, &name, &[], now).is_ok()
}
