//! Edits of a world; each says whether it could be made.

use placecard_feasibility::inventory::Inventory;
use serde_json::{Value, json};

use crate::doors::read;
use crate::world::{
    Dice, HOST, REQUIRED, World, ZONE, expression, node, node_term, running, spread, term,
};

/// Changes a world, if it can be.
pub(crate) type Edit = fn(&mut World, &mut Dice) -> bool;

const NODE_TERMS: &str =
    "/spec/affinity/nodeAffinity/requiredDuringSchedulingIgnoredDuringExecution/nodeSelectorTerms";
const AFFINITY: &str = "/spec/affinity/podAffinity/requiredDuringSchedulingIgnoredDuringExecution";
const ANTI: &str = "/spec/affinity/podAntiAffinity/requiredDuringSchedulingIgnoredDuringExecution";
const SPREAD: &str = "/spec/topologySpreadConstraints";

fn some<'a>(object: &'a mut Value, pointer: &str) -> Option<&'a mut Vec<Value>> {
    object.pointer_mut(pointer)?.as_array_mut().filter(|list| !list.is_empty())
}

fn remove(object: &mut Value, field: &str) -> bool {
    object.as_object_mut().is_some_and(|object| object.remove(field).is_some())
}

// What a property takes for granted.

pub(crate) fn anything(_: &mut World, _: &mut Dice) -> bool {
    true
}

pub(crate) fn without_spread(world: &mut World, _: &mut Dice) -> bool {
    remove(&mut world.pod["spec"], "topologySpreadConstraints");
    true
}

fn with_policy(world: &mut World, dice: &mut Dice, policy: &str) -> bool {
    if some(&mut world.pod, SPREAD).is_none() {
        world.pod["spec"]["topologySpreadConstraints"] = spread(dice, &[ZONE], world.rich);
    }
    let constraints = some(&mut world.pod, SPREAD).expect("set above");
    constraints.iter_mut().for_each(|one| one[policy] = json!("Ignore"));
    true
}

pub(crate) fn affinity_ignored(world: &mut World, dice: &mut Dice) -> bool {
    with_policy(world, dice, "nodeAffinityPolicy")
}

pub(crate) fn taints_ignored(world: &mut World, dice: &mut Dice) -> bool {
    with_policy(world, dice, "nodeTaintsPolicy")
}

/// Nothing about hosts in spread constraints and in what the pod asks of nodes.
pub(crate) fn without_hosts(world: &mut World, dice: &mut Dice) -> bool {
    if dice.chance(70) {
        world.pod["spec"]["topologySpreadConstraints"] = spread(dice, &[ZONE], world.rich);
    } else {
        without_spread(world, dice);
    }
    let terms = some(&mut world.pod, NODE_TERMS);
    let text = terms.map(|terms| json!(terms).to_string()).unwrap_or_default();
    !text.contains(HOST) && !text.contains("matchFields")
}

pub(crate) fn without_affinity(world: &mut World, _: &mut Dice) -> bool {
    remove(&mut world.pod["spec"]["affinity"], "podAffinity");
    true
}

pub(crate) fn without_node_affinity(world: &mut World, _: &mut Dice) -> bool {
    remove(&mut world.pod["spec"]["affinity"], "nodeAffinity");
    true
}

pub(crate) fn alone(world: &mut World, dice: &mut Dice) -> bool {
    without_spread(world, dice) && without_affinity(world, dice)
}

/// The pod meets all its own affinity terms.
pub(crate) fn own_companion(world: &mut World, dice: &mut Dice) -> bool {
    let app = world.pod["metadata"]["labels"]["app"].clone();
    if app.is_null() {
        return false;
    }
    if some(&mut world.pod, AFFINITY).is_none() {
        world.pod["spec"]["affinity"]["podAffinity"][REQUIRED] = json!([term(dice, false)]);
    }
    for one in some(&mut world.pod, AFFINITY).expect("set above") {
        let exists = json!({"matchExpressions": [{"key": "app", "operator": "Exists"}]});
        let selector = dice.pick(&[json!({"matchLabels": {"app": app}}), exists, json!({})]);
        *one = json!({"topologyKey": one["topologyKey"], "labelSelector": selector});
    }
    true
}

// Edits after which nothing or little has changed.

/// Every list is turned round whose order means nothing.
fn turn(value: &mut Value) {
    match value {
        Value::Array(list) => {
            list.reverse();
            list.iter_mut().for_each(turn);
        }
        Value::Object(map) => map.values_mut().for_each(turn),
        _ => {}
    }
}

pub(crate) fn permute(world: &mut World, _: &mut Dice) -> bool {
    turn(&mut world.cluster);
    turn(&mut world.pod);
    true
}

