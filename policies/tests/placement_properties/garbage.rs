//! Odd worlds: wrong types, extremes, operators nobody knows, names given twice, pods on nodes that
//! are not there, rules by the thousand. Whatever can be read is judged alike by judge and state.

use placecard_feasibility::judge::Semantics;
use placecard_feasibility::state::State;
use placecard_policies::judge_case::{Options, judge_line};
use placecard_policies::snapshot::{Cluster, WrittenPod, add};
use placecard_policies::surroundings::ServerVersion;
use serde_json::{Value, json};

use crate::doors::{feasible, feasible_of};
use crate::scaled;
use crate::world::{Dice, HOST, RACK, REQUIRED, World, ZONE};

/// What stands in for a part of a world.
fn odd(dice: &mut Dice, was: &Value) -> Value {
    let texts = [
        "",
        "n0",
        "nowhere",
        "Near",
        "In",
        "Exists",
        "Gt",
        "NoSchedule",
        "DoNotSchedule",
        "9223372036854775807",
        "-9223372036854775809",
        "99999999999999999999",
        "1e999",
        "0.1n",
        "1Ei",
        "\u{0}",
        "a\u{301}",
        ZONE,
        HOST,
        RACK,
    ];
    let numbers = [i64::MIN, -1, 0, 1, 2, i64::from(i32::MAX), i64::MAX];
    match dice.below(12) {
        // Mostly of the same type, so that it can be read.
        _ if was.is_string() && dice.chance(75) => json!(dice.pick(&texts)),
        _ if was.is_number() && dice.chance(75) => json!(dice.pick(&numbers)),
        0 => Value::Null,
        1 => json!([]),
        2 => json!({}),
        3 => json!([null]),
        4 => json!(dice.chance(50)),
        5 => json!(dice.pick(&numbers)),
        6 => json!(1e300),
        7 => json!("9".repeat(dice.below(400))),
        _ => json!(dice.pick(&texts)),
    }
}

/// Changes a part of the value somewhere below: replaces it, repeats it, or takes it away.
fn mutate(value: &mut Value, dice: &mut Dice) {
    let length = match value {
        Value::Array(list) => list.len(),
        Value::Object(map) => map.len(),
        _ => 0,
    };
    if length == 0 {
        *value = odd(dice, value);
        return;
    }
    let (at, here) = (dice.below(length), dice.chance(12));
    match value {
        Value::Array(list) if here => match dice.below(3) {
            0 => list.push(list[at].clone()),
            1 => drop(list.remove(at)),
            _ => list[at] = odd(dice, &list[at]),
        },
        Value::Array(list) => mutate(&mut list[at], dice),
        Value::Object(map) => {
            let key = map.keys().nth(at).expect("within").clone();
            match (here, dice.below(2)) {
                (true, 0) => drop(map.remove(&key)),
                (true, _) => drop(map.insert(key, odd(dice, &Value::Null))),
                (false, _) => mutate(&mut map[&key], dice),
            }
        }
        _ => *value = odd(dice, value),
    }
}

/// The objects of a world as `kubectl get -o json` prints them.
fn listed(world: &World) -> Value {
    let of = |list: &str, kind: &str| {
        let objects = world.cluster[list].as_array().cloned().unwrap_or_default();
        let named = move |mut object: Value, kind: &str| {
            if let Some(map) = object.as_object_mut() {
                map.insert("kind".to_owned(), json!(kind));
            }
            object
        };
        objects.into_iter().map(|object| named(object, kind)).collect::<Vec<_>>()
    };
    let items = [of("nodes", "Node"), of("pods", "Pod")].concat();
    json!({"kind": "List", "items": items})
}

#[test]
fn odd_worlds_are_judged_alike_by_judge_and_state() {
    let mut judged = 0;
    for seed in 0..scaled(500) as u64 {
        let (mut world, dice) = (World::of(seed), &mut Dice::new(!seed));
        for _ in 0..=dice.below(3) {
            let part = if dice.chance(60) { &mut world.cluster } else { &mut world.pod };
            mutate(part, dice);
        }
        let line = json!({"id": seed, "cluster": world.cluster, "pod": world.pod}).to_string();
        let server = ServerVersion(34 + u32::from(seed % 4 < 2) * 3);
        let answer = judge_line(&line, &Options::of(server));
        let cluster = serde_json::from_value::<Cluster>(world.cluster.clone());
        let pod = serde_json::from_value::<WrittenPod>(world.pod.clone());
        assert_eq!(answer.is_ok(), cluster.is_ok() && pod.is_ok(), "{seed}: {line}");
        let mut added = placecard_feasibility::inventory::Inventory::default();
        let could_add = add(&mut added, &listed(&world).to_string());
        let (Ok(cluster), Ok(pod)) = (cluster, pod) else { continue };
        let (mut inventory, pod) = (cluster.read(), pod.read());
        let semantics = Semantics::of_minor(server.0);
        feasible(&inventory, &pod, semantics);
        if could_add.is_ok() {
            feasible(&added, &pod, semantics);
        }
        judged += 1;
        // What is odd can be taken away again.
        let mut state = State::of(&inventory, semantics);
        feasible_of(&mut state, &pod);
        for node in inventory.nodes.keys().filter(|_| dice.chance(30)) {
            state.remove_node(node);
        }
        for (namespace, name) in inventory.pods.keys().filter(|_| dice.chance(50)) {
            state.remove_pod(namespace, name);
        }
        inventory = state.inventory();
        assert_eq!(feasible_of(&mut state, &pod), feasible(&inventory, &pod, semantics), "{seed}");
    }
    assert!(judged * 3 > scaled(500), "only {judged} of the odd worlds could be read");
}

