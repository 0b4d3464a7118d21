//! What the programs that measure take from the environment.

use std::env;
use std::fmt::Display;
use std::str::FromStr;

/// The number that the environment's `variable` holds, or the usual one where it is not set.
///
/// # Errors
///
/// It holds something else, or what does not fit.
pub fn number<N: FromStr<Err: Display>>(variable: &str, usual: N) -> Result<N, String> {
    match env::var(variable) {
        Ok(text) => text.parse().map_err(|why| format!("{variable}: {text:?} is no number: {why}")),
        Err(env::VarError::NotPresent) => Ok(usual),
        Err(why) => Err(format!("{variable}: {why}")),
    }
}
