//! Sentences: what they say, and what is wrong with those that say nothing.

use std::collections::BTreeMap;

use placecard_findings::Severity;
use placecard_language::intent::{NodeDemand, NodeTargetKind, PodTarget, Relation, Strength};
use placecard_language::keys::{self, Place};
use placecard_language::problem::Detail;
use placecard_language::{NamespaceFacts, Problem, Reading, Words, parse, print, vocabulary_check};
use serde_json::json;

fn words() -> Words {
    let allowed = json!({"names": ["inference"], "matchLabels": {"team": "ml"}});
    let value = json!({
        "apiVersion": keys::API_VERSION,
        "kind": keys::VOCABULARY_KIND,
        "metadata": {"name": "default"},
        "spec": {
            "levels": [
                {"name": "zone", "key": "topology.kubernetes.io/zone"},
                {"name": "rack", "key": "topology.example.com/rack"},
                {"name": "row", "key": "topology.example.com/row", "deprecated": true},
                {"name": "node", "key": "kubernetes.io/hostname"},
            ],
            "pools": [
                {"name": "cpu-general", "nodes": "accelerator notin (a100, h100)"},
                {
                    "name": "gpu-a100",
                    "nodes": "accelerator=a100,disk",
                    "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists"}],
                    "guard": {"key": "pool.example.com/a100", "value": "yes", "effect": "NoSchedule"},
                    "allowedNamespaces": allowed,
                },
                {"name": "gpu-h100", "nodes": "accelerator=h100"},
                {"name": "old", "nodes": "age=old", "deprecated": true},
            ],
            "trustDomains": [
                {
                    "name": "payments",
                    "nodes": "trust.example.com/domain=payments",
                    "guard": {"key": "trust.example.com/d", "value": "p", "effect": "NoExecute"},
                    "allowedNamespaces": {"names": ["payments"]},
                },
                {"name": "платежи", "nodes": "trust.example.com/domain=p2"},
            ],
            "resources": [{"name": "fast-nvme", "nodes": "disk=nvme"}],
            "limits": {"requiredApartFrom": {"levels": ["node", "rack"]}},
        }
    });
    let (words, problems) = vocabulary_check::check(&value);
    assert_eq!(problems, []);
    words
}

fn namespace(name: &str) -> NamespaceFacts {
    NamespaceFacts { name: name.to_owned(), labels: Some(BTreeMap::new()) }
}

fn read(key: &str, value: &str) -> Reading {
    let annotations = [(key.to_owned(), value.to_owned())].into();
    let own = namespace("inference");
    placecard_language::read(&annotations, Place::Template, &words(), Some(&own))
}

/// Code, marked text and suggestion.
fn told<'v>(value: &'v str, problem: &Problem) -> (&'static str, &'v str, Option<String>) {
    let marked = problem.span.clone().and_then(|span| value.get(span)).unwrap_or("no place");
    (problem.code.as_str(), marked, problem.suggestion.clone())
}

#[test]
fn sentences_print_in_one_form() {
    for (value, expected) in [
        ("near self", "near self"),
        ("  near\tservice/db   in zone # why\r\n", "near service/db in zone"),
        ("near deployment/ns/db weight 7", "near deployment/ns/db weight 7"),
        ("near pods( app = x ,  b in (c,d) )", "near pods(app = x , b in (c,d))"),
        (
            "apart-from pods(*) across revisions in rack other b same a, c of namespaces(x=y)",
            "apart-from pods(*) of namespaces(x=y) same a,c other b in rack across revisions",
        ),
        (
            "on pool/a or node/b or nodes(k>3) weight 080",
            "on pool/a or node/b or nodes(k>3) weight 80",
        ),
        (
            "not-on rack/42 or topology.kubernetes.io/zone/a",
            "not-on rack/42 or topology.kubernetes.io/zone/a",
        ),
        ("on trust/a(b)/ü or volume/v or resource/r", "on trust/a(b)/ü or volume/v or resource/r"),
        (
            "spread over zone across revisions ignore-node-rules ignore-taints min-domains 2 max-skew 1",
            "spread over zone max-skew 1 min-domains 2 ignore-taints ignore-node-rules across revisions",
        ),
        (
            "at-most 2 service/db in zone across revisions",
            "at-most 2 service/db in zone across revisions",
        ),
        ("near self;;near self in zone;", "near self\nnear self in zone"),
        ("near self in weight", "near self in weight"),
        ("near self same in, of", "near self same in,of"),
    ] {
        let (sentences, problems) = parse::parse(keys::REQUIRE, value);
        assert_eq!(problems, [], "{value}");
        let printed = print::print(&sentences);
        assert_eq!(printed, expected, "{value}");
        let (again, _) = parse::parse(keys::REQUIRE, &printed);
        assert_eq!(print::print(&again), printed, "{value}");
    }
}