/// Swaps two texts wherever one of them is a whole value or key.
fn swap(world: &mut World, one: &str, other: &str) -> bool {
    let swapped = |value: &Value| {
        let (one, other) = (format!("\"{one}\""), format!("\"{other}\""));
        let text = value.to_string().replace(&one, "\u{1}").replace(&other, &one);
        serde_json::from_str(&text.replace('\u{1}', &other)).expect("still JSON")
    };
    (world.cluster, world.pod) = (swapped(&world.cluster), swapped(&world.pod));
    true
}

pub(crate) fn rename_zones(world: &mut World, dice: &mut Dice) -> bool {
    let to = dice.pick(&["zb", "zc", "zz"]);
    swap(world, "za", to)
}

pub(crate) fn rename_apps(world: &mut World, dice: &mut Dice) -> bool {
    let to = dice.pick(&["app-b", "app-c", "app-z"]);
    swap(world, "app-a", to)
}

pub(crate) fn swap_resources(world: &mut World, _: &mut Dice) -> bool {
    swap(world, "example.com/gpu", "example.com/nic")
}

pub(crate) fn duplicate(world: &mut World, dice: &mut Dice) -> bool {
    let pod = &mut world.pod;
    let mut done = false;
    for pointer in [NODE_TERMS, AFFINITY, ANTI] {
        let Some(terms) = some(pod, pointer) else { continue };
        for literals in terms.iter_mut().filter_map(|term| some(term, "/matchExpressions")) {
            let twice = dice.pick(literals);
            literals.push(twice);
        }
        let twice = dice.pick(terms);
        terms.push(twice);
        done = true;
    }
    done
}

pub(crate) fn irrelevant_label(world: &mut World, dice: &mut Dice) -> bool {
    let nodes = world.list("nodes");
    let at = dice.below(nodes.len());
    nodes[at]["metadata"]["labels"]["irrelevant"] = json!("yes");
    true
}

pub(crate) fn scale_cpu(world: &mut World, _: &mut Dice) -> bool {
    fn scale(value: &mut Value) {
        match value {
            Value::Array(list) => list.iter_mut().for_each(scale),
            Value::Object(map) => map.iter_mut().for_each(|(key, value)| match value.as_str() {
                Some(amount) if key == "cpu" => {
                    *value = json!((7 * amount.parse::<u32>().expect("whole")).to_string());
                }
                _ => scale(value),
            }),
            _ => {}
        }
    }
    scale(&mut world.cluster);
    scale(&mut world.pod);
    true
}

// Edits of the pod.

pub(crate) fn lower_request(world: &mut World, dice: &mut Dice) -> bool {
    let resources = &mut world.pod["spec"]["containers"][0]["resources"];
    let lower = dice.pick(&["0", "500m"]);
    let had = resources["requests"].get("cpu").is_some_and(|cpu| cpu != "0");
    if had {
        resources["requests"]["cpu"] = json!(lower);
    }
    had
}

pub(crate) fn add_anti(world: &mut World, dice: &mut Dice) -> bool {
    let more = term(dice, world.rich);
    match some(&mut world.pod, ANTI) {
        Some(terms) => terms.push(more),
        None => world.pod["spec"]["affinity"]["podAntiAffinity"][REQUIRED] = json!([more]),
    }
    true
}

pub(crate) fn drop_anti(world: &mut World, dice: &mut Dice) -> bool {
    let Some(terms) = some(&mut world.pod, ANTI) else { return false };
    terms.remove(dice.below(terms.len()));
    true
}

pub(crate) fn raise_skew(world: &mut World, dice: &mut Dice) -> bool {
    let Some(constraints) = some(&mut world.pod, SPREAD) else { return false };
    let at = dice.below(constraints.len());
    let skew = constraints[at]["maxSkew"].as_u64().expect("set");
    constraints[at]["maxSkew"] = json!(skew + 1);
    true
}

pub(crate) fn drop_min_domains(world: &mut World, _: &mut Dice) -> bool {
    let Some(constraints) = some(&mut world.pod, SPREAD) else { return false };
    constraints
        .iter_mut()
        .filter(|one| one["minDomains"].is_u64())
        .fold(false, |_, one| remove(one, "minDomains"))
}

/// A literal more in each node term that has one.
pub(crate) fn tighten(world: &mut World, dice: &mut Dice) -> bool {
    let rich = world.rich;
    let Some(terms) = some(&mut world.pod, NODE_TERMS) else {
        let term = json!({"matchExpressions": [expression(dice, rich)]});
        world.pod["spec"]["affinity"]["nodeAffinity"][REQUIRED]["nodeSelectorTerms"] =
            json!([term]);
        return true;
    };
    let literals: Vec<&mut Vec<Value>> =
        terms.iter_mut().filter_map(|term| some(term, "/matchExpressions")).collect();
    let done = !literals.is_empty();
    literals.into_iter().for_each(|list| list.push(expression(dice, rich)));
    done
}

