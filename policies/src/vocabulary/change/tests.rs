use placecard_language::vocabulary_check;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::live::Watched;

fn words(spec: Value) -> Words {
    let (words, problems) = vocabulary_check::check(&json!({
        "apiVersion": keys::API_VERSION, "kind": keys::VOCABULARY_KIND, "spec": spec}));
    assert_eq!(problems, [], "{spec}");
    words
}

fn user(key: &str, value: &str) -> InUse {
    let object = ObjectRef {
        api_version: "apps/v1".to_owned(),
        kind: "Deployment".to_owned(),
        namespace: "ml".to_owned(),
        name: "web".to_owned(),
    };
    let template = Map::from([(key.to_owned(), value.to_owned())]);
    let labels = Map::from([("team".to_owned(), "ml".to_owned())]);
    InUse::of(object, &Map::new(), &template, Some(&labels)).expect("intents")
}

fn pool(fields: &Value) -> Value {
    let mut pool = json!({"name": "a", "nodes": "x=y",
        "guard": {"key": "k", "effect": "NoSchedule"}});
    for (key, value) in fields.as_object().expect("fields") {
        pool[key] = value.clone();
    }
    json!({"pools": [pool]})
}

const UID: &str = "3f2b8c1e-9a4d-4e6f-8b21-0c5d7e9f1a2b";

#[test]
fn what_is_lost_is_what_can_not_be_read_any_more() {
    let rack = json!({"levels": [{"name": "rack", "key": "a.b/rack"}]});
    let racks = json!({"levels": [{"name": "racks", "key": "a.b/rack"}]});
    let domain = json!({"trustDomains": [{"name": "pay", "nodes": "x=y"}]});
    let disk = json!({"resources": [{"name": "disk", "nodes": "x=y", "uid": UID}]});
    let other = json!({"resources": [{"name": "disk", "nodes": "x=y"}]});
    let limit = json!({"limits": {"requiredApartFrom": {"levels": ["node"]}}});
    let typed = format!(
        "entries: [{{category: Resource, strength: Required, direction: toward, \
         target: {{type: ResourceId, value: {UID}}}}}]"
    );
    let names = |names: &[&str]| pool(&json!({"allowedNamespaces": {"names": names}}));
    let labels =
        |value: &str| pool(&json!({"allowedNamespaces": {"matchLabels": {"team": value}}}));
    let open = pool(&json!({}));
    let none = json!({});
    for (key, rule, old, new, told) in [
        (keys::REQUIRE, "on pool/a", &open, &none, "no pool is named a"),
        (keys::PREFER, "on pool/a weight 3", &open, &none, "no pool is named a"),
        (keys::REQUIRE, "on pool/a", &open, &open, ""),
        (keys::REQUIRE, "on pool/a", &open, &pool(&json!({"deprecated": true})), ""),
        (keys::REQUIRE, "on pool/a", &open, &names(&["ml"]), ""),
        (keys::REQUIRE, "on pool/a", &open, &labels("ml"), ""),
        (keys::REQUIRE, "on pool/a", &labels("ml"), &names(&["ml"]), ""),
        (keys::REQUIRE, "on pool/a", &open, &names(&["web"]), "namespace ml may not use pool a"),
        (keys::REQUIRE, "on pool/a", &open, &labels("web"), "namespace ml may not use pool a"),
        (keys::REQUIRE, "on pool/b", &open, &none, ""),
        (keys::REQUIRE, "near self in zone", &none, &racks, "no level is named zone"),
        (keys::REQUIRE, "near self in rack", &rack, &racks, "no level is named rack"),
        (keys::REQUIRE, "near self in a.b/rack", &rack, &none, ""),
        (keys::REQUIRE, "on trust/pay", &domain, &none, "no trust domain is named pay"),
        (keys::REQUIRE, "on resource/disk", &disk, &none, "no resource is named disk"),
        (keys::REQUIRE, "on resource/disk", &disk, &other, ""),
        (keys::INTENTS, typed.as_str(), &disk, &other, "an id of its typed entries"),
        (keys::REQUIRE, "apart-from service/x in zone", &none, &limit, "is not allowed in zone"),
        (keys::REQUIRE, "apart-from service/x in zone", &limit, &none, ""),
        (keys::REQUIRE, "apart-from self in zone", &none, &limit, ""),
    ] {
        let (before, after) = (words(old.clone()), words(new.clone()));
        let found = lost(&before, &after, [&user(key, rule)]);
        let found: Vec<String> = found.iter().map(Finding::line).collect();
        match (told, found.as_slice()) {
            ("", []) => {}
            (told, [line]) if !told.is_empty() && line.contains(told) => {}
            other => panic!("{rule}: {old} -> {new}: {other:?}"),
        }
    }
}