/// A value under `require`, and of its one problem the code, the marked words and the suggestion.
type Case = (&'static str, &'static str, &'static str, Option<&'static str>);

static MISTAKES: &[Case] = &[
    // The first word.
    ("aprat-from self in zone", "unknown-relation", "aprat-from", Some("apart-from")),
    ("Near self", "unknown-relation", "Near", Some("near")),
    ("with self", "unknown-relation", "with", Some("near")),
    ("beside self", "unknown-relation", "beside", Some("near")),
    ("affinity self", "unknown-relation", "affinity", Some("near")),
    ("avoid self", "unknown-relation", "avoid", Some("apart-from")),
    ("away-from self", "unknown-relation", "away-from", Some("apart-from")),
    ("anti-affinity self", "unknown-relation", "anti-affinity", Some("apart-from")),
    ("not-near self", "unknown-relation", "not-near", Some("apart-from")),
    ("off rack/42", "unknown-relation", "off", Some("not-on")),
    ("hard near self", "unknown-relation", "hard", None),
    ("qwertyuiop self", "unknown-relation", "qwertyuiop", None),
    ("nеar self", "unknown-relation", "nеar", Some("near")),
    ("ne\u{200b}ar self", "unknown-relation", "ne\u{200b}ar", Some("near")),
    ("\u{feff}near self", "unknown-relation", "\u{feff}near", Some("near")),
    ("near\u{a0}self", "unknown-relation", "near\u{a0}self", Some("near self")),
    ("(x)", "unknown-relation", "(x)", None),
    // Targets.
    ("near", "missing-target", "near", None),
    ("near in zone", "missing-target", "near", None),
    ("on", "missing-target", "on", None),
    ("on pool/gpu-h100 or", "missing-target", "or", None),
    ("on pool/", "missing-target", "pool/", None),
    ("on zone/", "missing-target", "zone/", None),
    ("near service/", "missing-target", "service/", None),
    ("near self in", "missing-target", "in", None),
    ("near self same", "missing-target", "same", None),
    ("near self same a,", "missing-target", "a,", None),
    ("near self across", "missing-target", "across", None),
    ("near self of", "missing-target", "of", None),
    ("spread", "missing-target", "spread", None),
    ("spread over", "missing-target", "over", None),
    ("at-most self", "missing-target", "at-most", None),
    ("at-most 2", "missing-target", "2", None),
    ("near slef", "unknown-target", "slef", Some("self")),
    ("near vector-db", "unknown-target", "vector-db", None),
    ("near servic/db", "unknown-target", "servic", Some("service")),
    ("near sts/db", "unknown-target", "sts", Some("statefulset")),
    ("near sеlf", "unknown-target", "sеlf", Some("self")),
    ("near pod(app=x)", "unknown-target", "pod", Some("pods")),
    ("at-most 2 lease/shard-7", "misplaced-word", "lease/shard-7", None),
    ("near lease/", "missing-target", "lease/", None),
    ("near lease/a/b/c", "value-syntax", "a/b/c", None),
    ("near lease/Shard", "value-syntax", "Shard", None),
    ("near lease/A_/b", "value-syntax", "A_", None),
    ("near lease/a same tenant", "misplaced-word", "tenant", None),
    ("near lease/a of namespaces(b)", "misplaced-word", "namespaces(b)", None),
    ("near pool/gpu-h100", "unknown-target", "pool/gpu-h100", None),
    ("near rack/42", "unknown-target", "rack/42", None),
    ("near nodes(a=b)", "unknown-target", "nodes(a=b)", None),
    ("on service/db", "unknown-target", "service/db", None),
    ("on self", "unknown-target", "self", None),
    ("on pods(a=b)", "unknown-target", "pods(a=b)", None),
    ("on gpu-h100", "unknown-target", "gpu-h100", Some("pool/gpu-h100")),
    ("on nodse(a=b)", "unknown-target", "nodse", Some("nodes")),
    ("at-most 1 node/a", "unknown-target", "node/a", None),
    // Words of the vocabulary.
    ("on pool/gpu-a10", "unknown-pool", "gpu-a10", Some("gpu-a100")),
    ("on pool/gpu-а100", "unknown-pool", "gpu-а100", Some("gpu-a100")),
    ("not-on pool/x", "unknown-pool", "x", None),
    ("on trust/payment", "unknown-trust-domain", "payment", Some("payments")),
    ("on resource/fast-nvm", "unknown-resource", "fast-nvm", Some("fast-nvme")),
    ("near self in host", "unknown-level", "host", Some("node")),
    ("near self in hostname", "unknown-level", "hostname", Some("node")),
    ("near self in az", "unknown-level", "az", Some("zone")),
    ("near self in zoen", "unknown-level", "zoen", Some("zone")),
    ("near self in region", "unknown-level", "region", None),
    ("near self in a/b/c", "unknown-level", "a/b/c", None),
    ("on disk/ssd", "unknown-level", "disk", None),
    ("on poll/gpu-h100", "unknown-level", "poll", Some("pool")),
    ("on rak/42", "unknown-level", "rak", Some("rack")),
    ("on a.b/c/d/e", "unknown-level", "a.b/c/d", None),
    // Modifiers.
    ("near self i zone", "unknown-word", "i", None),
    ("near self topology zone", "unknown-word", "topology", Some("in")),
    ("near self acros revisions", "unknown-word", "acros", Some("across")),
    ("near self across revision", "unknown-word", "revision", Some("revisions")),
    ("near self of namespace(a=b)", "unknown-word", "namespace", Some("namespaces")),
    ("near self of team", "unknown-word", "team", None),
    ("near self namespaces(a=b)", "unknown-word", "namespaces(a=b)", Some("of namespaces(a=b)")),
    ("near self required", "unknown-word", "required", None),
    (
        "on pool/gpu-h100 pool/cpu-general",
        "unknown-word",
        "pool/cpu-general",
        Some("or pool/cpu-general"),
    ),
    ("spread zone", "unknown-word", "spread zone", Some("spread over zone")),
    ("spread ovre zone", "unknown-word", "ovre", Some("over")),
    ("spread in zone", "unknown-word", "in", Some("over")),
    ("spread across zone", "unknown-word", "across", Some("over")),
    ("spread over zone skew 2", "unknown-word", "skew", Some("max-skew")),
    ("near self in zone in rack", "duplicate-modifier", "in", None),
    ("near self same a same b", "duplicate-modifier", "same", None),
    ("spread over zone max-skew 1 max-skew 1", "duplicate-modifier", "max-skew", None),
    ("spread over zone ignore-taints ignore-taints", "duplicate-modifier", "ignore-taints", None),
    ("near self max-skew 2", "misplaced-word", "max-skew", None),
    ("on pool/gpu-h100 in zone", "misplaced-word", "in", None),
    ("at-most 2 self same a", "misplaced-word", "same", None),
    ("near service/a or service/b", "misplaced-word", "or", None),
    ("near self on pool/gpu-h100", "misplaced-word", "on", None),
    ("near service/ns/a of namespaces(a=b)", "misplaced-word", "namespaces(a=b)", None),
    // Numbers.
    ("near self weight 5", "weight-in-require", "weight 5", None),
    ("at-most 1 self weight 5", "weight-in-require", "weight 5", None),
    ("near self weight", "missing-target", "weight", None),
    ("near self weight x", "weight-range", "x", None),
    ("spread over zone max-skew 0", "number-range", "0", None),
    ("spread over zone max-skew 10000", "number-range", "10000", None),
    ("spread over zone min-domains two", "number-range", "two", None),
    (
        "spread over zone max-skew 99999999999999999999999",
        "number-range",
        "99999999999999999999999",
        None,
    ),
    ("at-most 0 self", "number-range", "0", None),
    ("at-most two self", "number-range", "two", None),
    ("at-most -1 self", "number-range", "-1", None),
    // Names and selectors.
    ("near service/Db", "value-syntax", "Db", None),
    ("near service/a.b", "value-syntax", "a.b", None),
    ("near deployment/a/b/c", "value-syntax", "a/b/c", None),
    ("near deployment/A/b", "value-syntax", "A", None),
    ("near service/dЬ", "value-syntax", "dЬ", None),
    ("near service/dа", "value-syntax", "dа", Some("da")),
    ("on node/N1", "value-syntax", "N1", None),
    ("on volume/a_b", "value-syntax", "a_b", None),
    ("on zone/a b", "unknown-word", "b", None),
    ("on zone/-a", "value-syntax", "-a", None),
    ("near self same -a", "value-syntax", "-a", None),
    ("near pods()", "selector-syntax", "pods()", None),
    ("near pods( )", "selector-syntax", "pods( )", None),
    ("near pods(a=b", "selector-syntax", "pods(a=b", None),
    ("near pods(a=b in zone; near self", "selector-syntax", "pods(a=b in zone; near self", None),
    ("near pods(a>3)", "selector-syntax", ">", None),
    ("near self of namespaces(a<3)", "selector-syntax", "<", None),
    ("on nodes(a>x)", "selector-syntax", "x", None),
    ("on nodes(a>9223372036854775808)", "selector-syntax", "9223372036854775808", None),
    ("on nodes(a==b c)", "selector-syntax", "c", None),
    ("on nodes(a=ü)", "selector-syntax", "ü", None),
    ("on nodes(dіsk=a)", "selector-syntax", "dіsk", Some("disk")),
    // Not for this namespace.
    ("on trust/payments", "trust-domain-not-allowed", "trust/payments", None),
    ("apart-from service/db in zone", "apart-from-not-allowed", "zone", None),
    (
        "apart-from pods(*) in topology.kubernetes.io/zone",
        "apart-from-not-allowed",
        "topology.kubernetes.io/zone",
        None,
    ),
    ("apart-from service/other/db", "apart-from-not-allowed", "service/other/db", None),
    ("apart-from service/db of namespaces(*)", "apart-from-not-allowed", "namespaces(*)", None),
    // Nothing.
    ("# all of it is a comment", "empty-value", "# all of it is a comment", None),
];

