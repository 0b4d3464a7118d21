//! Tolerations that add nothing.

use std::collections::BTreeMap;

use k8s_openapi::api::core::v1::Toleration;
use placecard_findings::{Code, Edit, Finding, Fix, Help, Label, Site};

use super::{Family, Sees, risk};
use crate::fields::{Check, FieldRule, TemplateCase};

const CODE: Code = Code::new("toleration-unused-or-shadowed");

pub(super) const RULE: FieldRule = FieldRule {
    rule: risk(
        CODE,
        Family::Taints,
        "a toleration that another one of the pod already implies",
        include_str!("toleration_unused_or_shadowed.md"),
        Sees::Placement,
    ),
    check: Check::Template(check),
};

/// k8s.io/api/core/v1 `Toleration.ToleratesTaint`: whatever the one tolerates, the other does too.
fn check(case: &TemplateCase<'_>, findings: &mut Vec<Finding>) {
    let list = &case.template.spec.tolerations;
    let at = || case.template.spec_path(&["tolerations"]);
    let first = first_of_each(list);
    for (index, one) in list.iter().enumerate() {
        let Some(wider) = wider(&first, index, one) else { continue };
        let label = Label::new(Site::value(at().index(index)), "adds nothing");
        let mut finding = case.risk(CODE, "another toleration of the pods implies this one", label);
        finding.labels.push(Label::new(Site::value(at().index(wider)), "tolerates as much or more"));
        finding.help = vec![Help::mentioning("drop {}", vec![0])];
        finding.fix = Some(Fix::safe(vec![Edit::remove(at().index(index))]));
        findings.push(finding);
    }
}

/// Key, effect and value of what is tolerated; an empty key or effect stands for all of them, no
/// value for `Exists`.
type Tolerated<'a> = (&'a str, &'a str, Option<&'a str>);

/// What a toleration tolerates for ever; `None` for one with seconds (the pair then says more than
/// either) or with an operator that we do not know.
fn tolerated(one: &Toleration) -> Option<Tolerated<'_>> {
    let value = match one.operator.as_deref() {
        None | Some("" | "Equal") => Some(one.value.as_deref().unwrap_or_default()),
        Some("Exists") => None,
        Some(_) => return None,
    };
    let (key, effect) = (one.key.as_deref(), one.effect.as_deref());
    let sure = one.toleration_seconds.is_none();
    sure.then_some((key.unwrap_or_default(), effect.unwrap_or_default(), value))
}

fn first_of_each(list: &[Toleration]) -> BTreeMap<Tolerated<'_>, usize> {
    let mut first = BTreeMap::new();
    for (index, one) in list.iter().enumerate() {
        if let Some(tolerated) = tolerated(one) {
            first.entry(tolerated).or_insert(index);
        }
    }
    first
}

/// The first toleration that tolerates all that this one does: more, or the same and before it.
fn wider(first: &BTreeMap<Tolerated<'_>, usize>, index: usize, one: &Toleration) -> Option<usize> {
    let own = tolerated(one)?;
    let (key, effect, value) = own;
    let candidates = [key, ""].into_iter().flat_map(|key| {
        [effect, ""].into_iter().flat_map(move |effect| [(key, effect, value), (key, effect, None)])
    });
    let there = candidates.filter_map(|other| Some((other, *first.get(&other)?)));
    there.filter(|(other, at)| *other != own || *at < index).map(|(_, at)| at).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<Toleration> {
        let mut all = Vec::new();
        for key in ["", "a"] {
            for effect in ["", "NoSchedule"] {
                for value in [None, Some(""), Some("x")] {
                    let operator = if value.is_some() { "Equal" } else { "Exists" };
                    all.push(Toleration {
                        key: Some(key.to_owned()),
                        effect: Some(effect.to_owned()),
                        operator: Some(operator.to_owned()),
                        value: value.map(str::to_owned),
                        toleration_seconds: None,
                    });
                }
            }
        }
        all.push(Toleration { toleration_seconds: Some(1), ..all[0].clone() });
        all.push(Toleration { operator: Some("Lt".to_owned()), ..all[2].clone() });
        all
    }

    /// Every taint of the few words above, by the API's own definition.
    fn taints(one: &Toleration) -> Vec<(&'static str, &'static str, &'static str)> {
        let mut found = Vec::new();
        for key in ["", "a", "b"] {
            for effect in ["NoSchedule", "NoExecute"] {
                for value in ["", "x", "y"] {
                    let text = |field: &Option<String>| field.clone().unwrap_or_default();
                    let same = |field: &Option<String>, word| {
                        text(field).is_empty() || text(field) == word
                    };
                    let equal = one.operator.as_deref() == Some("Exists") || text(&one.value) == value;
                    if same(&one.key, key) && same(&one.effect, effect) && equal {
                        found.push((key, effect, value));
                    }
                }
            }
        }
        found
    }

    #[test]
    fn who_adds_nothing_is_who_tolerates_no_taint_that_another_does_not() {
        let all = all();
        let sure = |one: &Toleration| {
            one.toleration_seconds.is_none() && one.operator.as_deref() != Some("Lt")
        };
        for list in all.iter().flat_map(|one| all.iter().map(move |two| [one, two])) {
            let list = list.map(Clone::clone);
            let first = first_of_each(&list);
            let found = [0, 1].map(|index| wider(&first, index, &list[index]).is_some());
            let [one, two] = [&list[0], &list[1]].map(taints);
            let within = |a: &Vec<_>, b: &Vec<_>| a.iter().all(|taint| b.contains(taint));
            let sure = list.iter().all(sure);
            let expected =
                [sure && within(&one, &two) && !within(&two, &one), sure && within(&two, &one)];
            assert_eq!(found, expected, "{list:?}");
        }
    }
}