#[test]
fn who_has_no_intents_uses_nothing() {
    let object = |kind: &str| ObjectRef { kind: kind.to_owned(), ..ObjectRef::default() };
    let of = |kind, own: &[(&str, &str)], template: &[(&str, &str)]| {
        let map = |pairs: &[(&str, &str)]| {
            pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
        };
        InUse::of(object(kind), &map(own), &map(template), None)
    };
    assert_eq!(of("Deployment", &[(keys::EXPAND, "template")], &[("a", "b")]), None);
    assert_eq!(of("Deployment", &[], &[(keys::IGNORE, "a: b")]), None);
    let rule = (keys::REQUIRE, "on pool/a");
    for (kind, own, place) in [
        ("Pod", &[][..], Place::Pod),
        ("DaemonSet", &[], Place::ExpandedTemplate),
        ("Deployment", &[], Place::Template),
        ("Deployment", &[(keys::EXPAND, "template")], Place::ExpandedTemplate),
    ] {
        let found = of(kind, own, &[rule, (keys::APPLIED, "x")]).expect("intents");
        assert_eq!((found.place, found.annotations.len()), (place, 1), "{kind}");
    }
}

#[test]
fn the_workloads_of_a_live_cluster_are_known_once_all_are_listed() {
    let mut live = Live::new(crate::surroundings::ServerVersion::default());
    let put = |live: &mut Live, kind, object: Value| {
        live.put(kind, object.to_string().as_bytes()).expect("an object");
    };
    let namespace = json!({"metadata": {"name": "ml", "labels": {"team": "ml"}}});
    put(&mut live, Watched::Namespace, namespace);
    put(
        &mut live,
        Watched::DaemonSet,
        json!({"metadata": {"name": "d", "namespace": "ml"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {
            "annotations": {keys::REQUIRE: "on pool/a"}}}}}),
    );
    put(
        &mut live,
        Watched::Deployment,
        json!({"metadata": {"name": "plain", "namespace": "ml"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {}}}}),
    );
    for kind in WATCHED.into_iter().filter(|kind| kind.holds_pods()) {
        assert_eq!(InUse::of_live(&live, &Words::default()), None);
        live.list(kind);
        if kind == Watched::DaemonSet {
            put(
                &mut live,
                kind,
                json!({"metadata": {"name": "d", "namespace": "ml"},
                "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {
                    "annotations": {keys::REQUIRE: "on pool/a"}}}}}),
            );
        }
        live.listed(kind);
    }
    let known = InUse::of_live(&live, &Words::default()).expect("all are listed");
    let [only] = known.as_slice() else { panic!("{known:?}") };
    assert_eq!(only.object.to_string(), "DaemonSet ml/d");
    assert_eq!(only.place, Place::ExpandedTemplate);
    let labels = only.namespace.as_ref().expect("known");
    assert_eq!(labels.get("team").map(String::as_str), Some("ml"));
}

fn group() -> impl Strategy<Value = Value> {
    let allowed = prop_oneof![
        Just(json!({})),
        Just(json!({"allowedNamespaces": {"names": ["ml"]}})),
        Just(json!({"allowedNamespaces": {"names": ["web"]}})),
        Just(json!({"allowedNamespaces": {"matchLabels": {"team": "ml"}}})),
        Just(
            json!({"allowedNamespaces": {"names": ["web"], "matchLabels": {"team": "ml", "b": "c"}}})
        ),
        Just(json!({"deprecated": true})),
    ];
    allowed.prop_map(|fields| {
        let mut group = json!({"nodes": "x=y", "guard": {"key": "k", "effect": "NoSchedule"}});
        for (key, value) in fields.as_object().expect("fields") {
            group[key] = value.clone();
        }
        group
    })
}

