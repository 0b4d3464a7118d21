//! The arguments of plugins (`types_pluginargs.go`, `v1/defaults.go`,
//! `validation/validation_pluginargs.go`).

use std::collections::BTreeSet;

use k8s_openapi::api::core::v1::{NodeAffinity, TopologySpreadConstraint};
use placecard_feasibility::inventory::pod::{TopologySpread, Weighted, WhenUnsatisfiable};
use placecard_feasibility::label::is_label_key;
use placecard_feasibility::node_terms::{NodeTerm, requirement_flaw};
use placecard_feasibility::profile::{DefaultSpread, Profile, ShapePoint, Strategy};
use placecard_findings::FieldPath;

use super::reader::{Mapping, Reader};
use super::{API_VERSION, ProblemKind, UnjudgedKind, Why};
use crate::native;

/// Plugins with arguments that do not bear on where a pod may go.
const BESIDES: [&str; 2] = ["DefaultPreemption", "DynamicResources"];

/// What a point of a shape counts in points of a node (`MaxNodeScore / MaxCustomPriorityScore`).
const POINTS: i64 = 10;
/// The most points of a shape.
const MOST: i64 = 10;
/// Percent.
const FULL: i64 = 100;

/// Reads `pluginConfig` of a profile.
pub(super) fn read(reader: &mut Reader, at: &FieldPath, written: &Mapping, profile: &mut Profile) {
    let mut seen = BTreeSet::new();
    for (at, value) in reader.list(at, written, "pluginConfig") {
        let Some(written) = reader.mapping(&at, value) else {
            continue;
        };
        reader.known_fields(&at, written, &[&["name", "args"]]);
        let Some(name) = reader.text(&at, written, "name").filter(|name| !name.is_empty()) else {
            reader.problem(&at, ProblemKind::Missing { field: "name" });
            continue;
        };
        if !seen.insert(name.clone()) {
            reader.problem(&at.key("name"), ProblemKind::Duplicate { found: name });
            continue;
        }
        let args_at = at.key("args");
        let Some(args) = reader.inner(&at, written, "args") else {
            continue;
        };
        arguments(reader, &args_at, &name, args, profile);
    }
}

fn arguments(
    reader: &mut Reader,
    at: &FieldPath,
    name: &str,
    args: &Mapping,
    profile: &mut Profile,
) {
    match name {
        "NodeResourcesFit" => fit(reader, at, args, profile),
        "NodeResourcesBalancedAllocation" => balanced(reader, at, args, profile),
        "InterPodAffinity" => inter_pod_affinity(reader, at, args, profile),
        "NodeAffinity" => node_affinity(reader, at, args, profile),
        "PodTopologySpread" => pod_topology_spread(reader, at, args, profile),
        "VolumeBinding" => volume_binding(reader, at, args, profile),
        name if BESIDES.contains(&name) => {}
        name => {
            reader.unjudged(at, UnjudgedKind::Arguments(name.to_owned()));
            return;
        }
    }
    let kind = format!("{name}Args");
    for (key, expected) in [("apiVersion", API_VERSION), ("kind", kind.as_str())] {
        if let Some(found) = reader.text(at, args, key).filter(|found| found != expected) {
            let expected = expected.to_owned();
            reader.problem(&at.key(key), ProblemKind::Instead { found, expected });
        }
    }
}

/// The fields that all arguments have, and these.
fn fields(reader: &mut Reader, at: &FieldPath, args: &Mapping, own: &[&str]) {
    reader.known_fields(at, args, &[&["apiVersion", "kind"], own]);
}

fn fit(reader: &mut Reader, at: &FieldPath, args: &Mapping, profile: &mut Profile) {
    fields(reader, at, args, &["ignoredResources", "ignoredResourceGroups", "scoringStrategy"]);
    for (at, name) in reader.texts(at, args, "ignoredResources") {
        if !is_label_key(&name) {
            reader.problem(&at, ProblemKind::Name { found: name.clone() });
        }
        profile.fit.ignored_resources.insert(name);
    }
    for (at, name) in reader.texts(at, args, "ignoredResourceGroups") {
        if !is_label_key(&name) || name.contains('/') {
            reader.problem(&at, ProblemKind::Name { found: name.clone() });
        }
        profile.fit.ignored_resource_groups.insert(name);
    }
    let Some(strategy) = reader.inner(at, args, "scoringStrategy") else {
        return;
    };
    let at = at.key("scoringStrategy");
    reader.known_fields(&at, strategy, &[&["type", "resources", "requestedToCapacityRatio"]]);
    let resources = resources(reader, &at, strategy, FULL);
    if !resources.is_empty() {
        profile.fit.resources = resources;
    }
    let ratio = reader.inner(&at, strategy, "requestedToCapacityRatio");
    let word = reader.text(&at, strategy, "type").unwrap_or_default();
    match word.as_str() {
        "RequestedToCapacityRatio" => {
            let Some(ratio) = ratio else {
                let field = "requestedToCapacityRatio";
                reader.problem(&at, ProblemKind::Missing { field });
                return;
            };
            let at = at.key("requestedToCapacityRatio");
            reader.known_fields(&at, ratio, &[&["shape"]]);
            let shape = shape(reader, &at, ratio);
            if shape.is_empty() {
                reader.problem(&at, ProblemKind::Missing { field: "shape" });
            }
            profile.fit.strategy = Strategy::RequestedToCapacityRatio(shape);
            return;
        }
        "MostAllocated" => profile.fit.strategy = Strategy::MostAllocated,
        "LeastAllocated" => profile.fit.strategy = Strategy::LeastAllocated,
        _ => {
            let known = &["LeastAllocated", "MostAllocated", "RequestedToCapacityRatio"];
            reader.problem(&at.key("type"), ProblemKind::Word { found: word, known });
        }
    }
    if ratio.is_some() {
        let field = "requestedToCapacityRatio";
        let why = Why::OtherStrategy;
        reader.problem(&at.key(field), ProblemKind::Forbidden { field, why });
    }
}

