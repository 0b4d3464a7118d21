//! A control plane with a cluster whose pending pods are judged, and its dump.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fs;
use std::io::empty;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

use placecard_policies::live::Row;
use placecard_policies::snapshot::dump;
use placecard_tests::controlplane::{
    Api, ControlPlane, Target, bound_node, node, or_skipped, unschedulable, wait_for,
};
use serde_json::{Value, json};

use super::pods;

/// How long the control plane may take for anything; ample, for machines that do other things too.
const PATIENCE: Duration = Duration::from_secs(60);

/// Kinds that a dump needs, as `kubectl get -A -o json` would name them.
const DUMPED: &[(&str, &str)] = &[
    ("v1", "Node"),
    ("v1", "Pod"),
    ("v1", "Namespace"),
    ("v1", "Service"),
    ("v1", "PersistentVolume"),
    ("v1", "PersistentVolumeClaim"),
    ("storage.k8s.io/v1", "StorageClass"),
    ("storage.k8s.io/v1", "CSINode"),
    ("v1", "ResourceQuota"),
    ("v1", "LimitRange"),
    ("scheduling.k8s.io/v1", "PriorityClass"),
    ("policy/v1", "PodDisruptionBudget"),
    ("v1", "ReplicationController"),
    ("apps/v1", "ReplicaSet"),
    ("apps/v1", "StatefulSet"),
];

/// The cluster of these tests. It stays as it is; only the pending pods are gone from it once it is
/// written down.
pub(crate) struct Stage {
    plane: ControlPlane,
    /// What the scheduler says of each pending pod, by its name.
    pub(crate) said: BTreeMap<String, String>,
    dump: PathBuf,
    /// The same objects, also of the kinds of which there is none.
    pub(crate) whole: PathBuf,
    /// What `placecard snapshot` wrote of the same cluster, and the same with images.
    pub(crate) snapshots: [PathBuf; 2],
    _folder: tempfile::TempDir,
    /// Who puts something on the cluster, does so alone.
    alone: Mutex<()>,
}

impl Stage {
    /// The server's.
    pub(crate) fn version(&self) -> &str {
        &self.plane.version
    }

    /// For a test that puts something on the cluster; it leaves the cluster as it was.
    pub(crate) fn alone(&self) -> MutexGuard<'_, ()> {
        self.alone.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The node on which the scheduler puts the pod, or what it says instead; once more if that is
    /// not as `expected`, because the scheduler may not have noticed yet that the pod before is gone.
    pub(crate) fn placed(
        &self,
        pod: &Value,
        expected: impl Fn(&Result<String, String>) -> bool,
    ) -> Result<String, String> {
        let first = self.tried(pod);
        if expected(&first) { first } else { self.tried(pod) }
    }

    /// Afterwards the pod is gone, and those are back that made room. Of a workload, its only pod.
    fn tried(&self, object: &Value) -> Result<String, String> {
        let api = self.plane.api();
        let created = api.create(object).unwrap_or_else(|why| panic!("{why}\n{object:#}"));
        let target = Target::of(&created.object);
        let name = format!("app={}", name_of(object));
        let pods = || match object["kind"] == "Pod" {
            true => api.get(&target).map(|answer| vec![answer.object]),
            false => api.list("v1", "Pod", "shop", &name),
        };
        let found = wait_for(PATIENCE, &format!("{target} is decided on"), || {
            let pods = pods().map_err(|why| why.to_string())?;
            let [pod] = pods.as_slice() else { return Err(format!("{} pods", pods.len())) };
            match (bound_node(pod), unschedulable(pod)) {
                (Some(node), _) => Ok(Ok(node.to_owned())),
                // Somebody makes room.
                (None, Some(said)) if pod["status"]["nominatedNodeName"].is_string() => Err(said),
                (None, Some(said)) => Ok(Err(said)),
                (None, None) => Err("nothing said".to_owned()),
            }
        });
        api.delete(&target).unwrap_or_else(|why| panic!("{why}"));
        wait_for(PATIENCE, &format!("{target} is gone"), || match pods() {
            Ok(pods) if !pods.is_empty() => Err(format!("{} pods", pods.len())),
            _ => Ok(()),
        });
        for pod in pods::running() {
            if api.get(&Target::of(&pod)).is_err() {
                api.create(&pod).unwrap_or_else(|why| panic!("{why}"));
                api.run_pod("shop", name_of(&pod));
            }
        }
        found
    }
}

