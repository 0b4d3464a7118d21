//! From a RoleCoordination as written to a [`Group`]: schema first, then meaning. Only what the
//! object itself says is judged; what depends on the workloads is the facade's.

use std::collections::BTreeMap;

use placecard_findings::Code;
use serde::Deserialize;
use serde_json::Value;

use super::written::{
    AffinitySchedulingSpec, CoordinationSpec, ObjectRef, RoleCoordination, RoleCoordinationSpec,
    RoleSpec, RollingUpdateSpec, StrategyType,
};
use super::{
    AffinityScheduling, BatchMode, Coordination, CoordinationDetail, CoordinationProblem,
    DEFAULT_TOPOLOGY_KEY, GROUP_KINDS, Group, MAX_RATIO, OnTimeout, Placement, Role, RollingUpdate,
    Source, Strategy, default_placement, duration, percent,
};
use crate::codes;
use crate::keys;
use crate::problem::Form;
use crate::report::MAX_PROBLEMS;
use crate::schema::{self, step};
use crate::suggest::{nearest, plain};
use crate::vocabulary_problem::VocabularyDetail;

pub use crate::schema::coordination_schema as schema;

/// Checks a RoleCoordination as it stands in a file or in the cluster.
///
/// With any problem there is no group: half a coordination would be another one.
#[must_use]
pub fn check(value: &Value) -> (Option<Group>, Vec<CoordinationProblem>) {
    let shape = schema::coordination_refusals(value);
    if !shape.is_empty() {
        let problems = shape.into_iter().map(|one| CoordinationProblem {
            code: one.code,
            pointer: one.pointer,
            on_key: one.on_key,
            detail: CoordinationDetail::Shape(one.detail),
            suggestion: one.suggestion,
        });
        return (None, problems.collect());
    }
    let Ok(written) = RoleCoordination::deserialize(value) else {
        let keyword = "type".to_owned();
        let detail = CoordinationDetail::Shape(VocabularyDetail::Schema { keyword });
        return (None, vec![problem("", detail)]);
    };
    let mut check = Check { problems: Vec::new() };
    check.object(&written);
    let (roles, coordinations) = check.spec(&written.spec);
    check.problems.truncate(MAX_PROBLEMS);
    let text = |field: &str| {
        let found = written.metadata.get(field).and_then(Value::as_str);
        found.unwrap_or_default().to_owned()
    };
    let group = Group { namespace: text("namespace"), name: text("name"), roles, coordinations };
    (check.problems.is_empty().then_some(group), check.problems)
}

fn code_of(detail: &CoordinationDetail) -> Code {
    use CoordinationDetail as Is;
    match detail {
        Is::UnknownRole { .. } => codes::UNKNOWN_ROLE,
        Is::NoRatio { .. } | Is::ForeignRatio { .. } => codes::ROLE_RATIO,
        Is::PlacedTwice { .. } => codes::ROLE_PLACED_TWICE,
        Is::SequentialByAffinity => codes::SEQUENTIAL_NEEDS_GATE,
        Is::Ratio { .. } => codes::NUMBER_RANGE,
        _ => codes::VALUE_SYNTAX,
    }
}

fn problem(pointer: &str, detail: CoordinationDetail) -> CoordinationProblem {
    CoordinationProblem {
        code: code_of(&detail),
        pointer: pointer.to_owned(),
        on_key: false,
        detail,
        suggestion: None,
    }
}

struct Check {
    problems: Vec<CoordinationProblem>,
}

impl Check {
    fn tell(&mut self, pointer: &str, detail: CoordinationDetail) {
        self.problems.push(problem(pointer, detail));
    }

    /// The key at the pointer is wrong, or its mapping lacks one.
    fn tell_key(&mut self, pointer: &str, detail: CoordinationDetail) {
        self.problems.push(CoordinationProblem { on_key: true, ..problem(pointer, detail) });
    }

    fn form(&mut self, pointer: &str, found: &str, what: &'static str, form: Form) {
        if !found.is_empty() && form.accepts(found) {
            return;
        }
        let clean = plain(found);
        let suggestion =
            (clean != found && !clean.is_empty() && form.accepts(&clean)).then_some(clean);
        let detail = CoordinationDetail::Form { found: found.to_owned(), what, form };
        self.problems.push(CoordinationProblem { suggestion, ..problem(pointer, detail) });
    }

