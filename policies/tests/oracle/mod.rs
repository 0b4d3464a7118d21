//! Asks the real scheduler's plugins.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;

/// The real scheduler's plugins in process, built from `tests/oracle`; `None` where they were not.
pub(crate) fn built() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os("PLACECARD_ORACLE") {
        return Some(named.into());
    }
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/oracle");
    built.exists().then_some(built)
}

/// What the oracle answers to `words`, with `input` on its standard input.
pub(crate) fn ask(oracle: &Path, words: &[&str], input: Vec<u8>) -> Vec<u8> {
    let mut asked = Command::new(oracle)
        .args(words)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the oracle starts");
    let mut stdin = asked.stdin.take().expect("a pipe");
    let writer = thread::spawn(move || stdin.write_all(&input));
    let answer = asked.wait_with_output().expect("it ends");
    assert!(answer.status.success(), "oracle {words:?}: {}", answer.status);
    writer.join().expect("no panic").expect("it reads all cases");
    answer.stdout
}
