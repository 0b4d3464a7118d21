//! What is not there: unknown, unless somebody says that there is nothing else.

use std::fs;
use std::path::Path;

use crate::ran::ran;

const WEB: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec:
      affinity:
        podAffinity:
          requiredDuringSchedulingIgnoredDuringExecution:
          - {topologyKey: kubernetes.io/hostname, labelSelector: {matchLabels: {app: ledger}}}
      containers: [{name: web, image: 'web:1', readinessProbe: {tcpSocket: {port: 80}}}]
";

const LEDGER: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: ledger, namespace: shop}
spec:
  selector: {matchLabels: {app: ledger}}
  template:
    metadata: {labels: {app: ledger}}
    spec: {containers: [{name: l, image: 'l:1', readinessProbe: {tcpSocket: {port: 80}}}]}
";

const NODE: &str = "\
apiVersion: v1
kind: Node
metadata: {name: n1, labels: {kubernetes.io/hostname: n1}}
status: {allocatable: {cpu: '8', memory: 32Gi, pods: '110'}}
---
apiVersion: v1
kind: Pod
metadata: {name: one, namespace: shop, labels: {app: APP}}
spec: {nodeName: n1, containers: [{name: c, image: 'c:1'}]}
status: {phase: Running}
";

fn told(folder: &Path, words: &[&str]) -> Vec<String> {
    let words = words.iter().map(|word| match word.strip_prefix('@') {
        Some(name) => folder.join(name).to_string_lossy().into_owned(),
        None => (*word).to_owned(),
    });
    let fixed = ["lint", "-o", "short"].into_iter().map(str::to_owned);
    let (code, out, err) = ran(fixed.chain(words), "");
    assert!(code < 2, "{err}");
    let told = out.lines().filter_map(|line| line.split_once(": ")?.1.split_once(':'));
    told.map(|(code, _)| code.to_owned()).collect()
}

#[test]
fn nobody_is_missed_until_it_is_said_that_there_are_no_others() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path();
    let write = |name: &str, text: &str| {
        let path = path.join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        fs::write(path, text).expect("a file");
    };
    write("web.yaml", WEB);
    write("ledger.yaml", LEDGER);
    write("with.yaml", &NODE.replace("APP", "ledger"));
    write("without.yaml", &NODE.replace("APP", "cart"));
    let absent = vec!["error[affinity-target-absent]".to_owned()];
    assert_eq!(told(path, &["@web.yaml"]), Vec::<String>::new());
    assert_eq!(told(path, &["--closed-world", "@web.yaml"]), absent);
    assert_eq!(told(path, &["--closed-world", "@web.yaml", "@ledger.yaml"]), Vec::<String>::new());
    let beside = ["--closed-world", "--objects", "@ledger.yaml", "@web.yaml"];
    assert_eq!(told(path, &beside), Vec::<String>::new());
    assert_eq!(told(path, &["--cluster", "@with.yaml", "@web.yaml"]), Vec::<String>::new());
    let on_cluster = told(path, &["--cluster", "@without.yaml", "@web.yaml"]);
    assert!(on_cluster.contains(&absent[0]), "{on_cluster:?}");

    // A configuration says it for its folder; what is read together is one world.
    write("closed/.placecard.yaml", "closedWorld: true\n");
    write("closed/web.yaml", WEB);
    assert_eq!(told(path, &["@closed"]), absent);
    assert_eq!(told(path, &["--isolated", "@closed"]), Vec::<String>::new());
    assert_eq!(told(path, &["@closed", "@with.yaml"]), Vec::<String>::new());
    write("closed/.placecard.yaml", "closedWorld: yes please\n");
    let line = ["lint".to_owned(), path.join("closed").to_string_lossy().into_owned()];
    let (code, _, err) = ran(line, "");
    assert!(code == 2 && err.contains("closedWorld is true or false"), "{err}");
}
