//! The audit log of the API server says which rights of the chart are used: each of them is, by what it
//! was given for, and nothing is refused.

use std::collections::BTreeSet;
use std::fmt::{Display, Formatter};
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use placecard_findings::ObjectRef;
use placecard_policies::language::intent::TargetKind;
use placecard_policies::surroundings::{Answer, Reference};
use placecard_tests::chart::{self, RELEASE, RELEASE_NAMESPACE};
use placecard_tests::controlplane::{Api, ControlPlane, or_skipped, wait_for};
use placecard_tests::installation::{HOST, authority, deployment, lead_to};
use placecard_tests::running::Running;
use placecard_tests::webhook;
use placecard_webhook::cluster::Cluster;
use serde_json::{Value, json};
use tokio::runtime::Builder;
use tokio::time::Instant;

use super::{PATIENCE, accepted, helm, is_at_work, walk};
use crate::chart::objects::sets;
use crate::e2e_audit::stage as audit;
use crate::e2e_coordination::stage;

/// Something that may be done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Right {
    verb: String,
    /// `GROUP/RESOURCE`, and `/SUBRESOURCE`.
    resource: String,
    /// Empty: everywhere.
    namespace: String,
    /// Empty: whatever its name.
    name: String,
}

impl Display for Right {
    fn fmt(&self, to: &mut Formatter<'_>) -> std::fmt::Result {
        write!(to, "{} {}", self.verb, self.resource)?;
        for (word, part) in [("in", &self.namespace), ("named", &self.name)] {
            if !part.is_empty() {
                write!(to, " {word} {part}")?;
            }
        }
        Ok(())
    }
}

