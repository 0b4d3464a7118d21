//! The files that configurations are read from: as they lie there, or as an editor has them open.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

/// The files, and where relative names begin.
#[derive(Clone, Debug, Default)]
pub(crate) struct Files {
    pub(super) here: PathBuf,
    /// What counts in place of what lies there.
    open: BTreeMap<PathBuf, Vec<u8>>,
}

impl Files {
    /// As they lie there.
    pub(crate) fn saved() -> Self {
        Self::with(BTreeMap::new())
    }

    /// The same, but for those that are open.
    pub(crate) fn with(open: BTreeMap<PathBuf, Vec<u8>>) -> Self {
        Self { here: std::env::current_dir().unwrap_or_default(), open }
    }

    pub(super) fn has(&self, path: &Path) -> bool {
        self.open.contains_key(path) || path.is_file()
    }

    /// # Errors
    /// It cannot be read.
    pub(super) fn read(&self, path: &Path) -> io::Result<Vec<u8>> {
        self.open.get(path).map_or_else(|| std::fs::read(path), |text| Ok(text.clone()))
    }

    /// A path as a person in the current folder would name it.
    pub(super) fn shown(&self, path: &Path) -> String {
        path.strip_prefix(&self.here).unwrap_or(path).to_string_lossy().into_owned()
    }
}
