//! Targets: which pods, which nodes. A kind before the first slash wins, then a level of the
//! vocabulary with one slash, then a prefixed label key with two.

use std::ops::Range;

use crate::ast::{Term, TermKind};
use crate::checked::{Admits, Group};
use crate::codes;
use crate::intent::{
    Level, NamedTarget, NodeDemand, NodeTarget, NodeTargetKind, Operator, PodTarget, Requirement,
    Selector, TargetKind, Word,
};
use crate::lower::Lower;
use crate::problem::{Detail, Form, Wanted, WordKind};
use crate::selector::Of;
use crate::suggest::nearest;
use crate::words::{self, Meaning, Role, synonym_of};

/// A word with a slash, cut at it.
struct Path<'a> {
    head: &'a str,
    head_span: Range<usize>,
    rest: &'a str,
    rest_span: Range<usize>,
}

fn path<'a>(word: &'a str, span: &Range<usize>) -> Option<Path<'a>> {
    let (head, rest) = word.split_once('/')?;
    let middle = span.start + head.len();
    Some(Path { head, head_span: span.start..middle, rest, rest_span: middle + 1..span.end })
}

fn role_of(word: &str) -> Option<Role> {
    words::find(word).map(|reserved| reserved.role)
}

/// Pods.
impl Lower<'_, '_> {
    pub(crate) fn pod_target(&mut self, term: &Term, relation: &'static str) -> Option<PodTarget> {
        match &term.kind {
            TermKind::Word(word) if word == "self" => Some(PodTarget::Itself),
            TermKind::Word(word) => match path(word, &term.span) {
                Some(path) => self.pod_path(term, &path, relation),
                None => {
                    let meant = nearest(word, ["self"]).map(str::to_owned);
                    self.unknown_pods(word, &term.span, relation, meant)
                }
            },
            TermKind::Group { head, .. } if head == "pods" => {
                self.group(term, Of::Others).map(PodTarget::Pods)
            }
            TermKind::Group { head, .. } if head == "nodes" => {
                self.wrong_kind(term, head, relation, words::NODE_RELATIONS, words::POD_TARGETS);
                None
            }
            TermKind::Group { head, .. } => {
                let span = term.span.start..term.span.start + head.len();
                let meant = nearest(head, ["pods"]).map(str::to_owned);
                self.unknown_pods(head, &span, relation, meant)
            }
        }
    }

    fn pod_path(
        &mut self,
        term: &Term,
        path: &Path<'_>,
        relation: &'static str,
    ) -> Option<PodTarget> {
        let kind = match path.head {
            "service" => TargetKind::Service,
            "deployment" => TargetKind::Deployment,
            "statefulset" => TargetKind::StatefulSet,
            "daemonset" => TargetKind::DaemonSet,
            "job" => TargetKind::Job,
            // Near and apart-from a holder are read elsewhere; nothing else can follow one.
            "lease" => {
                let belongs = vec!["near", "apart-from"];
                let found = "lease/".to_owned();
                let detail = Detail::Misplaced { found, relation, belongs };
                self.error(codes::MISPLACED_WORD, &term.span, detail);
                return None;
            }
            head => {
                let is_level = self.words.level(head).is_some() || head.contains('.');
                if role_of(head) == Some(Role::NodeKind) || is_level {
                    let nodes = words::NODE_RELATIONS;
                    self.wrong_kind(term, head, relation, nodes, words::POD_TARGETS);
                    return None;
                }
                let kinds = ["service", "deployment", "statefulset", "daemonset", "job"];
                let meant = synonym_of(head, Meaning::Kind).or_else(|| nearest(head, kinds));
                let meant = meant.map(str::to_owned);
                return self.unknown_pods(head, &path.head_span, relation, meant);
            }
        };
        self.named_target(kind, path).map(PodTarget::Named)
    }