/// Runs a test on the shared stage; without a control plane says why not, and in CI fails.
pub(crate) fn with_stage(test: impl FnOnce(&Stage)) {
    static STAGE: OnceLock<Option<Stage>> = OnceLock::new();
    let stage = STAGE.get_or_init(|| or_skipped(ControlPlane::start()).map(set));
    if let Some(stage) = stage {
        test(stage);
    }
}

/// What `placecard` says about the dump.
pub(crate) fn placecard(words: &[&str], stage: &Stage) -> String {
    on_cluster(&[words, &["--kubernetes-version", stage.version()]].concat(), &stage.dump)
}

/// What `placecard` says about a cluster.
pub(crate) fn on_cluster(words: &[&str], dump: &Path) -> String {
    let mut words: Vec<OsString> =
        ["placecard"].iter().chain(words).map(|word| OsString::from(*word)).collect();
    words.push("--cluster".into());
    words.push(dump.into());
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let shown = format!("{words:?}");
    let code = placecard_lint::run(words.into_iter(), &mut empty(), &mut out, &mut err, false);
    let err = String::from_utf8_lossy(&err);
    assert!(code < 2 && err.is_empty(), "{shown}: exit {code}: {err}");
    String::from_utf8(out).expect("UTF-8")
}

fn set(plane: ControlPlane) -> Stage {
    let api = plane.api();
    let create = |object: &Value| {
        if let Err(refusal) = api.create(object) {
            panic!("{refusal}\n{object:#}");
        }
    };
    pods::objects().iter().for_each(create);
    for machine in nodes() {
        create(&machine);
    }
    wait_for_all(api, nodes().len());
    for (claim, volume) in pods::CLAIMS_OF_VOLUMES {
        wait_bound_claim(api, claim, volume);
    }
    for pod in pods::running() {
        create(&pod);
        api.run_pod("shop", name_of(&pod));
    }
    let mut said = BTreeMap::new();
    for pod in pods::pending() {
        create(&pod);
    }
    for pod in pods::pending() {
        let name = name_of(&pod);
        let condition = api.wait_unschedulable("shop", name);
        wait_for(PATIENCE, &format!("an event of {name}: {condition}"), || {
            let events = api.list("v1", "Event", "shop", "").map_err(|why| why.to_string())?;
            let of_it = events.iter().filter(|event| event["involvedObject"]["name"] == *name);
            let told: Vec<&str> = of_it.filter_map(|event| event["message"].as_str()).collect();
            if told.contains(&condition.as_str()) { Ok(()) } else { Err(format!("{told:?}")) }
        });
        said.insert(name.to_owned(), condition);
    }
    let folder = tempfile::tempdir().expect("a folder");
    let dump = folder.path().join("dump.json");
    fs::write(&dump, dump_of(api).to_string()).expect("written");
    fs::create_dir(folder.path().join("whole")).expect("a folder");
    let whole = folder.path().join("whole").join("dump.json");
    fs::write(&whole, lists_of(api)).expect("written");
    let snapshots = [&[][..], &["--include", "images"]].map(|more| snapshot(&plane, more, &folder));
    // They would take what a test frees for a moment.
    for pod in pods::pending() {
        api.delete(&Target::of(&pod)).unwrap_or_else(|why| panic!("{why}"));
    }
    Stage { plane, said, dump, whole, snapshots, _folder: folder, alone: Mutex::default() }
}

/// A dump by `placecard snapshot`; its file is called like the other one.
fn snapshot(plane: &ControlPlane, more: &[&str], folder: &tempfile::TempDir) -> PathBuf {
    let folder = folder.path().join(format!("{}", more.len()));
    fs::create_dir(&folder).expect("a folder");
    let file = folder.join("dump.json");
    let mut words: Vec<OsString> = vec!["placecard".into(), "snapshot".into()];
    words.extend(["-o".into(), file.clone().into()]);
    words.extend(["--kubeconfig".into(), plane.kubeconfig.clone().into()]);
    words.extend(more.iter().map(OsString::from));
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = placecard_lint::run(words.into_iter(), &mut empty(), &mut out, &mut err, false);
    assert!(code == 0 && err.is_empty(), "{}", String::from_utf8_lossy(&err));
    file
}

