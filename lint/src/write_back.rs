//! New texts into files that were read.

use std::fs;
use std::path::Path;

use crate::load::{Source, words};

/// Writes a file anew, unless somebody else changed it since it was read.
///
/// # Errors
/// It cannot be read or written, or was changed.
pub(crate) fn write_back(source: &Source, path: &Path, text: &str) -> Result<(), String> {
    let told = |error: std::io::Error| format!("{}: {}", source.name, words(&error));
    let now = fs::read(path).map_err(told)?;
    if Source::new("", &now).text != source.text {
        return Err(format!("{} was changed meanwhile, and stays as it is", source.name));
    }
    fs::write(path, source.with_mark(text)).map_err(told)
}