    fn named_target(&mut self, kind: TargetKind, path: &Path<'_>) -> Option<NamedTarget> {
        if path.rest.is_empty() {
            self.missing_name(path);
            return None;
        }
        let (namespace, name, name_start) = match path.rest.split_once('/') {
            Some((namespace, name)) => {
                (Some(namespace), name, path.rest_span.start + namespace.len() + 1)
            }
            None => (None, path.rest, path.rest_span.start),
        };
        if name.contains('/') {
            self.form(&path.rest_span, path.rest, path.head, Form::Reference);
            return None;
        }
        let namespace_fits = namespace.is_none_or(|namespace| {
            let span = path.rest_span.start..path.rest_span.start + namespace.len();
            self.form(&span, namespace, "namespace", Form::DnsLabel)
        });
        // Services are DNS labels, the others subdomains (pkg/apis/*/validation).
        let form = match kind {
            TargetKind::Service => Form::DnsLabel,
            TargetKind::Deployment
            | TargetKind::StatefulSet
            | TargetKind::DaemonSet
            | TargetKind::Job => Form::DnsSubdomain,
        };
        let name_fits = self.form(&(name_start..path.rest_span.end), name, path.head, form);
        (namespace_fits && name_fits).then(|| NamedTarget {
            kind,
            namespace: namespace.map(str::to_owned),
            name: name.to_owned(),
        })
    }

    fn unknown_pods(
        &mut self,
        found: &str,
        span: &Range<usize>,
        relation: &'static str,
        suggestion: Option<String>,
    ) -> Option<PodTarget> {
        let found = found.to_owned();
        let detail = Detail::UnknownTarget { found, relation, kinds: words::POD_TARGETS };
        self.word_error(codes::UNKNOWN_TARGET, span, suggestion, detail);
        None
    }

    fn wrong_kind(
        &mut self,
        term: &Term,
        kind: &str,
        relation: &'static str,
        belongs: &'static [&'static str],
        kinds: &'static [&'static str],
    ) {
        let (found, kind) = (self.text(&term.span), kind.to_owned());
        let detail = Detail::WrongKind { found, kind, relation, belongs, kinds };
        self.error(codes::UNKNOWN_TARGET, &term.span, detail);
    }

    /// `pool/` and nothing behind it.
    fn missing_name(&mut self, path: &Path<'_>) {
        let after = format!("{}/", path.head);
        let span = path.head_span.start..path.rest_span.end;
        let detail = Detail::Missing { after, wanted: Wanted::Name };
        self.error(codes::MISSING_TARGET, &span, detail);
    }
}

/// Nodes.
impl Lower<'_, '_> {
    pub(crate) fn node_targets(
        &mut self,
        terms: &[Term],
        relation: &'static str,
    ) -> Option<Vec<NodeTarget>> {
        let targets: Vec<_> =
            terms.iter().filter_map(|term| self.node_target(term, relation)).collect();
        (!targets.is_empty() && targets.len() == terms.len()).then_some(targets)
    }

    fn node_target(&mut self, term: &Term, relation: &'static str) -> Option<NodeTarget> {
        let resolved = match &term.kind {
            TermKind::Word(word) => match path(word, &term.span) {
                Some(path) => self.node_path(term, &path, relation),
                None => {
                    self.bare_node_word(term, word, relation);
                    None
                }
            },
            TermKind::Group { head, .. } if head == "nodes" => {
                let selector = self.group(term, Of::Nodes)?;
                Some((NodeTargetKind::Nodes, NodeDemand::Labels(selector), Vec::new()))
            }
            TermKind::Group { head, .. } if head == "pods" => {
                self.wrong_kind(term, head, relation, words::POD_RELATIONS, words::NODE_TARGETS);
                None
            }
            TermKind::Group { head, .. } => {
                let span = term.span.start..term.span.start + head.len();
                let meant = nearest(head, ["nodes"]).map(str::to_owned);
                self.unknown_nodes(head, &span, relation, meant);
                None
            }
        };
        let (kind, demand, tolerations) = resolved?;
        Some(NodeTarget { origin: self.origin(&term.span), kind, demand, tolerations })
    }