fn spec() -> impl Strategy<Value = Value> {
    let named = |of: fn(&str) -> Value| {
        prop::sample::subsequence(vec!["a", "b"], 0..=2)
            .prop_map(move |names| names.into_iter().map(of).collect::<Vec<Value>>())
    };
    let groups = || {
        (prop::option::of(group()), prop::option::of(group())).prop_map(|(a, b)| {
            let named = [("a", a), ("b", b)].into_iter().filter_map(|(name, group)| {
                let mut group = group?;
                group["name"] = json!(name);
                Some(group)
            });
            named.collect::<Vec<Value>>()
        })
    };
    let levels = named(|name| json!({"name": format!("l{name}"), "key": format!("x.y/{name}")}));
    let resources = named(|name| json!({"name": name, "nodes": "x=y"}));
    let uid = prop::sample::select(vec![None, Some(UID)]);
    let limit = prop_oneof![
        3 => Just(json!({})),
        1 => Just(json!({"requiredApartFrom": {"levels": ["node"]}})),
        1 => Just(json!({"requiredApartFrom": {"levels": ["node"], "crossNamespace": true}})),
    ];
    let domain = prop::option::of(Just("node"));
    (levels, groups(), groups(), resources, uid, limit, domain).prop_map(
        |(levels, pools, domains, mut resources, uid, limits, domain)| {
            if let (Some(first), Some(uid)) = (resources.first_mut(), uid) {
                first["uid"] = json!(uid);
            }
            // All pools share a guard, so all are for the same namespaces or for nobody.
            let mut spec = json!({"levels": levels, "resources": resources, "limits": limits});
            if let Some(domain) = domain {
                spec["serviceDomain"] = json!(domain);
            }
            let guards = |list: Vec<Value>, word: &str| -> Vec<Value> {
                let own = |mut one: Value| {
                    one["guard"]["key"] =
                        json!(format!("{word}{}", one["name"].as_str().unwrap_or("")));
                    one
                };
                list.into_iter().map(own).collect()
            };
            spec["pools"] = json!(guards(pools, "p"));
            spec["trustDomains"] = json!(guards(domains, "t"));
            spec
        },
    )
}

fn rules() -> Vec<InUse> {
    let mut all: Vec<InUse> = [
        "on pool/a",
        "on pool/b",
        "not-on pool/a",
        "on trust/a",
        "on trust/b",
        "on resource/a",
        "on resource/b",
        "near self in la",
        "near self in lb",
        "near self in zone",
        "spread over la",
        "apart-from service/x in la",
        "apart-from service/x in node",
        "apart-from service/other/x in node",
        "apart-from self in lb",
        "on la/x",
    ]
    .iter()
    .map(|rule| user(keys::REQUIRE, rule))
    .collect();
    let entry = |target: &str, direction: &str| {
        format!(
            "entries: [{{category: Topology, strength: Required, direction: {direction}, \
             target: {target}}}]"
        )
    };
    let id = format!("{{type: ResourceId, value: {UID}}}");
    all.push(user(keys::INTENTS, &entry(&id, "toward")));
    all.push(user(keys::INTENTS, &entry("{type: ServiceId, name: x}", "away")));
    all
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// What passes while nobody knows the workloads takes nothing away from any of them.
    #[test]
    fn what_only_adds_loses_nothing(old in spec(), more in spec(), same in any::<bool>()) {
        let mut new = more.clone();
        if same {
            // Half of the time nearly the old one, or nothing would ever only add.
            new = old.clone();
            new["limits"] = json!({});
            for list in ["levels", "pools", "resources", "trustDomains"] {
                let known: Vec<Value> = new[list].as_array().cloned().unwrap_or_default();
                // The first level takes the well-known ones away.
                if list == "levels" && known.is_empty() {
                    continue;
                }
                for one in more[list].as_array().into_iter().flatten() {
                    if known.iter().all(|known| known["name"] != one["name"]) {
                        let mut one = one.clone();
                        if let Some(one) = one.as_object_mut() { one.remove("uid"); }
                        new[list].as_array_mut().expect("a list").push(one);
                    }
                }
            }
        }
        let (before, after) = (words(old), words(new));
        let adds = only_adds(&before, &after);
        prop_assert!(adds || !same);
        if adds {
            for user in rules() {
                prop_assert_eq!(user.lost(&before, &after), None, "{:?}", user.annotations);
            }
        }
        prop_assert!(only_adds(&before, &before));
    }
}