pub(crate) fn add_or(world: &mut World, dice: &mut Dice) -> bool {
    let rich = world.rich;
    let Some(terms) = some(&mut world.pod, NODE_TERMS) else { return false };
    terms.push(node_term(dice, rich));
    true
}

pub(crate) fn add_toleration(world: &mut World, dice: &mut Dice) -> bool {
    let more = dice.pick(&[
        json!({"operator": "Exists"}),
        json!({"key": "dedicated", "operator": "Equal", "value": "x", "effect": "NoSchedule"}),
        json!({"key": "node.kubernetes.io/unschedulable", "operator": "Exists"}),
    ]);
    match some(&mut world.pod, "/spec/tolerations") {
        Some(list) => list.push(more),
        None => world.pod["spec"]["tolerations"] = json!([more]),
    }
    true
}

// Edits of the cluster.

fn inventory(world: &World) -> Inventory {
    read(&world.cluster, &world.pod).0
}

/// The places, in the list of nodes, of those with or without pods.
fn nodes_with(world: &World, pods: bool) -> Vec<usize> {
    let inventory = inventory(world);
    let used = |name: &str| inventory.pods.values().any(|pod| pod.node.as_deref() == Some(name));
    let nodes = world.cluster["nodes"].as_array().expect("a list").iter().enumerate();
    nodes
        .filter(|(_, node)| used(node["metadata"]["name"].as_str().expect("a name")) == pods)
        .map(|(at, _)| at)
        .collect()
}

pub(crate) fn add_empty_node(world: &mut World, dice: &mut Dice) -> bool {
    let more = node(dice, 99, world.rich);
    world.list("nodes").push(more);
    true
}

/// A node that has none of the topology keys.
pub(crate) fn add_keyless_node(world: &mut World, dice: &mut Dice) -> bool {
    let mut more = node(dice, 99, world.rich);
    more["metadata"]["labels"] = json!({"disk": "ssd"});
    world.list("nodes").push(more);
    true
}

/// An empty copy of a node, with a name and a hostname of its own.
pub(crate) fn clone_node(world: &mut World, dice: &mut Dice) -> bool {
    let mut more = dice.pick(world.list("nodes"));
    more["metadata"]["name"] = json!("n99");
    more["metadata"]["labels"][HOST] = json!("h99");
    world.list("nodes").push(more);
    true
}

pub(crate) fn remove_empty_node(world: &mut World, dice: &mut Dice) -> bool {
    let empty = nodes_with(world, false);
    if empty.is_empty() || world.list("nodes").len() < 2 {
        return false;
    }
    world.list("nodes").remove(dice.pick(&empty));
    true
}

pub(crate) fn remove_used_node(world: &mut World, dice: &mut Dice) -> bool {
    let used = nodes_with(world, true);
    if used.is_empty() || world.list("nodes").len() < 2 {
        return false;
    }
    let gone = world.list("nodes").remove(dice.pick(&used));
    world.list("pods").retain(|pod| pod["spec"]["nodeName"] != gone["metadata"]["name"]);
    true
}

pub(crate) fn remove_pod(world: &mut World, dice: &mut Dice) -> bool {
    let pods = world.list("pods");
    let some = !pods.is_empty();
    if some {
        pods.remove(dice.below(pods.len()));
    }
    some
}

pub(crate) fn remove_all_pods(world: &mut World, _: &mut Dice) -> bool {
    let pods = world.list("pods");
    let some = !pods.is_empty();
    pods.clear();
    some
}

/// A running pod gets one more anti-affinity term.
pub(crate) fn running_gains_anti(world: &mut World, dice: &mut Dice) -> bool {
    let rich = world.rich;
    let pods = world.list("pods");
    if pods.is_empty() {
        return false;
    }
    let at = dice.below(pods.len());
    let more = term(dice, rich);
    match some(&mut pods[at], ANTI) {
        Some(terms) => terms.push(more),
        None => pods[at]["spec"]["affinity"]["podAntiAffinity"][REQUIRED] = json!([more]),
    }
    true
}

/// A node more that runs a pod.
pub(crate) fn add_used_node(world: &mut World, dice: &mut Dice) -> bool {
    let more = node(dice, 99, world.rich);
    let pod = running(dice, 99, std::slice::from_ref(&more), world.rich);
    world.list("nodes").push(more);
    world.list("pods").push(pod);
    true
}

/// One more running pod.
pub(crate) fn add_pod(world: &mut World, dice: &mut Dice) -> bool {
    let nodes = world.list("nodes").clone();
    let more = running(dice, 99, &nodes, world.rich);
    world.list("pods").push(more);
    true
}