    /// A word without a slash names no node; the vocabulary may know what kind is meant.
    fn bare_node_word(&mut self, term: &Term, word: &str, relation: &'static str) {
        if role_of(word) == Some(Role::PodKind) {
            self.wrong_kind(term, word, relation, words::POD_RELATIONS, words::NODE_TARGETS);
            return;
        }
        let words = self.words;
        let kind = [
            ("pool", words.pools.contains_key(word)),
            ("trust", words.trust_domains.contains_key(word)),
            ("resource", words.resources.contains_key(word)),
        ]
        .into_iter()
        .find_map(|(kind, is_known)| is_known.then_some(kind));
        let suggestion = kind.map(|kind| format!("{kind}/{word}"));
        self.unknown_nodes(word, &term.span, relation, suggestion);
    }

    fn unknown_nodes(
        &mut self,
        found: &str,
        span: &Range<usize>,
        relation: &'static str,
        suggestion: Option<String>,
    ) {
        let found = found.to_owned();
        let detail = Detail::UnknownTarget { found, relation, kinds: words::NODE_TARGETS };
        self.word_error(codes::UNKNOWN_TARGET, span, suggestion, detail);
    }

    /// `LEVEL/VALUE`, whatever the level is called.
    pub(crate) fn domain_target(&mut self, term: &Term) -> Option<NodeTarget> {
        let (kind, demand, tolerations) = self.domain(term)?;
        Some(NodeTarget { origin: self.origin(&term.span), kind, demand, tolerations })
    }

    fn node_path(
        &mut self,
        term: &Term,
        path: &Path<'_>,
        relation: &'static str,
    ) -> Option<Resolved> {
        let is_kind = role_of(path.head) == Some(Role::NodeKind) && path.head != "nodes";
        if is_kind && path.rest.is_empty() {
            self.missing_name(path);
            return None;
        }
        let name = path.rest;
        match path.head {
            "node" => self
                .form(&path.rest_span, name, "node", Form::DnsSubdomain)
                .then(|| (NodeTargetKind::Node, NodeDemand::Name(name.to_owned()), Vec::new())),
            "volume" => self.form(&path.rest_span, name, "volume", Form::DnsSubdomain).then(|| {
                let kind = NodeTargetKind::Volume(name.to_owned());
                (kind, NodeDemand::Volume { claim: name.to_owned() }, Vec::new())
            }),
            "pool" => self.named_group(term, path, relation, WordKind::Pool),
            "trust" => {
                if !self.required {
                    let detail = Detail::OnlyUnderRequire { word: "trust" };
                    self.error(codes::MISPLACED_WORD, &term.span, detail);
                }
                self.named_group(term, path, relation, WordKind::TrustDomain)
            }
            "resource" => self.named_group(term, path, relation, WordKind::Resource),
            head if role_of(head) == Some(Role::PodKind) => {
                let pods = words::POD_RELATIONS;
                self.wrong_kind(term, head, relation, pods, words::NODE_TARGETS);
                None
            }
            _ => self.domain(term),
        }
    }

    /// `LEVEL/VALUE`, cut at the last slash.
    fn domain(&mut self, term: &Term) -> Option<Resolved> {
        let TermKind::Word(word) = &term.kind else { return None };
        let (name, value) = word.rsplit_once('/')?;
        let span = term.span.start..term.span.start + name.len();
        let is_qualified = name.contains('/') && Form::LabelKey.accepts(name);
        if !is_qualified && self.words.level(name).is_none() {
            self.unknown_domain(name, value, &span);
            return None;
        }
        let level: Level = self.level(&Word { text: name.to_owned(), span: span.clone() })?;
        if value.is_empty() {
            let detail = Detail::Missing { after: word.clone(), wanted: Wanted::Name };
            self.error(codes::MISSING_TARGET, &term.span, detail);
            return None;
        }
        if !self.form(&(span.end + 1..term.span.end), value, &level.name, Form::LabelValue) {
            return None;
        }
        let requirement = Requirement {
            key: level.key.clone(),
            operator: Operator::In,
            values: vec![value.to_owned()],
            span: (term.span.start, term.span.end),
        };
        let selector = Selector { requirements: vec![requirement] };
        Some((NodeTargetKind::Domain(level), NodeDemand::Labels(selector), Vec::new()))
    }

