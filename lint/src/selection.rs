//! Which findings are told, and as what: by code, or by family of codes.
//!
//! What names a code stands over what names its family, and that over `all`; of two that are alike,
//! the one that leaves out. What the review says is not touched by it: a proof stays a proof, and
//! the admission webhook asks for none of this.

use std::collections::BTreeMap;

use placecard_findings::{Severity, Verdict};
use placecard_language::suggest::nearest;

use crate::explain;
use crate::plan::unknown;
use crate::render::place::Placed;

/// A family of codes.
#[derive(Debug)]
pub struct Family {
    /// As typed.
    pub name: &'static str,
    /// What its codes are about, in a few words.
    pub summary: &'static str,
    /// Its codes; besides them, what [`family`] says.
    codes: &'static [&'static str],
}

/// All codes.
pub const ALL: &str = "all";

/// The families, in the order of the reference.
pub static FAMILIES: &[Family] = &[
    Family {
        name: "files",
        summary: "files and fields that cannot be read",
        codes: &["field-type"],
    },
    Family {
        name: "language",
        summary: "rules in words: how they are written, and what they name",
        codes: &[
            "deprecated-word",
            "not-applied",
            "word-in-use",
            "unused-ignore",
            "invalid-ignore",
        ],
    },
    Family {
        name: "coordination",
        summary: "roles that are placed together",
        codes: &[
            "unknown-role",
            "role-ratio",
            "role-placed-twice",
            "sequential-needs-gate",
            "no-ordinal",
            "replicas-not-divisible",
            "unequal-batches",
            "batch-never-complete",
            "batch-kept-apart",
            "ready-without-probe",
            "batch-fits-no-domain",
            "topology-label-missing",
            "roles-share-no-domain",
            "autoscaler-breaks-batches",
            "other-exclusive-domain",
            "not-coordinated",
            "plays-no-role",
            "second-pod-affinity-term",
            "coordination-pruned",
        ],
    },
    Family {
        name: "node",
        summary: "demands of one pod on its node",
        codes: &[
            "node-selector-contradicts-affinity",
            "node-affinity-unsatisfiable",
            "deprecated-node-label",
            "invalid-well-known-value",
            "node-affinity-or-instead-of-and",
            "not-default-scheduled",
            "removed-master-role",
            "unknown-reserved-label-key",
        ],
    },
    Family {
        name: "affinity",
        summary: "pod affinity and anti-affinity of one pod",
        codes: &[
            "affinity-contradicts-anti-affinity",
            "self-affinity-vs-self-anti-affinity",
            "pod-affinity-terms-no-common-pod",
            "pod-affinity-selector-null",
            "label-selector-unsatisfiable",
            "anti-affinity-selector-everything",
        ],
    },
    Family {
        name: "self",
        summary: "replicas and what they demand of one another",
        codes: &[
            "anti-affinity-replicas-exceed-allowed",
            "anti-affinity-misses-self",
            "spread-misses-self",
            "spread-selector-missing",
            "spread-selector-empty",
            "match-label-key-absent",
        ],
    },
    Family {
        name: "rollout",
        summary: "replicas, autoscaling and updates",
        codes: &[
            "rollout-needs-spare-domain",
            "hpa-max-exceeds-domains",
            "spread-min-domains-unreachable",
            "daemonset-spread-noop",
        ],
    },
    Family {
        name: "spread",
        summary: "topology spread constraints",
        codes: &["spread-over-pinned-key"],
    },
    Family {
        name: "taints",
        summary: "taints and tolerations",
        codes: &["toleration-everything", "toleration-unused-or-shadowed"],
    },
    Family {
        name: "resources",
        summary: "requests, quotas and limit ranges",
        codes: &["quota-blocks-rollout", "namespace-refuses-pod"],
    },
    Family {
        name: "workloads",
        summary: "what workloads do to one another",
        codes: &["foreign-anti-affinity-blocks"],
    },
    Family {
        name: "volumes",
        summary: "claims and volumes",
        codes: &["pv-affinity-conflict", "single-writer-volume-shared"],
    },
    Family {
        name: "disruption",
        summary: "disruption budgets, priority and preemption",
        codes: &["pdb-zero-disruptions", "priority-class-refused"],
    },
    Family {
        name: "cluster",
        summary: "what the nodes of a cluster have room for",
        codes: &[
            "no-node-fits",
            "would-wait",
            "rule-no-longer-holds",
            "cannot-be-placed",
            "no-place-without",
        ],
    },
];

