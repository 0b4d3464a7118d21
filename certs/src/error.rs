//! What can be wrong with TLS material. Every text names the file by its role and ends in a way
//! out; the path of the file is known to the caller, who puts it in front.

use std::fmt;
use std::time::{Duration, SystemTime};

/// Which of the two files an error is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The certificate file: the server's certificate first, then its intermediates, in PEM.
    Certificate,
    /// The key file: the private key of the server's certificate, in PEM.
    Key,
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Certificate => "the certificate file",
            Self::Key => "the key file",
        })
    }
}

/// Why TLS material cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The file has no bytes, or only blanks.
    Empty(Role),
    /// The file has bytes, but no PEM block of any kind: DER, perhaps, or something else.
    NotPem(Role),
    /// The file has PEM blocks, but none of the kind that its role asks for.
    NothingFound {
        /// The file.
        role: Role,
        /// The kinds of the blocks that are there, as PEM labels.
        found: Vec<String>,
    },
    /// A PEM block does not end, or its body is not base64.
    BrokenPem {
        /// The file.
        role: Role,
        /// What the decoder says.
        detail: String,
    },
    /// A PEM block holds something that is not an X.509 certificate.
    BrokenCertificate {
        /// Position in the file, from 1.
        position: usize,
    },
    /// The key is protected by a passphrase, and nobody is there to type it.
    EncryptedKey,
    /// The key file holds several keys; which one is meant cannot be told.
    SeveralKeys(usize),
    /// The key is of a kind that the TLS library does not sign with.
    UnsupportedKey(String),
    /// The key belongs to none of the certificates.
    Mismatch {
        /// Subject of the first certificate.
        subject: String,
    },
    /// The key belongs to a certificate of the file, but not to the first one.
    WrongOrder {
        /// Position of the certificate that the key belongs to, from 1.
        position: usize,
    },
    /// The certificate has no subject alternative name, so clients accept it for no host.
    NoNames {
        /// Its subject, whose common name clients ignore.
        subject: String,
    },
    /// The certificate's extended key usage leaves out TLS servers.
    NotForServers,
    /// The certificate's time has not come.
    NotYetValid {
        /// How long until then.
        begins_in: Duration,
    },
    /// The certificate's time is over.
    Expired {
        /// How long it has been.
        since: Duration,
    },
    /// A name that cannot stand in a certificate.
    BadName(String),
    /// A certificate cannot be made with these dates.
    BadDates(SystemTime),
    /// The certificate or its key could not be made.
    Generate(String),
    /// rustls does not take the pair.
    Rustls(String),
}

impl std::error::Error for Error {}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty(role) => write!(f, "{role} is empty; write {} into it", wanted(*role)),
            Self::NotPem(role) => write!(
                f,
                "{role} holds no PEM block; it must hold {}, and a DER file can be converted by openssl",
                wanted(*role)
            ),
            Self::NothingFound { role, found } => nothing_found(f, *role, found),
            Self::BrokenPem { role, detail } => {
                write!(f, "{role} holds a broken PEM block ({detail}); write the file again, whole")
            }
            Self::BrokenCertificate { position } => write!(
                f,
                "certificate {position} of the certificate file is not an X.509 certificate; write the file again, whole"
            ),
            Self::EncryptedKey => f.write_str(
                "the key file holds a key that is protected by a passphrase; store it without one, as with openssl pkey",
            ),
            Self::SeveralKeys(count) => {
                write!(f, "the key file holds {count} private keys; keep the one of the server's certificate")
            }
            Self::UnsupportedKey(detail) => write!(
                f,
                "the key file holds a key that TLS cannot use here ({detail}); use an RSA key of 2048 bits or more, ECDSA P-256 or P-384, or Ed25519"
            ),
            Self::Mismatch { subject } => write!(
                f,
                "the key file does not belong to the certificate file (subject {subject}); take both from one issuance"
            ),
            Self::WrongOrder { position } => write!(
                f,
                "the key belongs to certificate {position} of the certificate file; the server's own certificate must stand first, its issuers after it"
            ),
            Self::NoNames { subject } => write!(
                f,
                "the certificate (subject {subject}) has no subject alternative name, and clients ignore the common name; issue it with the host names in subjectAltName"
            ),
            Self::NotForServers => f.write_str(
                "the certificate is not meant for TLS servers; issue it with the extended key usage serverAuth",
            ),
            Self::NotYetValid { begins_in } => write!(
                f,
                "the certificate becomes valid in {}; correct the clock of this machine or issue it again",
                in_words(*begins_in)
            ),
            Self::Expired { since } => {
                write!(f, "the certificate expired {} ago; issue it again", in_words(*since))
            }
            Self::BadName(name) => {
                write!(f, "{name:?} cannot stand in a certificate; give a host name or an IP address")
            }
            Self::BadDates(_) => f.write_str(
                "a certificate cannot be dated by this clock; correct the clock of this machine",
            ),
            Self::Generate(detail) => write!(
                f,
                "a self-signed certificate could not be made ({detail}); give a certificate file and a key file instead"
            ),
            Self::Rustls(detail) => {
                write!(f, "the certificate and the key cannot be served ({detail}); issue them again")
            }
        }
    }
}

/// What belongs into the file of this role.
fn wanted(role: Role) -> &'static str {
    match role {
        Role::Certificate => "the certificate chain in PEM, the server's own certificate first",
        Role::Key => "the private key in PEM",
    }
}

fn nothing_found(f: &mut fmt::Formatter<'_>, role: Role, found: &[String]) -> fmt::Result {
    let missing = match role {
        Role::Certificate => "certificate",
        Role::Key => "private key",
    };
    write!(f, "{role} holds no {missing}, but {}", found.join(", "))?;
    let other = match role {
        Role::Certificate => "PRIVATE KEY",
        Role::Key => "CERTIFICATE",
    };
    if found.iter().any(|label| label.ends_with(other)) {
        f.write_str("; are the certificate file and the key file swapped?")
    } else {
        write!(f, "; write {} into it", wanted(role))
    }
}

/// A duration by its largest unit: nobody plans a renewal by the second.
fn in_words(duration: Duration) -> String {
    const UNITS: [(u64, &str); 3] = [(86_400, "day"), (3_600, "hour"), (60, "minute")];
    let seconds = duration.as_secs();
    for (length, unit) in UNITS {
        let count = seconds / length;
        if count > 0 {
            return format!("{count} {unit}{}", if count == 1 { "" } else { "s" });
        }
    }
    "less than a minute".to_owned()
}