    fn unknown_domain(&mut self, name: &str, value: &str, span: &Range<usize>) {
        let kinds = ["node", "pool", "trust", "resource", "volume"];
        let by_level = self.level_suggestion(name);
        let suggestion = by_level.or_else(|| nearest(name, kinds).map(str::to_owned));
        let says_it = Form::LabelKey.accepts(name) && Form::LabelValue.accepts(value);
        let detail = Detail::UnknownLevel {
            found: name.to_owned(),
            known: self.words.level_names(),
            instead: says_it.then(|| format!("nodes({name}={value})")),
        };
        self.word_error(codes::UNKNOWN_LEVEL, span, suggestion, detail);
    }

    /// `pool/NAME`, `trust/DOMAIN`, `resource/NAME`.
    fn named_group(
        &mut self,
        term: &Term,
        path: &Path<'_>,
        relation: &'static str,
        kind: WordKind,
    ) -> Option<Resolved> {
        let words = self.words;
        let name = path.rest.to_owned();
        let (groups, code, target) = match kind {
            WordKind::TrustDomain => (
                &words.trust_domains,
                codes::UNKNOWN_TRUST_DOMAIN,
                NodeTargetKind::Trust(name.clone()),
            ),
            WordKind::Resource => {
                (&words.resources, codes::UNKNOWN_RESOURCE, NodeTargetKind::Resource(name.clone()))
            }
            WordKind::Pool | WordKind::Level => {
                (&words.pools, codes::UNKNOWN_POOL, NodeTargetKind::Pool(name.clone()))
            }
        };
        let Some(group) = groups.get(&name) else {
            let suggestion = nearest(&name, groups.keys().map(String::as_str)).map(str::to_owned);
            let known = groups.keys().cloned().collect();
            let detail = Detail::UnknownName { kind, found: name, known };
            self.word_error(code, &path.rest_span, suggestion, detail);
            return None;
        };
        if group.deprecated {
            self.deprecated(kind, &name, &path.rest_span);
        }
        if relation == "on" {
            self.may_use(term, group, kind, &name);
        }
        let mut selector = group.nodes.clone();
        for requirement in &mut selector.requirements {
            requirement.span = (term.span.start, term.span.end);
        }
        // To stay away from a pool takes none of its tolerations.
        let tolerations = if relation == "on" { group.tolerations.clone() } else { Vec::new() };
        Some((target, NodeDemand::Labels(selector), tolerations))
    }

    fn may_use(&mut self, term: &Term, group: &Group, kind: WordKind, name: &str) {
        let Some(allowed) = &group.allowed_namespaces else { return };
        let decided = match allowed.admits(self.namespace) {
            Admits::Yes => return,
            Admits::No => true,
            Admits::Unknown => false,
        };
        let code = match kind {
            WordKind::TrustDomain => codes::TRUST_DOMAIN_NOT_ALLOWED,
            WordKind::Pool | WordKind::Resource | WordKind::Level => codes::POOL_NOT_ALLOWED,
        };
        let detail = Detail::NotAllowed {
            kind,
            name: name.to_owned(),
            namespace: self.namespace.map(|namespace| namespace.name.clone()),
            allowed: allowed.clone(),
            decided,
        };
        self.decided(code, &term.span, decided, detail);
    }
}

type Resolved = (NodeTargetKind, NodeDemand, Vec<crate::vocabulary::Toleration>);