/// The families of codes that are listed nowhere, by how their names begin.
const BEGINNINGS: &[(&str, &str)] = &[
    ("anti-affinity-", "affinity"),
    ("affinity-", "affinity"),
    ("pod-affinity-", "affinity"),
    ("batch-", "coordination"),
    ("daemonset-", "rollout"),
    ("hpa-", "rollout"),
    ("node-", "node"),
    ("pdb-", "disruption"),
    ("priority-", "disruption"),
    ("pv-", "volumes"),
    ("quota-", "resources"),
    ("request-", "resources"),
    ("rollout-", "rollout"),
    ("spread-", "spread"),
    ("statefulset-", "rollout"),
    ("storageclass-", "volumes"),
];

/// The family of a code: where it is listed, else by what kind of statement it makes.
#[must_use]
pub fn family(code: &str, verdict: Verdict) -> &'static str {
    let listed = FAMILIES.iter().find(|family| family.codes.contains(&code));
    let listed = listed.map(|family| family.name);
    let of_language = placecard_language::codes::find(code).is_some();
    let begins = BEGINNINGS.iter().find(|(start, _)| !of_language && code.starts_with(start));
    match (listed.or(begins.map(|(_, family)| *family)), verdict) {
        (Some(family), _) => family,
        (None, Verdict::ApiRejects) => "files",
        (None, Verdict::NoInventory | Verdict::CrowdedOut | Verdict::Waiting) => "cluster",
        (None, Verdict::Contradictory) => "node",
        (None, Verdict::ContradictoryGroup | Verdict::ContradictoryUpdate) => "rollout",
        (None, _) if crate::load_codes::find(code).is_some() => "files",
        (None, _) => "language",
    }
}

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
        let families = FAMILIES.iter().map(|family| family.name);
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
    fn every_listed_code_exists_and_has_one_family() {
        let rows = explain::rows();
        let mut seen = std::collections::BTreeSet::new();
        for family in FAMILIES {
            assert!(rows.iter().all(|row| row.code != family.name), "{} is a code", family.name);
            for code in family.codes {
                assert!(rows.iter().any(|row| row.code == *code), "no code is named {code}");
                assert!(seen.insert(code), "{code} is in two families");
            }
        }
        for row in &rows {
            assert!(FAMILIES.iter().any(|family| family.name == row.family), "{}", row.code);
        }
    }

    #[test]
    fn the_narrower_name_counts_and_then_what_leaves_out() {
        let all = told(&[]).len();
        let volumes = ["pv-affinity-conflict", "single-writer-volume-shared"];
        for (layers, expected) in [
            (vec![layer(Some("volumes"), "", "")], volumes.to_vec()),
            (vec![layer(Some("volumes"), "", "pv-affinity-conflict")], volumes[1..].to_vec()),
            (vec![layer(Some("pv-affinity-conflict"), "", "volumes")], volumes[..1].to_vec()),
            (vec![layer(Some("volumes"), "", "volumes")], vec![]),
            (vec![layer(Some("all"), "", "all"), layer(None, "volumes", "")], volumes.to_vec()),
            // The command line begins anew, and adds to the configuration.
            (vec![layer(None, "", "volumes"), layer(Some("volumes"), "", "")], volumes.to_vec()),
            (
                vec![layer(Some("volumes"), "", ""), layer(None, "", "pv-affinity-conflict")],
                volumes[1..].to_vec(),
            ),
        ] {
            assert_eq!(told(&layers.iter().collect::<Vec<_>>()), expected, "{layers:?}");
        }
        assert_eq!(told(&[&layer(None, "", "volumes")]).len(), all - 2);
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
