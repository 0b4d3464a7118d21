//! Each page in `policies/src/rules` is manual, text of `placecard explain`, and test.
//!
//! A page starts with `# code`. Its ```yaml blocks are linted: those under `## Not reported` have no
//! finding of the page, every other one ends in a line per finding,
//! `# mark LINE:COLUMN-LINE:COLUMN severity[code]: message`, which is the primary label's place,
//! counted within the block from 1, columns in code points, the end exclusive. A ```yaml vocabulary
//! block is the vocabulary of the whole page, a ```yaml objects block its context, a ```yaml cluster
//! block the cluster. A ```yaml final block is a pod as the validating webhook gets it, and the ```text block after it the refusal. ```yaml before, user and after are a vocabulary, what uses it, and the
//! vocabulary that is refused then.
//!
//! `PLACECARD_UPDATE_DOCS=1` writes the marks anew; read the difference before you commit it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use placecard_language::checked::Words;
use placecard_policies::admission::{self, Door, Operation};
use placecard_policies::rules::RULES;
use placecard_policies::surroundings::Surroundings;
use placecard_policies::{read, review, vocabulary};

/// Codes that no manifest can show: only an admission request has them.
const ONLY_AT_ADMISSION: &[&str] = &["not-applied", "word-in-use"];

/// Codes that no manifest can show: only an audit of a cluster has them.
const ONLY_IN_AUDITS: &[&str] = &["rule-no-longer-holds", "cannot-be-placed", "no-place-without"];

const FINAL: &str = "yaml final";

const AFTER: &str = "yaml after";

const NOT_REPORTED: &str = "Not reported";

/// A fenced block of a page.
#[derive(Debug, PartialEq)]
pub(crate) struct Block {
    section: String,
    /// What stands behind the fence.
    pub(crate) info: String,
    /// Without the marks.
    pub(crate) text: String,
    /// One a finding.
    pub(crate) marks: Vec<String>,
}

/// One line of a page, as far as blocks are concerned.
enum Line<'a> {
    Text(&'a str),
    Open(&'a str),
    Inside(&'a str),
    Mark(&'a str),
    Close,
}

fn lines(page: &str) -> impl Iterator<Item = Line<'_>> {
    let mut inside = false;
    page.lines().map(move |line| match line.strip_prefix("```") {
        Some(info) if !inside => {
            inside = true;
            Line::Open(info.trim())
        }
        Some(_) => {
            inside = false;
            Line::Close
        }
        None if inside => line.strip_prefix("# mark ").map_or(Line::Inside(line), Line::Mark),
        None => Line::Text(line),
    })
}

/// The blocks of a page, in order.
pub(crate) fn blocks(page: &str) -> Vec<Block> {
    let mut section = String::new();
    let mut found: Vec<Block> = Vec::new();
    for line in lines(page) {
        match line {
            Line::Text(text) => {
                if let Some(title) = text.strip_prefix("## ") {
                    title.clone_into(&mut section);
                }
            }
            Line::Open(info) => found.push(Block {
                section: section.clone(),
                info: info.to_owned(),
                text: String::new(),
                marks: Vec::new(),
            }),
            Line::Inside(text) => {
                let block = found.last_mut().expect("inside a block");
                block.text.push_str(text);
                block.text.push('\n');
            }
            Line::Mark(mark) => {
                found.last_mut().expect("inside a block").marks.push(mark.to_owned());
            }
            Line::Close => {}
        }
    }
    found
}

/// The findings of one block, in the form of the marks, in the order of the text.
fn lint(page: &[Block], block: &Block) -> Vec<String> {
    report(page, block).iter().map(mark).collect()
}

/// The findings of one block, as in the report for programs.
fn report(page: &[Block], block: &Block) -> Vec<serde_json::Value> {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("a file");
        path.into_os_string()
    };
    let mut args = vec!["placecard".into(), "lint".into(), "--format".into(), "json".into()];
    for context in ["vocabulary", "objects", "cluster"] {
        let text: Vec<&str> = page
            .iter()
            .filter(|other| other.info == format!("yaml {context}"))
            .map(|other| other.text.as_str())
            .collect();
        if !text.is_empty() {
            args.push(format!("--{context}").into());
            args.push(write(&format!("{context}.yaml"), &text.join("---\n")));
        }
    }
    args.push(write("page.yaml", &block.text));
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let status =
        placecard_lint::run(args.into_iter(), &mut std::io::empty(), &mut out, &mut err, false);
    let errors = String::from_utf8_lossy(&err);
    assert!(status < 2, "the linter could not run: {errors}");
    let report: serde_json::Value = serde_json::from_slice(&out).expect("a JSON report");
    report["findings"].as_array().expect("findings").clone()
}

fn mark(finding: &serde_json::Value) -> String {
    let label = &finding["labels"][0];
    let text = |value: &serde_json::Value| value.as_str().unwrap_or("?").to_owned();
    let place = |value: &serde_json::Value| format!("{}:{}", value["line"], value["column"]);
    format!(
        "{}-{} {}[{}]: {}",
        place(&label["start"]),
        place(&label["end"]),
        text(&finding["severity"]),
        text(&finding["code"]),
        text(&finding["message"]),
    )
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../policies/src/rules")
}

/// All pages by their code.
pub(crate) fn pages() -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for entry in fs::read_dir(folder()).expect("the folder of the pages") {
        let path = entry.expect("an entry").path();
        if path.extension().is_some_and(|extension| extension == "md") {
            let stem = path.file_stem().expect("a name").to_string_lossy().replace('_', "-");
            found.insert(stem, fs::read_to_string(&path).expect("a page"));
        }
    }
    assert!(!found.is_empty());
    found
}

