//! What `examples/README.md` promises of its folders.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

fn examples() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../examples")
}

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = fs::read_dir(examples().join(folder))
        .expect("a folder of examples")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| path.extension().is_some_and(|other| other == extension))
        .collect();
    found.sort();
    assert!(!found.is_empty(), "{folder} has no example");
    found
}

/// Runs `placecard VERB --vocabulary … FILE`; status and standard output.
fn placecard(verb: &str, more: &[&str], file: &Path) -> (u8, String) {
    let mut args: Vec<OsString> = vec!["placecard".into(), verb.into(), "--vocabulary".into()];
    args.push(examples().join("vocabulary.yaml").into());
    args.extend(more.iter().map(OsString::from));
    args.push(file.into());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let status =
        placecard_lint::run(args.into_iter(), &mut std::io::empty(), &mut out, &mut err, false);
    assert!(status < 2, "{}: {}", file.display(), String::from_utf8_lossy(&err));
    (status, String::from_utf8(out).expect("UTF-8"))
}

fn findings(file: &Path) -> Vec<serde_json::Value> {
    let (_, out) = placecard("lint", &["--format", "json"], file);
    let report: serde_json::Value = serde_json::from_str(&out).expect("a JSON report");
    report["findings"].as_array().expect("findings").clone()
}

#[test]
fn clean_examples_have_no_finding() {
    for file in files("clean", "yaml") {
        assert_eq!(findings(&file), Vec::<serde_json::Value>::new(), "{}", file.display());
    }
}

#[test]
fn refused_examples_have_an_error_each() {
    for file in files("refused", "yaml") {
        let findings = findings(&file);
        assert!(
            findings.iter().any(|finding| finding["severity"] == "error"),
            "{}: {findings:?}",
            file.display()
        );
    }
}

#[test]
fn expanded_clean_examples_are_clean_and_stay_as_they_are() {
    for file in files("clean", "yaml") {
        let (_, once) = placecard("expand", &[], &file);
        assert_ne!(once, fs::read_to_string(&file).expect("the example"), "{}", file.display());
        let folder = tempfile::tempdir().expect("a folder");
        let expanded = folder.path().join("expanded.yaml");
        fs::write(&expanded, &once).expect("a file");
        assert_eq!(findings(&expanded), Vec::<serde_json::Value>::new(), "{}", file.display());
        let (_, twice) = placecard("expand", &[], &expanded);
        assert_eq!(twice, once, "{}", file.display());
    }
}

#[test]
fn reviews_are_admission_reviews() {
    for file in files("reviews", "json") {
        let text = fs::read_to_string(&file).expect("a review");
        let review: serde_json::Value = serde_json::from_str(&text).expect("JSON");
        assert_eq!(review["apiVersion"], "admission.k8s.io/v1", "{}", file.display());
        assert_eq!(review["kind"], "AdmissionReview", "{}", file.display());
        let request = &review["request"];
        assert!(request["uid"].is_string(), "{}", file.display());
        assert_eq!(request["kind"]["kind"], request["object"]["kind"], "{}", file.display());
    }
}
