//! One table of findings in all formats, as golden files, and what their readers demand of them.
//!
//! `PLACECARD_UPDATE_DOCS=1` writes the expected texts anew; read the difference before you commit.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use placecard_lint::plan::FORMATS;
use quick_xml::events::Event;
use serde_json::Value;

use crate::ran::ran;

const MANIFESTS: &str = "tests/formats/manifests";

fn run(words: &[&str]) -> (u8, String, String) {
    run_on(words, "")
}

fn run_on(words: &[&str], stdin: &str) -> (u8, String, String) {
    ran(["lint"].iter().chain(words), stdin)
}

/// The report on the manifests in a format.
fn report(format: &str) -> String {
    let (code, out, err) = run(&["--format", format, MANIFESTS]);
    assert_eq!((code, err.as_str()), (1, ""), "{format}");
    out
}

#[test]
fn every_format_tells_the_same_findings() {
    for (format, _) in FORMATS {
        let text = report(format);
        assert_eq!(report(format), text, "{format}: the same bytes for the same input");
        // The version of the tool and the pages of its rules are no part of the format.
        let text = text.replace(env!("CARGO_PKG_VERSION"), "VERSION");
        let is_page = |line: &&str| line.trim_start().starts_with(['"']) && line.contains(": \"# ");
        let text: String =
            text.lines().filter(|line| !is_page(line)).map(|line| format!("{line}\n")).collect();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats").join(format);
        if std::env::var_os("PLACECARD_UPDATE_DOCS").is_some() {
            fs::write(&path, &text).expect("written");
        }
        let expected = fs::read_to_string(&path).unwrap_or_default();
        assert!(text == expected, "{format} differs: PLACECARD_UPDATE_DOCS=1 writes it anew");
    }
}

/// The codes in the order of the findings.
fn codes() -> Vec<String> {
    let report: Value = serde_json::from_str(&report("json")).expect("JSON");
    let findings = report["findings"].as_array().expect("findings");
    findings.iter().map(|one| one["code"].as_str().expect("a code").to_owned()).collect()
}