impl Right {
    fn covers(&self, done: &Self) -> bool {
        let fits = |own: &String, other: &String| own.is_empty() || own == other;
        (&self.verb, &self.resource) == (&done.verb, &done.resource)
            && fits(&self.namespace, &done.namespace)
            && fits(&self.name, &done.name)
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(text).collect()
}

/// What the chart allows with these values, verb by verb.
fn rights(values: &Value) -> BTreeSet<Right> {
    let mut found = BTreeSet::new();
    for (_, object) in chart::rendered(values).expect("rendered").iter() {
        for rule in object["rules"].as_array().into_iter().flatten() {
            assert!(!texts(&rule["verbs"]).contains(&"*".to_owned()), "{object}");
            let mut names = texts(&rule["resourceNames"]);
            if names.is_empty() {
                names.push(String::new());
            }
            for (group, resource) in product(&rule["apiGroups"], &rule["resources"]) {
                for verb in texts(&rule["verbs"]) {
                    found.extend(names.iter().map(|name| Right {
                        verb: verb.clone(),
                        resource: format!("{group}/{resource}"),
                        namespace: text(&object["metadata"]["namespace"]),
                        name: name.clone(),
                    }));
                }
            }
        }
    }
    assert!(found.len() > 40, "{found:?}");
    found
}

fn product(groups: &Value, resources: &Value) -> Vec<(String, String)> {
    let of = |group: &String| {
        let group = group.clone();
        texts(resources).into_iter().map(move |resource| (group.clone(), resource))
    };
    texts(groups).iter().flat_map(of).collect()
}

/// What the webhook's account did, and what of it was refused, by the audit log.
fn done(log: &Path) -> (BTreeSet<Right>, BTreeSet<String>) {
    let account = format!("system:serviceaccount:{RELEASE_NAMESPACE}:placecard-webhook");
    let (mut done, mut refused) = (BTreeSet::new(), BTreeSet::new());
    for line in fs::read_to_string(log).expect("a log").lines() {
        // The last one may be half written.
        let Ok(event) = serde_json::from_str::<Value>(line) else { continue };
        if event["user"]["username"] != account.as_str() {
            continue;
        }
        let of = &event["objectRef"];
        let mut resource = format!("{}/{}", text(&of["apiGroup"]), text(&of["resource"]));
        if !of["subresource"].is_null() {
            resource = format!("{resource}/{}", text(&of["subresource"]));
        }
        let one = Right {
            verb: text(&event["verb"]),
            resource,
            namespace: text(&of["namespace"]),
            name: text(&of["name"]),
        };
        if event["annotations"]["authorization.k8s.io/decision"] == "allow" {
            // Its own description a server shows to everybody.
            if of.is_object() {
                done.insert(one);
            }
        } else {
            refused.insert(format!("{one} {}", text(&event["requestURI"])));
        }
    }
    (done, refused)
}

/// Waits until every right was used; nothing was refused, and nothing done that is no right.
fn all_are_used(log: &Path, values: &Value) {
    let rights = rights(values);
    wait_for(PATIENCE, "every right is used", || {
        let (done, _) = done(log);
        let open = rights.iter().filter(|right| !done.iter().any(|one| right.covers(one)));
        let open: Vec<String> = open.map(Right::to_string).collect();
        if open.is_empty() { Ok(()) } else { Err(format!("{open:#?}")) }
    });
    let (done, refused) = done(log);
    assert_eq!(refused, BTreeSet::new());
    // The server allows some things to every account, so what it allowed may be none of ours.
    for one in &done {
        assert!(rights.iter().any(|right| right.covers(one)), "{one} is no right of the chart");
    }
}

pub(super) const RING: &str = "e2e.example.com/v1";

/// The kinds of others that the chart names, and a custom workload.
const KINDS: [(&str, &str); 5] = [
    ("workloads.x-k8s.io/v1alpha1", "RoleBasedGroup"),
    ("leaderworkerset.x-k8s.io/v1", "LeaderWorkerSet"),
    ("jobset.x-k8s.io/v1alpha2", "JobSet"),
    ("disaggregatedset.x-k8s.io/v1", "DisaggregatedSet"),
    (RING, "Ring"),
];

fn define(api: &Api) {
    for (api_version, kind) in KINDS {
        let (group, version) = api_version.split_once('/').expect("a group");
        let plural = format!("{}s", kind.to_lowercase());
        let any = json!({"type": "object", "x-kubernetes-preserve-unknown-fields": true});
        accepted(
            api,
            &json!({"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
                "metadata": {"name": format!("{plural}.{group}")},
                "spec": {"group": group, "scope": "Namespaced",
                    "names": {"plural": plural, "kind": kind},
                    "versions": [{"name": version, "served": true, "storage": true,
                        "schema": {"openAPIV3Schema": any}}]}}),
        );
        wait_for(PATIENCE, kind, || {
            api.list(api_version, kind, "", "").map(drop).map_err(|one| one.to_string())
        });
    }
}

/// Each sort of look-up once, of things that are not there: in a run the index answers nearly all.
fn look_up(plane: &ControlPlane, workloads: &[(&str, &str)]) {
    let name = || "nothing".to_owned();
    let target = |kind| Reference::Target { kind, namespace: name(), name: name() };
    let kinds = [
        TargetKind::Service,
        TargetKind::Deployment,
        TargetKind::StatefulSet,
        TargetKind::DaemonSet,
        TargetKind::Job,
    ];
    let object = |api_version: &str, kind: &str| {
        Box::new(ObjectRef {
            api_version: api_version.to_owned(),
            kind: kind.to_owned(),
            namespace: name(),
            name: name(),
        })
    };
    let owner = |(api_version, kind): (&str, &str)| Reference::Owner {
        object: object(api_version, kind),
        uid: name(),
    };
    let workload = |(api_version, kind): (&str, &str)| Reference::Workload {
        object: object(api_version, kind),
    };
    let mut asked: Vec<Reference> = kinds.into_iter().map(target).collect();
    asked.extend([("apps/v1", "ReplicaSet"), ("v1", "ReplicationController")].map(owner));
    asked.extend(workloads.iter().copied().map(workload));
    asked.extend([
        Reference::Namespace { name: name() },
        Reference::Claim { namespace: name(), name: name() },
        Reference::Node { name: name() },
        Reference::Pod { namespace: name(), name: name() },
        Reference::PersistentVolume { name: name() },
        Reference::Lease { namespace: name(), name: name() },
        Reference::Coordination { namespace: name(), name: name() },
        Reference::Coordinations { namespace: name() },
    ]);
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let cluster = Cluster::new(webhook::client(plane, None).await);
        for (of, answer) in cluster.answers(asked, Instant::now() + PATIENCE).await {
            assert_ne!(answer, Answer::Unreachable, "{of:?}");
        }
    });
}