pub(crate) fn name_of(object: &Value) -> &str {
    object["metadata"]["name"].as_str().unwrap_or_default()
}

/// As `kubectl get nodes,pods,… -A -o json` prints it.
fn dump_of(api: &Api) -> Value {
    let mut items = Vec::new();
    for (api_version, kind) in DUMPED {
        let found = api.list(api_version, kind, "", "").unwrap_or_else(|why| panic!("{why}"));
        for mut item in found {
            item["apiVersion"] = (*api_version).into();
            item["kind"] = (*kind).into();
            items.push(item);
        }
    }
    json!({"apiVersion": "v1", "kind": "List", "metadata": {"resourceVersion": ""}, "items": items})
}

/// As the API server answers, one list after the other, with all that is in the objects.
fn lists_of(api: &Api) -> String {
    let mut text = dump::begin(None);
    for (number, (_, row)) in dump::kinds().into_iter().enumerate() {
        text += &dump::begin_list(&row, number == 0);
        let Row { group, version, kind, .. } = row;
        let slash = if group.is_empty() { "" } else { "/" };
        let found = api.list(&format!("{group}{slash}{version}"), kind, "", "");
        for (number, item) in found.unwrap_or_else(|why| panic!("{why}")).iter().enumerate() {
            text += dump::before_object(number == 0);
            text += &item.to_string();
        }
        text += &dump::end_list("", None);
    }
    text + dump::END
}

/// Seven nodes, each closed in a way of its own.
fn nodes() -> Vec<Value> {
    const ZONE: &str = "topology.kubernetes.io/zone";
    let mut cordoned = node("b2", &[(ZONE, "b")], &[CORDONED], &[]);
    cordoned["spec"]["unschedulable"] = true.into();
    vec![
        node("a1", &[(ZONE, "a"), ("disk", "ssd")], &[], &[("cpu", "4")]),
        node("a2", &[(ZONE, "a"), ("disk", "hdd")], &[], &[("cpu", "4")]),
        node("b1", &[(ZONE, "b"), ("cores", "64")], &["dedicated=ml:NoSchedule"], &[("cpu", "64")]),
        cordoned,
        node("c1", &[(ZONE, "c")], &[], &[("cpu", "1"), ("memory", "1Gi"), ("pods", "1")]),
        node("d1", &[("cores", "8")], &[], &[("example.com/gpu", "2")]),
        node("e1", &[(ZONE, "c")], &[NOT_READY], &[]),
    ]
}

const CORDONED: &str = "node.kubernetes.io/unschedulable:NoSchedule";
const NOT_READY: &str = "node.kubernetes.io/not-ready:NoSchedule";

/// Waits until the scheduler knows all nodes.
fn wait_for_all(api: &Api, nodes: usize) {
    let known = format!("0/{nodes} nodes");
    let probe = pods::pod("probe", json!({"nodeSelector": {"probe": "none"}}));
    wait_for(PATIENCE, "the scheduler knows all nodes", || {
        api.create(&probe).map_err(|refusal| refusal.to_string())?;
        let said = api.wait_unschedulable("shop", "probe");
        api.delete(&Target::of(&probe)).map_err(|refusal| refusal.to_string())?;
        if said.starts_with(&known) { Ok(()) } else { Err(said) }
    });
}

fn wait_bound_claim(api: &Api, claim: &str, volume: &str) {
    let target = Target::new("v1", "PersistentVolumeClaim", "shop", claim);
    wait_for(PATIENCE, &format!("{claim} is bound"), || {
        let found = api.get(&target).map_err(|refusal| refusal.to_string())?.object;
        let bound = found["spec"]["volumeName"] == *volume && found["status"]["phase"] == "Bound";
        if bound { Ok(()) } else { Err(found["status"].to_string()) }
    });
}
