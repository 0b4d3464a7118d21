//! From intents to native fields: what is to be added to one pod spec so that the rules hold.
//!
//! Nothing that the user wrote is widened or dropped; what is there already is not added again, so
//! that expanding twice changes nothing, also when another webhook reordered or completed the pod
//! in between. The order of the output is that of the rules.

mod meaning;
mod nodes;
mod pods;
mod present;
mod spread;
mod target;
mod tolerations;

use placecard_feasibility::node_terms::NodeTerm;
use placecard_feasibility::selector::Selector;
use placecard_findings::FieldPath;
use placecard_language::intent::{Intents, Origin, PodTarget, Relation, Rule, Strength};

pub(crate) use meaning::Meanings;
pub(crate) use nodes::admitted;
use present::Present;

use crate::change::Change;
use crate::directory;
use crate::frame::{Form, Frame};
use crate::native;
use crate::object::{Object, Owner, PodSpec, Template};
use crate::surroundings::{Reference, Surroundings};
use crate::trouble::{Obstacle, Rival, Trouble};

/// The state of one expansion.
pub(crate) struct Expander<'a> {
    pub(crate) frame: &'a Frame<'a>,
    pub(crate) surroundings: &'a Surroundings,
    /// The pod's controller; empty without one.
    pub(crate) owner: Owner,
    /// The fields, with the changes made so far.
    pub(crate) spec: PodSpec,
    pub(crate) changes: Vec<Change>,
    /// For each rule in words: which native fields say it.
    pub(crate) added: Vec<String>,
    pub(crate) troubles: Vec<Trouble>,
    /// No node can meet the required node rules: nothing is to be written.
    pub(crate) impossible: bool,
    /// What is expanded is this very object, and not the pods made from it.
    in_place: bool,
    dead: Vec<Dead>,
    near: Vec<(Rule, pods::Near)>,
    /// Required node rules and the terms that they admit.
    node_rules: Vec<(Rule, Vec<NodeTerm>)>,
    present: Present,
    sources: Sources,
}

/// Which rule wrote the element at an index of a list; the others are hand-written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sources {
    pub(crate) affinity: Vec<(usize, Origin)>,
    pub(crate) anti_affinity: Vec<(usize, Origin)>,
    pub(crate) spread: Vec<(usize, Origin)>,
    pub(crate) tolerations: Vec<(usize, Origin)>,
}

/// The rule among the sources of a list, if it wrote the element. The sources are in the order of
/// the list: elements are only added at its end.
pub(crate) fn source(sources: &[(usize, Origin)], index: usize) -> Option<&Origin> {
    let at = sources.binary_search_by_key(&index, |(at, _)| *at).ok()?;
    sources.get(at).map(|(_, origin)| origin)
}

/// A rule that says nothing: no pod can match its selector.
pub(crate) struct Dead {
    pub(crate) rule: Rule,
    pub(crate) selector: Selector,
}

/// What an expansion yields.
pub(crate) struct Expanded {
    pub(crate) changes: Vec<Change>,
    pub(crate) spec: PodSpec,
    pub(crate) added: Vec<String>,
    pub(crate) troubles: Vec<Trouble>,
    pub(crate) impossible: bool,
    /// Required `near` is not among them: it says more than nothing, it excludes every node.
    pub(crate) dead: Vec<Dead>,
    pub(crate) sources: Sources,
}

/// Expands the intents of one template.
pub(crate) fn expand(
    object: &Object,
    template: &Template,
    frame: &Frame<'_>,
    surroundings: &Surroundings,
    intents: &Intents,
) -> Expanded {
    let mut expander = Expander::empty(object, frame, surroundings);
    expander.spec = template.spec.clone();
    // What is there already matters to those who add to it.
    if !intents.rules.is_empty() || !intents.tolerations.is_empty() {
        expander.present = Present::of(&template.spec, frame);
    }
    for tolerate in &intents.tolerations {
        tolerations::expand(&mut expander, tolerate);
    }
    let in_order = |strength: fn(&Strength) -> bool| {
        intents.rules.iter().filter(move |rule| strength(&rule.strength))
    };
    for rule in in_order(|strength| *strength == Strength::Required)
        .chain(in_order(|strength| *strength != Strength::Required))
    {
        expander.rule(object, template, rule);
    }
    nodes::restrict(&mut expander);
    pods::merge_near(&mut expander);
    spread::check_at_most(&mut expander, &intents.rules);
    spread::keep_defaults(&mut expander);
    let Expander { changes, spec, added, troubles, impossible, dead, sources, .. } = expander;
    Expanded { changes, spec, added, troubles, impossible, dead, sources }
}

/// What the rules of a template ask about other objects.
pub(crate) fn references(intents: &Intents, namespace: &str, found: &mut Vec<Reference>) {
    for rule in &intents.rules {
        match &rule.relation {
            Relation::Near(rule) | Relation::ApartFrom(rule) => {
                found.extend(target_reference(&rule.target, namespace));
            }
            Relation::AtMost(rule) => found.extend(target_reference(&rule.target, namespace)),
            Relation::On(targets) | Relation::NotOn(targets) => {
                for target in targets {
                    found.extend(nodes::reference(&target.demand, namespace));
                }
            }
            Relation::Spread(_) | Relation::Unresolved(_) => {}
        }
    }
}

fn target_reference(target: &PodTarget, namespace: &str) -> Option<Reference> {
    match target {
        PodTarget::Named(named) => Some(target::reference(named, namespace)),
        PodTarget::Itself | PodTarget::Pods(_) | PodTarget::Pod { .. } => None,
    }
}

