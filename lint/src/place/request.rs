//! What the typed entries of a pod ask for by themselves: the parts of each candidate's score.

use std::collections::BTreeMap;
use std::sync::Arc;

use placecard_language::affinity::{Affinity, written};
use placecard_language::typed::{entries_of_blob, entries_of_text};
use placecard_language::{Words, keys};
use placecard_policies::cluster::Cluster;
use placecard_policies::directory::Known;
use placecard_policies::feasibility::inventory::pod::Pod;
use placecard_policies::placement_request::filter::{AffinityRejection, Eliminated};
use placecard_policies::placement_request::resolve::Unresolved;
use placecard_policies::placement_request::{
    Candidate, Context, MOST_ENTRIES, Placement, place_entries,
};
use placecard_policies::surroundings::Objects;
use placecard_policies::why::groups::Holder;
use placecard_policies::words::placement_request as words;
use serde_json::{Value, json};

use super::MOST_ROWS;
use crate::plan::Look;
use crate::render::human::{WIDTH, word, wrap};
use crate::render::style::{Paint, paint, plain};

/// The typed entries of a template, and its pod without them.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    pub(crate) entries: Vec<Affinity>,
    pub(crate) pod: Pod,
    /// What the manifests say of what they name.
    pub(crate) answers: Arc<Objects>,
}

/// The typed entries of annotations; `None` without any, or if they cannot be read, which
/// `placecard lint` tells.
pub(crate) fn entries(annotations: &BTreeMap<String, String>) -> Option<Vec<Affinity>> {
    let mut entries = Vec::new();
    if let Some(value) = annotations.get(keys::INTENTS) {
        entries.extend(entries_of_text(value)?);
    }
    if let Some(value) = annotations.get(keys::INTENTS_TLV) {
        entries.extend(entries_of_blob(value)?);
    }
    (!entries.is_empty()).then_some(entries)
}

/// Places the entries.
pub(crate) fn placed(
    cluster: &Cluster,
    vocabulary: &Words,
    request: &Request,
    owner: Option<&Holder>,
) -> Placement {
    let known = Known::beside(&request.answers, &cluster.inventory);
    let context = Context::new(cluster, vocabulary, &known, &request.pod);
    place_entries(&request.entries, &Context { owner, ..context })
}

/// For people.
pub(crate) fn to_text(placement: &Placement, all: bool, look: Look) -> String {
    let mut text = String::new();
    for line in wrap(&plain(&words::headline(placement), look.ascii), WIDTH) {
        text.push_str(&format!("  {line}\n"));
    }
    let looked_at = placement.rejection != Some(AffinityRejection::TooManyEntries);
    for (number, entry) in placement.entries.iter().enumerate().filter(|_| looked_at) {
        let entry = plain(&words::entry(entry), look.ascii);
        text.push_str(&format!("    {}  {entry}\n", number + 1));
    }
    if let Some(rejection) = &placement.rejection {
        for line in words::rejection(placement, rejection) {
            text.push_str(&word("cause:", &plain(&line, look.ascii), look));
        }
        return text;
    }
    for one in &placement.unresolved {
        let line = words::unresolved(placement, one);
        text.push_str(&word("note:", &plain(&line, look.ascii), look));
    }
    text + &table(placement, all, look)
}

fn table(placement: &Placement, all: bool, look: Look) -> String {
    let most = if all { placement.candidates.len() } else { MOST_ROWS };
    let shown = || placement.candidates.iter().take(most);
    let width = shown().map(|one| one.node.chars().count()).max().unwrap_or_default().max(4);
    let title = format!(
        "  rank  {:width$}  total  affinity    fit  locality  pressure  topology  meets",
        "node"
    );
    let mut text = format!("\n{}\n", paint(look, Paint::Word, &title));
    for one in shown() {
        let Candidate { rank, total, parts, met, .. } = one;
        let node = plain(&one.node, look.ascii);
        text.push_str(&format!(
            "  {rank:>4}  {node:width$}  {total:>5}  {:>8}  {:>5}  {:>8}  {:>8}  {:>8}  {}\n",
            parts.affinity,
            parts.fit,
            parts.locality,
            parts.pressure,
            parts.topology,
            words::met(met),
        ));
    }
    let rest = placement.candidates.len().saturating_sub(most);
    if rest > 0 {
        let more = placecard_policies::words::why::several(rest, "more node");
        text.push_str(&format!("  and {more}: --all\n"));
    }
    text
}

/// For programs.
pub(crate) fn to_json(placement: &Placement) -> Value {
    let candidate = |one: &Candidate| {
        let parts = &one.parts;
        json!({"rank": one.rank, "node": one.node, "total": one.total, "met": one.met,
            "parts": {"affinity": parts.affinity, "fit": parts.fit, "locality": parts.locality,
                "pressure": parts.pressure, "topology": parts.topology}})
    };
    let unresolved = |one: &Unresolved| json!({"entry": one.entry, "why": words::why(&one.why)});
    let eliminated = |one: &Eliminated| json!({"entry": one.entry, "removed": one.removed});
    let rejection = match &placement.rejection {
        None => Value::Null,
        Some(AffinityRejection::Unresolved(entries)) => {
            let entries: Vec<Value> = entries.iter().map(unresolved).collect();
            json!({"reason": "Unresolved", "unresolved": entries})
        }
        Some(AffinityRejection::RequiredAffinityUnsatisfiable(found)) => {
            let by_entry: Vec<Value> = found.by_entry.iter().map(eliminated).collect();
            json!({"reason": "RequiredAffinityUnsatisfiable", "candidates": found.candidates,
                "byEntry": by_entry, "core": found.core})
        }
        Some(AffinityRejection::TooManyEntries) => {
            json!({"reason": "TooManyEntries", "limit": MOST_ENTRIES})
        }
        Some(_) => json!({"reason": "NoNodeFits"}),
    };
    let mut entries = written::write(&placement.entries);
    json!({
        "entries": entries["entries"].take(),
        "fitting": placement.fitting,
        "candidates": placement.candidates.iter().map(candidate).collect::<Vec<Value>>(),
        "rejection": rejection,
        "unresolved": placement.unresolved.iter().map(unresolved).collect::<Vec<Value>>(),
    })
}
