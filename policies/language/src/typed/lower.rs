//! One entry into one rule, by the words that say the same.

use std::ops::Range;

use super::Entry;
use super::level::{RACK, level_of};
use super::phrase::Phrase;
use super::text::Lines;
use crate::affinity::{
    Affinity, AffinityDirection, AffinityStrength, AffinityTarget, NamedKind, ObjectId,
};
use crate::ast::{PodSentence, Term, TermKind};
use crate::checked::{HOSTNAME, NamespaceFacts, Words};
use crate::directory::{Directory, ObjectKind, ObjectName, Unknown, Want};
use crate::intent::{
    NodeDemand, NodeTarget, NodeTargetKind, Origin, Relation, Rule, Strength, Word,
};
use crate::lower::{DEFAULT_WEIGHT, Lower};
use crate::print::fold;
use crate::problem::Form;
use crate::report::Report;

/// What entries are read with.
pub(crate) struct Reader<'a> {
    /// The annotation key.
    pub(crate) key: &'static str,
    pub(crate) words: &'a Words,
    pub(crate) namespace: Option<&'a NamespaceFacts>,
    pub(crate) directory: &'a dyn Directory,
}

/// Rules, and what was asked for them.
#[derive(Default)]
pub(crate) struct Lowered {
    pub(crate) rules: Vec<Rule>,
    pub(crate) wants: Vec<Want>,
}

/// What an entry says, before its words are looked up.
enum Saying {
    /// `near` or `apart-from` the pods of a Service, `near` the holder of a Lease.
    Pods(PodSentence),
    /// `on` or `not-on` a target that a sentence can name.
    Nodes(Term),
    /// `on` or `not-on` a domain.
    Domain(Term),
    /// `on` the nodes that reach a PersistentVolume.
    Disk(String, Range<usize>),
    /// Something that it names is not known.
    Unresolved(Want, Unknown),
}

/// The rule of an entry; its problems go into the report.
pub(super) fn entry(
    entry: &Entry,
    lines: &Lines,
    report: &mut Report<'_>,
    reader: &Reader<'_>,
    wants: &mut Vec<Want>,
) -> Option<Rule> {
    let phrase = Phrase::new(report.value(), entry.whole.clone());
    let mut words = Speaker { entry, reader, wants, observed: false, phrase };
    let saying = words.say();
    let observed = words.observed;
    if let Some(weight) = entry.entry.weight() {
        words.phrase.say(&format!(" weight {weight}"));
    }
    let phrase = words.phrase;
    let mut inner = Report::new(reader.key, &phrase.text);
    let required = entry.entry.strength() == AffinityStrength::Required;
    let mut lower = Lower {
        key: reader.key,
        required,
        value: &phrase.text,
        words: reader.words,
        namespace: reader.namespace,
        directory: reader.directory,
        wants: Vec::new(),
        follows: None,
        observed: false,
        report: &mut inner,
        line: 1,
        broken: false,
    };
    let relation = relation(&mut lower, saying, entry.entry.direction());
    let (broken, follows) = (lower.broken, lower.follows.take());
    let observed = lower.observed || observed;
    wants.append(&mut lower.wants);
    for problem in inner.finish() {
        report.take(phrase.problem(problem, lines));
    }
    let strength = match required {
        true => Strength::Required,
        false => Strength::Preferred { weight: entry.entry.weight().unwrap_or(DEFAULT_WEIGHT) },
    };
    let span = 0..phrase.text.len();
    let origin = Origin { key: reader.key, span, line: 1, text: fold(&phrase.text) };
    let said_by = Some(Box::new(entry.entry.clone()));
    let rule = Rule { strength, relation: relation?, follows, observed, entry: said_by, origin };
    (!broken).then(|| phrase.rule(rule, lines))
}

