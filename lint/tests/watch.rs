//! `placecard lint --watch` as a process: what it rests on is changed, and it says what is so now.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::Duration;

/// As long as a machine with much to do may need.
const PATIENCE: Duration = Duration::from_secs(120);

const PODS: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: a
  annotations: {placecard.dev/ignore: 'node-affinity-unsatisfiable: no', placecard.dev/require: on pool/h100}
spec: {containers: [{name: a, image: 'a:1'}]}
";

const WORDS: &str = "\
apiVersion: placecard.dev/v1alpha1
kind: PlacementVocabulary
metadata: {name: default}
spec: {pools: [{name: h100, nodes: gpu=h100}]}
";

struct Watching {
    child: Child,
    /// The lines of standard error.
    lines: Receiver<String>,
    out: PathBuf,
    read: usize,
}

impl Watching {
    fn start(folder: &Path, words: &[&str]) -> Self {
        let out = folder.join("out.txt");
        let mut child = Command::new(env!("CARGO_BIN_EXE_placecard"))
            .args(["lint", "--watch", "--format", "short"])
            .args(words)
            .current_dir(folder.join("deploy"))
            .stdin(Stdio::null())
            .stdout(fs::File::create(&out).expect("a file"))
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let from = BufReader::new(child.stderr.take().expect("its complaints"));
        let (send, lines) = channel();
        thread::spawn(move || {
            for line in from.lines().map_while(Result::ok) {
                if send.send(line).is_err() {
                    return;
                }
            }
        });
        Self { child, lines, out, read: 0 }
    }

    /// What the next run says on both outputs.
    fn run(&mut self) -> String {
        let mut complaints = String::new();
        loop {
            let line = self.lines.recv_timeout(PATIENCE).expect("a run in time");
            if line == "watching for changes" {
                break;
            }
            complaints += &format!("{line}\n");
        }
        let all = fs::read_to_string(&self.out).expect("text");
        let new = all[self.read..].to_owned();
        self.read = all.len();
        new + &complaints
    }
}

impl Drop for Watching {
    fn drop(&mut self) {
        // It may be at its end already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn all_that_a_run_rests_on_is_watched() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    };
    write(".git/HEAD", "");
    write("deploy/a.yaml", PODS);
    let mut watching = Watching::start(folder.path(), &["--baseline", "../known.json", "."]);
    // Without a baseline nothing is linted.
    let text = watching.run();
    assert!(text.contains("known.json"), "{text}");
    write("known.json", r#"{"version": 1, "findings": []}"#);
    let text = watching.run();
    assert!(text.contains("unknown-pool") && text.contains("unused-ignore"), "{text}");
    // What stands above the current folder, what that extends, and what that names, one after the
    // other; each is missing before, or wrong.
    for (name, content, expected) in [
        (".placecard.yaml", "extends: base/all.yaml\n", "there is no file"),
        ("base/all.yaml", "extends: more.yaml\nignroe: []\n", "did you mean ignore?"),
        ("base/all.yaml", "extends: more.yaml\n", "more.yaml"),
        ("base/more.yaml", "severity: {unused-ignore: error}\n", "error[unused-ignore]"),
        ("base/more.yaml", "vocabulary: ../words.yaml\n", "words.yaml: no such file"),
        ("words.yaml", WORDS, "warning[unused-ignore]"),
        ("words.yaml", &WORDS.replace("h100", "h200"), "did you mean h200?"),
        ("deploy/.placecard.yaml", "root: true\nignore: [unused-ignore]\n", "unknown-pool"),
        ("deploy/b.yaml", PODS, "b.yaml"),
    ] {
        write(name, content);
        let text = watching.run();
        assert!(text.contains(expected), "{name}: {content}: {text}");
    }
}

#[test]
fn a_named_configuration_is_watched_with_what_it_extends() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    };
    write("deploy/a.yaml", PODS);
    write("deploy/.placecard.yaml", "nothing: like this\n");
    write("ours.yaml", "extends: theirs.yaml\n");
    write("theirs.yaml", "severity: {unused-ignore: note}\n");
    let mut watching = Watching::start(folder.path(), &["--config", "../ours.yaml", "."]);
    let text = watching.run();
    assert!(text.contains("note[unused-ignore]"), "{text}");
    write("theirs.yaml", "severity: {unused-ignore: error}\n");
    let text = watching.run();
    assert!(text.contains("error[unused-ignore]"), "{text}");
}

const NODE: &str = "\
apiVersion: v1
kind: Node
metadata: {name: n1, labels: {kubernetes.io/hostname: n1, gpu: h100}}
status: {allocatable: {cpu: '4', memory: 8Gi, pods: '10'}}
";

const LONELY: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: a
  namespace: shop
  annotations: {placecard.dev/require: 'on nodes(gpu=h100)'}
spec: {containers: [{name: a, image: 'a:1'}]}
";

/// What is typed and what a configuration names: a folder each time, and the files in it.
#[test]
fn the_files_of_a_cluster_are_watched() {
    for (words, configuration) in
        [(&["--cluster", "../cluster", "."][..], ""), (&["."], "cluster: [../cluster]\n")]
    {
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().expect("a folder")).expect("made");
            fs::write(path, text).expect("written");
        };
        write("deploy/.placecard.yaml", &format!("root: true\n{configuration}"));
        write("deploy/a.yaml", LONELY);
        write("cluster/nodes.yaml", NODE);
        let mut watching = Watching::start(folder.path(), words);
        let text = watching.run();
        assert_eq!(text, "", "{words:?}");
        let other = NODE.replace("gpu: h100", "gpu: t4");
        for (name, content, expected) in [
            ("cluster/nodes.yaml", other.as_str(), "warning[no-node-fits]"),
            // What cannot be read is told, and the next change is seen all the same.
            ("cluster/nodes.yaml", "kind: [\n", "nodes.yaml:"),
            ("cluster/nodes.yaml", &other, "warning[no-node-fits]"),
            ("cluster/more.yaml", &NODE.replace("n1", "n2"), ""),
        ] {
            write(name, content);
            let text = watching.run();
            let is_as_expected =
                if expected.is_empty() { text.is_empty() } else { text.contains(expected) };
            assert!(is_as_expected, "{words:?}, {name}: {content}: {text}");
        }
        let at = |name: &str| folder.path().join(name);
        fs::rename(at("cluster"), at("gone")).expect("moved");
        let text = watching.run();
        assert!(text.starts_with("placecard: ") && text.contains("cluster"), "{text}");
        fs::rename(at("gone"), at("cluster")).expect("moved");
        assert_eq!(watching.run(), "", "{words:?}");
    }
}
