//! How role coordinations stand: from what was typed to a report.

mod human;
mod json;
mod source;

use std::io::Read;

use placecard_findings::Severity;
use placecard_policies::coordination::outlook::{Outlook, Outlooks, outlooks};

use self::source::Taken;
use crate::plan::{Ask, Look};
use crate::run::words_of;
use crate::{Outcome, complaining};

/// Answers `placecard status`.
///
/// # Errors
/// Why it could not run.
pub(crate) fn answer(ask: &Ask, look: Look, stdin: &mut dyn Read) -> Result<Outcome, String> {
    let words = words_of(&ask.inputs, stdin)?;
    let taken = source::read(&ask.cluster, ask.inputs.server, stdin)?;
    let mut found = outlooks(&taken.live, &words, taken.now);
    select(&mut found, ask, &taken)?;
    let worst = (!found.unusable.is_empty()
        || !found.orphans.is_empty()
        || found.found.iter().any(Outlook::needs_help))
    .then_some(Severity::Error);
    let output = match ask.json {
        true => json::render(&taken, &found),
        false => human::render(&taken, &found, ask.all, look),
    };
    let complaints = complaining(&taken.complaints);
    Ok(Outcome { worst, fail_on: Some(Severity::Error), complaints, ..Outcome::output(output) })
}

/// Keeps what was asked for.
fn select(found: &mut Outlooks, ask: &Ask, taken: &Taken) -> Result<(), String> {
    let cluster = &taken.name;
    let inside = |namespace: &str| ask.namespace.as_deref().is_none_or(|one| one == namespace);
    let is = |word: &str, namespace: &str, name: &str| match word.split_once('/') {
        Some((of, short)) => of == namespace && short == name,
        None => word == name,
    };
    let wanted = |namespace: &str, name: &str| {
        let named = ask.words.is_empty() || ask.words.iter().any(|word| is(word, namespace, name));
        inside(namespace) && named
    };
    let all: Vec<(String, String)> = names(found);
    found.found.retain(|one| wanted(&one.namespace, &one.group));
    found.unusable.retain(|((namespace, name), _)| wanted(namespace, name));
    found.orphans.retain(|one| ask.words.is_empty() && inside(&one.pod.0));
    let left = names(found);
    for word in &ask.words {
        if !left.iter().any(|(namespace, name)| is(word, namespace, name)) {
            let there: Vec<String> =
                all.iter().map(|(namespace, name)| format!("{namespace}/{name}")).collect();
            let hint = match there.is_empty() {
                true => String::new(),
                false => format!("; there are {}", there.join(", ")),
            };
            return Err(format!("no role coordination {word} in {cluster}{hint}"));
        }
    }
    if left.is_empty() && found.orphans.is_empty() {
        return Err(format!(
            "no role coordination in {cluster}: kubectl get \
             nodes,pods,statefulsets,deployments,jobs,rolecoordinations.placecard.dev -A -o json \
             prints what is read"
        ));
    }
    Ok(())
}

fn names(found: &Outlooks) -> Vec<(String, String)> {
    let own = found.found.iter().map(|one| (one.namespace.clone(), one.group.clone()));
    let mut names: Vec<(String, String)> =
        own.chain(found.unusable.iter().map(|(name, _)| name.clone())).collect();
    names.sort();
    names.dedup();
    names
}
