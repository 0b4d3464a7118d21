//! Running pods of recorded and fresh clusters stand as the plain judge says, and as the plugins of
//! the real scheduler say when each pod is taken off its node and judged again.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

use placecard_feasibility::filter::Plugin;
use placecard_feasibility::filter::cycle::cycle_of;
use placecard_feasibility::filter::reason::{Reason, text};
use placecard_feasibility::inventory::{Inventory, NamespacedName};
use placecard_feasibility::judge::{Semantics, judge_cycle};
use placecard_feasibility::profile::Profile;
use placecard_feasibility::state::{Breach, Standing, State};
use placecard_policies::audit::broken::placed_anew;
use serde_json::{Value, json};

use crate::{Case, cases, lines, number, oracle};

/// The plugins that an audit looks at.
const LOOKED_AT: [Plugin; 6] = [
    Plugin::TaintToleration,
    Plugin::NodeAffinity,
    Plugin::VolumeBinding,
    Plugin::VolumeZone,
    Plugin::PodTopologySpread,
    Plugin::InterPodAffinity,
];

/// By pod and plugin: the first reason, in the scheduler's words; of volumes all of them, in the
/// order of the words, because the scheduler gives them in any.
type Said = BTreeMap<NamespacedName, BTreeMap<String, String>>;

fn reasons(breach: &Breach) -> Vec<Reason> {
    vec![match breach {
        Breach::Taint(taint) => Reason::Taint(taint.clone()),
        Breach::NodeAffinity => Reason::NodeAffinity,
        Breach::AddedNodeAffinity => Reason::AddedNodeAffinity,
        Breach::Volume(_, reasons) => return reasons.clone(),
        Breach::SpreadKey(_) => Reason::SpreadKey,
        Breach::Spread { .. } => Reason::SpreadSkew,
        Breach::Affinity => Reason::PodAffinity,
        Breach::AntiAffinity(_) => Reason::PodAntiAffinity,
        Breach::Repelled(_) => Reason::ExistingAntiAffinity,
    }]
}

fn joined(mut reasons: Vec<String>) -> String {
    reasons.sort();
    reasons.join("; ")
}

/// Terms that leave no name are one more way in which node affinity does not hold.
fn words(reason: &Reason) -> String {
    let reason = match reason {
        Reason::NameConflict => &Reason::NodeAffinity,
        other => other,
    };
    text(reason, false)
}

fn standing(inventory: &Inventory, semantics: Semantics) -> Said {
    let mut state = State::of(inventory, semantics);
    let mut standing = Standing::new(vec![Profile::of(semantics)]);
    standing.refresh(&mut state);
    let mut said = Said::new();
    for one in standing.broken(&state) {
        let by_plugin = said.entry((one.namespace.to_owned(), one.name.to_owned())).or_default();
        for breach in one.breaches {
            let plugin = breach.plugin().name().to_owned();
            by_plugin
                .entry(plugin)
                .or_insert_with(|| joined(reasons(breach).iter().map(words).collect()));
        }
    }
    said
}

/// The pods that are judged: on a node that is there, and neither finished nor on their way out.
fn running(inventory: &Inventory) -> impl Iterator<Item = (NamespacedName, &str)> {
    inventory.pods.values().filter_map(|pod| {
        let node = pod.node.as_deref().filter(|node| inventory.nodes.contains_key(*node))?;
        let judged =
            !pod.finished && !pod.terminating && pod.scheduler_name() == "default-scheduler";
        judged.then(|| ((pod.namespace.clone(), pod.name.clone()), node))
    })
}

fn plainly(inventory: &Inventory, semantics: Semantics) -> Said {
    let mut said = Said::new();
    for (name, node) in running(inventory) {
        let mut without = inventory.clone();
        let Some(pod) = without.pods.remove(&name).map(|pod| placed_anew(&pod)) else { continue };
        let cycle = cycle_of(&without, &pod, semantics, Cow::Owned(Profile::of(semantics)));
        let judgement = judge_cycle(&cycle);
        let judged = judgement.nodes.iter().find(|judged| judged.node == node).expect("its node");
        for (plugin, rejection) in &judged.all {
            if LOOKED_AT.contains(plugin) {
                let by_plugin = said.entry(name.clone()).or_default();
                let reasons = rejection.reasons.iter().map(words).collect();
                by_plugin.insert(plugin.name().to_owned(), joined(reasons));
            }
        }
    }
    said
}

#[test]
fn running_pods_of_recorded_clusters_stand_as_the_plain_judge_says() {
    let (mut broken, mut checked, mut plugins) = (0, 0, BTreeSet::new());
    let files =
        [("counterexamples.jsonl.gz", 1), ("cases-1.37.jsonl.gz", 2), ("cases.jsonl.gz", 48)];
    for (file, every) in files {
        for (at, case) in cases(file, every).enumerate() {
            let inventory = case.cluster.read();
            let semantics = Semantics::of_minor(if at % 2 == 0 { 34 } else { 37 });
            let found = standing(&inventory, semantics);
            assert_eq!(found, plainly(&inventory, semantics), "{}", case.id);
            checked += running(&inventory).count();
            broken += found.len();
            plugins.extend(found.values().flat_map(|by_plugin| by_plugin.keys().cloned()));
        }
    }
    assert!(checked > 1000 && broken > 200, "{checked} pods, {broken} of them stand badly");
    assert_eq!(plugins.len(), LOOKED_AT.len(), "{plugins:?}");
}

