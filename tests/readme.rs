//! What README.md shows is what the programs print.
//!
//! Each ```console block starts with `$ placecard …`, run at the root of the repository, and holds
//! its output. `PLACECARD_UPDATE_DOCS=1` writes the output anew.

use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

const GUIDES: &[&str] = &["README.md"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate lies in the workspace")
        .to_owned()
}

/// The output of a command line, with paths as they would be at the root.
fn output(command: &str) -> String {
    let args = command.split_whitespace().map(|word| {
        let path = root().join(word);
        if word.contains('/') && path.exists() { path.into_os_string() } else { word.into() }
    });
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let args = args.collect::<Vec<OsString>>().into_iter();
    let status = placecard_lint::run(args, &mut std::io::empty(), &mut out, &mut err, false);
    assert!(status < 2, "{command}: {}", String::from_utf8_lossy(&err));
    let out = String::from_utf8(out).expect("UTF-8");
    let lines = out.lines().map(|line| line.trim_end().to_owned() + "\n").collect::<String>();
    lines.replace(&format!("{}/", root().display()), "").trim_end().to_owned() + "\n"
}

/// The text with each block's output replaced by what its command prints.
fn with_output(text: &str) -> (String, usize) {
    let (mut new, mut count) = (String::new(), 0);
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        let _ = writeln!(new, "{line}");
        if line != "```console" {
            continue;
        }
        let command = lines.next().expect("a command below the fence");
        let words = command.strip_prefix("$ ").expect("a command begins with $");
        let _ = write!(new, "{command}\n{}```\n", output(words));
        count += 1;
        assert!(lines.by_ref().any(|line| line == "```"), "the block of {command} is not closed");
    }
    (new, count)
}

#[test]
fn console_blocks_hold_what_the_command_prints() {
    for guide in GUIDES {
        let path = root().join(guide);
        let text = fs::read_to_string(&path).expect("a guide");
        let (new, count) = with_output(&text);
        assert!(count > 0, "{guide} shows no command");
        if std::env::var_os("PLACECARD_UPDATE_DOCS").is_some() {
            fs::write(&path, new).expect("a guide");
        } else {
            // Not `assert_eq!`, which would print both guides whole.
            let wrong = text.lines().zip(new.lines()).position(|(is, should)| is != should);
            if let Some(at) = wrong {
                let should: Vec<&str> = new.lines().skip(at).take(5).collect();
                panic!("{guide}:{} differs from what is printed:\n{}", at + 1, should.join("\n"));
            }
            assert_eq!(text.len(), new.len(), "{guide}");
        }
    }
}
