//! TLS material of a server: load it, check it, turn it into a rustls configuration that can be given
//! another one later, make a self-signed one where none is given, and decide when certificates that
//! several servers share are made anew ([`keep`]).
//!
//! This crate knows nothing of Kubernetes and has no clock: every function that needs the time
//! takes it, and every function that needs a file takes its bytes.
//!
//! ```
//! use std::time::{Duration, SystemTime};
//!
//! let now = SystemTime::now();
//! let made = placecard_certs::self_signed(&["localhost"], Duration::from_secs(3600), now)?;
//! let pair = placecard_certs::load(made.chain_pem.as_bytes(), made.key_pem.as_bytes())?;
//! pair.check_validity(now)?;
//! let config = placecard_certs::server_config(&pair)?;
//! assert_eq!(config.alpn_protocols, [b"h2".to_vec(), b"http/1.1".to_vec()]);
//! # Ok::<(), placecard_certs::Error>(())
//! ```

mod adopt;
mod authority;
mod error;
pub mod keep;
pub mod kept;
mod make;
mod pair;
mod pem;
mod self_signed;
mod server_config;

pub use adopt::{Current, Refusal, judge, judge_kept};
pub use authority::{Authority, vouched};
pub use error::{Error, Role};
pub use pair::{Pair, client_names, load};
pub use self_signed::{LIFETIME, SelfSigned, self_signed};
pub use server_config::{checking_config, install_provider, reloading_config, server_config};