/// The case in which a running pod is to be placed again; `None`: it is not there.
fn again(line: &str, (namespace, name): &NamespacedName, id: &str) -> Option<Value> {
    let written: Value = serde_json::from_str(line).expect("a case");
    let mut cluster = written["cluster"].clone();
    let pods = cluster["pods"].as_array_mut()?;
    let own = |pod: &Value| {
        let metadata = &pod["metadata"];
        metadata["name"] == json!(name)
            && metadata["namespace"].as_str().unwrap_or("default") == namespace
    };
    let mut pod = pods.remove(pods.iter().position(own)?);
    let spec = pod["spec"].as_object_mut()?;
    spec.remove("nodeName");
    pod["status"] = json!({});
    Some(json!({"id": id, "cluster": cluster, "pod": pod}))
}

/// What the plugins say of one node, each asked alone; `None`: the API server refuses the case.
fn plugins_say(answer: &Value, node: &str) -> Option<BTreeMap<String, String>> {
    let all = answer.get("verdict")?["all"][node].as_array().cloned().unwrap_or_default();
    let looked_at: BTreeSet<&str> = LOOKED_AT.iter().map(|plugin| plugin.name()).collect();
    let said = all.iter().filter_map(|one| {
        let plugin = one["p"].as_str()?;
        let reasons = one["r"].as_array()?.iter().filter_map(Value::as_str);
        let conflict = text(&Reason::NameConflict, false);
        let alike = |said: &str| match said {
            said if *said == conflict => words(&Reason::NameConflict),
            said => said.to_owned(),
        };
        let reasons = joined(reasons.map(alike).collect());
        looked_at.contains(plugin).then(|| (plugin.to_owned(), reasons))
    });
    Some(said.collect())
}

/// The lines of recorded cases, and of as many fresh ones as are asked for.
fn some_lines(oracle: &std::path::Path) -> Vec<String> {
    // Each case has some running pods, and each of those is a question.
    let count = number("PLACECARD_ORACLE_CASES", 150).to_string();
    let seed = number("PLACECARD_ORACLE_SEED", 11).to_string();
    let made = Command::new(oracle)
        .args(["generate", "--seed", &seed, "--count", &count])
        .output()
        .expect("the oracle makes cases");
    assert!(made.status.success());
    let fresh = String::from_utf8(made.stdout).expect("text");
    let recorded = lines("cases-1.37.jsonl.gz").step_by(2);
    recorded.chain(fresh.lines().map(str::to_owned)).collect()
}

#[test]
fn e2e_running_pods_stand_as_the_real_plugins_say() {
    let Some(oracle) = oracle() else {
        return;
    };
    let semantics = Semantics::of_minor(37);
    // By the id of the question: the node, and what is said of the pod.
    let mut expected: BTreeMap<String, (String, BTreeMap<String, String>)> = BTreeMap::new();
    let mut questions = Vec::new();
    for (at, line) in some_lines(&oracle).iter().enumerate() {
        let case: Case = serde_json::from_str(line).expect("a case");
        let inventory = case.cluster.read();
        let found = standing(&inventory, semantics);
        for (name, node) in running(&inventory) {
            let id = format!("{at}/{}/{}", name.0, name.1);
            let Some(question) = again(line, &name, &id) else { continue };
            questions.push(question.to_string());
            let said = found.get(&name).cloned().unwrap_or_default();
            expected.insert(id, (node.to_owned(), said));
        }
    }
    let mut judge = Command::new(&oracle)
        .args(["judge", "--all"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the oracle starts");
    let mut to = judge.stdin.take().expect("a pipe");
    let writer = std::thread::spawn(move || {
        questions.iter().for_each(|line| writeln!(to, "{line}").expect("it reads"));
    });
    let (mut judged, mut badly, mut refused) = (0, 0, 0);
    for line in BufReader::new(judge.stdout.take().expect("a pipe")).lines() {
        let answer: Value = serde_json::from_str(&line.expect("text")).expect("an answer");
        let id = answer["id"].as_str().expect("an id");
        let (node, said) = &expected[id];
        let Some(real) = plugins_say(&answer, node) else {
            refused += 1;
            continue;
        };
        assert_eq!(said, &real, "{id} on {node}");
        judged += 1;
        badly += usize::from(!real.is_empty());
    }
    writer.join().expect("it wrote");
    assert!(judge.wait().expect("it ends").success());
    assert!(judged > 1000 && badly > 200, "{judged} judged, {badly} badly, {refused} refused");
    println!("{judged} running pods judged again, {badly} stand badly, {refused} refused");
}
