//! `placecard snapshot` and `--live` on a real API server: more objects than fit on a page, a user who
//! may not read everything, namespaces and labels, and that both see the same.

use std::ffi::OsString;
use std::fs;
use std::io::empty;
use std::path::{Path, PathBuf};

use placecard_tests::controlplane::{Api, ControlPlane, node, or_skipped};
use serde_json::{Value, json};

/// More than two pages.
const CLASSES: usize = 1_100;

/// Requests under way at once.
const WRITERS: usize = 8;

/// What must be in no dump.
const SECRET: &str = "s3cret-of-the-shop";

struct Ran {
    code: u8,
    out: String,
    err: String,
}

fn run(words: &[&str]) -> Ran {
    let words = std::iter::once("placecard").chain(words.iter().copied()).map(OsString::from);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = placecard_lint::run(words, &mut empty(), &mut out, &mut err, false);
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ran { code, out: text(out), err: text(err) }
}

struct Stage {
    plane: ControlPlane,
    folder: tempfile::TempDir,
}

impl Stage {
    fn path(&self, name: &str) -> String {
        self.folder.path().join(name).to_str().expect("UTF-8").to_owned()
    }

    /// `placecard` with a kubeconfig; it must run.
    fn placecard(&self, words: &[&str], kubeconfig: &Path) -> Ran {
        let kubeconfig = kubeconfig.to_str().expect("UTF-8");
        let ran = run(&[words, &["--kubeconfig", kubeconfig]].concat());
        assert!(ran.code < 2, "{words:?}: {}", ran.err);
        ran
    }

    /// A dump, as JSON too.
    fn dump(&self, name: &str, more: &[&str], kubeconfig: &Path) -> (String, Value, String) {
        let path = self.path(name);
        let ran = self.placecard(&[&["snapshot", "-o", &path], more].concat(), kubeconfig);
        assert_eq!((ran.code, ran.out.as_str()), (0, ""));
        let text = fs::read_to_string(&path).expect("written");
        assert!(!text.contains(SECRET) || more.contains(&"--include"), "{more:?}");
        (path, serde_json::from_str(&text).expect("JSON"), ran.err)
    }
}

/// The list of a kind in a dump.
fn list<'d>(dump: &'d Value, kind: &str) -> Option<&'d Value> {
    let lists = dump["items"].as_array().expect("lists");
    lists.iter().find(|list| list["kind"] == format!("{kind}List"))
}

fn names(list: &Value) -> Vec<String> {
    let items = list["items"].as_array().expect("items");
    items.iter().map(|item| item["metadata"]["name"].as_str().expect("a name").to_owned()).collect()
}

