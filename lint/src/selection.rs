//! Which findings are told, and as what: by code, or by family of codes.
//!
//! What names a code stands over what names its family, and that over `all`; of two that are alike,
//! the one that leaves out. What the review says is not touched by it: a proof stays a proof, and
//! the admission webhook asks for none of this.

use std::collections::BTreeMap;

use placecard_findings::Severity;
use placecard_language::suggest::nearest;
use placecard_policies::family::Family;

use crate::explain;
use crate::plan::unknown;
use crate::render::place::Placed;

/// All codes.
pub const ALL: &str = "all";

/// What is selected by a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Reach {
    All,
    Family,
    Code,
}

/// A layer of choices: the configuration, then the command line.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layer {
    /// These and no others; `None`: those of the layer below.
    pub select: Option<Vec<String>>,
    /// These besides.
    pub extend_select: Vec<String>,
    /// Not these.
    pub ignore: Vec<String>,
    /// What findings weigh: a code or family, and the severity.
    pub severity: Vec<(String, Severity)>,
}

/// What becomes of the findings of each code.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selection {
    /// By code: whether it is told, and as what.
    chosen: BTreeMap<&'static str, Choice>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Choice {
    told: bool,
    /// The severity of the code itself.
    own: Severity,
    severity: Option<Severity>,
}

/// Resolves layers, the first one lowest. Without any, everything is told as it is.
///
/// # Errors
/// A name that is neither a code nor a family, with the nearest one that is.
pub fn selection(layers: &[&Layer]) -> Result<Selection, String> {
    let rows = explain::rows();
    for layer in layers {
        let named = layer.select.iter().flatten().chain(&layer.extend_select).chain(&layer.ignore);
        for name in named.chain(layer.severity.iter().map(|(name, _)| name)) {
            check(name, &rows)?;
        }
    }
    let mut chosen = BTreeMap::new();
    for row in &rows {
        let mut choice = Choice { told: true, own: row.severity, severity: None };
        for layer in layers {
            layer.apply(row, &mut choice);
        }
        chosen.insert(row.code, choice);
    }
    Ok(Selection { chosen })
}

/// Whether a name is a code, a family or `all`.
///
/// # Errors
/// It is none, with the nearest name that is.
pub fn check(name: &str, rows: &[explain::Row]) -> Result<(), String> {
    let names = || {
        let families = Family::ALL.iter().map(|family| family.name());
        std::iter::once(ALL).chain(families).chain(rows.iter().map(|row| row.code))
    };
    if names().any(|known| known == name) {
        return Ok(());
    }
    Err(match nearest(name, names()) {
        Some(_) => unknown("code or family", name, names()),
        None => format!("no code or family is named {name}; `placecard rules` lists them all"),
    })
}

impl Layer {
    fn apply(&self, row: &explain::Row, choice: &mut Choice) {
        let reach = |name: &String| {
            if name == row.code {
                Some(Reach::Code)
            } else if name == row.family {
                Some(Reach::Family)
            } else {
                (name == ALL).then_some(Reach::All)
            }
        };
        let select = self.select.as_deref();
        let chosen = select.into_iter().flatten().chain(&self.extend_select);
        let (chosen, left_out) =
            (chosen.filter_map(reach).max(), self.ignore.iter().filter_map(reach).max());
        choice.told = match (chosen, left_out) {
            (None, None) => choice.told && self.select.is_none(),
            (chosen, left_out) => chosen > left_out,
        };
        let severities = self.severity.iter();
        let severities = severities.filter_map(|(name, severity)| Some((reach(name)?, *severity)));
        // Of two that are alike the last one counts.
        if let Some((_, severity)) = severities.max_by_key(|(reach, _)| *reach) {
            choice.severity = Some(severity);
        }
    }
}

impl Selection {
    /// Gives a finding the severity that was chosen for it; false if it is not told at all. What is
    /// milder than its code, because its proof rests on something that is not known, is not made
    /// more severe.
    #[must_use]
    pub fn weigh(&self, placed: &mut Placed) -> bool {
        let Some(choice) = self.chosen.get(placed.finding.code.as_str()) else { return true };
        if let Some(severity) = choice.severity {
            let found = placed.finding.severity;
            placed.finding.severity =
                if found < choice.own { severity.min(found) } else { severity };
        }
        choice.told
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layer(select: Option<&str>, extend: &str, ignore: &str) -> Layer {
        let names = |text: &str| text.split_whitespace().map(str::to_owned).collect();
        Layer {
            select: select.map(names),
            extend_select: names(extend),
            ignore: names(ignore),
            severity: Vec::new(),
        }
    }

    fn told(layers: &[&Layer]) -> Vec<&'static str> {
        let selection = selection(layers).unwrap();
        let told = selection.chosen.iter().filter(|(_, choice)| choice.told);
        told.map(|(code, _)| *code).collect()
    }

    #[test]
    fn names_are_unique_and_what_begins_like_a_family_is_in_it() {
        let rows = explain::rows();
        for family in Family::ALL.iter().map(|family| family.name()) {
            assert!(rows.iter().all(|row| row.code != family), "{family} is a code");
            assert!(rows.iter().any(|row| row.family == family), "{family} is empty");
            let start = format!("{family}-");
            for row in rows.iter().filter(|row| row.code.starts_with(&start)) {
                assert_eq!(row.family, family, "{}", row.code);
            }
        }
    }

    #[test]
    fn the_narrower_name_counts_and_then_what_leaves_out() {
        let all = told(&[]).len();
        let volumes = [
            "pv-affinity-conflict",
            "emptydir-is-not-shared",
            "single-writer-volume-shared",
            "storageclass-topology-conflict",
        ];
        let sorted = || {
            let mut all = volumes.to_vec();
            all.sort_unstable();
            all
        };
        for (layers, expected) in [
            (vec![layer(Some("volumes"), "", "")], sorted()),
            (vec![layer(Some("volumes"), "", "pv-affinity-conflict")], volumes[1..].to_vec()),
            (vec![layer(Some("pv-affinity-conflict"), "", "volumes")], volumes[..1].to_vec()),
            (vec![layer(Some("volumes"), "", "volumes")], vec![]),
            (vec![layer(Some("all"), "", "all"), layer(None, "volumes", "")], sorted()),
            // The command line begins anew, and adds to the configuration.
            (vec![layer(None, "", "volumes"), layer(Some("volumes"), "", "")], sorted()),
            (
                vec![layer(Some("volumes"), "", ""), layer(None, "", "pv-affinity-conflict")],
                volumes[1..].to_vec(),
            ),
        ] {
            assert_eq!(told(&layers.iter().collect::<Vec<_>>()), expected, "{layers:?}");
        }
        assert_eq!(told(&[&layer(None, "", "volumes")]).len(), all - volumes.len());
    }

    #[test]
    fn unknown_names_have_a_suggestion() {
        for (name, expected) in [
            ("volume", "no code or family is named volume; did you mean volumes?"),
            ("would-wiat", "no code or family is named would-wiat; did you mean would-wait?"),
            ("x", "no code or family is named x; `placecard rules` lists them all"),
        ] {
            assert_eq!(selection(&[&layer(None, "", name)]), Err(expected.to_owned()));
        }
    }
}
