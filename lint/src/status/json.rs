//! The report for programs.

use placecard_policies::coordination::outlook::{Batches, Outlook, Outlooks, View};
use placecard_policies::coordination::rollouts::Rolled;
use placecard_policies::words;
use serde_json::{Value, json};

use super::source::Taken;

pub(super) fn render(taken: &Taken, found: &Outlooks) -> String {
    let named =
        |(namespace, name): &(String, String)| json!({"namespace": namespace, "name": name});
    let answer = json!({
        "version": 1,
        "snapshot": {"name": taken.name, "nodes": taken.nodes},
        "coordinations": found.found.iter().map(of_one).collect::<Vec<Value>>(),
        "unusable": found.unusable.iter().map(unusable).collect::<Vec<Value>>(),
        "orphans": found.orphans.iter().map(|one| named(&one.pod)).collect::<Vec<Value>>(),
    });
    serde_json::to_string_pretty(&answer).unwrap_or_default() + "\n"
}

fn unusable(((namespace, name), why): &((String, String), String)) -> Value {
    json!({"namespace": namespace, "name": name, "message": why})
}

fn of_one(one: &Outlook) -> Value {
    let entry = &one.entry;
    let mut value = json!({
        "namespace": one.namespace,
        "name": one.group,
        "coordination": entry.name,
        "type": entry.kind,
        "phase": entry.phase,
        "currentBatch": entry.current_batch,
        "totalBatches": entry.total_batches,
        "message": entry.message,
        "roleStates": entry.role_states,
        "needsHelp": one.needs_help(),
    });
    if let Some(stall) = one.stall {
        value["stalled"] = json!(stall.reason());
    }
    match &one.view {
        View::Batches(batches) => add_batches(&mut value, batches),
        View::Rollout(rolled) => value["rollout"] = rollout(rolled),
    }
    value
}

fn add_batches(value: &mut Value, batches: &Batches) {
    let key = &batches.topology_key;
    value["topologyKey"] = json!(key);
    value["unlabelledNodes"] = json!(batches.unlabelled);
    let domain = |(domain, numbers): (&String, &Vec<u64>)| {
        let numbers: Vec<u64> = numbers.iter().map(|number| number + 1).collect();
        json!({"domain": domain, "batches": numbers})
    };
    value["domains"] = json!(batches.domains.iter().map(domain).collect::<Vec<Value>>());
    let batch = |one: &placecard_policies::coordination::step::BatchState| {
        let mut batch = json!({
            "batch": one.number + 1,
            "pods": {"expected": one.expected, "present": one.present,
                "scheduled": one.scheduled, "ready": one.ready},
            "message": super::human::said(batches, one),
        });
        if let Some(domain) = &one.domain {
            batch["domain"] = json!(domain);
        }
        if !one.strays.is_empty() {
            batch["strays"] = json!(one.strays);
        }
        batch
    };
    value["batches"] = json!(batches.step.batches.iter().map(batch).collect::<Vec<Value>>());
    let uneven = batches.uneven.iter().map(|one| {
        json!({"domain": one.domain, "batches": one.batches,
            "message": words::batches::cause(&one.cause)})
    });
    value["uneven"] = json!(uneven.collect::<Vec<Value>>());
}

fn rollout(rolled: &Rolled) -> Value {
    let role = |(role, standing): &(
        &placecard_policies::coordination::rollout::Role,
        placecard_policies::coordination::rollout::Standing,
    )| {
        json!({"role": role.name, "replicas": role.replicas, "updated": standing.updated,
            "available": standing.available, "stays": standing.stays, "partition": role.partition})
    };
    let roles: Vec<Value> = rolled.standings().iter().map(role).collect();
    let hindered = rolled.hindered.iter().map(|(role, why)| words::rollout::hindered(role, why));
    json!({"managed": rolled.rolling.manage_rollout, "roles": roles,
        "hindered": hindered.collect::<Vec<String>>()})
}
