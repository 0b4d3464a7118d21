use placecard_feasibility::filter::Plugin;
use placecard_feasibility::inventory::pod::PodSpec;
use placecard_feasibility::profile::{DefaultSpread, ShapePoint, Strategy};
use placecard_feasibility::score::ScorePlugin;
use serde_json::json;

use super::*;
use crate::words::scheduler_configuration as words;

const SEMANTICS: fn() -> Semantics = || Semantics::of_minor(37);

fn file(profiles: &Value) -> Value {
    json!({"apiVersion": API_VERSION, "kind": KIND, "profiles": profiles})
}

/// The only profile, with these plugins and arguments.
fn profile_with(plugins: &Value, args: &[(&str, Value)]) -> Result<Profile, Vec<Problem>> {
    let args: Vec<Value> =
        args.iter().map(|(name, args)| json!({"name": name, "args": args})).collect();
    let file = file(&json!([{"plugins": plugins, "pluginConfig": args}]));
    read(&file, SEMANTICS()).map(|mut read| read.profiles.remove(0))
}

fn plugins(plugins: &Value) -> Profile {
    profile_with(plugins, &[]).expect("no mistake")
}

fn names(profile: &Profile) -> Vec<&'static str> {
    profile.filter.iter().map(|plugin| plugin.name()).collect()
}

#[test]
fn what_is_not_written_is_as_without_a_file() {
    for minor in [34, 36, 37] {
        let semantics = Semantics::of_minor(minor);
        let default = Profile::of(semantics);
        for profiles in [json!(null), json!([]), json!([{}]), json!([{"plugins": {}}])] {
            let read = read(&file(&profiles), semantics).expect("no mistake");
            let [found] = read.profiles.as_slice() else { panic!("{read:?}") };
            assert_eq!((&found.weights, &found.fit), (&default.weights, &default.fit));
            assert_eq!(
                (&found.filter, found.scheduler.as_str()),
                (&default.filter, DEFAULT_SCHEDULER)
            );
            assert_eq!(found.pre_score, default.pre_score);
            assert!(read.unjudged.is_empty());
        }
    }
}

#[test]
fn plugins_are_merged_into_the_defaults() {
    let all = names(&Profile::of(SEMANTICS()));
    let without: Vec<&str> = all.iter().copied().filter(|name| *name != "NodePorts").collect();
    let off = json!([{"name": "NodePorts"}]);
    for step in ["multiPoint", "filter"] {
        assert_eq!(names(&plugins(&json!({step: {"disabled": off}}))), without, "{step}");
    }
    // Enabled again in its old place; disabled and enabled, at the end.
    let again = plugins(&json!({"multiPoint": {"enabled": off}}));
    assert_eq!(names(&again), all);
    let last = plugins(&json!({"multiPoint": {"enabled": off, "disabled": off}}));
    assert_eq!(names(&last).last(), Some(&"NodePorts"));
    // At a step of its own it runs first.
    let first = plugins(&json!({"filter": {"enabled": off}}));
    assert_eq!(names(&first).first(), Some(&"NodePorts"));
    assert_eq!(names(&first).len(), all.len());
    let star = json!([{"name": "*"}]);
    let alone = plugins(&json!({"filter": {"enabled": off, "disabled": star}}));
    assert_eq!(alone.filter, [Plugin::NodePorts]);
    assert_eq!(alone.pre_filter.len(), again.pre_filter.len());
    let nothing = plugins(&json!({"multiPoint": {"disabled": star}}));
    assert!(nothing.filter.is_empty() && nothing.weights.is_empty());
}

#[test]
fn the_weight_at_the_step_counts_before_that_of_all_steps() {
    let weight =
        |written: Value| plugins(&written).weights.get(&ScorePlugin::TaintToleration).copied();
    let enabled =
        |weight: Value| json!({"enabled": [{"name": "TaintToleration", "weight": weight}]});
    let table = [
        (json!({}), Some(3)),
        (json!({"multiPoint": enabled(json!(7))}), Some(7)),
        (json!({"multiPoint": enabled(json!(null))}), Some(1)),
        (json!({"score": enabled(json!(5)), "multiPoint": enabled(json!(7))}), Some(5)),
        (json!({"score": enabled(json!(0))}), Some(1)),
        (json!({"score": {"disabled": [{"name": "TaintToleration"}]}}), None),
    ];
    for (written, expected) in table {
        assert_eq!(weight(written.clone()), expected, "{written}");
    }
}

