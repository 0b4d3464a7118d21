//! `lease/…`: whoever holds a Lease.

use std::ops::Range;

use crate::ast::{PodSentence, Term, TermKind};
use crate::codes;
use crate::directory::{Followed, Holder, Unknown, Want, holder};
use crate::intent::{
    Level, NamedTarget, NodeDemand, NodeTarget, NodeTargetKind, Operator, PodRule, PodTarget,
    Relation, Requirement, Selector, TargetKind, Unresolved,
};
use crate::lower::Lower;
use crate::problem::{Detail, Form};

/// A Lease as a rule names it.
struct LeaseName {
    /// `None`: the pod's own.
    namespace: Option<String>,
    name: String,
}

/// Whether a term names a Lease.
pub(crate) fn is_lease(term: &Term) -> bool {
    matches!(&term.kind, TermKind::Word(word) if word.starts_with("lease/"))
}

impl Lower<'_, '_> {
    /// `near lease/…` and `apart-from lease/…`: the pods or the node of its holder.
    pub(crate) fn lease_rule(&mut self, rule: &PodSentence, apart: bool) -> Option<Relation> {
        let term = rule.target.as_ref()?;
        let relation = if apart { "apart-from" } else { "near" };
        let lease = self.lease_name(term, relation);
        let level = self.level_or_node(rule.level.as_ref());
        // A holder that is not a pod has no namespace and no labels to compare.
        let misplaced = rule.namespaces.as_ref().map(|of| ("of", of.span.clone()));
        let label = |word: &'static str, keys: &[crate::intent::Word]| {
            keys.first().map(|key| (word, key.span.clone()))
        };
        let misplaced = misplaced.or_else(|| label("same", &rule.same));
        let misplaced = misplaced.or_else(|| label("other", &rule.other));
        if let Some((word, span)) = misplaced {
            let found = format!("{word} beside lease/");
            let detail = Detail::Misplaced { found, relation, belongs: Vec::new() };
            self.error(codes::MISPLACED_WORD, &span, detail);
        }
        let (lease, level) = (lease?, level?);
        if apart && self.required {
            let named = NamedTarget {
                kind: TargetKind::StatefulSet,
                namespace: lease.namespace.clone(),
                name: lease.name.clone(),
            };
            self.apart_from_limit(rule, term, &PodTarget::Named(named), &level);
        }
        let namespace = lease.namespace.clone().unwrap_or_else(|| self.own_namespace());
        let holder = match holder(self.directory, &namespace, &lease.name, &mut self.wants) {
            Ok(holder) => holder,
            Err((want, why)) => return Some(self.unresolved(want, why, false)),
        };
        self.observed = true;
        self.follows = Some(Followed { namespace, name: lease.name, holder: holder.clone() });
        match holder {
            Holder::Pod(name) => {
                let target = PodTarget::Pod { namespace: lease.namespace, name };
                let rule = PodRule {
                    target,
                    target_origin: self.origin(&term.span),
                    namespaces: None,
                    same: Vec::new(),
                    other: Vec::new(),
                    level,
                    across_revisions: rule.across_revisions,
                };
                Some(if apart { Relation::ApartFrom(rule) } else { Relation::Near(rule) })
            }
            Holder::Node(node) => match self.around(&node, &level, &term.span) {
                Ok(target) if apart => Some(Relation::NotOn(vec![target])),
                Ok(target) => Some(Relation::On(vec![target])),
                Err((want, why)) => Some(self.unresolved(want, why, false)),
            },
        }
    }

    pub(crate) fn unresolved(&self, want: Want, missing: Unknown, on_nodes: bool) -> Relation {
        Relation::Unresolved(Unresolved { want, missing, on_nodes })
    }

    fn lease_name(&mut self, term: &Term, relation: &'static str) -> Option<LeaseName> {
        let TermKind::Word(word) = &term.kind else { return None };
        let rest = word.strip_prefix("lease/")?;
        let start = term.span.end.saturating_sub(rest.len());
        if rest.is_empty() {
            let after = "lease/".to_owned();
            let wanted = crate::problem::Wanted::Name;
            self.error(codes::MISSING_TARGET, &term.span, Detail::Missing { after, wanted });
            return None;
        }
        if rest.matches('/').count() > 1 {
            self.form(&(start..term.span.end), rest, relation, Form::Reference);
            return None;
        }
        let (namespace, name) = match rest.split_once('/') {
            Some((namespace, name)) => (Some(namespace), name),
            None => (None, rest),
        };
        let fits = namespace.is_none_or(|namespace| {
            let span = start..start + namespace.len();
            self.form(&span, namespace, "namespace", Form::DnsLabel)
        });
        let span = term.span.end.saturating_sub(name.len())..term.span.end;
        let names = self.form(&span, name, "lease", Form::DnsSubdomain);
        (fits && names)
            .then(|| LeaseName { namespace: namespace.map(str::to_owned), name: name.to_owned() })
    }

    /// A node, or the domain of a level around it.
    pub(crate) fn around(
        &mut self,
        node: &str,
        level: &Level,
        span: &Range<usize>,
    ) -> Result<NodeTarget, (Want, Unknown)> {
        let origin = self.origin(span);
        if level.key == crate::checked::HOSTNAME {
            let (kind, demand) = (NodeTargetKind::Node, NodeDemand::Name(node.to_owned()));
            return Ok(NodeTarget { origin, kind, demand, tolerations: Vec::new() });
        }
        let value = self.domain_of(node, level)?;
        let requirement = Requirement {
            key: level.key.clone(),
            operator: Operator::In,
            values: vec![value],
            span: (span.start, span.end),
        };
        Ok(NodeTarget {
            origin,
            kind: NodeTargetKind::Domain(level.clone()),
            demand: NodeDemand::Labels(Selector { requirements: vec![requirement] }),
            tolerations: Vec::new(),
        })
    }

    /// The value of a level's label on a node.
    pub(crate) fn domain_of(
        &mut self,
        node: &str,
        level: &Level,
    ) -> Result<String, (Want, Unknown)> {
        let want = Want::Node { name: node.to_owned() };
        self.wants.push(want.clone());
        match self.directory.node(node) {
            Err(why) => Err((want, why)),
            Ok(labels) => match labels.get(&level.key).filter(|value| !value.is_empty()) {
                Some(value) => Ok(value.clone()),
                None => Err((want, Unknown::Unlabelled)),
            },
        }
    }

    pub(crate) fn own_namespace(&self) -> String {
        self.namespace.map(|namespace| namespace.name.clone()).unwrap_or_default()
    }
}
