//! The edge to the file system: paths to bytes.

use std::collections::HashSet;
use std::fs;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use walkdir::{DirEntry, WalkDir};

/// The longest input that is read, in bytes (64 MiB).
pub const MAX_BYTES: usize = 64 << 20;

/// One input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input {
    /// As the user named it, with `/` between folders: `deploy/api.yaml`; `<stdin>` for `-`.
    pub name: String,
    /// `None` for standard input.
    pub path: Option<PathBuf>,
    /// What is in it.
    pub bytes: Vec<u8>,
}

/// Why an input could not be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectError {
    /// As the user named it.
    pub name: String,
    /// What is: `no such file or folder`, `no .yaml, .yml or .json file in this folder`.
    pub message: String,
}

/// A file that is to be read, or standard input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// As in [`Input`].
    pub name: String,
    /// `None` for standard input.
    pub path: Option<PathBuf>,
}

/// Which files of a folder are meant, by their extensions in lower case.
#[derive(Clone, Copy, Debug)]
pub struct Wanted {
    /// The extensions.
    pub extensions: &'static [&'static str],
    /// The extensions in a sentence.
    pub words: &'static str,
}

/// Manifests.
pub const MANIFESTS: Wanted =
    Wanted { extensions: &["yaml", "yml", "json"], words: ".yaml, .yml or .json" };

