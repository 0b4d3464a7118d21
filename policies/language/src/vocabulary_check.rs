//! From the vocabulary as written to the vocabulary as used: schema first, then meaning.

use std::collections::BTreeMap;

use placecard_findings::Code;
use serde::Deserialize;
use serde_json::Value;

use crate::checked::{Group, HOSTNAME, Words, level_spec};
use crate::codes;
use crate::form::is_amount;
use crate::intent::Selector;
use crate::keys;
use crate::problem::{Form, WordKind};
use crate::report::MAX_PROBLEMS;
use crate::schema::{self, step};
use crate::selector::{self, Of, SelectorFlaw};
use crate::suggest::{nearest, plain};
use crate::tolerate::EFFECTS;
use crate::vocabulary::{
    Guard, LevelSpec, MAX_NAME, NamespaceSet, NodeTemplate, PlacementVocabulary, PoolSpec,
    ResourceSpec, Toleration, TrustDomainSpec, VocabularySpec, WorkloadSpec,
};
use crate::words;

pub use crate::schema::schema;
pub use crate::vocabulary::{MAX_ENTRIES, MAX_LEVELS};
pub use crate::vocabulary_problem::{VocabularyDetail, VocabularyProblem};

/// Checks a vocabulary as it stands in a file or in the cluster.
///
/// The words are those of a cluster without a vocabulary if the value does not have its shape; with
/// any problem they must not be acted upon.
#[must_use]
pub fn check(value: &Value) -> (Words, Vec<VocabularyProblem>) {
    let problems = schema::refusals(value);
    if !problems.is_empty() {
        return (Words::default(), problems);
    }
    let Ok(written) = PlacementVocabulary::deserialize(value) else {
        let detail = VocabularyDetail::Schema { keyword: "type".to_owned() };
        return (Words::default(), vec![problem("", detail)]);
    };
    let mut check = Check { problems: Vec::new() };
    check.object(&written);
    let words = check.spec(&written.spec);
    check.problems.truncate(MAX_PROBLEMS);
    (words, check.problems)
}

fn problem(pointer: &str, detail: VocabularyDetail) -> VocabularyProblem {
    VocabularyProblem {
        code: codes::VALUE_SYNTAX,
        pointer: pointer.to_owned(),
        on_key: false,
        span: None,
        detail,
        suggestion: None,
    }
}

struct Check {
    problems: Vec<VocabularyProblem>,
}

impl Check {
    fn tell(&mut self, pointer: &str, detail: VocabularyDetail) {
        self.problems.push(problem(pointer, detail));
    }

    fn tell_as(&mut self, code: Code, pointer: &str, detail: VocabularyDetail) {
        self.problems.push(VocabularyProblem { code, ..problem(pointer, detail) });
    }

    /// One of a few values.
    fn one_of(&mut self, pointer: &str, found: &str, expected: &[&str]) {
        if !expected.contains(&found) {
            let suggestion = nearest(found, expected.iter().copied()).map(str::to_owned);
            let expected = expected.iter().map(|&value| value.to_owned()).collect();
            let detail = VocabularyDetail::WrongValue { found: found.to_owned(), expected };
            self.problems.push(VocabularyProblem { suggestion, ..problem(pointer, detail) });
        }
    }

    fn form(&mut self, pointer: &str, found: &str, form: Form) -> bool {
        let accepts = form.accepts(found);
        if !accepts {
            let clean = plain(found);
            let suggestion = (clean != found && form.accepts(&clean)).then_some(clean);
            let detail = VocabularyDetail::Form { found: found.to_owned(), form };
            self.problems.push(VocabularyProblem { suggestion, ..problem(pointer, detail) });
        }
        accepts
    }

    fn object(&mut self, written: &PlacementVocabulary) {
        self.one_of("/apiVersion", &written.api_version, &[keys::API_VERSION]);
        self.one_of("/kind", &written.kind, &[keys::VOCABULARY_KIND]);
        if let Some(name) = written.metadata.get("name") {
            let found = name.as_str().unwrap_or_default();
            self.one_of("/metadata/name", found, &[keys::VOCABULARY_NAME]);
        }
    }

