//! `docs/language.md` is written from the tables that the parser reads, so it says what is so.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use placecard_language::keys::{Author, KEYS, Key, Place, Slot, Status};
use placecard_language::words::{Meaning, RESERVED, Role, SYNONYMS};
use placecard_policies::rules::RULES;

fn place(place: Place) -> &'static str {
    match place {
        Place::Pod => "pod",
        Place::Template => "pod template",
        Place::ExpandedTemplate => "template expanded in place",
        Place::Workload => "the workload's own metadata",
        Place::Namespace => "Namespace",
        Place::Vocabulary => "PlacementVocabulary",
        Place::Other => "any object",
    }
}

/// A text as a cell of a table.
fn cell(text: &str) -> String {
    text.replace('|', "\\|").replace('\n', " ")
}

fn key(out: &mut String, key: &Key) {
    let slot = match key.slot {
        Slot::Annotation => "annotation",
        Slot::Label => "label",
    };
    let _ = writeln!(out, "### `{}`\n\n{}\n", key.full, key.doc);
    let places: Vec<&str> = key.places.iter().map(|at| place(*at)).collect();
    let places = if places.is_empty() { "nowhere".to_owned() } else { places.join(", ") };
    let _ = writeln!(out, "- {slot} on: {places}");
    let _ = writeln!(out, "- value: {}", key.grammar);
    if key.author == Author::Placecard {
        out.push_str("- written by placecard alone\n");
    }
    if key.status == Status::Later {
        out.push_str("- not in this release: an error, and not silence\n");
    }
    out.push('\n');
    if !key.example.is_empty() {
        out.push_str("```text\n");
        let _ = writeln!(out, "{}\n```\n", key.example);
    }
}

fn words(out: &mut String) {
    for (role, title) in [
        (Role::Relation, "Relations: a rule begins with one"),
        (Role::PodKind, "Targets that are pods"),
        (Role::NodeKind, "Targets that are nodes"),
        (Role::Modifier, "Modifiers, in any order, each once"),
        (Role::Particle, "Words that belong to others"),
    ] {
        let _ = writeln!(out, "### {title}\n\n| form | meaning |\n|---|---|");
        for word in RESERVED.iter().filter(|word| word.role == role) {
            let _ = writeln!(out, "| `{}` | {} |", cell(word.form), cell(word.doc));
        }
        out.push('\n');
    }
    out.push_str("### Words that are not aliases\n\n");
    out.push_str("They are errors, and the finding names the word that is meant.\n\n");
    out.push_str("| written | meant |\n|---|---|\n");
    for synonym in SYNONYMS.iter().filter(|synonym| synonym.meaning != Meaning::WhichKey) {
        let _ = writeln!(out, "| `{}` | `{}` |", synonym.written, synonym.meant);
    }
    out.push('\n');
}

fn reference() -> String {
    let mut out = String::from(
        "# The placement language: reference\n\n\
         Written from the tables in `policies/language/src/` and `policies/src/rules.rs`; \
         `make update` writes it anew.\n\
         The language by example is in the [README](../README.md).\n\n\
         ## Keys\n\n",
    );
    KEYS.iter().for_each(|entry| key(&mut out, entry));
    out.push_str("## Words\n\n");
    words(&mut out);
    out.push_str(
        "## Codes\n\n\
         `placecard explain CODE` prints the page of a code, with examples and ways out.\n\n\
         | code | severity | verdict | meaning |\n|---|---|---|---|\n",
    );
    for rule in RULES.iter() {
        let page = rule.code.as_str().replace('-', "_");
        let _ = writeln!(
            out,
            "| [`{}`](../policies/src/rules/{page}.md) | {} | {} | {} |",
            rule.code,
            rule.severity,
            rule.verdict.as_str(),
            cell(rule.summary)
        );
    }
    out
}

#[test]
fn the_reference_of_the_language_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/language.md");
    let reference = reference();
    if std::env::var_os("PLACECARD_UPDATE_DOCS").is_some() {
        fs::write(&path, &reference).expect("docs/language.md");
    }
    let written = fs::read_to_string(&path).expect("docs/language.md");
    // Not `assert_eq!`, which would print both documents whole.
    let wrong = written.lines().zip(reference.lines()).position(|(is, should)| is != should);
    assert_eq!(wrong.map(|line| line + 1), None, "docs/language.md is old here: `make update`");
    assert_eq!(written.len(), reference.len(), "docs/language.md is old: `make update`");
}
