//! `lease/…`: whoever holds a Lease, as client-go's leader election writes it
//! (`k8s.io/client-go/tools/leaderelection`, `spec.holderIdentity` of coordination.k8s.io/v1).

use std::ops::Range;

use crate::ast::{PodSentence, Term, TermKind};
use crate::codes;
use crate::directory::{Followed, Holder, PodFacts, Unknown, Want};
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
        let holder = match self.holder(&namespace, &lease.name) {
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

    /// Who holds a Lease: a pod of its namespace by the name of the holder or by what stands before
    /// its last `_`, or else a node of such a name.
    fn holder(&mut self, namespace: &str, name: &str) -> Result<Holder, (Want, Unknown)> {
        if let Some(holder) = self.directory.recorded(namespace, name) {
            return Ok(holder);
        }
        let want = Want::Lease { namespace: namespace.to_owned(), name: name.to_owned() };
        self.wants.push(want.clone());
        let directory = self.directory;
        let identity = match directory.lease(namespace, name) {
            Ok("") => return Err((want, Unknown::NotHeld)),
            Ok(identity) => identity.to_owned(),
            Err(why) => return Err((want, why)),
        };
        let prefix = identity.rsplit_once('_').map(|(prefix, _)| prefix.to_owned());
        let names = std::iter::once(identity).chain(prefix);
        let names: Vec<String> = names.filter(|name| Form::DnsSubdomain.accepts(name)).collect();
        let mut unknown = None;
        // Everything is asked for at once; the first that is there counts.
        let mut found = None;
        for name in &names {
            let want = Want::Pod { namespace: namespace.to_owned(), name: name.clone() };
            self.wants.push(want.clone());
            match directory.pod(namespace, name) {
                Ok(PodFacts { keeps_its_name: true, .. }) => {
                    found = found.or_else(|| Some(Ok(Holder::Pod(name.clone()))));
                }
                Ok(PodFacts { node, .. }) if node.is_empty() => {
                    found = found.or(Some(Err((want, Unknown::NotPlaced))));
                }
                Ok(PodFacts { node, .. }) => found = found.or(Some(Ok(Holder::Node(node)))),
                Err(Unknown::Absent) => {}
                Err(why) => unknown = unknown.or(Some((want, why))),
            }
        }
        for name in &names {
            let want = Want::Node { name: name.clone() };
            self.wants.push(want.clone());
            match directory.node(name) {
                Ok(_) => found = found.or_else(|| Some(Ok(Holder::Node(name.clone())))),
                Err(Unknown::Absent) => {}
                Err(why) => unknown = unknown.or(Some((want, why))),
            }
        }
        // A pod that could not be read may be the holder, whatever node has its name.
        let unreadable = unknown.clone().filter(|(_, why)| *why == Unknown::Unreachable);
        match (unreadable, found) {
            (Some(unknown), _) => Err(unknown),
            (None, Some(found)) => found,
            (None, None) => Err(unknown.unwrap_or((want, Unknown::NotHeld))),
        }
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