#[test]
fn every_mistake_under_require_is_told_at_its_word() {
    let mut wrong = Vec::new();
    for (value, code, marked, suggestion) in MISTAKES {
        let reading = read(keys::REQUIRE, value);
        let shown: Vec<_> = reading.problems.iter().map(|problem| told(value, problem)).collect();
        if shown != [(*code, *marked, suggestion.map(str::to_owned))] {
            wrong.push(format!("{value}: {shown:?}"));
        }
        assert!(reading.has_error() && reading.has_intents, "{value}");
        assert_eq!(reading.intents.rules, [], "{value}");
        assert!(placecard_language::codes::find(code).is_some(), "{code}");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn prefer_has_its_own_limits() {
    for (value, code, marked) in [
        ("near self weight 0", "weight-range", "0"),
        ("near self weight 101", "weight-range", "101"),
        ("near self weight 1000", "weight-range", "1000"),
        ("near self weight -1", "weight-range", "-1"),
        ("near self weight 1.5", "weight-range", "1.5"),
        ("near self weight 1 weight 2", "duplicate-modifier", "weight"),
        ("at-most 2 self", "misplaced-word", "at-most"),
        ("at-most 2 self weight 3", "misplaced-word", "at-most"),
        ("spread over zone min-domains 2", "misplaced-word", "min-domains 2"),
        ("spread over zone weight 2", "misplaced-word", "weight 2"),
        ("not-on trust/платежи", "misplaced-word", "trust/платежи"),
        ("on pool/gpu-h100 weight 2 or pool/old", "misplaced-word", "or"),
    ] {
        let reading = read(keys::PREFER, value);
        let shown: Vec<_> = reading.problems.iter().map(|problem| told(value, problem)).collect();
        assert_eq!(shown, [(code, marked, None)], "{value}");
        assert_eq!(reading.intents.rules, [], "{value}");
    }
    let reading = read(keys::PREFER, "near self; near self weight 1; near self weight 100");
    let strengths: Vec<_> = reading.intents.rules.iter().map(|rule| rule.strength).collect();
    assert_eq!(strengths, [50, 1, 100].map(|weight| Strength::Preferred { weight }));
}

#[test]
fn all_mistakes_are_told_at_once_and_good_rules_stay() {
    let value = "near self\naprat-from slef in zoen; on pool/gpu-a10 or poool/x\r\n\
                 spread over zone max-skew 0 max-skew 2 foo\rat-most 1 self\n\
                 near pods(a=b # not closed\nnot-on rack/42";
    let reading = read(keys::REQUIRE, value);
    let shown: Vec<_> = reading
        .problems
        .iter()
        .map(|problem| {
            let (code, marked, _) = told(value, problem);
            (problem.line, code, marked)
        })
        .collect();
    assert_eq!(
        shown,
        [
            (2, "unknown-relation", "aprat-from"),
            (2, "unknown-target", "slef"),
            (2, "unknown-level", "zoen"),
            (2, "unknown-pool", "gpu-a10"),
            (2, "unknown-level", "poool"),
            (3, "number-range", "0"),
            (3, "duplicate-modifier", "max-skew"),
            (3, "unknown-word", "foo"),
            (5, "selector-syntax", "pods(a=b # not closed"),
        ]
    );
    let good: Vec<_> = reading.intents.rules.iter().map(|rule| rule.origin.text.as_str()).collect();
    assert_eq!(good, ["near self", "at-most 1 self", "not-on rack/42"]);
}

#[test]
fn rules_carry_what_their_words_mean() {
    let reading = read(
        keys::REQUIRE,
        "on pool/gpu-a100 or node/n1 or rack/42 or a.b/c/d or volume/v; not-on pool/gpu-a100;on zone/a",
    );
    assert_eq!(reading.problems, []);
    let Some(Relation::On(targets)) = reading.intents.rules.first().map(|rule| &rule.relation)
    else {
        panic!("{:?}", reading.intents.rules);
    };
    let shown: Vec<_> = targets
        .iter()
        .map(|target| match &target.demand {
            NodeDemand::Name(name) => format!("name {name}"),
            NodeDemand::Volume { claim } => format!("claim {claim}"),
            NodeDemand::PersistentVolume { volume } => format!("volume {volume}"),
            NodeDemand::Labels(selector) => selector
                .requirements
                .iter()
                .map(|r| format!("{} {:?} {:?}", r.key, r.operator, r.values))
                .collect::<Vec<_>>()
                .join(" & "),
        })
        .collect();
    assert_eq!(
        shown,
        [
            "accelerator In [\"a100\"] & disk Exists []",
            "name n1",
            "topology.example.com/rack In [\"42\"]",
            "a.b/c In [\"d\"]",
            "claim v",
        ]
    );
    let pool = targets.first().expect("five");
    assert_eq!(pool.kind, NodeTargetKind::Pool("gpu-a100".into()));
    assert_eq!(pool.origin.text, "pool/gpu-a100");
    let tolerations: Vec<_> = pool
        .tolerations
        .iter()
        .map(|t| format!("{} {} {} {}", t.key, t.operator, t.value, t.effect))
        .collect();
    assert_eq!(
        tolerations,
        ["nvidia.com/gpu Exists  ", "pool.example.com/a100 Equal yes NoSchedule"]
    );
    let Some(Relation::NotOn(targets)) = reading.intents.rules.get(1).map(|rule| &rule.relation)
    else {
        panic!("{:?}", reading.intents.rules);
    };
    assert!(targets.iter().all(|target| target.tolerations.is_empty()));
}

#[test]
fn pods_and_levels_have_their_defaults() {
    let reading =
        read(keys::REQUIRE, "near service/a/db same x in a.b/c; spread over zone; near pods(*)");
    assert_eq!(reading.problems, []);
    let relations: Vec<_> = reading.intents.rules.iter().map(|rule| &rule.relation).collect();
    let [Relation::Near(named), Relation::Spread(spread), Relation::Near(all)] =
        relations.as_slice()
    else {
        panic!("{relations:?}");
    };
    let PodTarget::Named(target) = &named.target else { panic!("{named:?}") };
    assert_eq!((target.namespace.as_deref(), target.name.as_str()), (Some("a"), "db"));
    assert_eq!((named.level.name.as_str(), named.level.key.as_str()), ("a.b/c", "a.b/c"));
    assert_eq!((spread.max_skew, spread.min_domains), (1, None));
    assert_eq!(spread.level.key, "topology.kubernetes.io/zone");
    assert_eq!(all.level.key, "kubernetes.io/hostname");
    assert!(matches!(&all.target, PodTarget::Pods(selector) if selector.requirements.is_empty()));
}

#[test]
fn what_the_namespace_leaves_open_is_a_warning_and_the_rule_stays() {
    let with = |namespace: Option<NamespaceFacts>| {
        let value = "on pool/gpu-a100\napart-from service/x/db".to_owned();
        let annotations = [(keys::REQUIRE.to_owned(), value)].into();
        placecard_language::read(&annotations, Place::Pod, &words(), namespace.as_ref())
    };
    let decided = |problem: &Problem| match &problem.detail {
        Detail::NotAllowed { decided, .. } | Detail::ApartFromNamespace { decided, .. } => *decided,
        other => panic!("{other:?}"),
    };
    let unknown = with(None);
    assert_eq!(unknown.problems.iter().map(decided).collect::<Vec<_>>(), [false, false]);
    assert!(unknown.problems.iter().all(|problem| problem.severity == Severity::Warning));
    assert_eq!(unknown.intents.rules.len(), 2);

    let no_labels = with(Some(NamespaceFacts { name: "x".into(), labels: None }));
    assert_eq!(no_labels.problems.iter().map(decided).collect::<Vec<_>>(), [false]);

    let labels = Some([("team".to_owned(), "ml".to_owned())].into());
    assert_eq!(with(Some(NamespaceFacts { name: "x".into(), labels })).problems, []);

    let refused = with(Some(namespace("y")));
    assert_eq!(refused.problems.iter().map(decided).collect::<Vec<_>>(), [true, true]);
    assert_eq!(refused.intents.rules.len(), 0);
}

#[test]
fn words_on_their_way_out_are_warned_about() {
    let value = "on pool/old; spread over row";
    let reading = read(keys::REQUIRE, value);
    let shown: Vec<_> = reading.problems.iter().map(|problem| told(value, problem)).collect();
    assert_eq!(shown, [("deprecated-word", "old", None), ("deprecated-word", "row", None)]);
    assert!(!reading.has_error());
    assert_eq!(reading.intents.rules.len(), 2);
}

#[test]
fn ten_thousand_rules_are_ten_thousand_rules() {
    let value =
        "apart-from pods(app=web, tier in (a, b)) in zone across revisions\n".repeat(10_000);
    let annotations = [(keys::PREFER.to_owned(), value)].into();
    let reading = placecard_language::read(&annotations, Place::Template, &words(), None);
    assert_eq!(reading.problems, []);
    assert_eq!(reading.intents.rules.len(), 10_000);
    assert_eq!(reading.intents.rules.last().map(|rule| rule.origin.line), Some(10_000));
}

#[test]
fn a_selector_of_a_thousand_values_is_one_requirement() {
    let values: Vec<_> = (0..1000).map(|n| format!("v{n}")).collect();
    let reading = read(keys::REQUIRE, &format!("near pods(app in ({}))", values.join(", ")));
    assert_eq!(reading.problems, []);
    let Some(Relation::Near(rule)) = reading.intents.rules.first().map(|rule| &rule.relation)
    else {
        panic!("{:?}", reading.intents.rules);
    };
    let PodTarget::Pods(selector) = &rule.target else { panic!("{rule:?}") };
    assert_eq!(selector.requirements.iter().map(|r| r.values.len()).collect::<Vec<_>>(), [1000]);
}

#[test]
fn many_warnings_do_not_take_rules_away() {
    let reading = read(keys::REQUIRE, &"on pool/old\n".repeat(10_000));
    assert_eq!(reading.intents.rules.len(), 10_000);
    assert_eq!(reading.problems.len(), 101);
    assert!(!reading.has_error());
    let rest = reading.problems.last().map(|problem| problem.detail.clone());
    assert_eq!(rest, Some(Detail::MoreProblems { count: 9_900 }));
}

#[test]
fn many_modifiers_in_one_rule_are_read_once_each() {
    let value = format!("near self {}{}", "in a ".repeat(90_000), "weight 1 ".repeat(60_000));
    let reading = read(keys::PREFER, &value);
    assert_eq!(reading.problems.len(), 101);
    assert!(reading.has_error());
}

#[test]
fn problems_and_sizes_are_bounded() {
    let reading = read(keys::REQUIRE, &"x\n".repeat(500_000));
    assert_eq!(reading.problems.len(), 101);
    let rest = reading.problems.last().map(|problem| problem.detail.clone());
    assert_eq!(rest, Some(Detail::MoreProblems { count: 499_900 }));

    let reading = read(keys::REQUIRE, &"near self;".repeat(20_001));
    let details: Vec<_> = reading.problems.iter().map(|problem| &problem.detail).collect();
    assert_eq!(details, [&Detail::TooMany { limit: 20_000 }]);

    for key in [keys::REQUIRE, keys::TOLERATE, keys::IGNORE] {
        let reading = read(key, &"#".repeat((1 << 20) + 1));
        let details: Vec<_> = reading.problems.iter().map(|problem| &problem.detail).collect();
        assert_eq!(details, [&Detail::TooLong { bytes: 1_048_577, limit: 1_048_576 }]);
    }
    for value in
        ["(".repeat(1 << 20), "a".repeat(1 << 20), ";".repeat(1 << 20), "\r".repeat(1 << 20)]
    {
        assert!(!read(keys::PREFER, &value).problems.is_empty());
    }
}
