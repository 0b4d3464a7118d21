use std::fs;

use placecard_policies::feasibility::inventory::kind::KINDS;
use serde_json::{Value, json};

use super::*;

/// Reads a text as standard input.
fn read(text: &str) -> Result<Loaded, Vec<Complaint>> {
    load(&["-".to_owned()], &mut text.as_bytes(), &mut Progress::silent())
}

fn errors(text: &str) -> Vec<String> {
    read(text).unwrap_err().iter().map(ToString::to_string).collect()
}

fn node(name: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        "status": {"allocatable": {"cpu": "4", "pods": "110"}, "conditions": null},
    })
}

fn pod(name: &str, node: &str) -> Value {
    json!({
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "shop", "annotations": {"note": "a: b\n- c\n}]\"{"}},
        "spec": {"nodeName": node, "containers": [{"name": "c", "image": "registry/web:1"}]},
        "status": {"phase": "Running"},
    })
}

fn list(items: &[Value]) -> Value {
    json!({"apiVersion": "v1", "items": items, "kind": "List", "metadata": {"resourceVersion": ""}})
}

/// An item of a list in YAML, its dash after so many blanks; JSON is YAML, on many lines too.
fn yaml_item(value: &Value, indent: usize) -> String {
    let blanks = " ".repeat(indent);
    let mut text = String::new();
    for (index, (key, value)) in value.as_object().unwrap().iter().enumerate() {
        let value = serde_json::to_string_pretty(value).unwrap();
        let value = value.replace('\n', &format!("\n{blanks}    "));
        let dash = if index == 0 { "- " } else { "  " };
        text.push_str(&format!("{blanks}{dash}{key}: {value}\n"));
    }
    text
}

/// Small and large clusters in every form that people have.
fn forms() -> Vec<(&'static str, String)> {
    let (nodes, pods) = ([node("n1"), node("n2")], [pod("p1", "n1"), pod("p2", "n2")]);
    let all = [nodes.clone(), pods.clone()].concat();
    let bare = |items: &[Value]| {
        let mut items = items.to_vec();
        for item in &mut items {
            item.as_object_mut().unwrap().retain(|key, _| key != "kind" && key != "apiVersion");
        }
        items
    };
    let lines =
        |values: &[Value]| values.iter().map(|value| format!("{value}\n")).collect::<String>();
    let items = |indent| all.iter().map(|item| yaml_item(item, indent)).collect::<String>();
    let typed = |kind: &str, items: &[Value]| {
        format!(
            r#"{{"kind":"{kind}","apiVersion":"v1","metadata":{{"resourceVersion":"812"}},"items":{}}}"#,
            json!(bare(items))
        )
    };
    vec![
        ("a list", list(&all).to_string()),
        ("a pretty list", format!("{:#}\n", list(&all))),
        ("a byte-order mark", format!("\u{FEFF}{}", list(&all))),
        ("lists in a list", list(&[list(&nodes), list(&pods)]).to_string()),
        ("an array", json!(all).to_string()),
        ("objects in lines", lines(&all)),
        ("objects without lines", all.iter().map(Value::to_string).collect()),
        ("lists of one kind", typed("NodeList", &nodes) + &typed("PodList", &pods)),
        (
            "by resource",
            json!({"pods": bare(&pods), "nodes": bare(&nodes), "odd": [1]}).to_string(),
        ),
        (
            "a recorded case",
            json!({"id": "7", "pod": pod("p", ""), "cluster": {"pods": pods, "nodes": nodes}})
                .to_string(),
        ),
        (
            "YAML as kubectl prints it",
            format!(
                "apiVersion: v1\nitems:\n{}kind: List\nmetadata:\n  resourceVersion: \"\"\n",
                items(0)
            ),
        ),
        ("YAML, indented", format!("kind: List\nitems: # all\n\n{}", items(2))),
        ("YAML documents", all.iter().map(|it| format!("---\n{it}\n")).collect()),
        (
            "YAML lists of one kind",
            format!(
                "kind: NodeList\napiVersion: v1\nitems:\n{}---\napiVersion: v1\nkind: PodList\nitems:\n{}",
                bare(&nodes).iter().map(|it| yaml_item(it, 0)).collect::<String>(),
                bare(&pods).iter().map(|it| yaml_item(it, 0)).collect::<String>(),
            ),
        ),
        (
            "YAML by resource",
            format!("nodes: {}\npods: {}\n", json!(bare(&nodes)), json!(bare(&pods))),
        ),
    ]
}

#[test]
fn every_form_gives_the_same_cluster() {
    let expected = read(&forms()[0].1).unwrap();
    assert_eq!(expected.inventory.nodes.len(), 2);
    assert_eq!(expected.inventory.pods.len(), 2);
    assert_eq!(expected.inventory.namespaces["shop"].len(), 1);
    let known = [Kind::Node, Kind::Pod];
    let unknown = KINDS.into_iter().filter(|kind| !known.contains(kind));
    assert_eq!(expected.inventory.unknown, unknown.collect());
    for (name, text) in forms() {
        let found = read(&text).unwrap_or_else(|errors| panic!("{name}: {errors:?}\n{text}"));
        assert_eq!(found.inventory, expected.inventory, "{name}");
        assert_eq!(found.summary.complaints, [], "{name}");
        assert_eq!(found.summary.bytes, text.len() as u64);
    }
}

