//! Whether a pair that is offered takes the place of the one that is served.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::SystemTime;

use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;

use crate::authority::{Authority, vouched};
use crate::error::Error;
use crate::pair::Pair;

/// Why a pair that is offered does not take the place of the one that is served.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Refusal {
    /// It is served already.
    Same,
    /// It cannot be read, or is not valid at this time.
    Bad(Error),
    /// Clients that trust the authorities beside it do not take it for this host.
    NotFor(String),
    /// It began to be valid before the one that is served, which is good still.
    Older,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same => f.write_str("the certificate is served already"),
            Self::Bad(error) => write!(f, "{error}"),
            Self::NotFor(name) => write!(
                f,
                "clients that trust the authorities beside the certificate do not take it for {name}; remove it, and a new one is made"
            ),
            Self::Older => f.write_str(
                "the certificate is older than the one that is served, which is good still; a new one takes its place",
            ),
        }
    }
}

/// Judges a pair from files, which whoever puts them there answers for.
///
/// # Errors
/// Why it is not to be served.
pub fn judge(
    current: Option<&Pair>,
    offered: Result<Pair, Error>,
    now: SystemTime,
) -> Result<Pair, Refusal> {
    let offered = offered.map_err(Refusal::Bad)?;
    if current.is_some_and(|current| current.certified.cert == offered.certified.cert) {
        return Err(Refusal::Same);
    }
    offered.check_validity(now).map_err(Refusal::Bad)?;
    Ok(offered)
}

/// Judges a pair that is kept beside its authorities, for these host names.
///
/// # Errors
/// Why it is not to be served.
pub fn judge_kept(
    current: Option<&Pair>,
    offered: Pair,
    authorities: &[Authority],
    names: &[String],
    now: SystemTime,
) -> Result<Pair, Refusal> {
    let offered = judge(current, Ok(offered), now)?;
    for name in names {
        if !vouched(authorities, &offered, name, now) {
            return Err(Refusal::NotFor(name.clone()));
        }
    }
    let good = current.filter(|current| current.check_validity(now).is_ok());
    if good.is_some_and(|good| offered.not_before < good.not_before) {
        return Err(Refusal::Older);
    }
    Ok(offered)
}

/// The pair that is served; the next handshake has the one that was put there last.
#[derive(Debug)]
pub struct Current(RwLock<Arc<CertifiedKey>>);

impl Current {
    /// Begins with this one.
    #[must_use]
    pub fn new(pair: &Pair) -> Self {
        Self(RwLock::new(Arc::clone(&pair.certified)))
    }

    /// From now on this one.
    pub fn put(&self, pair: &Pair) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&pair.certified);
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}