    fn spec(&mut self, spec: &VocabularySpec) -> Words {
        let levels = self.levels(&spec.levels);
        let known: Vec<String> = levels.iter().map(|level| level.name.clone()).collect();
        if let Some(level) = &spec.service_domain {
            self.level_name("/spec/serviceDomain", level, &known);
        }
        if let Some(limit) = &spec.limits.required_apart_from {
            let list = "/spec/limits/requiredApartFrom/levels";
            for (pointer, level) in self.entries(list, &limit.levels) {
                self.level_name(&pointer, level, &known);
            }
        }
        let pools = self.pools(&spec.pools);
        let trust_domains = self.trust_domains(&spec.trust_domains);
        self.shared_guards(spec, &pools, &trust_domains);
        let resources = self.resources(&spec.resources);
        self.workloads(&spec.workloads);
        for (index, user) in spec.schedulers.iter().enumerate() {
            if user.trim().is_empty() {
                self.tell(&format!("/spec/schedulers/{index}"), VocabularyDetail::Empty);
            }
        }
        if let Some(agents) = &spec.agents {
            self.namespaces("/spec/agents", agents);
        }
        self.node_templates(&spec.node_templates);
        let ids = spec.resources.iter().filter_map(|resource| {
            let id = resource.uid.as_deref()?.parse().ok()?;
            Some((id, resource.name.clone()))
        });
        // Of two with one id, which is an error, the first counts.
        let mut resource_ids = BTreeMap::new();
        for (id, name) in ids {
            resource_ids.entry(id).or_insert(name);
        }
        Words {
            levels,
            service_domain: spec.service_domain.clone(),
            pools,
            trust_domains,
            resources,
            resource_ids,
            workloads: spec.workloads.clone(),
            limits: spec.limits.clone(),
            schedulers: spec.schedulers.clone(),
            agents: spec.agents.clone(),
            inventory: spec.inventory,
            node_templates: spec.node_templates.clone(),
        }
    }