/// Rules by the thousand, in the pod to be placed and in a running one.
#[test]
fn rules_by_the_thousand_are_judged() {
    let values: Vec<String> = (0..1000).map(|at| format!("v{at}")).collect();
    let literal = |at: usize| {
        let operator = ["NotIn", "DoesNotExist", "In"][at % 3];
        let values =
            if operator == "DoesNotExist" { json!([]) } else { json!([values[at % 1000]]) };
        json!({"key": format!("key-{}", at % 700), "operator": operator, "values": values})
    };
    let literals: Vec<Value> = (0..3000).map(literal).collect();
    let one_of =
        json!({"matchExpressions": [{"key": "app", "operator": "NotIn", "values": values}]});
    let many = json!({"matchExpressions": literals});
    let about_pods =
        |selector: &Value, key: &str| json!({"topologyKey": key, "labelSelector": selector});
    let few_terms = json!([about_pods(&many, ZONE), about_pods(&one_of, HOST)]);
    let many_terms: Vec<Value> = (0..2000)
        .map(|at| {
            about_pods(&json!({"matchExpressions": [literal(at)]}), [ZONE, HOST, RACK][at % 3])
        })
        .collect();
    let alternatives: Vec<Value> =
        literals.iter().map(|one| json!({"matchExpressions": [one]})).collect();
    let constraint = json!({"topologyKey": ZONE, "maxSkew": 1, "minDomains": i32::MAX,
        "whenUnsatisfiable": "DoNotSchedule", "labelSelector": many});
    let tolerations: Vec<Value> = (0..3000).map(|at| json!({"key": format!("t{at}")})).collect();
    for seed in 0..2 {
        for (at, affinity) in [
            json!({"podAffinity": {REQUIRED: few_terms}}),
            json!({"podAntiAffinity": {REQUIRED: few_terms}}),
            json!({"podAffinity": {REQUIRED: many_terms}}),
            json!({"podAntiAffinity": {REQUIRED: many_terms}}),
            json!({"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": alternatives}}}),
            json!({"nodeAffinity": {REQUIRED: {"nodeSelectorTerms": [many, {}]}}}),
        ]
        .into_iter()
        .enumerate()
        {
            let mut world = World::of(seed);
            world.pod["spec"]["affinity"] = affinity.clone();
            if at % 2 == 0 {
                world.pod["spec"]["topologySpreadConstraints"] = json!([constraint]);
                world.pod["spec"]["tolerations"] = json!(tolerations);
            }
            for pod in world.list("pods").iter_mut().take(2) {
                pod["spec"]["affinity"] = affinity.clone();
            }
            let (inventory, pod) = crate::doors::read(&world.cluster, &world.pod);
            feasible(&inventory, &pod, Semantics::of_minor(37));
        }
    }
}

/// However deep, a line gets an answer; one that does not end gets an error.
#[test]
fn deep_nesting_gets_an_answer() {
    for (open, close) in [("[", "]"), ("{\"a\":", "}"), ("{\"nodes\":[", "]}")] {
        for depth in [200, 100_000] {
            for closed in [true, false] {
                let end = if closed { close.repeat(depth) } else { String::new() };
                let inner = format!("{}null{end}", open.repeat(depth));
                let line = format!("{{\"id\":\"deep\",\"cluster\":{inner},\"pod\":{inner}}}");
                let answer = judge_line(&line, &Options::of(ServerVersion(37)));
                assert!(closed || answer.is_err(), "{depth} {open}");
                let answer = answer.unwrap_or_else(|error| error);
                let answer: Value = serde_json::from_str(&answer).expect("JSON");
                assert!(answer["error"].is_string() || answer["feasible"].is_array(), "{answer}");
            }
        }
    }
}
