//! The command in this process: what it prints, and with which code it ends.

use std::ffi::OsString;

/// Exit code, standard output and standard error; the words are those after `placecard`.
pub(crate) fn ran(
    words: impl IntoIterator<Item = impl Into<OsString>>,
    stdin: &str,
) -> (u8, String, String) {
    let words = words.into_iter().map(Into::into);
    let words = std::iter::once(OsString::from("placecard")).chain(words);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = placecard_lint::run(words, &mut stdin.as_bytes(), &mut out, &mut err, false);
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (code, text(out), text(err))
}
