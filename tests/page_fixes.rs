//! The fixes of every page: after one, the text can be read, the finding is gone, no comment is
//! lost, and another run changes nothing.
//!
//! The examples of the pages are the table, so that a rule with a fix is in it as soon as its page
//! shows a finding that has one. They are mended as they are written, with comments, with the line
//! ends of Windows, in block style, and as JSON.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::pages::{Block, blocks, pages};

/// Ways to write the same manifest.
fn layouts(text: &str) -> Vec<(&'static str, String)> {
    let mut commented = String::new();
    for line in text.lines() {
        let plain = !line.contains('#') && !line.trim_end().ends_with(['|', '>', '-']);
        let note = if plain && line.ends_with(':') { "   # kept" } else { "" };
        commented.push_str(&format!("{line}{note}\n"));
    }
    let mut all = vec![
        ("as it is", text.to_owned()),
        ("with comments", format!("# kept\n{commented}# kept\n")),
        ("with CRLF", text.replace('\n', "\r\n")),
    ];
    let documents: Result<Vec<serde_json::Value>, _> = serde_saphyr::from_multiple(text);
    if let Ok([one]) = documents.as_deref() {
        all.push(("in block style", placecard_lint::load::emit_yaml(one, 0) + "\n"));
        all.push(("as JSON", serde_json::to_string_pretty(one).expect("JSON") + "\n"));
    }
    all
}

/// Runs a command line, with the vocabulary and the other files of the page.
fn run(folder: &Path, words: &[&str]) -> (u8, String) {
    let mut args = vec!["placecard".into(), "lint".into(), "--isolated".into()];
    args.extend(words.iter().map(std::ffi::OsString::from));
    for context in ["vocabulary", "objects", "cluster"] {
        let path = folder.join(format!("{context}.yaml"));
        if path.exists() {
            args.push(format!("--{context}").into());
            args.push(path.into_os_string());
        }
    }
    args.push(folder.join("page.yaml").into_os_string());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code =
        placecard_lint::run(args.into_iter(), &mut std::io::empty(), &mut out, &mut err, false);
    assert!(code < 2, "the linter could not run: {}", String::from_utf8_lossy(&err));
    (code, String::from_utf8(out).expect("UTF-8"))
}

/// The code of each finding, and how safe its fix is.
fn found(folder: &Path) -> Vec<(String, Option<String>)> {
    let (_, out) = run(folder, &["-o", "json"]);
    let report: serde_json::Value = serde_json::from_str(&out).expect("a report");
    let findings = report["findings"].as_array().expect("findings");
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    let safety = |finding: &serde_json::Value| {
        let help = finding["help"].as_array().expect("help");
        let fix = help.iter().find(|one| one["safety"] != "suggested")?;
        assert!(!fix["edits"].as_array().expect("edits").is_empty(), "{finding:#}");
        Some(text(&fix["safety"]))
    };
    findings.iter().map(|one| (text(&one["code"]), safety(one))).collect()
}

/// Mends a block in each layout; the codes that have a fix.
fn mend(code: &str, page: &[Block], block: &Block) -> BTreeSet<String> {
    let folder = tempfile::tempdir().expect("a folder");
    let folder = folder.path();
    for context in ["vocabulary", "objects", "cluster"] {
        let texts = page.iter().filter(|other| other.info == format!("yaml {context}"));
        let texts: Vec<&str> = texts.map(|other| other.text.as_str()).collect();
        if !texts.is_empty() {
            fs::write(folder.join(format!("{context}.yaml")), texts.join("---\n"))
                .expect("written");
        }
    }
    let path = folder.join("page.yaml");
    let mut fixable = BTreeSet::new();
    for (layout, text) in layouts(&block.text) {
        fs::write(&path, &text).expect("written");
        let before = found(folder);
        if before.iter().all(|(_, safety)| safety.is_none()) {
            continue;
        }
        for (flag, wanted) in [("--fix", "safe"), ("--unsafe-fixes", "unsafe")] {
            let has = |found: &[(String, Option<String>)]| {
                found.iter().filter(|(_, safety)| safety.as_deref() == Some(wanted)).count()
            };
            let mendable = has(&found(folder));
            let old = fs::read_to_string(&path).expect("read");
            run(folder, &[flag, "-o", "short"]);
            let new = fs::read_to_string(&path).expect("read");
            let after = found(folder);
            let what = format!("{code}, {layout}, {flag}:\n{old}\n---\n{new}");
            assert_eq!(has(&after), 0, "a fix is left: {what}");
            assert_eq!(mendable > 0, old != new, "{what}");
            if layout == "with comments" && flag == "--fix" {
                let lost = old.matches("# kept").count() - new.matches("# kept").count();
                assert!(lost <= mendable * 4, "{lost} comments are lost: {what}");
            }
            let (_, again) = run(folder, &[flag, "--diff"]);
            assert_eq!(again, "", "{what}");
        }
        fixable.extend(before.into_iter().filter_map(|(code, safety)| safety.map(|_| code)));
    }
    fixable
}

#[test]
fn every_fix_of_a_page_mends_what_it_says_and_nothing_else() {
    let mut fixable = BTreeSet::new();
    for (code, page) in pages() {
        let blocks = blocks(&page);
        for block in blocks.iter().filter(|block| block.info == "yaml" && !block.marks.is_empty()) {
            fixable.extend(mend(&code, &blocks, block));
        }
    }
    // Every rule that makes a fix has a page that shows it.
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies/src/rules");
    for entry in fs::read_dir(folder).expect("the folder of the rules") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            let stem = path.file_stem().expect("a name").to_string_lossy().replace('_', "-");
            let makes = fs::read_to_string(&path).expect("a rule").contains("finding.fix =");
            assert!(!makes || fixable.contains(&stem), "the page of {stem} shows no fix");
        }
    }
}