    /// The entries of a list with their pointers, up to the bound.
    fn entries<'a, T>(&mut self, list: &str, items: &'a [T]) -> Vec<(String, &'a T)> {
        let limit = if list.ends_with("levels") { MAX_LEVELS } else { MAX_ENTRIES };
        if items.len() > limit {
            self.tell(list, VocabularyDetail::TooMany { limit });
        }
        let items = items.iter().take(limit).enumerate();
        items.map(|(index, item)| (format!("{list}/{index}"), item)).collect()
    }

    /// A name of its list: once, and no word of the language.
    fn name(
        &mut self,
        names: &mut BTreeMap<String, String>,
        pointer: &str,
        name: &str,
        free: &[&str],
    ) {
        let pointer = format!("{pointer}/name");
        if words::find(name).is_some() && !free.contains(&name) {
            self.tell(&pointer, VocabularyDetail::ReservedWord { word: name.to_owned() });
        }
        self.once(names, &pointer, name, name);
    }

    /// A key that its list has once; told by its name.
    fn once(&mut self, seen: &mut BTreeMap<String, String>, pointer: &str, key: &str, name: &str) {
        match seen.get(key) {
            Some(first) => {
                let (name, first) = (name.to_owned(), first.clone());
                self.tell(pointer, VocabularyDetail::Duplicate { name, first });
            }
            None => {
                seen.insert(key.to_owned(), pointer.to_owned());
            }
        }
    }

    fn levels(&mut self, written: &[LevelSpec]) -> Vec<LevelSpec> {
        let mut names = BTreeMap::new();
        for (pointer, level) in self.entries("/spec/levels", written) {
            self.form(&format!("{pointer}/name"), &level.name, Form::DnsLabel);
            self.name(&mut names, &pointer, &level.name, words::FREE_LEVELS);
            let key = format!("{pointer}/key");
            if self.form(&key, &level.key, Form::LabelKey) && !level.key.contains('/') {
                let found = level.key.clone();
                self.tell(&key, VocabularyDetail::UnqualifiedKey { found });
            }
            if let Some(format) = &level.format {
                let value = format.replacen("{n}", "0", 1);
                if value == *format || !Form::LabelValue.accepts(&value) {
                    let found = format.clone();
                    let pointer = format!("{pointer}/format");
                    self.tell(&pointer, VocabularyDetail::RackFormat { found });
                }
            }
            if level.name == "node" && level.key != HOSTNAME {
                self.tell(&key, VocabularyDetail::NodeKey { found: level.key.clone() });
            }
        }
        if written.is_empty() {
            // Says nothing about levels, and takes none away.
            return Words::default().levels;
        }
        let mut levels: Vec<LevelSpec> = written.iter().take(MAX_LEVELS).cloned().collect();
        match levels.iter().position(|level| level.name == "node") {
            None => levels.push(level_spec("node", HOSTNAME)),
            Some(index) if index + 1 != levels.len() => {
                self.tell(&format!("/spec/levels/{index}"), VocabularyDetail::NodeNotLast);
            }
            Some(_) => {}
        }
        levels
    }

    fn level_name(&mut self, pointer: &str, found: &str, known: &[String]) {
        if !known.iter().any(|name| name == found) {
            let suggestion = nearest(found, known.iter().map(String::as_str)).map(str::to_owned);
            let detail =
                VocabularyDetail::UnknownLevel { found: found.to_owned(), known: known.to_vec() };
            self.problems.push(VocabularyProblem {
                code: codes::UNKNOWN_LEVEL,
                suggestion,
                ..problem(pointer, detail)
            });
        }
    }

    fn pools(&mut self, pools: &[PoolSpec]) -> BTreeMap<String, Group> {
        let mut names = BTreeMap::new();
        let mut groups = BTreeMap::new();
        for (pointer, pool) in self.entries("/spec/pools", pools) {
            self.form(&format!("{pointer}/name"), &pool.name, Form::DnsLabel);
            self.name(&mut names, &pointer, &pool.name, &[]);
            let mut tolerations = Vec::new();
            for (index, toleration) in pool.tolerations.iter().enumerate() {
                self.toleration(&format!("{pointer}/tolerations/{index}"), toleration);
                let operator = match toleration.operator.as_str() {
                    "" => "Equal",
                    operator => operator,
                };
                tolerations
                    .push(Toleration { operator: operator.to_owned(), ..toleration.clone() });
            }
            tolerations.extend(pool.guard.as_ref().map(guard_toleration));
            let guard = Guarded {
                kind: WordKind::Pool,
                name: &pool.name,
                guard: pool.guard.as_ref(),
                allowed: pool.allowed_namespaces.as_ref(),
            };
            self.guarded(&pointer, &guard);
            let group = Group {
                nodes: self.nodes(&pointer, &pool.nodes),
                tolerations,
                guard: pool.guard.clone(),
                allowed_namespaces: pool.allowed_namespaces.clone(),
                deprecated: pool.deprecated,
            };
            groups.entry(pool.name.clone()).or_insert(group);
        }
        groups
    }

    fn trust_domains(&mut self, domains: &[TrustDomainSpec]) -> BTreeMap<String, Group> {
        let mut names = BTreeMap::new();
        let mut groups = BTreeMap::new();
        for (pointer, domain) in self.entries("/spec/trustDomains", domains) {
            let name = &domain.name;
            // In a rule the name is the rest of the word.
            if name.is_empty()
                || name.contains(|c: char| c.is_whitespace() || c.is_control() || c == ';')
            {
                let detail = VocabularyDetail::TrustDomainName { found: name.clone() };
                self.tell(&format!("{pointer}/name"), detail);
            }
            self.name(&mut names, &pointer, name, &[name]);
            let guard = Guarded {
                kind: WordKind::TrustDomain,
                name,
                guard: domain.guard.as_ref(),
                allowed: domain.allowed_namespaces.as_ref(),
            };
            self.guarded(&pointer, &guard);
            let group = Group {
                nodes: self.nodes(&pointer, &domain.nodes),
                tolerations: domain.guard.iter().map(guard_toleration).collect(),
                guard: domain.guard.clone(),
                allowed_namespaces: domain.allowed_namespaces.clone(),
                deprecated: domain.deprecated,
            };
            groups.entry(name.clone()).or_insert(group);
        }
        groups
    }

    fn resources(&mut self, resources: &[ResourceSpec]) -> BTreeMap<String, Group> {
        let mut names = BTreeMap::new();
        let mut uids = BTreeMap::new();
        let mut groups = BTreeMap::new();
        for (pointer, resource) in self.entries("/spec/resources", resources) {
            self.form(&format!("{pointer}/name"), &resource.name, Form::DnsLabel);
            self.name(&mut names, &pointer, &resource.name, &[]);
            if let Some(uid) = &resource.uid {
                let pointer = format!("{pointer}/uid");
                if !is_uid(uid) {
                    self.tell(&pointer, VocabularyDetail::Uid { found: uid.clone() });
                } else if let Some(first) = uids.get(&uid.to_lowercase()) {
                    let (name, first) = (uid.clone(), String::clone(first));
                    self.tell(&pointer, VocabularyDetail::Duplicate { name, first });
                } else {
                    uids.insert(uid.to_lowercase(), pointer);
                }
            }
            let nodes = self.nodes(&pointer, &resource.nodes);
            let group = Group { nodes, deprecated: resource.deprecated, ..Group::default() };
            groups.entry(resource.name.clone()).or_insert(group);
        }
        groups
    }

    fn nodes(&mut self, pointer: &str, selector: &str) -> Selector {
        let parsed = selector::parse(selector, 0, Of::Nodes);
        for (flaw, span) in parsed.problems {
            let span = (flaw != SelectorFlaw::Empty).then_some(span);
            let pointer = format!("{pointer}/nodes");
            let problem = problem(&pointer, VocabularyDetail::Selector(flaw));
            self.problems.push(VocabularyProblem { code: codes::SELECTOR_SYNTAX, span, ..problem });
        }
        parsed.selector
    }

    fn guarded(&mut self, pointer: &str, group: &Guarded<'_>) {
        let keeps_out = |guard: &Guard| GUARD_EFFECTS.contains(&guard.effect.as_str());
        if let Some(guard) = group.guard {
            self.form(&format!("{pointer}/guard/key"), &guard.key, Form::LabelKey);
            self.form(&format!("{pointer}/guard/value"), &guard.value, Form::LabelValue);
        }
        match (group.allowed, group.guard) {
            (Some(_), guard) if !guard.is_some_and(keeps_out) => {
                let effect = guard.map(|guard| guard.effect.clone());
                let (pointer, on_key) = match guard {
                    Some(_) => (format!("{pointer}/guard/effect"), false),
                    None => (format!("{pointer}/allowedNamespaces"), true),
                };
                let (kind, name) = (group.kind, group.name.to_owned());
                let detail = VocabularyDetail::Unguarded { kind, name, effect };
                self.problems.push(VocabularyProblem { on_key, ..problem(&pointer, detail) });
            }
            (None, Some(guard)) => {
                self.one_of(&format!("{pointer}/guard/effect"), &guard.effect, GUARD_EFFECTS);
            }
            _ => {}
        }
        if let Some(allowed) = group.allowed {
            self.namespaces(&format!("{pointer}/allowedNamespaces"), allowed);
        }
    }

    fn namespaces(&mut self, pointer: &str, set: &NamespaceSet) {
        let mut seen = BTreeMap::new();
        for (index, name) in set.names.iter().enumerate() {
            let pointer = format!("{pointer}/names/{index}");
            self.form(&pointer, name, Form::DnsLabel);
            self.once(&mut seen, &pointer, name, name);
        }
        self.labels(&format!("{pointer}/matchLabels"), &set.match_labels);
    }

    fn labels(&mut self, pointer: &str, labels: &BTreeMap<String, String>) {
        for (key, value) in labels {
            let pointer = format!("{pointer}/{}", step(key));
            if !Form::LabelKey.accepts(key) {
                let detail = VocabularyDetail::Form { found: key.clone(), form: Form::LabelKey };
                self.problems.push(VocabularyProblem { on_key: true, ..problem(&pointer, detail) });
            }
            self.form(&pointer, value, Form::LabelValue);
        }
    }

    fn toleration(&mut self, pointer: &str, toleration: &Toleration) {
        if toleration.key.is_empty() {
            self.problems.push(VocabularyProblem {
                code: codes::TOLERATION_SYNTAX,
                ..problem(pointer, VocabularyDetail::EmptyTolerationKey)
            });
        } else {
            self.form(&format!("{pointer}/key"), &toleration.key, Form::LabelKey);
        }
        self.one_of(&format!("{pointer}/operator"), &toleration.operator, &["Exists", "Equal", ""]);
        let effects = ["NoSchedule", "PreferNoSchedule", "NoExecute", ""];
        self.one_of(&format!("{pointer}/effect"), &toleration.effect, &effects);
        self.form(&format!("{pointer}/value"), &toleration.value, Form::LabelValue);
        let misfits = [
            ("value", toleration.operator == "Exists" && !toleration.value.is_empty()),
            (
                "tolerationSeconds",
                toleration.effect != "NoExecute" && toleration.toleration_seconds.is_some(),
            ),
        ];
        for (field, _) in misfits.into_iter().filter(|(_, misfits)| *misfits) {
            let detail = VocabularyDetail::TolerationField { field };
            self.tell_as(codes::TOLERATION_SYNTAX, &format!("{pointer}/{field}"), detail);
        }
    }

    fn workloads(&mut self, workloads: &[WorkloadSpec]) {
        let mut seen = BTreeMap::new();
        for (pointer, workload) in self.entries("/spec/workloads", workloads) {
            let kind = format!("{} {}", workload.api_version, workload.kind);
            self.once(&mut seen, &format!("{pointer}/kind"), &kind, &workload.kind);
            for (field, value) in [("apiVersion", &workload.api_version), ("kind", &workload.kind)]
            {
                if value.trim().is_empty() {
                    self.tell(&format!("{pointer}/{field}"), VocabularyDetail::Empty);
                }
            }
            if workload.templates.is_empty() {
                self.tell(&format!("{pointer}/templates"), VocabularyDetail::Empty);
            }
            for (index, template) in workload.templates.iter().enumerate() {
                if !is_pointer(template) {
                    let found = template.clone();
                    let pointer = format!("{pointer}/templates/{index}");
                    self.tell(&pointer, VocabularyDetail::TemplatePointer { found });
                }
            }
        }
    }

    fn node_templates(&mut self, templates: &[NodeTemplate]) {
        let mut names = BTreeMap::new();
        for (pointer, template) in self.entries("/spec/nodeTemplates", templates) {
            self.form(&format!("{pointer}/name"), &template.name, Form::DnsLabel);
            self.name(&mut names, &pointer, &template.name, &[&template.name]);
            self.labels(&format!("{pointer}/labels"), &template.labels);
            for (index, taint) in template.taints.iter().enumerate() {
                let pointer = format!("{pointer}/taints/{index}");
                self.form(&format!("{pointer}/key"), &taint.key, Form::LabelKey);
                self.form(&format!("{pointer}/value"), &taint.value, Form::LabelValue);
                self.one_of(&format!("{pointer}/effect"), &taint.effect, EFFECTS);
            }
            let is_short_amount = |text: &str| text.len() <= MAX_NAME && is_amount(text);
            let odd = template.allocatable.iter().filter(|(_, text)| !is_short_amount(text));
            for (name, found) in odd {
                let pointer = format!("{pointer}/allocatable/{}", step(name));
                self.tell(&pointer, VocabularyDetail::NotAnAmount { found: found.clone() });
            }
            for (index, zone) in template.zones.iter().enumerate() {
                self.form(&format!("{pointer}/zones/{index}"), zone, Form::LabelValue);
            }
            if let Some(max) = template.count.max.filter(|max| *max < template.count.min) {
                let detail = VocabularyDetail::CountOrder { min: template.count.min, max };
                self.tell_as(codes::NUMBER_RANGE, &format!("{pointer}/count/min"), detail);
            }
        }
    }

    /// The guard of a word for some namespaces is tolerated by no word that is open to more.
    fn shared_guards(
        &mut self,
        spec: &VocabularySpec,
        pools: &BTreeMap<String, Group>,
        trust_domains: &BTreeMap<String, Group>,
    ) {
        let mut by_key: BTreeMap<&str, Vec<(&str, &Group, &Guard)>> = BTreeMap::new();
        for (name, group) in pools.iter().chain(trust_domains) {
            if let (Some(guard), Some(_)) = (&group.guard, &group.allowed_namespaces) {
                by_key.entry(&guard.key).or_default().push((name, group, guard));
            }
        }
        let pools = spec.pools.iter().enumerate().map(|(index, pool)| {
            (format!("/spec/pools/{index}"), pool.name.as_str(), pools.get(&pool.name))
        });
        let domains = spec.trust_domains.iter().enumerate().map(|(index, domain)| {
            let pointer = format!("/spec/trustDomains/{index}");
            (pointer, domain.name.as_str(), trust_domains.get(&domain.name))
        });
        for (pointer, name, group) in pools.chain(domains) {
            let Some(group) = group.filter(|_| self.problems.len() < MAX_PROBLEMS) else {
                continue;
            };
            let opened = group.tolerations.iter().find_map(|toleration| {
                let guarded = by_key.get(toleration.key.as_str())?;
                let open = |(_, other, guard): &&(&str, &Group, &Guard)| {
                    !std::ptr::eq(*other, group)
                        && reaches(toleration, guard)
                        && !is_within(group.allowed_namespaces.as_ref(), other)
                };
                guarded.iter().find(open).map(|(other, _, guard)| (*other, guard.key.clone()))
            });
            if let Some((of, key)) = opened {
                let (name, of) = (name.to_owned(), of.to_owned());
                self.tell(
                    &format!("{pointer}/name"),
                    VocabularyDetail::OpensGuard { name, of, key },
                );
            }
        }
    }
}

