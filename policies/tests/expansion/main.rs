//! What each rule becomes: sentences and hand-written fields to exact native fields, in templates
//! and on pods. The notation of the fields is that of `notation`, the words and objects are those
//! of `shop`.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[path = "../notation/mod.rs"]
mod notation;
#[path = "../shop/mod.rs"]
mod shop;

mod back;
mod merging;
mod nodes;
mod pods;
mod spread;
mod tolerations;

use placecard_policies::change::edit_value;
use placecard_policies::patch;
use placecard_policies::read;
use placecard_policies::review::{Review, review};
use placecard_policies::rules;
use serde_json::{Value, json};

/// One row of a table.
#[derive(Clone)]
pub(crate) struct Case {
    object: &'static str,
    require: &'static str,
    prefer: &'static str,
    tolerate: &'static str,
    fields: Value,
    server: u32,
    gives: Option<&'static [&'static str]>,
    codes: &'static [&'static str],
}

pub(crate) fn case(object: &'static str, require: &'static str) -> Case {
    Case {
        object,
        require,
        prefer: "",
        tolerate: "",
        fields: json!({}),
        server: 34,
        gives: None,
        codes: &[],
    }
}

impl Case {
    pub(crate) fn prefer(mut self, prefer: &'static str) -> Self {
        self.prefer = prefer;
        self
    }
    pub(crate) fn tolerate(mut self, tolerate: &'static str) -> Self {
        self.tolerate = tolerate;
        self
    }
    /// Hand-written fields.
    pub(crate) fn with(mut self, fields: Value) -> Self {
        self.fields = fields;
        self
    }
    /// The server's minor version.
    pub(crate) fn server(mut self, minor: u32) -> Self {
        self.server = minor;
        self
    }
    /// All placement fields after the expansion, hand-written ones included.
    pub(crate) fn gives(mut self, lines: &'static [&'static str]) -> Self {
        self.gives = Some(lines);
        self
    }
    /// The codes of the findings; without `gives`, what is written does not matter.
    pub(crate) fn codes(mut self, codes: &'static [&'static str]) -> Self {
        self.codes = codes;
        self
    }
}

/// Checks a table: the fields, the codes, that a second expansion has nothing to do, and that the
/// patch says the same as the changes.
pub(crate) fn check(cases: &[Case]) {
    let mut wrong = Vec::new();
    for case in cases {
        if let Err(report) = check_one(case) {
            wrong.push(report);
        }
    }
    assert!(wrong.is_empty(), "{} of {} cases:\n\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

fn check_one(case: &Case) -> Result<(), String> {
    let annotations = shop::annotations(case.require, case.prefer, case.tolerate);
    let (value, template) = shop::object(case.object, &annotations, &case.fields);
    let (review, patched) = expanded(&value, case.server);
    let lines =
        |value: &Value| notation::lines(value.pointer(&format!("{template}/spec")).unwrap());
    let codes: Vec<String> = review.findings.iter().map(|one| one.code.to_string()).collect();
    let (mut found, mut told) = (lines(&patched), String::new());
    if codes != case.codes {
        told += &format!("   codes: {codes:?}\n   wants: {:?}\n", case.codes);
    }
    if let Some(wanted) = case.gives
        && found != wanted
    {
        told += &format!("   gives: {found:#?}\n   wants: {wanted:#?}\n");
    }
    if case.gives.is_none() && case.codes.is_empty() {
        told += &format!("   gives: {found:#?}\n   wants: nothing said\n");
    }
    if codes.is_empty() {
        let (again, twice) = expanded(&patched, case.server);
        found = lines(&twice);
        if twice != patched {
            told += &format!("   a second expansion gives: {found:#?}\n");
        }
        // To the rules about fields it is one that somebody wrote by hand.
        let codes: Vec<String> = again.findings.iter().map(|one| one.code.to_string()).collect();
        if !codes.iter().all(|code| rules::is_about_fields(code)) {
            told += &format!("   the expanded object has findings: {codes:?}\n");
        }
    }
    if told.is_empty() {
        return Ok(());
    }
    let Case { object, require, prefer, tolerate, .. } = case;
    Err(format!("{object}: {require:?} prefer {prefer:?} tolerate {tolerate:?}\n{told}"))
}

/// The review, and the object with the patch applied.
fn expanded(value: &Value, server: u32) -> (Review, Value) {
    let surroundings = shop::surroundings(server);
    let object = read::object(value, &surroundings.words).unwrap();
    let review = review(&object, &surroundings);
    let mut patched = value.clone();
    for expansion in &review.expansions {
        let template = object.templates.iter().find(|one| one.path == expansion.template).unwrap();
        json_patch::patch(&mut patched, &patch::fields(expansion, template)).unwrap();
        if expansion.base == template.spec {
            let mut edited =
                template_spec(value, object.kind.map_or(&[][..], |kind| kind.template));
            for change in &expansion.changes {
                edit_value(&mut edited, change.edit());
            }
            let path = object.kind.map_or(&[][..], |kind| kind.template);
            if object.kind.is_some() {
                assert_eq!(template_spec(&patched, path), edited);
            }
        }
        if expansion.in_place {
            json_patch::patch(&mut patched, &patch::record(expansion, template)).unwrap();
        }
    }
    (review, patched)
}

fn template_spec(value: &Value, path: &[&str]) -> Value {
    let template = path.iter().fold(value, |at, key| &at[*key]);
    template["spec"].clone()
}
