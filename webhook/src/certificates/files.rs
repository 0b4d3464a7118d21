//! A certificate in files that somebody else writes: cert-manager, by way of a mounted Secret.
//!
//! The files are read again and again, and their bytes compared: how they are put in place (renamed,
//! linked, mounted anew) does not matter then. A pair of which only one file is there yet does not
//! belong together, and is looked at again.

use std::fmt::Display;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use placecard_certs::{Error, Pair, Refusal, judge, load};
use tokio::time::sleep;

use crate::certificates::Serving;

/// Between two looks. The kubelet brings a change of a mounted Secret after up to a minute.
pub const LOOK: Duration = Duration::from_secs(5);

/// Nobody's certificate is larger, in bytes.
const LIMIT: u64 = 1024 * 1024;

/// Chain and key, each in a file.
#[derive(Debug, Clone)]
pub struct Files {
    /// The chain in PEM, the server's own certificate first.
    pub chain: PathBuf,
    /// The key in PEM.
    pub key: PathBuf,
}

/// The bytes of both files.
type Found = Result<(Vec<u8>, Vec<u8>), String>;

impl Files {
    /// Reads the pair.
    ///
    /// # Errors
    /// Why it cannot be served, with the flags and paths of both files.
    pub fn read(&self) -> Result<Pair, String> {
        let (chain, key) = self.bytes()?;
        load(&chain, &key).map_err(|error| {
            let (chain, key) = (self.chain.display(), self.key.display());
            format!("--cert-file {chain}, --key-file {key}: {error}")
        })
    }

    fn bytes(&self) -> Found {
        Ok((pem("--cert-file", &self.chain)?, pem("--key-file", &self.key)?))
    }
}

/// Follows the files for ever.
pub async fn follow(serving: Arc<Serving>, files: Files, pause: Duration) {
    let mut known: Option<Found> = None;
    loop {
        sleep(pause).await;
        let found = files.clone();
        let Ok(found) = tokio::task::spawn_blocking(move || found.bytes()).await else { continue };
        if known.as_ref() == Some(&found) && !is_waiting(&serving) {
            continue;
        }
        match &found {
            Ok((chain, key)) => {
                let (current, now) = (serving.pair(), (serving.app.clock)());
                serving.take(judge(current.as_ref(), load(chain, key), now), "files");
            }
            Err(error) if known.as_ref() != Some(&found) => {
                tracing::warn!(
                    error,
                    "the certificate was not read; the one before it is served on"
                );
            }
            Err(_) => {}
        }
        known = Some(found);
    }
}

/// Whether the files may become good by themselves: their time has not come.
fn is_waiting(serving: &Serving) -> bool {
    let refused = serving.refused.lock();
    let refused = refused.unwrap_or_else(PoisonError::into_inner);
    matches!(&*refused, Some(Refusal::Bad(Error::NotYetValid { .. })))
}

/// The bytes of a file in PEM, which a flag names.
///
/// # Errors
/// It cannot be read, or is too large.
pub(crate) fn pem(flag: &str, path: &Path) -> Result<Vec<u8>, String> {
    let fail = |error: &dyn Display| format!("{flag} {}: {error}", path.display());
    let file = fs::File::open(path).map_err(|error| fail(&error))?;
    let mut bytes = Vec::new();
    file.take(LIMIT + 1).read_to_end(&mut bytes).map_err(|error| fail(&error))?;
    if bytes.len() as u64 > LIMIT {
        return Err(fail(&"the file is larger than 1 MiB; that is no certificate"));
    }
    Ok(bytes)
}
