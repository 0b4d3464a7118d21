//! PEM files as lists of certificates and keys.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rustls::pki_types::pem::{Error as PemError, PemObject, SectionKind};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::error::{Error, Role};

/// All certificates of a file, in its order. Other blocks are passed by: a key in the same file
/// is common.
pub(crate) fn certificates(pem: &[u8]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let certificates: Vec<_> = blocks(Role::Certificate, pem)?
        .into_iter()
        .filter(|(kind, _)| *kind == SectionKind::Certificate)
        .map(|(_, der)| CertificateDer::from(der))
        .collect();
    if certificates.is_empty() { Err(nothing(Role::Certificate, pem)) } else { Ok(certificates) }
}

/// The one private key of a file: PKCS#8, PKCS#1 or SEC1.
pub(crate) fn private_key(pem: &[u8]) -> Result<PrivateKeyDer<'static>, Error> {
    if is_encrypted(pem) {
        return Err(Error::EncryptedKey);
    }
    let mut keys = blocks(Role::Key, pem)?
        .into_iter()
        .filter_map(|(kind, der)| PrivateKeyDer::from_pem(kind, der));
    let Some(key) = keys.next() else {
        return Err(nothing(Role::Key, pem));
    };
    match keys.count() {
        0 => Ok(key),
        more => Err(Error::SeveralKeys(more + 1)),
    }
}

/// All private keys of a file.
pub(crate) fn private_keys(pem: &[u8]) -> Result<Vec<PrivateKeyDer<'static>>, Error> {
    let blocks = blocks(Role::Key, pem)?.into_iter();
    Ok(blocks.filter_map(|(kind, der)| PrivateKeyDer::from_pem(kind, der)).collect())
}

/// One block of PEM, in lines of 64 characters (RFC 7468).
pub(crate) fn encode(label: &str, der: &[u8]) -> String {
    const LINE: usize = 64;
    let text = STANDARD.encode(der);
    let mut block = format!("-----BEGIN {label}-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, after) = rest.split_at(LINE.min(rest.len()));
        block.push_str(line);
        block.push('\n');
        rest = after;
    }
    block + &format!("-----END {label}-----\n")
}

fn blocks(role: Role, pem: &[u8]) -> Result<Vec<(SectionKind, Vec<u8>)>, Error> {
    if pem.trim_ascii().is_empty() {
        return Err(Error::Empty(role));
    }
    <(SectionKind, Vec<u8>)>::pem_slice_iter(pem)
        .collect::<Result<_, _>>()
        .map_err(|error| Error::BrokenPem { role, detail: in_words(&error) })
}

/// The decoder's errors carry raw bytes of the file; a key's bytes do not belong into a log.
fn in_words(error: &PemError) -> String {
    match error {
        PemError::MissingSectionEnd { .. } => "a BEGIN line without its END line".to_owned(),
        PemError::IllegalSectionStart { .. } => {
            "a BEGIN line that does not end in -----".to_owned()
        }
        PemError::Base64Decode(_) => "a body that is not base64".to_owned(),
        _ => "not readable".to_owned(),
    }
}

fn nothing(role: Role, pem: &[u8]) -> Error {
    let found: Vec<String> = labels(pem).collect();
    if found.is_empty() { Error::NotPem(role) } else { Error::NothingFound { role, found } }
}

/// The labels of at most eight BEGIN lines, known and unknown, for the error text.
fn labels(pem: &[u8]) -> impl Iterator<Item = String> + '_ {
    pem.split(|byte| matches!(byte, b'\n' | b'\r'))
        .filter_map(|line| line.strip_prefix(b"-----BEGIN "))
        .map(|rest| {
            let label = rest.split(|byte| *byte == b'-').next().unwrap_or_default();
            String::from_utf8_lossy(label.get(..40).unwrap_or(label)).into_owned()
        })
        .take(8)
}

/// PKCS#8 says it in the label, the traditional formats in a header (RFC 1421, Proc-Type).
fn is_encrypted(pem: &[u8]) -> bool {
    labels(pem).any(|label| label == "ENCRYPTED PRIVATE KEY")
        || pem
            .split(|byte| matches!(byte, b'\n' | b'\r'))
            .any(|line| line.starts_with(b"Proc-Type:") && line.ends_with(b"ENCRYPTED"))
}