/// `resources`: names and weights, 1 where none is written.
fn resources(
    reader: &mut Reader,
    at: &FieldPath,
    written: &Mapping,
    heaviest: i64,
) -> Vec<(String, i64)> {
    let mut resources = Vec::new();
    for (at, value) in reader.list(at, written, "resources") {
        let Some(resource) = reader.mapping(&at, value) else {
            continue;
        };
        reader.known_fields(&at, resource, &[&["name", "weight"]]);
        let name = reader.text(&at, resource, "name").unwrap_or_default();
        // A weight of 0 is none.
        let weight = reader.integer(&at, resource, "weight", 0, heaviest).unwrap_or(0).max(1);
        resources.push((name, weight));
    }
    resources
}

fn shape(reader: &mut Reader, at: &FieldPath, written: &Mapping) -> Vec<ShapePoint> {
    let mut shape: Vec<ShapePoint> = Vec::new();
    for (at, value) in reader.list(at, written, "shape") {
        let Some(point) = reader.mapping(&at, value) else {
            continue;
        };
        reader.known_fields(&at, point, &[&["utilization", "score"]]);
        let utilization = reader.integer(&at, point, "utilization", 0, FULL).unwrap_or(0);
        let score = reader.integer(&at, point, "score", 0, MOST).unwrap_or(0) * POINTS;
        if shape.last().is_some_and(|last| last.utilization >= utilization) {
            reader.problem(&at.key("utilization"), ProblemKind::NotAscending);
        }
        shape.push(ShapePoint { utilization, score });
    }
    shape
}

fn balanced(reader: &mut Reader, at: &FieldPath, args: &Mapping, profile: &mut Profile) {
    fields(reader, at, args, &["resources"]);
    let (mut names, mut seen) = (Vec::new(), BTreeSet::new());
    for (index, (name, _)) in resources(reader, at, args, 1).into_iter().enumerate() {
        if !seen.insert(name.clone()) {
            let at = at.key("resources").index(index).key("name");
            reader.problem(&at, ProblemKind::Duplicate { found: name.clone() });
        }
        names.push(name);
    }
    if !names.is_empty() {
        profile.balanced = names;
    }
}

fn inter_pod_affinity(reader: &mut Reader, at: &FieldPath, args: &Mapping, profile: &mut Profile) {
    let (weight, ignore) = ("hardPodAffinityWeight", "ignorePreferredTermsOfExistingPods");
    fields(reader, at, args, &[weight, ignore]);
    if let Some(weight) = reader.integer(at, args, weight, 0, FULL) {
        profile.hard_pod_affinity_weight = weight;
    }
    profile.ignore_preferred_terms_of_existing_pods =
        reader.truth(at, args, ignore).unwrap_or(false);
}

fn node_affinity(reader: &mut Reader, at: &FieldPath, args: &Mapping, profile: &mut Profile) {
    const REQUIRED: &str = "requiredDuringSchedulingIgnoredDuringExecution";
    const PREFERRED: &str = "preferredDuringSchedulingIgnoredDuringExecution";
    fields(reader, at, args, &["addedAffinity"]);
    let Some(written) = args.get("addedAffinity").filter(|value| !value.is_null()) else {
        return;
    };
    let at = at.key("addedAffinity");
    let Some(added) = reader.typed::<NodeAffinity>(&at, written) else {
        return;
    };
    if let Some(required) = added.required_during_scheduling_ignored_during_execution {
        let at = at.key(REQUIRED).key("nodeSelectorTerms");
        let terms: Vec<NodeTerm> =
            required.node_selector_terms.iter().map(native::node_term).collect();
        for (index, term) in terms.iter().enumerate() {
            check_term(reader, &at.index(index), term);
        }
        profile.added_nodes = Some(terms);
    }
    let preferred = added.preferred_during_scheduling_ignored_during_execution;
    for (index, one) in preferred.into_iter().flatten().enumerate() {
        let term = native::node_term(&one.preference);
        check_term(reader, &at.key(PREFERRED).index(index).key("preference"), &term);
        profile.added_preferred_nodes.push(Weighted { weight: one.weight, term });
    }
}

