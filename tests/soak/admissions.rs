//! Asks the webhook at a fixed rate: plain pods to be validated; pods with rules to be mutated, and
//! what comes of them to be validated; Deployments to be validated, which are judged by the index.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Bytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use json_patch::Patch;
use placecard_policies::language::keys;
use placecard_tests::asking::{Client, Latencies};
use placecard_tests::crowd;
use placecard_tests::process::Result;
use serde_json::{Value, json};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until};

use super::{Cluster, Counts, life};

/// Of so many one is a Deployment; half of the others have rules.
const DEPLOYMENTS: u64 = 10;

/// The Service that rules name.
pub(crate) const SERVICE: &str = "hub";

/// How long answers took since this was asked for last, in milliseconds.
#[derive(Default)]
pub(crate) struct Times {
    pods: Mutex<Vec<f64>>,
    workloads: Mutex<Vec<f64>>,
}

impl Times {
    /// Those of pods and those of Deployments, of which nothing is kept.
    pub(crate) fn take(&self) -> (Latencies, Latencies) {
        let take = |times: &Mutex<Vec<f64>>| {
            std::mem::take(&mut *times.lock().unwrap_or_else(PoisonError::into_inner))
        };
        (Latencies::of(take(&self.pods)), Latencies::of(take(&self.workloads)))
    }
}

/// So many as fast as they are answered.
pub(crate) async fn ask_first(client: &Client, cluster: Cluster, many: u64) -> Result<()> {
    /// Asked at once.
    const AT_ONCE: u64 = 8;
    /// Numbers from here on are of no other.
    const FROM: u64 = 1 << 32;
    let mut askers = JoinSet::new();
    for asker in 0..AT_ONCE.min(many) {
        let client = client.clone();
        askers.spawn(async move {
            let times = Times::default();
            for number in (asker..many).step_by(usize::try_from(AT_ONCE)?) {
                admission(&client, cluster, FROM + number, Instant::now(), &times).await?;
            }
            Result::Ok(())
        });
    }
    while let Some(ended) = askers.join_next().await {
        ended??;
    }
    Ok(())
}

/// Until it is stopped, so many a second, whether or not those before were answered.
pub(crate) async fn ask(
    client: Client,
    cluster: Cluster,
    rate: f64,
    counts: Arc<Counts>,
    times: Arc<Times>,
    stop: Arc<AtomicBool>,
) {
    let pause = Duration::from_secs_f64(1.0 / rate);
    let mut due = Instant::now();
    for number in 0.. {
        if stop.load(Ordering::Relaxed) {
            return;
        }
        sleep_until(due).await;
        let (client, counts, times) = (client.clone(), Arc::clone(&counts), Arc::clone(&times));
        tokio::spawn(async move {
            let outcome = admission(&client, cluster, number, due, &times).await;
            counts.admissions.fetch_add(1, Ordering::Relaxed);
            if let Err(error) = outcome {
                counts.lost.fetch_add(1, Ordering::Relaxed);
                counts.refused(&error.to_string());
            }
        });
        due += pause;
    }
}

async fn admission(
    client: &Client,
    cluster: Cluster,
    number: u64,
    due: Instant,
    times: &Times,
) -> Result<()> {
    let note = |times: &Mutex<Vec<f64>>, since: Instant| {
        let took = since.elapsed().as_secs_f64() * 1e3;
        times.lock().unwrap_or_else(PoisonError::into_inner).push(took);
    };
    if number.is_multiple_of(DEPLOYMENTS) {
        let object = deployment(number, cluster.nodes);
        allowed(client, "/validate", &review(number, "Deployment", &object)).await?;
        note(&times.workloads, due);
        return Ok(());
    }
    let mut object = pod(number, cluster.nodes);
    let mut since = due;
    if number.is_multiple_of(2) {
        annotate(&mut object["metadata"], number);
        let answer = allowed(client, "/mutate", &review(number, "Pod", &object)).await?;
        note(&times.pods, since);
        let patch = answer["patch"].as_str().ok_or("a rule that was not written")?;
        let patch: Patch = serde_json::from_slice(&STANDARD.decode(patch)?)?;
        json_patch::patch(&mut object, &patch)?;
        since = Instant::now();
    }
    allowed(client, "/validate", &review(number, "Pod", &object)).await?;
    note(&times.pods, since);
    Ok(())
}

/// The answer, if it admits, and not because there was no time.
async fn allowed(client: &Client, path: &str, review: &Value) -> Result<Value> {
    let mut answer = client.ask(path, Bytes::from(serde_json::to_vec(review)?)).await?;
    let response = answer["response"].take();
    if response["allowed"] == true { Ok(response) } else { Err(response.to_string().into()) }
}

/// A rule that no other pod has, beside one that all have.
fn annotate(metadata: &mut Value, number: u64) {
    let rules = format!(
        "near service/{SERVICE} in zone\napart-from pods({}=asked-{number}) in node",
        life::BUILD
    );
    json_patch::merge(metadata, &json!({"annotations": {keys::REQUIRE: rules}}));
}

/// A new pod, of a namespace that has the Service.
fn pod(number: u64, nodes: u64) -> Value {
    // Numbers that the churn does not come to.
    let mut pod = life::unbound((1 << 40) + number, nodes);
    pod["metadata"]["namespace"] = json!(crowd::namespace(0));
    pod
}

fn deployment(number: u64, nodes: u64) -> Value {
    let name = format!("asked-{number}");
    let mut template = pod(number, nodes);
    let labels = json!({"app": name, life::PART: "part-3"});
    let mut metadata = json!({"labels": labels,
        "annotations": {"example.com/checksum": format!("{number:032x}")}});
    annotate(&mut metadata, number);
    json!({
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": crowd::namespace(0),
            "uid": format!("22222222-0000-4000-8000-{number:012x}")},
        "spec": {"replicas": 2, "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": metadata, "spec": template["spec"].take()}},
    })
}

fn review(number: u64, kind: &str, object: &Value) -> Value {
    let (group, resource) = match kind {
        "Pod" => ("", "pods"),
        _ => ("apps", "deployments"),
    };
    let kind = json!({"group": group, "version": "v1", "kind": kind});
    let resource = json!({"group": group, "version": "v1", "resource": resource});
    json!({
        "kind": "AdmissionReview",
        "apiVersion": "admission.k8s.io/v1",
        "request": {
            "uid": format!("0b6f6c3e-0001-4d4e-8a0e-{number:012x}"),
            "kind": kind, "resource": resource, "requestKind": kind, "requestResource": resource,
            "name": object["metadata"]["name"],
            "namespace": object["metadata"]["namespace"],
            "operation": "CREATE",
            "userInfo": {"username": format!("system:serviceaccount:team-{number}:deployer"),
                "groups": ["system:serviceaccounts", "system:authenticated"]},
            "object": object,
            "oldObject": null,
            "dryRun": false,
            "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
        },
    })
}
