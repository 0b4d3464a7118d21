//! The pages and the table of codes: those of the rules and those of unreadable files.

use placecard_findings::{Severity, Verdict};
use placecard_policies::rules::RULES;
use serde::Serialize;

use crate::load_codes::LOAD_CODES;

/// A line of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row {
    /// The code.
    pub code: &'static str,
    /// Severity of its findings; single ones may be milder.
    pub severity: Severity,
    /// What kind of statement it makes.
    pub verdict: Verdict,
    /// The family that it is selected with.
    pub family: &'static str,
    /// One line.
    pub summary: &'static str,
}

/// All codes, in the order of the reference.
#[must_use]
pub fn rows() -> Vec<Row> {
    let rules = RULES.iter().map(|rule| Row {
        code: rule.code.as_str(),
        severity: rule.severity,
        verdict: rule.verdict,
        family: rule.family.name(),
        summary: rule.summary,
    });
    let loading = LOAD_CODES.iter().map(|row| Row {
        code: row.code.as_str(),
        severity: row.severity,
        verdict: row.verdict,
        family: row.family.name(),
        summary: row.summary,
    });
    rules.chain(loading).collect()
}

/// The page of a code, with a line break at its end.
///
/// # Errors
/// There is no such code; the text names the nearest one.
pub fn explain(code: &str) -> Result<String, String> {
    let code = code.trim().trim_start_matches('[').trim_end_matches(']');
    if let Some(rule) = placecard_policies::rules::find(code) {
        return Ok(format!("{}\n", rule.page.trim_end()));
    }
    if let Some(row) = crate::load_codes::find(code) {
        return Ok(format!("# {}\n\n{}.\n\n{}\n", row.code, capital(row.summary), row.details));
    }
    let near = rows()
        .into_iter()
        .map(|row| (strsim::damerau_levenshtein(code, row.code), row.code))
        .min()
        .filter(|(distance, name)| *distance * 3 <= name.len());
    Err(match near {
        Some((_, name)) => format!("no code is named {code}; did you mean {name}?"),
        None => format!("no code is named {code}; `placecard rules` lists them all"),
    })
}

fn capital(text: &str) -> String {
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().collect::<String>());
    first.unwrap_or_default() + characters.as_str()
}

/// The table of codes for people.
#[must_use]
pub fn table() -> String {
    let rows = rows();
    let width = |column: fn(&Row) -> &'static str| {
        rows.iter().map(|row| column(row).len()).max().unwrap_or_default()
    };
    let (codes, verdicts) = (width(|row| row.code), width(|row| row.verdict.as_str()));
    let families = width(|row| row.family);
    let mut text = String::new();
    for row in &rows {
        text.push_str(&format!(
            "{:codes$}  {:7}  {:families$}  {:verdicts$}  {}\n",
            row.code,
            row.severity.as_str(),
            row.family,
            row.verdict.as_str(),
            row.summary
        ));
    }
    text
}

#[derive(Serialize)]
struct JsonTable {
    version: u32,
    rules: Vec<JsonRow>,
}

#[derive(Serialize)]
struct JsonRow {
    code: &'static str,
    severity: &'static str,
    verdict: &'static str,
    family: &'static str,
    summary: &'static str,
}

/// The table of codes as JSON.
#[must_use]
pub fn json() -> String {
    let rules = rows()
        .into_iter()
        .map(|row| JsonRow {
            code: row.code,
            severity: row.severity.as_str(),
            verdict: row.verdict.as_str(),
            family: row.family,
            summary: row.summary,
        })
        .collect();
    let text = serde_json::to_string_pretty(&JsonTable { version: 1, rules });
    text.unwrap_or_default() + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_or_a_suggestion() {
        let page = explain("yaml-syntax").unwrap();
        assert!(page.starts_with("# yaml-syntax\n\nA document is not YAML.\n"), "{page}");
        assert_eq!(explain("[yaml-syntax]"), Ok(page));
        for (code, expected) in [
            ("yaml-sytnax", "no code is named yaml-sytnax; did you mean yaml-syntax?"),
            ("xyz", "no code is named xyz; `placecard rules` lists them all"),
        ] {
            assert_eq!(explain(code), Err(expected.to_owned()));
        }
    }

    #[test]
    fn every_row_has_a_page() {
        for row in rows() {
            let page = explain(row.code).unwrap();
            assert!(page.starts_with(&format!("# {}\n", row.code)), "{}", row.code);
            assert!(table().lines().any(|line| line.starts_with(row.code)), "{}", row.code);
        }
        let read: serde_json::Value = serde_json::from_str(&json()).unwrap();
        assert_eq!(read["rules"].as_array().map(Vec::len), Some(rows().len()));
    }
}