fn relation(
    lower: &mut Lower<'_, '_>,
    saying: Saying,
    direction: AffinityDirection,
) -> Option<Relation> {
    let away = direction == AffinityDirection::Away;
    let (name, on): (_, fn(Vec<NodeTarget>) -> Relation) = match away {
        false => ("on", Relation::On),
        true => ("not-on", Relation::NotOn),
    };
    match saying {
        Saying::Pods(sentence) => lower.pods(&sentence, away),
        Saying::Nodes(term) => lower.node_targets(&[term], name).map(on),
        Saying::Domain(term) => lower.domain_target(&term).map(|target| on(vec![target])),
        Saying::Disk(volume, span) => Some(on(vec![NodeTarget {
            origin: lower.origin(&span),
            kind: NodeTargetKind::Volume(volume.clone()),
            demand: NodeDemand::PersistentVolume { volume },
            tolerations: Vec::new(),
        }])),
        Saying::Unresolved(want, missing) => {
            let on_nodes =
                !matches!(want, Want::Object { kind: ObjectKind::Service | ObjectKind::Lease, .. });
            Some(lower.unresolved(want, missing, on_nodes))
        }
    }
}

/// Finds the words of an entry.
struct Speaker<'a, 'r, 'v> {
    entry: &'a Entry,
    reader: &'a Reader<'r>,
    wants: &'a mut Vec<Want>,
    /// The labels of a node were looked up.
    observed: bool,
    phrase: Phrase<'v>,
}