/// The official schema of SARIF, as a package that is never built carries it.
fn schema() -> Value {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--locked"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let package = packages.iter().find(|one| one["name"] == "serde-sarif").expect("the package");
    let manifest = PathBuf::from(package["manifest_path"].as_str().expect("a path"));
    let schema = manifest.parent().expect("a folder").join("src/schema.json");
    let text = fs::read_to_string(schema).expect("the schema");
    // A stray bracket: the pattern is no regular expression.
    let odd = r#""pattern": "^[a-zA-Z]{2}|^[a-zA-Z]{2}-[a-zA-Z]{2}]?$""#;
    assert!(text.contains(odd), "the schema was mended");
    let text = text.replace(odd, r#""pattern": "^[a-zA-Z]{2}""#);
    serde_json::from_str(&text).expect("JSON")
}

#[test]
fn sarif_is_what_its_schema_says() {
    let validator = jsonschema::validator_for(&schema()).expect("a schema");
    let clean = "{apiVersion: v1, kind: Service, metadata: {name: a}}";
    for text in [report("sarif"), run_on(&["--format", "sarif", "-"], clean).1] {
        let log: Value = serde_json::from_str(&text).expect("JSON");
        let errors = validator.iter_errors(&log);
        let errors = errors.map(|error| format!("{}: {error}", error.instance_path()));
        assert_eq!(errors.collect::<Vec<_>>(), Vec::<String>::new());
    }
    let mut wrong: Value = serde_json::from_str(&report("sarif")).expect("JSON");
    wrong["runs"][0]["results"][0]["locations"][0]["physicalLocation"]["region"]["startLine"] =
        Value::from(0);
    assert!(!validator.is_valid(&wrong), "the schema is not asked");
}

#[test]
fn sarif_regions_hold_what_they_point_at() {
    let log: Value = serde_json::from_str(&report("sarif")).expect("JSON");
    let run = &log["runs"][0];
    assert_eq!(run["columnKind"], "unicodeCodePoints");
    assert_eq!(run["invocations"][0]["exitCode"], 1);
    let mut regions = 0;
    for result in run["results"].as_array().expect("results") {
        let rule = &run["tool"]["driver"]["rules"]
            [result["ruleIndex"].as_u64().expect("an index") as usize];
        assert_eq!(rule["id"], result["ruleId"]);
        let related = result["relatedLocations"].as_array().into_iter().flatten();
        for location in result["locations"].as_array().expect("locations").iter().chain(related) {
            let place = &location["physicalLocation"];
            let file = place["artifactLocation"]["uri"].as_str().expect("a file");
            let text = fs::read_to_string(file).expect("the file");
            let number = |name: &str| place["region"][name].as_u64().expect("a number") as usize;
            let line = text.lines().nth(number("startLine") - 1).expect("the line");
            let (from, to) = (number("startColumn") - 1, number("endColumn") - 1);
            let there: String = line.chars().skip(from).take(to - from).collect();
            assert_eq!(place["region"]["snippet"]["text"].as_str().unwrap_or_default(), there);
            regions += 1;
        }
    }
    assert!(regions > codes().len(), "{regions}");
}

#[test]
fn a_fix_of_sarif_is_applied_where_it_says() {
    let log: Value = serde_json::from_str(&report("sarif")).expect("JSON");
    let results = log["runs"][0]["results"].as_array().expect("results");
    let fixes: Vec<&Value> = results
        .iter()
        .filter_map(|one| one["fixes"].get(0))
        .map(|fix| &fix["artifactChanges"][0])
        .collect();
    assert_eq!(fixes.len(), 3, "naer, aprat-from and an annotation that goes");
    for change in fixes {
        let replacement = &change["replacements"][0];
        let old = replacement["deletedRegion"]["snippet"]["text"].as_str();
        let new = replacement["insertedContent"]["text"].as_str();
        let words = [(Some("naer"), Some("near")), (Some("aprat-from"), Some("apart-from"))];
        let goes = new == Some("") && old.is_some_and(|old| old.contains("/ignore"));
        assert!(goes || words.contains(&(old, new)), "{old:?} {new:?}");
    }
}

#[test]
fn junit_is_xml_with_a_case_for_each_object() {
    let text = report("junit");
    let mut reader = quick_xml::Reader::from_str(&text);
    let (mut suites, mut cases, mut failures, mut names) = (0, 0, 0, Vec::new());
    loop {
        match reader.read_event().expect("XML") {
            Event::Eof => break,
            Event::Start(tag) | Event::Empty(tag) => {
                for attribute in tag.attributes() {
                    let attribute = attribute.expect("an attribute");
                    if attribute.key.as_ref() == "name" && tag.name().as_ref() == "testcase" {
                        names.push(attribute.value.into_owned());
                    }
                }
                match tag.name().as_ref() {
                    "testsuite" => suites += 1,
                    "testcase" => cases += 1,
                    "failure" => failures += 1,
                    _ => {}
                }
            }
            _ => {}
        }
    }
    let unread = "the file can be read";
    assert_eq!(names, [unread, "shop/cart", "shop/cart", "search/ranker", unread]);
    assert_eq!((suites, cases, failures), (4, 5, 3));
}

#[test]
fn github_has_one_line_for_each_finding() {
    let text = report("github");
    assert_eq!(text.lines().count(), codes().len());
    for (line, code) in text.lines().zip(codes()) {
        let (command, _) =
            line.strip_prefix("::").expect("a command").split_once("::").expect("its end");
        let (_, properties) = command.split_once(' ').expect("properties");
        let keys: Vec<&str> =
            properties.split(',').map(|one| one.split_once('=').expect("a value").0).collect();
        assert_eq!(keys, ["title", "file", "line", "col", "endLine", "endColumn"]);
        assert!(command.contains(&code), "{line}");
    }
}

#[test]
fn gitlab_has_a_fingerprint_of_its_own_for_each_finding() {
    let twice = "{apiVersion: v1, kind: Pod, metadata: {name: a, annotations: {placecard.dev/requires: x}}}";
    let text = format!("{twice}\n---\n{twice}\n");
    let (_, out, _) = run_on(&["--format", "gitlab", "-"], &text);
    let issues: Value = serde_json::from_str(&out).expect("JSON");
    let mut prints: Vec<&str> = issues
        .as_array()
        .expect("a list")
        .iter()
        .map(|issue| issue["fingerprint"].as_str().expect("a fingerprint"))
        .collect();
    let all = prints.len();
    assert!(all >= 2, "{out}");
    prints.sort_unstable();
    prints.dedup();
    assert_eq!(prints.len(), all);
}

#[test]
fn several_reports_of_one_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let (sarif, junit) = (file("a.sarif"), file("b.xml"));
    let words = [format!("sarif={sarif}"), format!("junit={junit}")];
    let (code, out, err) =
        run(&["--output-format", &words[0], "-o", &words[1], "--format", "short", MANIFESTS]);
    assert_eq!((code, err.as_str()), (1, ""));
    assert_eq!(out, report("short"));
    assert_eq!(fs::read_to_string(&sarif).expect("written"), report("sarif"));
    assert_eq!(fs::read_to_string(&junit).expect("written"), report("junit"));
    let (_, out, _) = run(&["-o", &words[0], MANIFESTS]);
    assert_eq!(out, report("human"), "a person reads what goes to no file");
    let nowhere = format!("json={}", file("no/such/folder"));
    let (code, _, err) = run(&["-o", &nowhere, MANIFESTS]);
    assert_eq!(code, 2);
    assert!(err.ends_with("cannot be written: no such file or folder\n"), "{err}");
}

#[test]
fn notes_fail_a_run_if_asked() {
    let template = "tests/formats/manifests/template.yaml";
    for (word, expected) in [("error", 0), ("warning", 0), ("note", 1), ("info", 1), ("never", 0)] {
        let (code, ..) = run(&["--fail-on", word, template]);
        assert_eq!(code, expected, "{word}");
        let (_, out, _) = run(&["--fail-on", word, "-o", "junit", template]);
        assert_eq!(out.contains("<failure"), expected == 1, "{word}: {out}");
    }
}