#[test]
fn a_text_that_is_cut_off_anywhere_is_refused() {
    for (name, text) in forms().into_iter().filter(|(name, _)| !name.starts_with("YAML")) {
        for end in (1..text.trim_end().len()).filter(|end| text.is_char_boundary(*end)) {
            let cut = &text[..end];
            // Of objects one after another some are complete.
            let whole = cut.trim_end().ends_with('}') && name.contains("objects")
                || cut.ends_with("]}") && name == "lists of one kind";
            match read(cut) {
                Ok(_) => assert!(whole, "{name} up to {end}: {cut}"),
                Err(errors) => assert!(!errors.is_empty()),
            }
        }
    }
    let text = list(&[node("n1"), pod("p1", "n1")]).to_string();
    let cut = text.find("containers").unwrap();
    assert_eq!(
        errors(&text[..cut]),
        [format!(
            "<stdin>:1:{}: it ends in the middle of Pod shop/p1\n  help:  it is cut off: take it \
             again, and wait until kubectl is done",
            cut + 1
        )]
    );
}

#[test]
fn what_cannot_be_used_at_all_is_refused_with_a_way_out() {
    let take = "\n  help:  kubectl get nodes,pods,namespaces,pv,pvc,sc,csinodes -A -o json";
    let table = [
        ("", format!("<stdin>: there is nothing in it{take}")),
        (" \n\t", format!("<stdin>: there is nothing in it{take}")),
        ("# nothing\n---\n", format!("<stdin>: there is nothing in it{take}")),
        ("[]", format!("<stdin>: there are no objects in it{take}")),
        (
            r#"{"kind":"Secret","apiVersion":"v1"}"#,
            format!("<stdin>: no nodes in it that can be read, only 1 Secret{take}"),
        ),
        (
            r#"{"kind":"Node","apiVersion":"longhorn.io/v1beta2","metadata":{"name":"n"}}"#,
            format!("<stdin>: no nodes in it that can be read, only 1 Node{take}"),
        ),
        (
            "[]\n[}",
            "<stdin>:2:2: JSON has no } here\n  help:  take it again, with nothing but kubectl's \
             output in it"
                .to_owned(),
        ),
    ];
    for (text, expected) in table {
        assert_eq!(errors(text), [expected], "{text:?}");
    }
    // What is left out is told where it stands, before what that leads to.
    let unread = "kind: Node\napiVersion: v1\nmetadata: {name: *nobody}\n";
    let [left_out, nothing] = &errors(unread)[..] else { panic!("{:?}", errors(unread)) };
    assert!(left_out.starts_with("<stdin>:3:18: ") && left_out.contains("nobody"), "{left_out}");
    assert_eq!(*nothing, format!("<stdin>: there are no objects in it{take}"));
    let missing = load(&["no/such.json".to_owned()], &mut "".as_bytes(), &mut Progress::silent());
    let missing = missing.unwrap_err();
    assert_eq!(missing[0].to_string(), "no/such.json: no such file or folder");
}

/// Gives one byte at a time.
struct One<'a>(&'a [u8]);

impl Read for One<'_> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        let length = to.len().min(1);
        self.0.read(to.get_mut(..length).unwrap_or_default())
    }
}

#[test]
fn what_is_no_text_or_no_list_is_refused_with_a_way_out() {
    let errors = |mut bytes: &[u8]| {
        let found = load(&["-".to_owned()], &mut bytes, &mut Progress::silent()).unwrap_err();
        found.iter().map(ToString::to_string).collect::<Vec<String>>()
    };
    let take = "\n  help:  kubectl get nodes,pods,namespaces,pv,pvc,sc,csinodes -A -o json";
    let table: [(&[u8], &str); 6] = [
        (
            b"\x1f\x8b\x08\x00",
            "the file is packed by gzip\n  help:  give it unpacked; gunzip unpacks it",
        ),
        (
            b"\x28\xb5\x2f\xfd\x04",
            "the file is packed by zstd\n  help:  give it unpacked; unzstd unpacks it",
        ),
        (b"k8s\0\n", &format!("the file is no text{take}")),
        (b"\x7fELF\x02\x01\x01\0", &format!("the file is no text{take}")),
        (
            br#"{"kind":"List","items":{}}"#,
            &format!("1:24: the items of this list are no list{take}"),
        ),
        (
            br#"{"items":7,"kind":"PodList"}"#,
            &format!("1:10: the items of this list are no list{take}"),
        ),
    ];
    for (bytes, expected) in table {
        let separator = if expected.starts_with('1') { ":" } else { ": " };
        let expected = [format!("<stdin>{separator}{expected}")];
        assert_eq!(errors(bytes), expected);
        // A pipe may give the first bytes alone.
        let cut = load(&["-".to_owned()], &mut One(bytes), &mut Progress::silent()).unwrap_err();
        assert_eq!(cut.iter().map(ToString::to_string).collect::<Vec<String>>(), expected);
    }
}