#[test]
fn arguments_are_read() {
    let shape =
        json!({"shape": [{"utilization": 0, "score": 0}, {"utilization": 100, "score": 10}]});
    let required = json!({"nodeSelectorTerms": [{"matchExpressions": [
        {"key": "pool", "operator": "In", "values": ["a"]},
    ]}]});
    let constraint = json!({
        "maxSkew": 2, "topologyKey": "rack", "whenUnsatisfiable": "DoNotSchedule", "minDomains": 3,
    });
    let profile = profile_with(
        &json!({}),
        &[
            (
                "NodeResourcesFit",
                json!({
                    "ignoredResources": ["example.com/gpu"],
                    "ignoredResourceGroups": ["example.net"],
                    "scoringStrategy": {
                        "type": "RequestedToCapacityRatio",
                        "resources": [{"name": "cpu", "weight": 3}, {"name": "example.com/gpu"}],
                        "requestedToCapacityRatio": shape,
                    },
                }),
            ),
            (
                "NodeResourcesBalancedAllocation",
                json!({"resources": [{"name": "cpu", "weight": 1}]}),
            ),
            (
                "InterPodAffinity",
                json!({
                    "hardPodAffinityWeight": 0, "ignorePreferredTermsOfExistingPods": true,
                }),
            ),
            (
                "NodeAffinity",
                json!({"kind": "NodeAffinityArgs", "addedAffinity": {
                    "requiredDuringSchedulingIgnoredDuringExecution": required,
                }}),
            ),
            (
                "PodTopologySpread",
                json!({
                    "defaultingType": "List", "defaultConstraints": [constraint],
                }),
            ),
            ("VolumeBinding", shape.clone()),
            ("DefaultPreemption", json!({"minCandidateNodesPercentage": 5})),
        ],
    )
    .expect("no mistake");
    let points = [(0, 0), (100, 100)].map(|(utilization, score)| ShapePoint { utilization, score });
    assert_eq!(profile.fit.strategy, Strategy::RequestedToCapacityRatio(points.to_vec()));
    let resources = [("cpu".to_owned(), 3), ("example.com/gpu".to_owned(), 1)];
    assert_eq!(profile.fit.resources, resources);
    assert!(profile.fit.ignored_resource_groups.contains("example.net"));
    assert_eq!(
        (profile.balanced.as_slice(), profile.hard_pod_affinity_weight),
        (&["cpu".to_owned()][..], 0)
    );
    assert!(profile.ignore_preferred_terms_of_existing_pods);
    assert_eq!(profile.added_nodes.as_ref().map(Vec::len), Some(1));
    let DefaultSpread { system: false, constraints } = &profile.default_spread else {
        panic!("{profile:?}")
    };
    assert_eq!((constraints[0].max_skew, constraints[0].min_domains), (2, 3));
    assert_eq!(profile.volume_shape, points);
}

/// Every mistake must be found at its path, in words that have the part.
fn assert_mistakes(table: &[(Value, &str, &str)]) {
    for (profiles, path, part) in table {
        let problems = read(&file(profiles), SEMANTICS()).expect_err("a mistake");
        let said: Vec<String> = problems
            .iter()
            .map(|problem| format!("{}: {}", problem.path, words::problem(problem)))
            .collect();
        let is_it = |line: &String| line.starts_with(&format!("{path}: ")) && line.contains(part);
        assert!(said.iter().any(is_it), "{path}: {part}\n{said:#?}");
    }
}

#[test]
fn mistakes_of_profiles_are_pointed_at() {
    let at_step = |step: &str, name: &str| json!([{"plugins": {step: {"enabled": [{"name": name}, {"name": "NodePorts"}]}}}]);
    let plugin = |step: &str| format!("profiles[0].plugins.{step}.enabled[0].name");
    let percentage = json!([{"percentageOfNodesToScore": 101}]);
    assert_mistakes(&[
        (json!(7), "profiles", "a list belongs here"),
        (json!(["x"]), "profiles[0]", "a mapping belongs here"),
        (json!([{}, {}]), "profiles[0]", "schedulerName is missing"),
        (json!([{"schedulerName": 1}]), "profiles[0].schedulerName", "a string belongs here"),
        (
            json!([{"schedulerName": "a"}, {"schedulerName": "a"}]),
            "profiles[1].schedulerName",
            "a is here twice",
        ),
        (percentage, "profiles[0].percentageOfNodesToScore", "101 is not in the range from 0"),
        (at_step("score", "NodeName"), &plugin("score"), "does nothing at score"),
        (at_step("filter", "EBSLimits"), &plugin("filter"), "no longer has"),
        (
            at_step("filter", "NodePorts"),
            "profiles[0].plugins.filter.enabled[1].name",
            "NodePorts is here twice",
        ),
    ]);
    let others = [
        json!(null),
        json!({"kind": "ConfigMap"}),
        json!({"apiVersion": "kubescheduler.config.k8s.io/v1beta3", "kind": KIND}),
    ];
    for other in others {
        assert_eq!(read(&other, SEMANTICS()).expect_err("a mistake").len(), 1);
    }
}

