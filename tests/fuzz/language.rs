//! What people write in annotations and vocabularies.
#![expect(clippy::expect_used, reason = "a target fails by panicking")]

use std::collections::BTreeMap;
use std::fmt::Debug;
use std::ops::Range;

use placecard_policies::feasibility::quantity::Quantity;
use placecard_policies::language::affinity::text::{Encoding, decode, encode, place};
use placecard_policies::language::affinity::{append, scan, scan_with_places, written};
use placecard_policies::language::keys::{self, Place};
use placecard_policies::language::selector::{self, Of};
use placecard_policies::language::typed::entries_of_text;
use placecard_policies::language::{Reading, Words, complete, parse, print, read, typed};
use placecard_policies::vocabulary as vocabularies;
use serde_json::Value;

use crate::manifests::value_of;

/// The keys whose values are text of ours.
const WRITTEN: &[&str] =
    &[keys::REQUIRE, keys::PREFER, keys::TOLERATE, keys::IGNORE, keys::INTENTS, keys::INTENTS_TLV];

/// Rules, tolerations and the other texts of annotations.
pub fn sentences(data: &[u8]) {
    let Ok(value) = std::str::from_utf8(data) else { return };
    for key in WRITTEN.iter().chain(&[keys::COORDINATE, keys::EXPAND]) {
        let reading = reading(key, value);
        places_are_inside(value, &reading);
        let intents = &reading.intents;
        let said = intents.rules.len() + intents.tolerations.len() + intents.ignores.len();
        let said = said + usize::from(intents.coordinate.is_some());
        let is_of_rules = [keys::REQUIRE, keys::PREFER, keys::TOLERATE, keys::IGNORE].contains(key);
        if is_of_rules {
            assert!(said > 0 || !reading.problems.is_empty(), "{key}: silently ignored");
        }
        completions(key, value);
    }
    let (sentences, _) = parse::parse(keys::PREFER, value);
    let whole: Vec<_> = sentences.into_iter().filter(|sentence| !sentence.broken).collect();
    let printed = print::print(&whole);
    let (again, problems) = parse::parse(keys::PREFER, &printed);
    assert_eq!(problems, [], "{printed:?}");
    assert_eq!(placeless(&again), placeless(&whole), "{printed:?}");
    assert_eq!(print::print(&again), printed);
}

fn reading(key: &str, value: &str) -> Reading {
    let annotations = BTreeMap::from([(key.to_owned(), value.to_owned())]);
    read(&annotations, Place::Pod, &Words::default(), None)
}

fn places_are_inside(value: &str, reading: &Reading) {
    for problem in &reading.problems {
        assert!(problem.line >= 1 && problem.line as usize <= value.len() + 1, "{problem:?}");
        if let Some(span) = problem.span.clone() {
            let text = value.get(span).expect("a part of the value");
            // Of a typed entry a word may be marked that stands for it.
            let is_typed = [keys::INTENTS, keys::INTENTS_TLV].contains(&problem.key.as_str());
            assert!(is_typed || text == problem.marked, "{problem:?}");
        }
    }
    let rules = reading.intents.rules.iter().map(|rule| &rule.origin);
    let tolerations = reading.intents.tolerations.iter().map(|toleration| &toleration.origin);
    let ignores = reading.intents.ignores.iter().map(|ignore| &ignore.origin);
    for origin in rules.chain(tolerations).chain(ignores) {
        assert!(value.get(origin.span.clone()).is_some_and(|text| !text.is_empty()), "{origin:?}");
    }
    // One mistake is not told for each of its letters.
    assert!(reading.problems.len() <= value.len() + 1, "{}", reading.problems.len());
}

/// What could stand at a few places of a value begins inside it.
fn completions(key: &str, value: &str) {
    let Some(key) = keys::find(key) else { return };
    let words = Words::default();
    for at in [0, value.len() / 2, value.len(), value.len() + 1] {
        let expected = complete::expected(key, value, at, &words, None);
        let begins = expected.candidates.is_empty() || value.is_char_boundary(expected.from);
        assert!(begins && expected.from <= value.len(), "{at}: {expected:?}");
    }
}

/// As it is written for people, without places, and with single blanks: printing folds them.
fn placeless(of: &impl Debug) -> String {
    let text = format!("{of:?}").replace("\\t", " ");
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut parts = text.split("..");
    let mut found = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let digits = |c: char| c.is_ascii_digit();
        found.truncate(found.trim_end_matches(digits).len());
        found.push_str("..");
        found.push_str(part.trim_start_matches(digits));
    }
    let mut lines = found.split("line: ");
    let first = lines.next().unwrap_or_default().to_owned();
    lines.fold(first, |all, part| all + part.trim_start_matches(|c: char| c.is_ascii_digit()))
}

/// Label selectors.
pub fn selector(data: &[u8]) {
    const OFFSET: usize = 7;
    let Ok(text) = std::str::from_utf8(data) else { return };
    for of in [Of::Nodes, Of::Others] {
        let parsed = selector::parse(text, OFFSET, of);
        let inside =
            |span: &Range<usize>| span.start >= OFFSET && text.get(moved(span, OFFSET)).is_some();
        for (flaw, span) in &parsed.problems {
            assert!(inside(span), "{flaw:?} {span:?}");
        }
        assert_eq!(parsed.places.len(), parsed.selector.requirements.len());
        for place in &parsed.places {
            let values = Some(&place.values).filter(|values| !values.is_empty());
            assert!(values.into_iter().chain([&place.key]).chain(&place.each).all(inside));
        }
        if parsed.problems.is_empty() {
            // Blanks around it and another offset change nothing but places.
            let again = selector::parse(&format!(" \t{text}\n"), 0, of);
            assert_eq!(again.problems, []);
            assert_eq!(meaning(&again.selector), meaning(&parsed.selector));
        }
    }
}