/// Whether any rule means `self`: spread constraints do, for the defaults that go with them.
pub(crate) fn means_self(intents: &Intents) -> bool {
    intents.rules.iter().any(|rule| match &rule.relation {
        Relation::Near(rule) | Relation::ApartFrom(rule) => rule.target == PodTarget::Itself,
        Relation::AtMost(_) | Relation::Spread(_) => true,
        Relation::On(_) | Relation::NotOn(_) | Relation::Unresolved(_) => false,
    })
}

/// The path of a list of required terms, from the pod template.
pub(crate) fn affinity_path(kind: &str) -> FieldPath {
    FieldPath::of(&["spec", "affinity", kind, "requiredDuringSchedulingIgnoredDuringExecution"])
}

impl<'a> Expander<'a> {
    /// An expander of a pod without any placement field.
    pub(crate) fn empty(
        object: &Object,
        frame: &'a Frame<'a>,
        surroundings: &'a Surroundings,
    ) -> Self {
        Self {
            frame,
            surroundings,
            owner: object.controller().cloned().unwrap_or_default(),
            spec: PodSpec::default(),
            changes: Vec::new(),
            added: Vec::new(),
            troubles: Vec::new(),
            impossible: false,
            in_place: object.is_pod() || object.expands_in_place(),
            dead: Vec::new(),
            near: Vec::new(),
            node_rules: Vec::new(),
            present: Present::default(),
            sources: Sources::default(),
        }
    }
}

impl Expander<'_> {
    fn rule(&mut self, object: &Object, template: &Template, rule: &Rule) {
        // What follows a Lease is about its holder, also where that is pinned to its node.
        let on_nodes = match &rule.relation {
            Relation::On(_) | Relation::NotOn(_) => rule.follows.is_none(),
            Relation::Unresolved(unresolved) => unresolved.on_nodes,
            _ => false,
        };
        // Its controller picks the nodes, one pod each: there is nothing to prefer or to share.
        if object.is_daemon_set() && (!on_nodes || rule.strength != Strength::Required) {
            return self.trouble(rule, Obstacle::OnDaemonSet);
        }
        if on_nodes && !matches!(rule.relation, Relation::Unresolved(_)) {
            return nodes::expand(self, rule);
        }
        if !on_nodes && !template.spec.node_name.is_empty() {
            let node = template.spec.node_name.clone();
            return self.trouble(rule, Obstacle::SchedulerBypassed { node });
        }
        match &rule.relation {
            Relation::On(_) | Relation::NotOn(_) => nodes::expand(self, rule),
            Relation::Unresolved(unresolved) => {
                let reference = Box::new(directory::reference(&unresolved.want));
                let missing = unresolved.missing.into();
                self.trouble(rule, Obstacle::Unresolved { reference, missing });
            }
            Relation::Near(_) | Relation::ApartFrom(_) => pods::expand(self, rule),
            _ => spread::expand(self, rule),
        }
    }

    /// Makes a change for a rule.
    fn push(&mut self, origin: &Origin, change: Change) {
        let spec = &self.spec;
        let list = match &change {
            Change::PodAffinity(_) => {
                Some((&mut self.sources.affinity, native::required_affinity(spec).len()))
            }
            Change::PodAntiAffinity(_) => {
                Some((&mut self.sources.anti_affinity, native::required_anti_affinity(spec).len()))
            }
            Change::Spread(_) => Some((&mut self.sources.spread, spec.spread.len())),
            _ => None,
        };
        if let Some((sources, index)) = list {
            sources.push((index, origin.clone()));
        }
        change.apply(&mut self.spec);
        self.changes.push(change);
    }

    /// Records what a rule becomes, whether or not it is there already.
    fn note(&mut self, origin: &Origin, fields: &str) {
        let note = format!("{} -> {fields}", origin.text);
        if self.present.notes.insert(note.clone()) {
            self.added.push(note);
        }
    }

    /// Records why a rule cannot be expanded.
    fn trouble(&mut self, rule: &Rule, obstacle: Obstacle) {
        let required = rule.strength == Strength::Required;
        self.troubles.push(Trouble { rule: rule.origin.clone(), required, obstacle });
    }

    /// Notes a rule whose selector no pod can match.
    fn look_at(&mut self, rule: &Rule, selector: Selector) {
        if !selector.is_satisfiable() {
            self.dead.push(Dead { rule: rule.clone(), selector });
        }
    }

    fn spread_source(&self, index: usize) -> Rival {
        match source(&self.sources.spread, index) {
            Some(origin) => Rival::Rule(origin.clone()),
            None => {
                let path = FieldPath::of(&["spec", "topologySpreadConstraints"]).index(index);
                Rival::Field(path)
            }
        }
    }
}

impl Frame<'_> {
    /// Whether the pods may carry a label that their template lacks.
    pub(crate) fn may_carry(&self, key: &str) -> bool {
        self.form == Form::Template
            && (self.more_labels
                || self.revision.as_deref() == Some(key)
                || crate::kinds::is_volatile(key))
    }

    /// Whether the pods may match a selector that their template does not.
    pub(crate) fn may_match(&self, selector: &placecard_feasibility::selector::Selector) -> bool {
        let mut known = selector.clone();
        known.requirements.retain(|one| !self.may_carry(&one.key));
        known.requirements.len() < selector.requirements.len() && known.matches(self.labels)
    }
}