fn arguments() -> [&'static str; 5] {
    // A server that streams lists is never asked for one.
    let gates = "GenericWorkload=true,TopologyAwareWorkloadScheduling=true,WatchList=false";
    let served = "scheduling.k8s.io/v1beta1=true";
    ["--audit", "--feature-gates", gates, "--runtime-config", served]
}

fn install(plane: &ControlPlane, values: &Value) -> Value {
    define(plane.api());
    let folder = chart::folder();
    let folder = folder.to_str().expect("UTF-8");
    helm(plane, &["install", RELEASE, folder, "--create-namespace", "-f", "-"], values);
    accepted(
        plane.api(),
        &json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop"}}),
    );
    deployment(plane.api())
}

fn log_of(plane: &ControlPlane) -> PathBuf {
    plane.kubeconfig.with_file_name("audit.log")
}

#[test]
fn every_right_is_used_and_none_is_missing() {
    let Some(plane) = or_skipped(ControlPlane::start_with(&arguments())) else { return };
    let api = plane.api();
    let values = json!({
        "audit": {"every": 1, "evict": "on"},
        "coordination": {"rollouts": "on"},
        "workloads": [{"group": "e2e.example.com", "version": "v1", "resource": "rings"}],
        "extraArgs": ["--audit-repeat=60", "--evict-per-minute=60"],
    });
    let all = rights(&values);
    for one in sets().iter().flat_map(rights).filter(|one| !one.resource.starts_with("ray.io/")) {
        let same = |other: &Right| (&one.verb, &one.resource) == (&other.verb, &other.resource);
        assert!(all.iter().any(same), "{one} is given with other values only");
    }
    let installed = install(&plane, &values);
    let running = Running::start(&plane, &installed);
    wait_for(PATIENCE, "it writes its authority", || authority(api));
    lead_to(api, running.address);
    is_at_work(api);
    look_up(&plane, &KINDS);
    let stage = audit::Stage { plane };
    walk::audited(&stage);
    let stage = stage::Stage { plane: stage.plane };
    walk::coordinated(&stage);
    walk::grouped(&stage);
    walk::rolled_out(&stage);
    walk::kept(stage.api());
    all_are_used(&log_of(&stage.plane), &values);
    running.stop();
}

/// With everything off that can be off, the webhook reads, and no more.
#[test]
fn what_is_off_has_no_rights() {
    let arguments = ["--audit", "--feature-gates", "WatchList=false"];
    let Some(plane) = or_skipped(ControlPlane::start_with(&arguments)) else { return };
    let api = plane.api();
    let made =
        placecard_certs::self_signed(&[HOST], Duration::from_secs(86_400), SystemTime::now());
    let made = made.expect("a certificate");
    let values = json!({
        "audit": {"every": 0},
        "coordination": {"controller": "off"},
        "admissionPolicy": {"guards": "off"},
        "certificates": {"mode": "secret", "caBundle": STANDARD.encode(&made.ca_pem)},
    });
    let read = ["get", "list", "watch"];
    let rights = rights(&values);
    assert!(rights.iter().all(|right| read.contains(&right.verb.as_str())), "{rights:#?}");
    let installed = install(&plane, &values);
    let running = Running::start_with(&plane, &installed, Some(&made));
    lead_to(api, running.address);
    is_at_work(api);
    // Of custom workloads the values say nothing.
    look_up(&plane, &KINDS[..4]);
    all_are_used(&log_of(&plane), &values);
    running.stop();
}
