//! A file that is written aside and takes its place when it is done; until then, and if it never
//! is, what stood there stands there still.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::listing::Target;

/// So many names are tried for the file aside.
const MOST_NAMES: u32 = 100;

pub(super) struct Aside {
    /// Where it is written; removed in the end if it still stands there.
    path: PathBuf,
    file: BufWriter<File>,
    at: u64,
    /// Whose place it takes; `None`: it is copied to standard output, or to `copied_to`.
    place: Option<PathBuf>,
    /// What is no regular file, such as a pipe.
    copied_to: Option<PathBuf>,
    /// As the user named it.
    name: String,
}

impl Aside {
    /// For a file, or for standard output.
    ///
    /// # Errors
    /// It cannot be written there.
    pub(super) fn new(output: Option<&Path>) -> Result<Self, String> {
        let name = output.map_or("standard output".to_owned(), |path| path.display().to_string());
        let fail = |error: io::Error| format!("{name} cannot be written: {error}");
        let (mut place, mut copied_to) = (None, None);
        if let Some(output) = output {
            match fs::metadata(output) {
                Ok(found) if found.is_dir() => return Err(format!("{name} is a folder")),
                // Behind links, so that these stay.
                Ok(found) if found.is_file() => place = Some(output.canonicalize().map_err(fail)?),
                Ok(_) => copied_to = Some(output.to_owned()),
                Err(error) if error.kind() == ErrorKind::NotFound => {
                    place = Some(output.to_owned())
                }
                Err(error) => return Err(fail(error)),
            }
        }
        let (folder, stem) = match &place {
            Some(place) => {
                let folder = place.parent().filter(|it| !it.as_os_str().is_empty());
                let stem = place.file_name().ok_or_else(|| format!("{name} names no file"))?;
                (folder.unwrap_or(Path::new(".")).to_owned(), stem.to_owned())
            }
            None => (std::env::temp_dir(), OsString::from("placecard-snapshot")),
        };
        let (path, file) = create(&folder, &stem).map_err(fail)?;
        Ok(Self { path, file: BufWriter::new(file), at: 0, place, copied_to, name })
    }

    /// Puts it in its place.
    ///
    /// # Errors
    /// It cannot be written to its end.
    pub(super) fn finish(mut self, stdout: &mut dyn Write) -> Result<(), String> {
        let done = match (self.place.clone(), self.copied_to.clone()) {
            (Some(place), _) => self.replace(&place),
            (None, Some(path)) => {
                OpenOptions::new().write(true).open(path).and_then(|mut file| self.copy(&mut file))
            }
            (None, None) => self.copy(stdout),
        };
        match done {
            Err(error) if error.kind() != ErrorKind::BrokenPipe => {
                Err(format!("{} cannot be written: {error}", self.name))
            }
            _ => Ok(()),
        }
    }

    fn replace(&mut self, place: &Path) -> io::Result<()> {
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        fs::rename(&self.path, place)
    }

    fn copy(&mut self, to: &mut dyn Write) -> io::Result<()> {
        self.file.flush()?;
        let mut from = File::open(&self.path)?;
        let mut piece = vec![0; 256 << 10];
        loop {
            let length = from.read(&mut piece)?;
            if length == 0 {
                return to.flush();
            }
            to.write_all(piece.get(..length).unwrap_or_default())?;
        }
    }
}

impl Target for Aside {
    fn write(&mut self, text: &[u8]) -> Result<(), String> {
        self.at += text.len() as u64;
        let written = self.file.write_all(text);
        written.map_err(|error| format!("{} cannot be written: {error}", self.name))
    }

    fn at(&self) -> u64 {
        self.at
    }

    fn back(&mut self, at: u64) -> Result<bool, String> {
        let back = self.file.flush().and_then(|()| {
            self.file.get_ref().set_len(at)?;
            self.file.seek(SeekFrom::Start(at))
        });
        back.map_err(|error| format!("{} cannot be written: {error}", self.name))?;
        self.at = at;
        Ok(true)
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        // In its place it has another name.
        let _ = fs::remove_file(&self.path);
    }
}

/// A new file that nobody else can read.
fn create(folder: &Path, stem: &OsString) -> io::Result<(PathBuf, File)> {
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt as _;
        options.mode(0o600);
    }
    let mut number = 0;
    loop {
        let mut name = OsString::from(".");
        name.push(stem);
        name.push(format!(".{}-{number}.partial", std::process::id()));
        let path = folder.join(name);
        match options.open(&path) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists && number < MOST_NAMES => {
                number += 1;
            }
            opened => return opened.map(|file| (path, file)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|one| one.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_file_takes_its_place_when_it_is_done_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("a.json");
        fs::write(&place, "old").unwrap();
        let mut left = Aside::new(Some(&place)).unwrap();
        left.write(b"half").unwrap();
        assert_eq!(names(folder.path()).len(), 2);
        drop(left);
        assert_eq!(names(folder.path()), ["a.json"]);
        assert_eq!(fs::read_to_string(&place).unwrap(), "old");
        let mut done = Aside::new(Some(&place)).unwrap();
        done.write(b"new text").unwrap();
        assert!(done.back(4).unwrap() && done.at() == 4);
        done.write(b"list").unwrap();
        done.finish(&mut Vec::new()).unwrap();
        assert_eq!(fs::read_to_string(&place).unwrap(), "new list");
        assert_eq!(names(folder.path()), ["a.json"]);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(fs::metadata(&place).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn standard_output_gets_all_at_once() {
        let mut aside = Aside::new(None).unwrap();
        aside.write(b"text").unwrap();
        let path = aside.path.clone();
        let mut out = Vec::new();
        aside.finish(&mut out).unwrap();
        assert!(out == b"text" && !path.exists());
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_one() {
        let folder = tempfile::tempdir().unwrap();
        let (place, link) = (folder.path().join("real.json"), folder.path().join("link.json"));
        fs::write(&place, "old").unwrap();
        std::os::unix::fs::symlink(&place, &link).unwrap();
        let mut aside = Aside::new(Some(&link)).unwrap();
        aside.write(b"new").unwrap();
        aside.finish(&mut Vec::new()).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&place).unwrap(), "new");
    }

    #[test]
    fn what_is_no_place_for_a_file_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let error = |path: &Path| Aside::new(Some(path)).err().unwrap();
        assert!(error(folder.path()).ends_with("is a folder"));
        let told = error(&folder.path().join("none").join("a.json"));
        assert!(told.contains("cannot be written"), "{told}");
    }
}