#[test]
fn every_code_has_a_page_and_every_page_a_code() {
    let codes: Vec<&str> = RULES.iter().map(|rule| rule.code.as_str()).collect();
    for code in &codes {
        assert!(pages().contains_key(*code), "{code} has no page");
    }
    for (name, page) in pages() {
        assert!(codes.contains(&name.as_str()), "{name}.md is not the page of a code");
        let rule = RULES.iter().find(|rule| rule.code.as_str() == name).expect("found above");
        assert_eq!(rule.page, page, "{name}: the table holds another page");
    }
}

#[test]
fn every_page_has_the_same_parts() {
    for (code, page) in pages() {
        let mut lines = page.lines();
        assert_eq!(lines.next(), Some(format!("# {code}").as_str()), "{code}: the title");
        assert_eq!(lines.next(), Some(""), "{code}: a blank line below the title");
        let sentence = lines.next().unwrap_or_default();
        assert!(sentence.ends_with('.'), "{code}: a sentence says what it means");
        let sections: Vec<&str> =
            page.lines().filter_map(|line| line.strip_prefix("## ")).collect();
        assert_eq!(sections, ["Example", "Why", "Ways out", NOT_REPORTED], "{code}");
        let blocks = blocks(&page);
        if ONLY_AT_ADMISSION.contains(&code.as_str()) {
            let example = |block: &Block| [FINAL, AFTER].contains(&block.info.as_str());
            assert!(blocks.iter().any(example), "{code}: no example");
            continue;
        }
        if ONLY_IN_AUDITS.contains(&code.as_str()) {
            let shows = |block: &Block| block.text.starts_with(&format!("error[{code}] "));
            assert!(blocks.iter().any(shows), "{code}: no example");
            continue;
        }
        let own = format!("[{code}]: ");
        assert!(
            blocks.iter().any(|block| block.marks.iter().any(|mark| mark.contains(&own))),
            "{code}: no example shows it"
        );
        for block in blocks.iter().filter(|block| block.info == "yaml") {
            let told = match block.section == NOT_REPORTED {
                true => block.marks.iter().any(|mark| mark.contains(&own)),
                false => block.marks.is_empty(),
            };
            assert!(!told, "{code}, {}: marks", block.section);
        }
        assert!(
            blocks.iter().any(|block| block.info == "yaml" && block.section == NOT_REPORTED),
            "{code}: no example of what is not reported"
        );
    }
}