#[test]
fn what_cannot_be_read_is_named_placed_and_left_out() {
    let mut broken = pod("p1", "n1");
    broken["spec"]["containers"][0]["resources"] =
        json!({"requests": {"example.com/gpu": "1 gpu"}});
    let text = format!("{:#}", list(&[node("n1"), broken.clone(), pod("p2", "n1")]));
    let found = read(&text).unwrap();
    assert_eq!(found.inventory.pods.len(), 1);
    assert!(found.inventory.unknown.contains(&Kind::Pod));
    let line = text.lines().position(|line| line.contains("1 gpu")).unwrap() + 1;
    let told = found.summary.complaints[0].to_string();
    let column = found.summary.complaints[0].place.unwrap().1;
    assert_eq!(
        told,
        format!(
            "<stdin>:{line}:{column}: Pod shop/p1 is left out: \
             spec.containers[0].resources.requests.example.com/gpu: \"1 gpu\" is not a quantity"
        )
    );
    let yaml = format!("items:\n{}{}", yaml_item(&node("n1"), 0), yaml_item(&broken, 0));
    let found = read(&yaml).unwrap();
    let line = yaml.lines().position(|line| line.contains("1 gpu")).unwrap() + 1;
    let column = yaml.lines().nth(line - 1).unwrap().find("\"1 gpu").unwrap() + 1;
    assert_eq!(
        found.summary.complaints[0].to_string(),
        format!(
            "<stdin>:{line}:{column}: Pod shop/p1 is left out: \
             spec.containers[0].resources.requests.example.com/gpu: \"1 gpu\" is not a quantity"
        )
    );
    let yaml =
        format!("items:\n{}- kind: Pod\n  metadata: {{name: x]\n", yaml_item(&node("n1"), 0));
    let found = read(&yaml).unwrap();
    let told = found.summary.complaints[0].to_string();
    assert!(told.contains("Pod {name: x] is left out") || told.contains("is left out"), "{told}");
    assert!(found.inventory.unknown.contains(&Kind::Pod));
}

#[test]
fn what_is_odd_is_told() {
    let mut heart = node("n1");
    heart["status"]["conditions"] = json!([
        {"type": "Ready", "status": "Unknown", "lastHeartbeatTime": "2026-11-20T09:00:30Z"}
    ]);
    heart["status"]["nodeInfo"] = json!({"kubeletVersion": "v1.33.2-eks-1"});
    let version = json!({"clientVersion": {}, "serverVersion": {"gitVersion": "v1.34.1+k3s1"}});
    let items = [heart, pod("p1", "n1"), pod("p1", "gone"), pod("p2", "gone"), json!(7)];
    let found = read(&format!("{}{version}", list(&items))).unwrap();
    let told: Vec<String> = found.summary.complaints.iter().map(|it| it.message.clone()).collect();
    assert_eq!(
        told,
        [
            "Pod shop/p1 is there twice, the last one counts",
            "something without a kind is left out",
            "2 pods are on node gone, which is not there",
        ]
    );
    let seen = &found.summary.seen;
    assert_eq!((seen.server, seen.kubelet), (Some(34), Some(33)));
    assert_eq!(words::snapshot::contents(seen), "1 node, 3 pods, 2026-11-20 09:00 UTC");
    assert_eq!(seen.tainted["n1"], ["node.kubernetes.io/unreachable"]);
    assert_eq!(found.inventory.nodes["n1"].taints.len(), 2);
}

#[test]
fn several_files_and_folders_are_one_cluster() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path();
    fs::create_dir(root.join("more")).unwrap();
    fs::write(root.join("nodes.json"), list(&[node("n1")]).to_string()).unwrap();
    fs::write(root.join("more/pods.yaml"), format!("items:\n{}", yaml_item(&pod("p", "n1"), 0)))
        .unwrap();
    fs::write(root.join("more/notes.txt"), "no dump").unwrap();
    let paths = [root.to_str().unwrap().to_owned(), "-".to_owned()];
    let mut stdin = r#"{"kind":"NamespaceList","items":[]}"#.as_bytes();
    let found = load(&paths, &mut stdin, &mut Progress::silent()).unwrap();
    assert_eq!((found.inventory.nodes.len(), found.inventory.pods.len()), (1, 1));
    assert!(!found.inventory.unknown.contains(&Kind::Namespace));
    assert_eq!(found.summary.names.len(), 3);
    assert!(found.summary.name().ends_with("and 2 more"), "{}", found.summary.name());
}