    /// A name that its list has once.
    fn once(
        &mut self,
        seen: &mut BTreeMap<String, String>,
        pointer: &str,
        (what, key, name): (&'static str, &str, &str),
    ) -> bool {
        if let Some(first) = seen.get(key) {
            let (name, first) = (name.to_owned(), first.clone());
            self.tell(pointer, CoordinationDetail::Duplicate { what, name, first });
            return false;
        }
        seen.insert(key.to_owned(), pointer.to_owned());
        true
    }

    fn object(&mut self, written: &RoleCoordination) {
        let fixed = [
            ("/apiVersion", &written.api_version, keys::API_VERSION),
            ("/kind", &written.kind, keys::COORDINATION_KIND),
        ];
        for (pointer, found, expected) in fixed.into_iter().filter(|(_, one, of)| one != of) {
            let suggestion = nearest(found, [expected]).map(str::to_owned);
            let (found, expected) = (found.clone(), vec![expected.to_owned()]);
            let detail =
                CoordinationDetail::Shape(VocabularyDetail::WrongValue { found, expected });
            self.problems.push(CoordinationProblem { suggestion, ..problem(pointer, detail) });
        }
    }

    fn spec(&mut self, spec: &RoleCoordinationSpec) -> (Vec<Role>, Vec<Coordination>) {
        let roles = self.roles(&spec.roles);
        if spec.coordination.is_empty() {
            self.tell("/spec/coordination", CoordinationDetail::Empty { what: "a coordination" });
        }
        let names: Vec<String> = spec.roles.iter().map(|role| role.name.clone()).collect();
        let coordinations = self.coordinations("/spec/coordination", &spec.coordination, &names);
        self.paced("/spec/coordination", &spec.coordination, &roles);
        (roles, coordinations)
    }

    fn roles(&mut self, written: &[RoleSpec]) -> Vec<Role> {
        if written.is_empty() {
            self.tell("/spec/roles", CoordinationDetail::Empty { what: "a role" });
        }
        let (mut names, mut sources) = (BTreeMap::new(), BTreeMap::new());
        let mut roles = Vec::new();
        for (index, role) in written.iter().enumerate() {
            let pointer = format!("/spec/roles/{index}");
            let name = format!("{pointer}/name");
            self.form(&name, &role.name, "a role", Form::DnsLabel);
            self.once(&mut names, &name, ("role", &role.name, &role.name));
            let Some(source) = self.source(&pointer, role) else { continue };
            let (field, key, named) = match &source {
                Source::Workload { api_version, kind, name } => {
                    ("workloadRef", format!("{} {kind} {name}", group_of(api_version)), name)
                }
                Source::Group { kind, name, role, .. } => {
                    ("groupRef", format!("{kind} {name} {role}"), name)
                }
                Source::Annotation => continue,
            };
            let named = named.clone();
            let of = format!("{pointer}/{field}/name");
            self.once(&mut sources, &of, ("workload", &key, &named));
            roles.push(Role { name: role.name.clone(), source });
        }
        roles
    }

    fn source(&mut self, pointer: &str, role: &RoleSpec) -> Option<Source> {
        match (&role.workload_ref, &role.group_ref) {
            (Some(workload), None) => {
                self.reference(&format!("{pointer}/workloadRef"), workload);
                self.workload_kind(&format!("{pointer}/workloadRef/kind"), workload);
                if role.role.is_some() {
                    let detail =
                        CoordinationDetail::RoleOfGroup { kind: String::new(), present: true };
                    self.tell_key(&format!("{pointer}/role"), detail);
                }
                let ObjectRef { api_version, kind, name } = workload.clone();
                Some(Source::Workload { api_version, kind, name })
            }
            (None, Some(group)) => self.group(pointer, role, group),
            (workload, _) => {
                let both = workload.is_some();
                let detail = CoordinationDetail::OneSource { role: role.name.clone(), both };
                let field = if both { "/groupRef" } else { "" };
                self.tell_key(&format!("{pointer}{field}"), detail);
                None
            }
        }
    }

    fn reference(&mut self, pointer: &str, named: &ObjectRef) {
        self.form(&format!("{pointer}/name"), &named.name, "an object", Form::DnsSubdomain);
        if named.kind.is_empty() {
            let what = "the kind";
            self.tell(&format!("{pointer}/kind"), CoordinationDetail::Empty { what });
        }
        let version = named.api_version.split_once('/').map_or(&*named.api_version, |(_, of)| of);
        let group = group_of(&named.api_version);
        let plain = Form::DnsLabel.accepts(version)
            && (group.is_empty() || Form::DnsSubdomain.accepts(group))
            && !named.api_version.starts_with('/');
        if !plain {
            let (found, what) = (named.api_version.clone(), "a group and version");
            let detail = CoordinationDetail::Form { found, what, form: Form::Reference };
            self.tell(&format!("{pointer}/apiVersion"), detail);
        }
    }

    /// A workload whose pods name it as their owner, or the ReplicaSet that it owns.
    fn workload_kind(&mut self, pointer: &str, named: &ObjectRef) {
        let group = group_of(&named.api_version);
        let is_group = GROUP_KINDS.iter().any(|(of, kind, _)| *of == group && *kind == named.kind);
        let never = [("", "Pod"), ("apps", "DaemonSet"), ("batch", "CronJob")];
        if is_group || never.contains(&(group, named.kind.as_str())) {
            let found = named.kind.clone();
            self.tell(pointer, CoordinationDetail::WorkloadKind { found, is_group });
        }
    }

    fn group(&mut self, pointer: &str, role: &RoleSpec, named: &ObjectRef) -> Option<Source> {
        let at = format!("{pointer}/groupRef");
        self.reference(&at, named);
        let group = group_of(&named.api_version);
        let known = GROUP_KINDS.iter().find(|(of, kind, _)| *of == group && *kind == named.kind);
        let Some((_, _, inside)) = known else {
            let kinds = GROUP_KINDS.iter().map(|(_, kind, _)| *kind);
            let suggestion = nearest(&named.kind, kinds).filter(|kind| *kind != named.kind);
            let suggestion = suggestion.map(str::to_owned);
            let (found, group) = (named.kind.clone(), group.to_owned());
            let detail = CoordinationDetail::GroupKind { found, group };
            let pointer = format!("{at}/kind");
            self.problems.push(CoordinationProblem { suggestion, ..problem(&pointer, detail) });
            return None;
        };
        if inside.is_some() != role.role.is_some() {
            let present = role.role.is_some();
            let detail = CoordinationDetail::RoleOfGroup { kind: named.kind.clone(), present };
            let field = if present { "/role" } else { "" };
            self.tell_key(&format!("{pointer}{field}"), detail);
        }
        if let Some(inner) = &role.role {
            self.form(&format!("{pointer}/role"), inner, "a role", Form::DnsLabel);
        }
        let ObjectRef { api_version, kind, name } = named.clone();
        let role = role.role.clone().unwrap_or_default();
        Some(Source::Group { api_version, kind, name, role })
    }

    fn coordinations(
        &mut self,
        at: &str,
        written: &[CoordinationSpec],
        roles: &[String],
    ) -> Vec<Coordination> {
        let mut names = BTreeMap::new();
        let mut placed: BTreeMap<String, String> = BTreeMap::new();
        let mut coordinations = Vec::new();
        for (index, one) in written.iter().enumerate() {
            let pointer = format!("{at}/{index}");
            let name = format!("{pointer}/name");
            self.form(&name, &one.name, "a coordination", Form::LabelValue);
            self.once(&mut names, &name, ("coordination", &one.name, &one.name));
            let own = self.own_roles(&format!("{pointer}/roles"), one, roles);
            if one.kind == StrategyType::AffinityScheduling {
                self.placed_once(&pointer, one, &mut placed);
            }
            if let Some(strategy) = self.strategy(&pointer, one, &own) {
                coordinations.push(Coordination { name: one.name.clone(), roles: own, strategy });
            }
        }
        coordinations
    }

    /// The roles of a coordination: each exists and stands there once.
    fn own_roles(&mut self, at: &str, one: &CoordinationSpec, known: &[String]) -> Vec<String> {
        if one.roles.is_empty() {
            self.tell(at, CoordinationDetail::Empty { what: "a role" });
        }
        let mut seen = BTreeMap::new();
        let mut own = Vec::new();
        for (index, role) in one.roles.iter().enumerate() {
            let pointer = format!("{at}/{index}");
            if !known.contains(role) {
                let suggestion = nearest(role, known.iter().map(String::as_str));
                let suggestion = suggestion.map(str::to_owned);
                let mut sorted = known.to_vec();
                sorted.sort();
                let detail = CoordinationDetail::UnknownRole { found: role.clone(), known: sorted };
                let problem = problem(&pointer, detail);
                self.problems.push(CoordinationProblem { suggestion, ..problem });
            }
            if self.once(&mut seen, &pointer, ("role", role, role)) {
                own.push(role.clone());
            }
        }
        own
    }

    /// A pod has one batch: no role is placed by two coordinations.
    fn placed_once(
        &mut self,
        pointer: &str,
        one: &CoordinationSpec,
        placed: &mut BTreeMap<String, String>,
    ) {
        for (index, role) in one.roles.iter().enumerate() {
            match placed.get(role) {
                Some(first) if *first != one.name => {
                    let (role, first) = (role.clone(), first.clone());
                    let second = one.name.clone();
                    let detail = CoordinationDetail::PlacedTwice { role, first, second };
                    self.tell(&format!("{pointer}/roles/{index}"), detail);
                }
                Some(_) => {}
                None => {
                    placed.insert(role.clone(), one.name.clone());
                }
            }
        }
    }

    fn strategy(
        &mut self,
        pointer: &str,
        one: &CoordinationSpec,
        roles: &[String],
    ) -> Option<Strategy> {
        let at = format!("{pointer}/strategy");
        let (affinity, rolling) = (&one.strategy.affinity_scheduling, &one.strategy.rolling_update);
        let (kind, field, other, is, has_other) = match one.kind {
            StrategyType::AffinityScheduling => (
                "AffinityScheduling",
                "affinityScheduling",
                "rollingUpdate",
                affinity.is_some(),
                rolling.is_some(),
            ),
            StrategyType::RollingUpdate => (
                "RollingUpdate",
                "rollingUpdate",
                "affinityScheduling",
                rolling.is_some(),
                affinity.is_some(),
            ),
        };
        if !is || has_other {
            let other = has_other.then_some(other);
            let at = other.map_or_else(|| at.clone(), |other| format!("{at}/{other}"));
            self.tell_key(&at, CoordinationDetail::StrategyOfType { kind, field, other });
        }
        match (one.kind, affinity, rolling) {
            (StrategyType::AffinityScheduling, Some(affinity), _) => {
                let at = format!("{at}/affinityScheduling");
                Some(Strategy::AffinityScheduling(self.affinity(&at, one, affinity, roles)))
            }
            (StrategyType::RollingUpdate, _, Some(rolling)) => {
                let at = format!("{at}/rollingUpdate");
                Some(Strategy::RollingUpdate(self.rolling(&at, rolling)))
            }
            _ => None,
        }
    }

    /// Rollouts that the controller carries out: only StatefulSets have a partition, and each has one.
    fn paced(&mut self, at: &str, written: &[CoordinationSpec], roles: &[Role]) {
        let mut paced: BTreeMap<&str, &str> = BTreeMap::new();
        for (index, one) in written.iter().enumerate() {
            let rolling = one.strategy.rolling_update.as_ref();
            if one.kind != StrategyType::RollingUpdate
                || !rolling.is_some_and(|rolling| rolling.manage_rollout)
            {
                continue;
            }
            for (place, name) in one.roles.iter().enumerate() {
                let pointer = format!("{at}/{index}/roles/{place}");
                let source = roles.iter().find(|role| role.name == *name);
                let (group, kind) = match source.map(|role| &role.source) {
                    Some(
                        Source::Workload { api_version, kind, .. }
                        | Source::Group { api_version, kind, .. },
                    ) => (group_of(api_version), kind),
                    Some(Source::Annotation) | None => continue,
                };
                if (group, kind.as_str()) != ("apps", "StatefulSet") {
                    let (role, kind) = (name.clone(), kind.clone());
                    self.tell(&pointer, CoordinationDetail::NotPaced { role, kind });
                }
                match paced.get(name.as_str()) {
                    Some(first) if *first != one.name => {
                        let (role, first) = (name.clone(), (*first).to_owned());
                        self.tell(&pointer, CoordinationDetail::PacedTwice { role, first });
                    }
                    _ => _ = paced.insert(name, &one.name),
                }
            }
        }
    }

    fn affinity(
        &mut self,
        at: &str,
        one: &CoordinationSpec,
        written: &AffinitySchedulingSpec,
        roles: &[String],
    ) -> AffinityScheduling {
        if let Some(key) = &written.topology_key {
            self.form(&format!("{at}/topologyKey"), key, "a topology key", Form::LabelKey);
        }
        let ratios = self.ratios(&format!("{at}/ratios"), one, &written.ratios, roles);
        let batch_mode = written.batch_mode.unwrap_or_default();
        let placement = written.placement.unwrap_or_else(|| default_placement(batch_mode));
        if batch_mode == BatchMode::Sequential && placement == Placement::Affinity {
            self.tell(&format!("{at}/placement"), CoordinationDetail::SequentialByAffinity);
        }
        let timeout_seconds = self.timeout(at, written, placement);
        AffinityScheduling {
            topology_key: written
                .topology_key
                .clone()
                .unwrap_or_else(|| DEFAULT_TOPOLOGY_KEY.to_owned()),
            ratios,
            batch_mode,
            exclusive: written.exclusive.unwrap_or_default(),
            placement,
            timeout_seconds,
            on_timeout: written.on_timeout.unwrap_or_default(),
        }
    }

    /// Every role of the coordination has a ratio, and no other has one.
    fn ratios(
        &mut self,
        at: &str,
        one: &CoordinationSpec,
        written: &BTreeMap<String, i64>,
        roles: &[String],
    ) -> BTreeMap<String, u32> {
        let coordination = &one.name;
        for role in roles.iter().filter(|role| !written.contains_key(*role)) {
            let (role, coordination) = (role.clone(), coordination.clone());
            self.tell_key(at, CoordinationDetail::NoRatio { role, coordination });
        }
        let mut ratios = BTreeMap::new();
        for (role, found) in written {
            let pointer = format!("{at}/{}", step(role));
            if !roles.contains(role) {
                let free = roles.iter().filter(|role| !written.contains_key(*role));
                let suggestion = nearest(role, free.map(String::as_str)).map(str::to_owned);
                let (role, coordination) = (role.clone(), coordination.clone());
                let known = roles.to_vec();
                let detail = CoordinationDetail::ForeignRatio { role, coordination, known };
                let problem = problem(&pointer, detail);
                self.problems.push(CoordinationProblem { on_key: true, suggestion, ..problem });
            }
            match u32::try_from(*found).ok().filter(|ratio| (1..=MAX_RATIO).contains(ratio)) {
                Some(ratio) => {
                    ratios.insert(role.clone(), ratio);
                }
                None => {
                    let (role, found) = (role.clone(), *found);
                    let detail = CoordinationDetail::Ratio { role, found };
                    self.tell(&pointer, detail);
                }
            }
        }
        ratios
    }

    fn timeout(
        &mut self,
        at: &str,
        written: &AffinitySchedulingSpec,
        placement: Placement,
    ) -> Option<u64> {
        let fields =
            [("timeout", written.timeout.is_some()), ("onTimeout", written.on_timeout.is_some())];
        let name = match placement {
            Placement::Affinity => "affinity",
            Placement::Gated => "gated",
            Placement::PodGroup => "podgroup",
        };
        if placement != Placement::Gated {
            for (field, _) in fields.into_iter().filter(|(_, there)| *there) {
                let detail = CoordinationDetail::OnlyGated { field, placement: name };
                self.tell_key(&format!("{at}/{field}"), detail);
            }
        } else if written.timeout.is_none() && written.on_timeout == Some(OnTimeout::Release) {
            self.tell(&format!("{at}/onTimeout"), CoordinationDetail::ReleaseWithoutTimeout);
        }
        let text = written.timeout.as_ref()?;
        let seconds = duration::seconds(text).filter(|seconds| *seconds > 0);
        if seconds.is_none() {
            let found = text.clone();
            self.tell(&format!("{at}/timeout"), CoordinationDetail::Duration { found });
        }
        seconds
    }

    fn rolling(&mut self, at: &str, written: &RollingUpdateSpec) -> RollingUpdate {
        let fields = [
            // With none that may be missing, nothing is ever replaced.
            ("maxUnavailableRatio", &written.max_unavailable_ratio, 1),
            ("maxSkew", &written.max_skew, 0),
            ("partition", &written.partition, 0),
        ];
        for (field, text, least) in fields {
            let Some(text) = text else { continue };
            if percent(text).is_none_or(|percent| percent < least) {
                let found = text.clone();
                let detail = CoordinationDetail::Percentage { field, found, least };
                self.tell(&format!("{at}/{field}"), detail);
            }
        }
        RollingUpdate {
            max_unavailable_ratio: written.max_unavailable_ratio.clone(),
            max_skew: written.max_skew.clone(),
            partition: written.partition.clone(),
            manage_rollout: written.manage_rollout,
        }
    }
}

/// The group of an `apiVersion`; empty is the core group.
#[must_use]
pub fn group_of(api_version: &str) -> &str {
    api_version.split_once('/').map(|(group, _)| group).unwrap_or_default()
}