/// Reads `paths` in the order given: files of any extension, folders (recursive, sorted by name,
/// only `.yaml`, `.yml` and `.json`; hidden files and folders left out, links followed but never in
/// a circle), `-` for `stdin` (read once). A file that is reached twice is read once.
///
/// # Errors
/// All that could not be read; what could be read is lost then, because a partial verdict misleads.
pub fn collect(paths: &[String], stdin: &mut dyn Read) -> Result<Vec<Input>, Vec<CollectError>> {
    let (mut inputs, mut errors) = (Vec::new(), Vec::new());
    for found in find(paths, MANIFESTS) {
        let read = found.and_then(|Found { name, path }| {
            let bytes = match &path {
                None => read_limited(stdin, 0),
                Some(path) => open(path).and_then(|mut file| {
                    let length = file.metadata().map_or(0, |about| about.len());
                    read_limited(&mut file, length)
                }),
            };
            match bytes {
                Ok(bytes) => Ok(Input { name, path, bytes }),
                Err(message) => Err(CollectError { name, message }),
            }
        });
        match read {
            Ok(input) => inputs.push(input),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() { Ok(inputs) } else { Err(errors) }
}

/// What is to be read for `paths`, in order; see [`collect`].
pub fn find(paths: &[String], wanted: Wanted) -> Vec<Result<Found, CollectError>> {
    let mut finder =
        Finder { wanted, found: Vec::new(), known: HashSet::new(), folder: Default::default() };
    for path in paths {
        if path == "-" {
            finder.stdin();
        } else if Path::new(path).is_dir() {
            finder.folder(path);
        } else {
            finder.file(path.clone(), Path::new(path), looked_up(Path::new(path)));
        }
    }
    finder.found
}

/// Opens a file, or says why it cannot be opened.
pub fn open(path: &Path) -> Result<fs::File, String> {
    fs::File::open(path).map_err(|error| words(&error))
}

struct Finder {
    wanted: Wanted,
    found: Vec<Result<Found, CollectError>>,
    /// Real paths that are found already; the empty one is standard input.
    known: HashSet<PathBuf>,
    /// The folder of the last file, as it was named and as it is.
    folder: (PathBuf, PathBuf),
}

impl Finder {
    fn error(&mut self, name: String, message: impl Into<String>) {
        self.found.push(Err(CollectError { name, message: message.into() }));
    }

    fn stdin(&mut self) {
        if self.known.insert(PathBuf::new()) {
            self.found.push(Ok(Found { name: "<stdin>".to_owned(), path: None }));
        }
    }

    /// The real path of what a walk has found. Of what is no link only the folder has to be looked up,
    /// and that is the same for all that stand beside it.
    fn real(&mut self, entry: &DirEntry) -> PathBuf {
        let (Some(folder), false) = (entry.path().parent(), entry.path_is_symlink()) else {
            return looked_up(entry.path());
        };
        if self.folder.0 != folder {
            self.folder = (folder.to_owned(), looked_up(folder));
        }
        self.folder.1.join(entry.file_name())
    }

    /// `real`: its path as the file system has it.
    fn file(&mut self, name: String, path: &Path, real: PathBuf) {
        if self.known.insert(real) {
            let name = name.replace(std::path::MAIN_SEPARATOR, "/");
            self.found.push(Ok(Found { name, path: Some(path.to_owned()) }));
        }
    }

    fn folder(&mut self, folder: &str) {
        let mut found = false;
        let walk = WalkDir::new(folder).follow_links(true).sort_by_file_name();
        for entry in walk.into_iter().filter_entry(|entry| entry.depth() == 0 || !hidden(entry)) {
            match entry {
                Ok(entry) if entry.file_type().is_file() && self.wants(entry.path()) => {
                    found = true;
                    let name = entry.path().to_string_lossy().into_owned();
                    let real = self.real(&entry);
                    self.file(name, entry.path(), real);
                }
                Ok(_) => {}
                // A link to a folder above: what is there is read already.
                Err(error) if error.loop_ancestor().is_some() => {}
                Err(error) => {
                    let path = error.path().unwrap_or(Path::new(folder));
                    let name = path.to_string_lossy().into_owned();
                    // A dangling link to something else than a manifest is nobody's concern.
                    if path.is_symlink() && !self.wants(path) {
                        continue;
                    }
                    found = true;
                    let message = error.io_error().map_or("cannot be read".to_owned(), words);
                    self.error(name, message);
                }
            }
        }
        if !found {
            let message = format!("no {} file in this folder", self.wanted.words);
            self.error(folder.to_owned(), message);
        }
    }

    fn wants(&self, path: &Path) -> bool {
        let extension = path.extension().map(|it| it.to_string_lossy().to_lowercase());
        extension.is_some_and(|extension| self.wanted.extensions.contains(&extension.as_str()))
    }
}

/// A path as the file system has it; of what is not there as it is.
fn looked_up(path: &Path) -> PathBuf {
    fs::canonicalize(path).unwrap_or_else(|_| path.to_owned())
}

fn hidden(entry: &DirEntry) -> bool {
    entry.file_name().to_string_lossy().starts_with('.')
}

/// All bytes, about as many as `expected`, or why not. At most one byte beyond the limit is read.
fn read_limited(reader: &mut dyn Read, expected: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::with_capacity(usize::try_from(expected).unwrap_or(0).min(MAX_BYTES));
    let limit = MAX_BYTES as u64 + 1;
    reader.take(limit).read_to_end(&mut bytes).map_err(|error| words(&error))?;
    if bytes.len() > MAX_BYTES {
        return Err(format!("larger than {} MiB", MAX_BYTES >> 20));
    }
    Ok(bytes)
}

/// An error of the file system in words.
pub fn words(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "no such file or folder".to_owned(),
        ErrorKind::PermissionDenied => "no permission to read it".to_owned(),
        ErrorKind::IsADirectory => "it is a folder".to_owned(),
        _ => error.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(paths: &[&str]) -> Result<Vec<String>, Vec<CollectError>> {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        let inputs = collect(&paths, &mut "a: 1".as_bytes())?;
        Ok(inputs.into_iter().map(|input| input.name).collect())
    }

    #[test]
    fn folders_are_walked_in_order() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        for file in
            ["b.yaml", "a.yml", "sub/c.json", "sub/.hidden.yaml", ".git/x.yaml", "n.txt", "Z.YAML"]
        {
            let path = root.join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "a: 1\n").unwrap();
        }
        let root_name = root.to_str().unwrap();
        let at = |file: &str| format!("{root_name}/{file}");
        let all = [at("Z.YAML"), at("a.yml"), at("b.yaml"), at("sub/c.json")];
        assert_eq!(names(&[root_name]).unwrap(), all);
        // The order given, each file once, any extension if it is named.
        let (b, n) = (at("b.yaml"), at("n.txt"));
        let named = names(&[&n, "-", &b, root_name, "-"]).unwrap();
        let expected = [n, "<stdin>".into(), b, at("Z.YAML"), at("a.yml"), at("sub/c.json")];
        assert_eq!(named, expected);
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(root, root.join("sub/loop")).unwrap();
            std::os::unix::fs::symlink(root.join("gone"), root.join("sub/gone")).unwrap();
            assert_eq!(names(&[root_name]).unwrap(), all);
            // By another way it is the same file.
            std::os::unix::fs::symlink(root.join("sub/c.json"), root.join("z.json")).unwrap();
            let around = at("sub/../sub/c.json");
            assert_eq!(names(&[&around, root_name, &at("z.json")]).unwrap().len(), 4);
            fs::remove_file(root.join("z.json")).unwrap();
            std::os::unix::fs::symlink(root.join("gone"), root.join("sub/gone.yaml")).unwrap();
            let errors = names(&[root_name]).unwrap_err();
            assert_eq!(errors.len(), 1);
            assert_eq!(errors[0].name, at("sub/gone.yaml"));
            assert_eq!(errors[0].message, "no such file or folder");
        }
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let empty = folder.path().to_str().unwrap();
        let errors = names(&["no/such.yaml", empty, "-"]).unwrap_err();
        let told: Vec<(&str, &str)> =
            errors.iter().map(|error| (error.name.as_str(), error.message.as_str())).collect();
        assert_eq!(
            told,
            [
                ("no/such.yaml", "no such file or folder"),
                (empty, "no .yaml, .yml or .json file in this folder")
            ]
        );
    }

    #[test]
    fn input_beyond_the_limit_is_refused() {
        let mut endless = std::io::repeat(b' ');
        let errors = collect(&["-".to_owned()], &mut endless).unwrap_err();
        assert_eq!(errors[0].message, "larger than 64 MiB");
        assert_eq!(errors[0].name, "<stdin>");
    }
}