#[test]
fn mistakes_of_arguments_are_pointed_at() {
    const ARGS: &str = "profiles[0].pluginConfig[0].args";
    let args = |name: &str, args: Value| json!([{"pluginConfig": [{"name": name, "args": args}]}]);
    let pods = |written: Value| args("InterPodAffinity", written);
    let strategy = |written: Value| args("NodeResourcesFit", json!({"scoringStrategy": written}));
    let ratio = |points: Value| {
        let shape = json!({"shape": points});
        let kind = "RequestedToCapacityRatio";
        strategy(json!({"type": kind, "requestedToCapacityRatio": shape}))
    };
    let spread = |constraint: Value| {
        let constraints = json!([constraint]);
        args(
            "PodTopologySpread",
            json!({"defaultingType": "List", "defaultConstraints": constraints}),
        )
    };
    let never = json!({"maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "Never"});
    let system = args("PodTopologySpread", json!({"defaultConstraints": [{}]}));
    let point = |utilization: i64, score: i64| json!({"utilization": utilization, "score": score});
    let (fit, points) = ("scoringStrategy", "scoringStrategy.requestedToCapacityRatio");
    let at = |rest: &str| format!("{ARGS}.{rest}");
    let shape = |rest: &str| format!("{ARGS}.{points}.shape{rest}");
    assert_mistakes(&[
        (strategy(json!({"type": "Least"})), &at("scoringStrategy.type"), "write LeastAllocated"),
        (ratio(json!(null)), &at(points), "shape is missing"),
        (ratio(json!([point(5, 11)])), &shape("[0].score"), "from 0 to 10"),
        (ratio(json!([point(5, 1), point(5, 2)])), &shape("[1].utilization"), "larger"),
        (
            strategy(json!({"type": "RequestedToCapacityRatio"})),
            &at(fit),
            "requestedToCapacityRatio is missing",
        ),
        (pods(json!({"hardPodAffinityWeight": "1"})), &at("hardPodAffinityWeight"), "whole number"),
        (pods(json!({"kind": "Other"})), &at("kind"), "InterPodAffinityArgs"),
        (spread(json!({"maxSkew": "x"})), &at("defaultConstraints[0].maxSkew"), "invalid type"),
        (
            spread(never),
            &at("defaultConstraints[0].whenUnsatisfiable"),
            "DoNotSchedule or ScheduleAnyway",
        ),
        (system, &at("defaultConstraints"), "defaultingType: List"),
    ]);
}

#[test]
fn a_file_beyond_all_measure_is_read_in_bounded_work() {
    let many = |one: Value| Value::Array(vec![one; 20_000]);
    let plugins = json!({"multiPoint": {"enabled": many(json!({"name": "NodePorts"}))}});
    let constraint =
        json!({"maxSkew": 1, "topologyKey": "a", "whenUnsatisfiable": "ScheduleAnyway"});
    let spread = json!({"defaultingType": "List", "defaultConstraints": many(constraint)});
    let args = json!([{"name": "PodTopologySpread", "args": spread}]);
    for profiles in [
        many(json!({})),
        json!([{"plugins": plugins}]),
        json!([{"pluginConfig": args}]),
        json!([{"pluginConfig": many(json!(7))}]),
    ] {
        let problems = read(&file(&profiles), SEMANTICS()).expect_err("too much");
        assert!(problems.len() <= 100, "{}", problems.len());
    }
    let unknown: Vec<Value> =
        (0..20_000).map(|number| json!({"name": format!("p{number}")})).collect();
    let profiles = json!([{"plugins": {"filter": {"enabled": unknown}}}]);
    assert!(read(&file(&profiles), SEMANTICS()).is_err());
}

#[test]
fn what_is_not_known_is_kept() {
    let mut file = file(&json!([
        {"schedulerName": "a", "plugins": {
            "filter": {"enabled": [{"name": "Coscheduling"}]},
            "permit": {"enabled": [{"name": "Coscheduling"}]},
            "teleport": {},
        }, "pluginConfig": [{"name": "Coscheduling", "args": {"x": 1}}]},
        {"schedulerName": "b"},
    ]));
    file["extenders"] = json!([{"urlPrefix": "http://localhost"}]);
    let read = read(&file, SEMANTICS()).expect("no mistake");
    let said = |name| read.unjudged_of(name).map(words::unjudged).collect::<Vec<_>>();
    let of_a = [
        "extender extenders[0]",
        "field profiles[0].plugins.teleport",
        "plugin Coscheduling",
        "arguments of plugin Coscheduling",
    ];
    assert_eq!(said("a"), of_a);
    assert_eq!(said("b"), ["extender extenders[0]"]);
    let pod = |scheduler: &str| Pod {
        spec: PodSpec { scheduler: scheduler.to_owned(), ..PodSpec::default() }.into(),
        ..Pod::default()
    };
    let found = |name| read.profile_of(&pod(name)).map(|profile| profile.scheduler.clone());
    assert_eq!(found("b").as_deref(), Some("b"));
    assert_eq!((found("c"), found("")), (None, None));
    assert!(read.profiles.iter().all(|profile| profile.serves(&pod("a"))));
}