/// The effects of a taint that keep pods out.
pub static GUARD_EFFECTS: &[&str] = &["NoSchedule", "NoExecute"];

/// A word that may be for some namespaces only.
struct Guarded<'a> {
    kind: WordKind,
    name: &'a str,
    guard: Option<&'a Guard>,
    allowed: Option<&'a NamespaceSet>,
}

fn guard_toleration(guard: &Guard) -> Toleration {
    Toleration {
        key: guard.key.clone(),
        operator: "Equal".to_owned(),
        value: guard.value.clone(),
        effect: guard.effect.clone(),
        toleration_seconds: None,
    }
}

/// Whether a toleration tolerates the guard's taint.
fn reaches(toleration: &Toleration, guard: &Guard) -> bool {
    toleration.key == guard.key
        && (toleration.operator != "Equal" || toleration.value == guard.value)
        && (toleration.effect.is_empty() || toleration.effect == guard.effect)
}

/// Whether every namespace of the one set is certainly one of the group's.
fn is_within(inner: Option<&NamespaceSet>, group: &Group) -> bool {
    match (inner, &group.allowed_namespaces) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(inner), Some(outer)) => {
            let by_label = inner.match_labels.is_empty()
                || (!outer.match_labels.is_empty()
                    && outer
                        .match_labels
                        .iter()
                        .all(|(key, value)| inner.match_labels.get(key) == Some(value)));
            by_label && inner.names.iter().all(|name| outer.names.contains(name))
        }
    }
}

/// Eight, four, four, four and twelve hexadecimal digits.
fn is_uid(text: &str) -> bool {
    let lengths: Vec<_> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.bytes().all(|b| b == b'-' || b.is_ascii_hexdigit())
}

/// A JSON pointer below the root.
fn is_pointer(text: &str) -> bool {
    let escaped = text.split('~').skip(1).all(|rest| rest.starts_with(['0', '1']));
    escaped
        && text.len() > 1
        && text.starts_with('/')
        && !text.split('/').skip(1).any(str::is_empty)
}
