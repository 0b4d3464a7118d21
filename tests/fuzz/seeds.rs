//! The inputs that a target begins with.
#![expect(clippy::expect_used, reason = "the tests and the fuzzer cannot do without")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::Target;

/// The folder of the repository.
#[must_use]
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

/// The folder of the target's own seeds.
#[must_use]
pub fn folder(target: &Target) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds").join(target.name)
}

/// All seeds of a target by their paths, in order: its own, and the examples that it names.
///
/// # Panics
/// If a file that the table names cannot be read.
#[must_use]
pub fn of(target: &Target) -> BTreeMap<PathBuf, Vec<u8>> {
    let examples = target.examples.iter().map(|path| root().join(path));
    let own = Some(folder(target)).filter(|folder| folder.is_dir());
    let mut found = BTreeMap::new();
    for place in examples.chain(own) {
        if place.is_dir() {
            let entries = fs::read_dir(&place).expect("a folder");
            let paths = entries.map(|entry| entry.expect("an entry").path());
            for path in paths.filter(|path| path.is_file()) {
                let content = fs::read(&path).expect("a file");
                found.insert(path, content);
            }
        } else {
            let content = fs::read(&place).expect("a file");
            found.insert(place, content);
        }
    }
    found.retain(|_, content| content.len() <= target.longest);
    found
}
