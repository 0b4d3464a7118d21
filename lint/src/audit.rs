//! What no longer holds in a cluster: from what was typed to a report.

mod evict;
mod human;
mod json;

use std::io::{IsTerminal, Read, Write};
use std::sync::Arc;

use placecard_findings::Severity;
use placecard_policies::audit::loss::Without;
use placecard_policies::audit::{self, Ask as Scope, Step};
use placecard_policies::feasibility::inventory::Inventory;

use crate::cluster_of::{self, Taken};
use crate::plan::{Ask, Evict, Look};
use crate::run::words_of;
use crate::{Outcome, complaining};

/// Smaller clusters are done before anybody has read a word.
const LARGE: usize = 20_000;

/// Answers `placecard audit`.
///
/// # Errors
/// Why it could not run.
pub(crate) fn answer(
    ask: &Ask,
    without: Vec<Without>,
    evict: Evict,
    look: Look,
    stdin: &mut dyn Read,
) -> Result<Outcome, String> {
    let words = words_of(&ask.inputs, stdin)?;
    let Taken { cluster, complaints, .. } =
        cluster_of::read(&ask.cluster, &ask.inputs, &words, stdin)?;
    let namespace = ask.namespace.clone();
    check(&cluster.inventory, &cluster.name, namespace.as_deref(), &without)?;
    let large = cluster.inventory.pods.len() > LARGE;
    let terminal = large && std::io::stderr().is_terminal();
    let words = ask.inputs.vocabulary.is_some().then(|| Arc::new(words));
    let found = audit::audit(&cluster, &Scope { namespace, without, words }, &mut |step| {
        if terminal {
            say(step);
        }
    });
    if terminal {
        clear();
    }
    let evicted = evict::carry_out(ask, evict, &cluster, &found)?;
    let output = match ask.json {
        true => json::render(&cluster, &found, evicted.as_deref()),
        false => human::render(&cluster, &found, evicted.as_deref(), ask.all, look),
    };
    let worst = found.worst();
    let fail_on = Some(Severity::Warning);
    Ok(Outcome { worst, fail_on, complaints: complaining(&complaints), ..Outcome::output(output) })
}

/// Is there anything to look at, and does everything exist that was named?
fn check(
    inventory: &Inventory,
    cluster: &str,
    namespace: Option<&str>,
    without: &[Without],
) -> Result<(), String> {
    let asked = |pod: &str| namespace.is_none_or(|namespace| namespace == pod);
    if !inventory.pods.keys().any(|(namespace, _)| asked(namespace)) {
        let within = namespace.map(|it| format!(" of namespace {it}")).unwrap_or_default();
        return Err(format!("no pod{within} in {cluster}: an audit looks at pods"));
    }
    for one in without {
        if one.nodes(inventory).is_empty() {
            return Err(match one {
                Without::Node(name) => format!("no node of {cluster} is named {name}"),
                Without::Label { key, value } => {
                    format!("no node of {cluster} has the label {key}={value}")
                }
            });
        }
    }
    Ok(())
}

/// One line that is written over and over. That it cannot be written hurts nobody.
fn say(step: Step) {
    let what = match step {
        Step::Counting => "counting pods",
        Step::Running => "looking at running pods",
        Step::Pending => "looking at pending pods",
        Step::Loss => "placing pods of lost nodes",
    };
    let mut to = std::io::stderr();
    let _ = write!(to, "\r\x1b[K{what}");
    let _ = to.flush();
}

fn clear() {
    let mut to = std::io::stderr();
    let _ = write!(to, "\r\x1b[K");
    let _ = to.flush();
}