fn check_term(reader: &mut Reader, at: &FieldPath, term: &NodeTerm) {
    for (list, field, requirements) in
        [("matchExpressions", false, &term.expressions), ("matchFields", true, &term.fields)]
    {
        for (index, requirement) in requirements.iter().enumerate() {
            if requirement_flaw(field, requirement).is_some() {
                reader.problem(&at.key(list).index(index), ProblemKind::Requirement);
            }
        }
    }
}

fn pod_topology_spread(reader: &mut Reader, at: &FieldPath, args: &Mapping, profile: &mut Profile) {
    fields(reader, at, args, &["defaultConstraints", "defaultingType"]);
    let kind = reader.text(at, args, "defaultingType").unwrap_or_default();
    let written = reader.list(at, args, "defaultConstraints");
    let system = match kind.as_str() {
        "" | "System" => true,
        "List" => false,
        _ => {
            let known = &["List", "System"];
            reader.problem(&at.key("defaultingType"), ProblemKind::Word { found: kind, known });
            return;
        }
    };
    if system {
        if !written.is_empty() {
            let field = "defaultConstraints";
            let why = Why::SystemDefaulting;
            reader.problem(&at.key(field), ProblemKind::Forbidden { field, why });
        }
        return;
    }
    let mut constraints: Vec<TopologySpread> = Vec::new();
    let mut seen = BTreeSet::new();
    for (at, value) in written {
        let Some(constraint) = constraint(reader, &at, value) else {
            continue;
        };
        let hard = constraint.when_unsatisfiable == WhenUnsatisfiable::DoNotSchedule;
        if !seen.insert((constraint.topology_key.clone(), hard)) {
            let found = constraint.topology_key.clone();
            reader.problem(&at, ProblemKind::Duplicate { found });
        }
        constraints.push(constraint);
    }
    profile.default_spread = DefaultSpread { system, constraints };
}

fn constraint(
    reader: &mut Reader,
    at: &FieldPath,
    value: &serde_json::Value,
) -> Option<TopologySpread> {
    let written = reader.typed::<TopologySpreadConstraint>(at, value)?;
    if written.max_skew <= 0 {
        let (found, most) = (i64::from(written.max_skew), i64::from(i32::MAX));
        reader.problem(&at.key("maxSkew"), ProblemKind::Range { found, least: 1, most });
    }
    if !is_label_key(&written.topology_key) {
        let found = written.topology_key.clone();
        reader.problem(&at.key("topologyKey"), ProblemKind::Name { found });
    }
    if written.label_selector.is_some() {
        let field = "labelSelector";
        let why = Why::SelectorDeduced;
        reader.problem(&at.key(field), ProblemKind::Forbidden { field, why });
    }
    let when_unsatisfiable = match written.when_unsatisfiable.as_str() {
        "DoNotSchedule" => WhenUnsatisfiable::DoNotSchedule,
        "ScheduleAnyway" => WhenUnsatisfiable::ScheduleAnyway,
        _ => {
            let known = &["DoNotSchedule", "ScheduleAnyway"];
            let found = written.when_unsatisfiable.clone();
            reader.problem(&at.key("whenUnsatisfiable"), ProblemKind::Word { found, known });
            return None;
        }
    };
    let honors =
        |policy: &Option<String>, default: &str| policy.as_deref().unwrap_or(default) == "Honor";
    Some(TopologySpread {
        max_skew: written.max_skew,
        topology_key: written.topology_key.clone(),
        when_unsatisfiable,
        selector: None,
        min_domains: written.min_domains.unwrap_or(1),
        honor_affinity: honors(&written.node_affinity_policy, "Honor"),
        honor_taints: honors(&written.node_taints_policy, "Ignore"),
    })
}

fn volume_binding(reader: &mut Reader, at: &FieldPath, args: &Mapping, profile: &mut Profile) {
    fields(reader, at, args, &["bindTimeoutSeconds", "shape"]);
    let _ = reader.integer(at, args, "bindTimeoutSeconds", 0, i64::MAX);
    let shape = shape(reader, at, args);
    if shape.is_empty() {
        return;
    }
    if reader.semantics.volumes_scored {
        profile.volume_shape = shape;
    } else {
        let why = Why::VolumesNotScored;
        reader.problem(&at.key("shape"), ProblemKind::Forbidden { field: "shape", why });
    }
}
