//! What the editor has open, and what lies beside it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::config::{Files, NAMES};
use crate::load::{Input, MANIFESTS};

use super::text::{Encoding, Text};

/// So many files of a folder are read beside a document.
const MAX_BESIDE: usize = 200;
/// So many bytes of them.
const MAX_BYTES_BESIDE: u64 = 2 << 20;

/// A document that is open.
#[derive(Clone, Debug)]
pub(super) struct Document {
    /// As the editor names it.
    pub(super) uri: String,
    /// As the linter names it.
    pub(super) name: String,
    /// Where it lies, if it is a file.
    pub(super) path: Option<PathBuf>,
    pub(super) version: i32,
    pub(super) text: Text,
    /// A configuration extends it.
    pub(super) extended: bool,
}

impl Document {
    pub(super) fn new(uri: String, version: i32, text: String) -> Self {
        let path = path_of(&uri);
        let name = match &path {
            Some(path) => path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/"),
            None => uri.rsplit(['/', ':']).next().unwrap_or_default().to_owned(),
        };
        Self { uri, name, path, version, text: Text::new(text), extended: false }
    }

    pub(super) fn input(&self) -> Input {
        let bytes = self.text.raw.clone().into_bytes();
        Input { name: self.name.clone(), path: self.path.clone(), bytes }
    }

    /// Whether it is a configuration of ours and no manifest.
    pub(super) fn is_configuration(&self) -> bool {
        let name = self.path.as_deref().and_then(Path::file_name);
        self.extended || name.is_some_and(|name| NAMES.iter().any(|known| name == *known))
    }

    pub(super) fn folder(&self) -> Option<&Path> {
        self.path.as_deref().and_then(Path::parent)
    }
}

/// All that are open.
#[derive(Debug, Default)]
pub(super) struct Documents {
    /// By URI.
    pub(super) open: BTreeMap<String, Document>,
    /// What columns count.
    pub(super) encoding: Encoding,
}

impl Documents {
    /// The open document that lies there.
    pub(super) fn at(&self, path: &Path) -> Option<&Document> {
        self.open.values().find(|document| document.path.as_deref() == Some(path))
    }

    /// The files that configurations are read from, as they are open or else as they lie there.
    pub(super) fn files(&self) -> Files {
        let text = |one: &Document| Some((one.path.clone()?, one.text.raw.clone().into_bytes()));
        Files::with(self.open.values().filter_map(text).collect())
    }

    /// The other manifests of a document's folder, in the order of their names, as they are open or
    /// else as they lie there, up to a bound.
    pub(super) fn beside(&self, document: &Document) -> Vec<Input> {
        let Some(folder) = document.folder() else { return Vec::new() };
        let here = |other: &&Document| other.folder() == Some(folder) && other.uri != document.uri;
        let mut found: BTreeMap<PathBuf, Input> = BTreeMap::new();
        for other in self.open.values().filter(here).filter(|other| !other.is_configuration()) {
            found.extend(other.path.clone().map(|path| (path, other.input())));
        }
        let mut paths: Vec<PathBuf> = fs::read_dir(folder)
            .map(|entries| entries.flatten().map(|entry| entry.path()).collect())
            .unwrap_or_default();
        paths.sort();
        let mut bytes = 0;
        for path in paths.into_iter().filter(|path| is_manifest(path)).take(MAX_BESIDE) {
            let own = document.path.as_deref() == Some(path.as_path());
            if own || found.contains_key(&path) {
                continue;
            }
            let Ok(metadata) = fs::metadata(&path) else { continue };
            bytes += metadata.len();
            if !metadata.is_file() || bytes > MAX_BYTES_BESIDE {
                bytes -= metadata.len();
                continue;
            }
            let Ok(read) = fs::read(&path) else { continue };
            let name = path.to_string_lossy().replace(std::path::MAIN_SEPARATOR, "/");
            found.insert(path.clone(), Input { name, path: Some(path), bytes: read });
        }
        found.into_values().collect()
    }
}

fn is_manifest(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let extension = path.extension().map(|it| it.to_string_lossy().to_lowercase());
    !name.starts_with('.')
        && extension.is_some_and(|it| MANIFESTS.extensions.contains(&it.as_str()))
}

/// The file of a URI (RFC 8089), if it is one.
fn path_of(uri: &str) -> Option<PathBuf> {
    let rest = uri.strip_prefix("file://")?;
    // An authority other than this machine is none of our files.
    let rest = rest.strip_prefix("localhost").unwrap_or(rest);
    let path = rest.starts_with('/').then(|| unescaped(rest))??;
    let mut characters = path.chars().skip(1);
    let drive = characters.next().is_some_and(|c| c.is_ascii_alphabetic())
        && characters.next() == Some(':');
    Some(PathBuf::from(if drive { path.get(1..)?.to_owned() } else { path }))
}

/// Without percent-encoding; `None` if that is no text.
fn unescaped(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
        let value = digit(rest.next())? * 16 + digit(rest.next())?;
        bytes.push(u8::try_from(value).ok()?);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uris_are_files_or_none() {
        for (uri, expected) in [
            ("file:///srv/a%20b/gr%C3%B6%c3%9fe.yaml", Some("/srv/a b/größe.yaml")),
            ("file://localhost/a.yaml", Some("/a.yaml")),
            ("file:///c%3A/a.yaml", Some("c:/a.yaml")),
            ("file://host/a.yaml", None),
            ("file:///a%zz", None),
            ("file:///a%f", None),
            ("file:///a%ff", None),
            ("untitled:Untitled-1", None),
            ("", None),
        ] {
            assert_eq!(path_of(uri), expected.map(PathBuf::from), "{uri}");
        }
        let untitled = Document::new("untitled:Untitled-1".to_owned(), 0, String::new());
        assert_eq!(untitled.name, "Untitled-1");
    }
}