fn moved(span: &Range<usize>, offset: usize) -> Range<usize> {
    span.start - offset..span.end.saturating_sub(offset)
}

/// The requirements without the places that they carry.
fn meaning(selector: &placecard_policies::language::intent::Selector) -> Vec<String> {
    let one = |it: &placecard_policies::language::intent::Requirement| {
        format!("{:?} {:?} {:?}", it.key, it.operator, it.values)
    };
    selector.requirements.iter().map(one).collect()
}

/// Amounts of resources.
pub fn quantity(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let Some(read) = Quantity::parse(text) else { return };
    let thousandths = |text: &str| Quantity::parse(text).map(Quantity::thousandths);
    // Whole units are not fewer than the thousandths say.
    let (units, parts) = (i128::from(read.units()), i128::from(read.thousandths()));
    if units.abs() < i128::from(i64::MAX / 1000) && parts.abs() < i128::from(i64::MAX) {
        assert!((parts..parts + 1000).contains(&(units * 1000)), "{units} {parts}");
    }
    let Some(bare) = text.strip_prefix('+').or(Some(text)).filter(|bare| !bare.starts_with('-'))
    else {
        return;
    };
    if bare.len() < 9 {
        assert_eq!(thousandths(&format!("+{bare}")), Some(read.thousandths()));
        let turned = Quantity::parse(&format!("-{bare}"));
        assert_eq!(
            turned.map(Quantity::thousandths),
            Some(read.thousandths().wrapping_neg()),
            "{bare}"
        );
        if bare.starts_with(|c: char| c.is_ascii_digit()) {
            assert_eq!(thousandths(&format!("0{bare}")), Some(read.thousandths()), "{bare}");
        }
    }
    assert_eq!(read.compare(read), std::cmp::Ordering::Equal);
}

/// Typed entries as people write them.
pub fn intents(data: &[u8]) {
    let Ok(value) = std::str::from_utf8(data) else { return };
    places_are_inside(value, &reading(keys::INTENTS, value));
    let Some(entries) = entries_of_text(value) else { return };
    let text = written::write_text(&entries);
    assert_eq!(entries_of_text(&text).as_ref(), Some(&entries), "{text}");
    let tree = written::write(&entries);
    assert_eq!(written::read_each(&tree).as_ref(), Ok(&entries));
    assert_eq!(serde_json::from_str::<Value>(&text).ok().as_ref(), Some(&tree));
}

/// The wire form, and the text that annotations spell it in.
pub fn intents_tlv(data: &[u8]) {
    if let Ok(entries) = scan(data) {
        let mut blob = Vec::new();
        assert_eq!(append(&mut blob, &entries), Ok(()));
        assert_eq!(scan(&blob).as_ref(), Ok(&entries));
        // What was read is written as it was, TLV by TLV.
        let places = scan_with_places(data).unwrap_or_default();
        let parts: Vec<u8> = places
            .iter()
            .flat_map(|(place, _)| data.get(place.clone()).unwrap_or_default())
            .copied()
            .collect();
        if places.windows(2).all(|two| matches!(two, [a, b] if a.0.end <= b.0.start)) {
            assert_eq!(parts, blob);
        }
        let value = encode(Encoding::Base64, data);
        let spelt = typed::entries_of_blob(&value);
        assert!(spelt.is_none_or(|spelt| spelt == entries), "{value}");
    }
    for encoding in [Encoding::Base64, Encoding::Hex] {
        let text = encode(encoding, data);
        assert_eq!(decode(encoding, &text).as_deref(), Ok(data));
        if let Some(last) = data.len().checked_sub(1) {
            assert!(place(encoding, &text, last).is_some_and(|place| text.get(place).is_some()));
        }
        assert_eq!(place(encoding, &text, data.len()), None);
    }
    let Ok(text) = std::str::from_utf8(data) else { return };
    places_are_inside(text, &reading(keys::INTENTS_TLV, text));
    for encoding in [Encoding::Base64, Encoding::Hex] {
        match decode(encoding, text) {
            Ok(bytes) => assert!(bytes.len() <= text.len()),
            Err(flaw) => assert!(flaw.at() <= text.len() && text.is_char_boundary(flaw.at())),
        }
    }
}

/// Vocabularies.
pub fn vocabulary(data: &[u8]) {
    let Some(value) = value_of("vocabulary.yaml", data) else { return };
    let (words, problems) = placecard_policies::language::vocabulary_check::check(&value);
    assert!(problems.len() <= 100);
    for problem in &problems {
        let parent = || problem.pointer.rsplit_once('/').map_or("", |(parent, _)| parent);
        let pointer = if problem.on_key { parent() } else { &problem.pointer };
        assert!(value.pointer(pointer).is_some(), "{problem:?}");
    }
    let (again, findings) = vocabularies::check(&value);
    assert_eq!(format!("{again:?}"), format!("{words:?}"));
    // What stands in its metadata is told besides.
    assert!(findings.len() >= problems.len(), "{findings:?}");
}