impl Speaker<'_, '_, '_> {
    fn say(&mut self) -> Saying {
        match self.entry.entry.target().clone() {
            AffinityTarget::NodeId(id) => match self.named(ObjectKind::Node, id) {
                Ok(node) => self.node(&node.name),
                Err(unknown) => self.unknown(unknown),
            },
            AffinityTarget::ServiceId(id) => match self.named(ObjectKind::Service, id) {
                Ok(service) => self.service(self.outside(&service), &service.name),
                Err(unknown) => self.unknown(unknown),
            },
            AffinityTarget::LeaseId(id) => match self.named(ObjectKind::Lease, id) {
                Ok(lease) => self.lease(self.outside(&lease), &lease.name),
                Err(unknown) => self.unknown(unknown),
            },
            AffinityTarget::ResourceId(id) => match self.reader.words.resource_ids.get(&id) {
                Some(name) => self.target("resource/", &name.clone()),
                None => match self.named(ObjectKind::PersistentVolume, id) {
                    Ok(volume) => self.disk(&volume.name),
                    Err(unknown) => self.unknown(unknown),
                },
            },
            AffinityTarget::TrustDomain(name) => self.target("trust/", &name),
            AffinityTarget::RackId(rack) => self.rack(rack),
            AffinityTarget::Named(named) => match named.kind {
                NamedKind::Node => self.node(&named.name),
                NamedKind::Resource => self.target("resource/", &named.name),
                NamedKind::Volume => self.disk(&named.name),
                NamedKind::Lease => self.lease(named.namespace, &named.name),
                NamedKind::Service => self.service(named.namespace, &named.name),
            },
        }
    }

    fn named(&mut self, kind: ObjectKind, id: ObjectId) -> Result<ObjectName, (Want, Unknown)> {
        let want = Want::Object { kind, id };
        self.wants.push(want.clone());
        self.reader.directory.object(kind, id).map_err(|why| (want, why))
    }

    /// The namespace of an object, unless it is the pod's own.
    fn outside(&self, name: &ObjectName) -> Option<String> {
        let own = self.reader.namespace.map(|own| own.name.as_str()).unwrap_or_default();
        (name.namespace != own).then(|| name.namespace.clone())
    }

    fn affinity(&self) -> &Affinity {
        &self.entry.entry
    }

    fn relation(&mut self, toward: &str, away: &str) {
        let word = match self.affinity().direction() {
            AffinityDirection::Toward => toward,
            AffinityDirection::Away => away,
        };
        self.phrase.say(&format!("{word} "));
    }

    /// What is not known keeps its id in its words.
    fn unknown(&mut self, (want, why): (Want, Unknown)) -> Saying {
        match &want {
            Want::Object { kind: ObjectKind::Service | ObjectKind::Lease, .. } => {
                self.relation("near", "apart-from");
            }
            _ => self.relation("on", "not-on"),
        }
        let target = self.affinity().target().to_string();
        let entry = self.entry;
        self.phrase.quote(&target, entry.target.as_ref());
        if let Some(level) = entry.entry.level() {
            self.phrase.say(" in ");
            self.phrase.quote(level, entry.level.as_ref());
        }
        Saying::Unresolved(want, why)
    }

    fn pods(&mut self, kind: &str, namespace: Option<String>, name: &str) -> Saying {
        self.relation("near", "apart-from");
        let start = self.phrase.text.len();
        self.phrase.say(kind);
        let full = match namespace {
            Some(namespace) => format!("{namespace}/{name}"),
            None => name.to_owned(),
        };
        let entry = self.entry;
        self.phrase.quote(&full, entry.target.as_ref());
        let target = self.word(start);
        // As in a sentence, where `node` need not be said.
        let level = level_of(&entry.entry, self.reader.words).filter(|level| *level != "node");
        let level = level.map(|level| {
            self.phrase.say(" in ");
            let span = self.phrase.quote(level, entry.level.as_ref());
            Word { text: level.to_owned(), span }
        });
        Saying::Pods(PodSentence { target: Some(target), level, ..PodSentence::default() })
    }

    fn service(&mut self, namespace: Option<String>, name: &str) -> Saying {
        self.pods("service/", namespace, name)
    }

    fn lease(&mut self, namespace: Option<String>, name: &str) -> Saying {
        self.pods("lease/", namespace, name)
    }

    fn word(&self, start: usize) -> Term {
        let span = start..self.phrase.text.len();
        let text = self.phrase.text.get(span.clone()).unwrap_or_default().to_owned();
        Term { kind: TermKind::Word(text), span }
    }

    fn target(&mut self, kind: &str, name: &str) -> Saying {
        self.relation("on", "not-on");
        let start = self.phrase.text.len();
        self.phrase.say(kind);
        let entry = self.entry;
        self.phrase.quote(name, entry.target.as_ref());
        Saying::Nodes(self.word(start))
    }

    fn disk(&mut self, name: &str) -> Saying {
        self.relation("on", "not-on");
        let start = self.phrase.text.len();
        self.phrase.say("PersistentVolume ");
        let entry = self.entry;
        self.phrase.quote(name, entry.target.as_ref());
        Saying::Disk(name.to_owned(), start..self.phrase.text.len())
    }

    /// A node, or the domain around it.
    fn node(&mut self, name: &str) -> Saying {
        let words = self.reader.words;
        let entry = self.entry;
        let Some(level) = entry.entry.level() else { return self.target("node/", name) };
        let key = match words.level(level) {
            Some(level) => Some(level.key.as_str()),
            None => (level.contains('/') && Form::LabelKey.accepts(level)).then_some(level),
        };
        if key == Some(HOSTNAME) {
            return self.target("node/", name);
        }
        let value = match key {
            None => Ok(name.to_owned()),
            Some(key) => {
                self.observed = true;
                let want = Want::Node { name: name.to_owned() };
                self.wants.push(want.clone());
                match self.reader.directory.node(name) {
                    Err(why) => Err((want, why)),
                    Ok(labels) => match labels.get(key).filter(|value| !value.is_empty()) {
                        Some(value) => Ok(value.clone()),
                        None => Err((want, Unknown::Unlabelled)),
                    },
                }
            }
        };
        match value {
            Ok(value) => self.domain(level, &value),
            Err(unknown) => self.unknown(unknown),
        }
    }

    fn rack(&mut self, rack: u32) -> Saying {
        let level = self.entry.entry.level().unwrap_or(RACK);
        let format = self.reader.words.level(level).and_then(|level| level.format.clone());
        let number = rack.to_string();
        let value = format.map_or(number.clone(), |format| format.replacen("{n}", &number, 1));
        self.domain(level, &value)
    }

    fn domain(&mut self, level: &str, value: &str) -> Saying {
        self.relation("on", "not-on");
        let entry = self.entry;
        let start = self.phrase.text.len();
        self.phrase.quote(level, entry.level.as_ref());
        self.phrase.say("/");
        self.phrase.quote(value, entry.target.as_ref());
        Saying::Domain(self.word(start))
    }
}