#[test]
fn every_block_has_exactly_the_findings_it_marks() {
    let update = std::env::var_os("PLACECARD_UPDATE_DOCS").is_some();
    let mut wrong = String::new();
    for (code, page) in pages() {
        let blocks = blocks(&page);
        let found: Vec<Option<Vec<String>>> = blocks
            .iter()
            .map(|block| (block.info == "yaml").then(|| lint(&blocks, block)))
            .collect();
        if update {
            let path = folder().join(format!("{}.md", code.replace('-', "_")));
            fs::write(path, with_marks(&page, &found)).expect("a page");
            continue;
        }
        for (block, marks) in blocks.iter().zip(&found) {
            if let Some(marks) = marks.as_ref().filter(|marks| **marks != block.marks) {
                let _ = writeln!(
                    wrong,
                    "{code}, {}:\n  marked {:#?}\n  found  {marks:#?}",
                    block.section, block.marks
                );
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}

/// Two targets of rules never become fields beside one another, so that there is no pod that a
/// certificate could be about.
const WITHOUT_CERTIFICATE: &[&str] = &["near service/cache\n          near service/vector-db"];

#[test]
fn every_contradiction_of_a_page_has_its_certificate() {
    let mut without = 0;
    for (code, page) in pages() {
        let blocks = blocks(&page);
        for block in blocks.iter().filter(|block| block.info == "yaml") {
            let found = report(&blocks, block);
            let verdict = |one: &serde_json::Value| one["verdict"].as_str().map(str::to_owned);
            let named = |one: &&serde_json::Value| {
                verdict(one).is_some_and(|verdict| verdict.starts_with("contradictory"))
            };
            for finding in found.iter().filter(named) {
                let excepted = WITHOUT_CERTIFICATE.iter().any(|rules| block.text.contains(rules));
                without += usize::from(excepted);
                assert_eq!(finding["proof"].is_object(), !excepted, "{code}: {finding:#}");
                assert_eq!(finding["core"].is_array(), !excepted, "{code}: {finding:#}");
                assert_eq!(finding["holds"]["assume"].is_array(), !excepted, "{code}: {finding:#}");
            }
        }
    }
    assert_eq!(without, WITHOUT_CERTIFICATE.len());
}

#[test]
fn final_pods_are_refused_in_these_words() {
    let mut count = 0;
    for (code, page) in pages() {
        let blocks = blocks(&page);
        for (pod, refusal) in blocks.iter().zip(blocks.iter().skip(1)) {
            if pod.info != FINAL {
                continue;
            }
            count += 1;
            let pod: serde_json::Value = serde_saphyr::from_str(&pod.text).expect("a pod");
            let surroundings = Surroundings::default();
            let pod = read::object(&pod, &surroundings.words).expect("a pod");
            let review = review::review(&pod, &surroundings);
            let answer =
                admission::answer(Door::Validate, Operation::Create, (&pod, &review), None);
            let denial = answer.denial.unwrap_or_else(|| panic!("{code}: it is admitted"));
            assert_eq!(refusal.text, denial.message + "\n", "{code}");
            assert!(denial.retryable, "{code}");
        }
    }
    assert_eq!(count, 1);
}

#[test]
fn the_page_of_words_in_use_shows_what_is_refused() {
    let page = pages().remove("word-in-use").expect("the page");
    let blocks = blocks(&page);
    let text = |info: &str| {
        let block = blocks.iter().find(|block| block.info == info);
        block.unwrap_or_else(|| panic!("no {info}")).text.clone()
    };
    let value = |info: &str| -> serde_json::Value {
        serde_saphyr::from_str(&text(info)).expect("an object")
    };
    let (before, after) = (value("yaml before"), value(AFTER));
    let words = Words::default();
    let user = read::object(&value("yaml user"), &words).expect("a workload");
    let answer = vocabulary::admission::answer(&vocabulary::admission::Asked {
        operation: Operation::Update,
        new: Some(&after),
        old: Some(&before),
        current: &words,
        in_use: Some(&vocabulary::change::InUse::of_object(&user, "")),
    });
    let denial = answer.denial.expect("a refusal");
    assert_eq!(text("text"), denial.message + "\n");
    assert!(!denial.retryable);
}

/// The page with these marks in place of its own; `None` leaves a block as it is.
fn with_marks(page: &str, found: &[Option<Vec<String>>]) -> String {
    let mut out = String::new();
    let mut blocks = found.iter();
    let mut marks: Option<&Vec<String>> = None;
    for (line, text) in lines(page).zip(page.lines()) {
        match line {
            Line::Open(_) => marks = blocks.next().and_then(Option::as_ref),
            Line::Mark(_) if marks.is_some() => continue,
            Line::Close => {
                for mark in marks.into_iter().flatten() {
                    let _ = writeln!(out, "# mark {mark}");
                }
                marks = None;
            }
            Line::Text(_) | Line::Inside(_) | Line::Mark(_) => {}
        }
        out.push_str(text);
        out.push('\n');
    }
    out
}

#[test]
fn a_page_is_read_as_it_is_written() {
    let page = "# x\n\nA.\n\n## Example\n\n```yaml\na: 1\n# mark 1:1-1:2 error[x]: no\n```\n\n\
                ## Not reported\n\n```yaml\na: 2\n```\n";
    let blocks = blocks(page);
    assert_eq!(blocks.len(), 2);
    assert_eq!(blocks[0].marks, ["1:1-1:2 error[x]: no"]);
    assert_eq!((blocks[0].text.as_str(), blocks[1].text.as_str()), ("a: 1\n", "a: 2\n"));
    assert_eq!(blocks[1].section, NOT_REPORTED);
    let same = vec![Some(blocks[0].marks.clone()), Some(Vec::new())];
    assert_eq!(with_marks(page, &same), page);
    let other = with_marks(page, &[Some(Vec::new()), Some(vec!["new".to_owned()])]);
    assert!(!other.contains("1:1-1:2") && other.contains("a: 2\n# mark new\n```"));
}