fn set(plane: ControlPlane) -> Stage {
    let api = plane.api();
    let create = |object: Value| {
        api.create(&object).unwrap_or_else(|refusal| panic!("{refusal}\n{object:#}"));
    };
    for name in ["shop", "search"] {
        create(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
    }
    create(node("a", &[("topology.kubernetes.io/zone", "a")], &[], &[]));
    create(node("b", &[("topology.kubernetes.io/zone", "b")], &["dedicated=ml:NoSchedule"], &[]));
    create(json!({"apiVersion": "v1", "kind": "Secret",
        "metadata": {"name": "token", "namespace": "shop"}, "stringData": {"token": SECRET}}));
    create(json!({"apiVersion": "v1", "kind": "ConfigMap",
        "metadata": {"name": "settings", "namespace": "shop"}, "data": {"token": SECRET}}));
    create(pod("shop", "cart", "cart", json!({})));
    create(pod("shop", "till", "till", json!({})));
    create(pod(
        "search",
        "ranker",
        "ranker",
        json!({"nodeSelector": {"topology.kubernetes.io/zone": "b"}}),
    ));
    let classes = |from: usize| {
        (from..CLASSES).step_by(WRITERS).map(|number| {
            json!({"apiVersion": "scheduling.k8s.io/v1", "kind": "PriorityClass", "value": number,
                "metadata": {"name": format!("class-{number}")}, "description": SECRET})
        })
    };
    std::thread::scope(|scope| {
        for writer in 0..WRITERS {
            scope.spawn(move || classes(writer).for_each(create_at(api)));
        }
    });
    for name in ["cart", "till"] {
        let _ = api.wait_bound("shop", name);
    }
    let _ = api.wait_unschedulable("search", "ranker");
    Stage { plane, folder: tempfile::tempdir().expect("a folder") }
}

fn create_at(api: &Api) -> impl Fn(Value) {
    move |object| {
        api.create(&object).unwrap_or_else(|refusal| panic!("{refusal}\n{object:#}"));
    }
}

fn pod(namespace: &str, name: &str, app: &str, more: Value) -> Value {
    let mut spec = json!({"containers": [{"name": "main", "image": "main:1",
        "env": [{"name": "TOKEN", "value": SECRET}], "args": [SECRET],
        "envFrom": [{"secretRef": {"name": SECRET}}]}]});
    for (key, value) in more.as_object().into_iter().flatten() {
        spec[key] = value.clone();
    }
    json!({"apiVersion": "v1", "kind": "Pod", "spec": spec, "metadata": {"name": name,
        "namespace": namespace, "labels": {"app": app},
        "annotations": {"note": SECRET, "placecard.dev/ignore": "would-wait: a test"}}})
}

/// A kubeconfig in the name of a user who may read pods in one namespace, and nodes.
fn limited(stage: &Stage) -> PathBuf {
    let api = stage.plane.api();
    let group = "rbac.authorization.k8s.io";
    let version = format!("{group}/v1");
    let subject = json!([{"kind": "User", "apiGroup": group, "name": "seller"}]);
    let reader = |resources: Value| json!([{"apiGroups": [""], "resources": resources, "verbs": ["get", "list"]}]);
    for (kind, role, namespace, resources) in [
        ("ClusterRole", "seller-nodes", None, json!(["nodes"])),
        ("Role", "seller-pods", Some("shop"), json!(["pods", "services"])),
    ] {
        let mut metadata = json!({"name": role});
        if let Some(namespace) = namespace {
            metadata["namespace"] = namespace.into();
        }
        create_at(api)(json!({"apiVersion": version, "kind": kind, "metadata": metadata,
            "rules": reader(resources)}));
        create_at(api)(json!({"apiVersion": version, "kind": format!("{kind}Binding"),
            "metadata": metadata, "subjects": subject,
            "roleRef": {"apiGroup": group, "kind": kind, "name": role}}));
    }
    let text = fs::read_to_string(&stage.plane.kubeconfig).expect("a kubeconfig");
    let mut config: Value = serde_saphyr::from_str(&text).expect("YAML");
    for user in config["users"].as_array_mut().expect("users") {
        user["user"]["as"] = "seller".into();
    }
    let path = stage.folder.path().join("seller");
    fs::write(&path, config.to_string()).expect("written");
    path
}

#[test]
fn a_live_cluster_is_dumped_and_judged() {
    let Some(plane) = or_skipped(ControlPlane::start()) else { return };
    let stage = set(plane);
    pages_and_secrets(&stage);
    live_and_dumped(&stage);
    filters(&stage);
    what_may_not_be_read(&stage);
    no_server(&stage);
}

fn pages_and_secrets(stage: &Stage) {
    let kubeconfig = stage.plane.kubeconfig.as_path();
    let (_, dump, err) = stage.dump("all.json", &[], kubeconfig);
    assert_eq!(err, "");
    let classes = names(list(&dump, "PriorityClass").expect("a list"));
    let ours: Vec<&String> = classes.iter().filter(|name| name.starts_with("class-")).collect();
    assert_eq!(ours.len(), CLASSES);
    assert_eq!(dump["items"][0]["serverVersion"]["gitVersion"], stage.plane.version);
    assert!(list(&dump, "Secret").is_none() && list(&dump, "ConfigMap").is_none());
    let pods = list(&dump, "Pod").expect("pods");
    assert_eq!(pods["incomplete"], Value::Null);
    let cart = pods["items"].as_array().expect("pods").iter();
    let cart = cart.clone().find(|pod| pod["metadata"]["name"] == "cart").expect("cart");
    let kept = cart["metadata"]["annotations"].as_object().expect("annotations");
    assert_eq!(kept.keys().collect::<Vec<_>>(), ["placecard.dev/ignore"]);
    for (what, field) in [("environment", "env"), ("commands", "args"), ("images", "image")] {
        let (_, dump, _) = stage.dump("more.json", &["--include", what], kubeconfig);
        let pod = &list(&dump, "Pod").expect("pods")["items"][0];
        assert!(!pod["spec"]["containers"][0][field].is_null(), "{what}: {pod:#}");
    }
}

/// `--live` says what `--cluster` says of a dump that is called like the context.
fn live_and_dumped(stage: &Stage) {
    let kubeconfig = stage.plane.kubeconfig.as_path();
    let text = fs::read_to_string(kubeconfig).expect("a kubeconfig");
    let config: Value = serde_saphyr::from_str(&text).expect("YAML");
    let context = config["current-context"].as_str().expect("a context");
    let (dump, ..) = stage.dump(context, &["--include", "images"], kubeconfig);
    let manifest = stage.path("manifest.json");
    let wide = pod("shop", "wide", "wide", json!({"nodeSelector": {"disk": "ssd"}}));
    fs::write(&manifest, wide.to_string()).expect("written");
    for words in [
        &["why", "search/ranker"][..],
        &["place", "shop/cart", "--format", "json"],
        &["audit", "--all"],
        &["lint", "--fail-on", "never", &manifest],
        &["expand", &manifest],
    ] {
        let live = stage.placecard(&[words, &["--live"]].concat(), kubeconfig);
        let dumped = run(&[words, &["--cluster", &dump]].concat());
        assert_eq!((live.code, &live.out, &live.err), (dumped.code, &dumped.out, &dumped.err));
        assert!(!live.out.is_empty(), "{words:?}");
    }
}

fn filters(stage: &Stage) {
    let kubeconfig = stage.plane.kubeconfig.as_path();
    let (path, dump, err) = stage.dump("shop.json", &["-n", "shop", "-l", "app=cart"], kubeconfig);
    assert_eq!(err, "");
    let pods = list(&dump, "Pod").expect("pods");
    assert_eq!(names(pods), ["cart"]);
    assert_eq!(pods["incomplete"], "only namespace shop, labels app=cart");
    assert_eq!(names(list(&dump, "Namespace").expect("namespaces")), ["shop"]);
    assert_eq!(names(list(&dump, "Node").expect("nodes")), ["a", "b"]);
    // Pods that the dump does not hold may be there: near one of them is not excluded.
    let near = |app: &str| {
        let term = json!({"topologyKey": "topology.kubernetes.io/zone",
            "labelSelector": {"matchLabels": {"app": app}}});
        let required = json!({"requiredDuringSchedulingIgnoredDuringExecution": [term]});
        let affinity = json!({"affinity": {"podAffinity": required}});
        let mut pod = pod("shop", "new", "new", affinity);
        pod["metadata"]["annotations"] = Value::Null;
        pod
    };
    let (all, ..) = stage.dump("all.json", &[], kubeconfig);
    let manifest = stage.path("near.json");
    for (app, there) in [("till", true), ("nobody", false)] {
        fs::write(&manifest, near(app).to_string()).expect("written");
        let on = |dump: &str| run(&["lint", "--fail-on", "warning", &manifest, "--cluster", dump]);
        let (some, whole) = (on(&path), on(&all));
        assert_eq!(some.code, 0, "{app}: {}{}", some.out, some.err);
        assert_eq!(whole.code, u8::from(!there), "{app}: {}{}", whole.out, whole.err);
    }
}

fn what_may_not_be_read(stage: &Stage) {
    let seller = limited(stage);
    let (path, dump, err) = stage.dump("seller.json", &[], &seller);
    assert_eq!(names(list(&dump, "Node").expect("nodes")), ["a", "b"]);
    for (kind, resource) in [("Pod", "pods"), ("Namespace", "namespaces"), ("Lease", "leases")] {
        assert!(list(&dump, kind).is_none(), "{kind}");
        assert!(err.contains(&format!("placecard: {resource} may not be listed")), "{err}");
    }
    let manifest = stage.path("near.json");
    let ran = run(&["lint", "--fail-on", "warning", &manifest, "--cluster", &path]);
    assert_eq!(ran.code, 0, "{}", ran.out);
    let (_, dump, err) = stage.dump("seller.json", &["-n", "shop", "-n", "search"], &seller);
    assert_eq!(names(list(&dump, "Pod").expect("pods")), ["cart", "till"]);
    assert!(err.contains("pods of namespace search may not be listed"), "{err}");
    assert!(list(&dump, "Service").is_some_and(|list| list["incomplete"].is_string()));
    // The same, live.
    let live = stage.placecard(&["why", &manifest, "--live"], &seller);
    assert!(live.err.contains("pods may not be listed"), "{}", live.err);
    assert_eq!(live.code, 0, "{}", live.out);
}

fn no_server(stage: &Stage) {
    let text = fs::read_to_string(&stage.plane.kubeconfig).expect("a kubeconfig");
    let port = stage.plane.server.rsplit(':').next().expect("a port");
    let elsewhere = stage.folder.path().join("elsewhere");
    fs::write(&elsewhere, text.replace(&format!(":{port}"), ":1")).expect("written");
    let file = stage.path("kept.json");
    fs::write(&file, "kept").expect("written");
    let ran = run(&["snapshot", "-o", &file, "--kubeconfig", elsewhere.to_str().expect("UTF-8")]);
    assert_eq!((ran.code, ran.out.as_str()), (2, ""));
    assert!(ran.err.contains("cannot be asked"), "{}", ran.err);
    assert_eq!(fs::read_to_string(&file).expect("there"), "kept");
    let left = fs::read_dir(stage.folder.path()).expect("a folder");
    let left = left.filter_map(|one| one.ok()?.file_name().into_string().ok());
    assert!(!left.collect::<String>().contains("partial"));
}
