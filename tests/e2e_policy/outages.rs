//! No vocabulary, no kind, a fresh API server: what has nothing to do with us is always created.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use placecard_policies::words::admission_policy as words;
use placecard_tests::controlplane::{Api, ControlPlane, Target, or_skipped, wait_for};
use serde_json::json;

use super::ground::{accepted, crd, install, namespace, pod, refused, vocabulary};

/// An API server that was just started, on the data of a control plane.
struct Fresh {
    api: Api,
    child: Child,
    stdin: Option<ChildStdin>,
    _folder: tempfile::TempDir,
}

impl Fresh {
    fn start(plane: &ControlPlane) -> Self {
        let folder = plane.kubeconfig.parent().expect("a folder");
        let mut words = server_arguments(folder);
        let port = TcpListener::bind("127.0.0.1:0").and_then(|socket| socket.local_addr());
        let port = port.expect("a free port").port();
        for word in &mut words {
            if word.starts_with("--secure-port=") {
                *word = format!("--secure-port={port}");
            }
        }
        let log = fs::File::create(folder.join("fresh-apiserver.log")).expect("a log");
        let (program, arguments) = words.split_first().expect("a program");
        let mut child = Command::new(program)
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("an API server");
        let temporary = tempfile::tempdir().expect("a folder");
        let text = fs::read_to_string(&plane.kubeconfig).expect("the kubeconfig");
        let address = format!("https://127.0.0.1:{port}");
        let kubeconfig = temporary.path().join("kubeconfig");
        fs::write(&kubeconfig, text.replace(&plane.server, &address)).expect("a kubeconfig");
        let api = Api::connect(&kubeconfig);
        wait_for(Duration::from_secs(60), "the fresh API server is ready", || {
            let ready = api.request(http::Method::GET, "/readyz", "application/json", None);
            ready.map(drop).map_err(|refusal| refusal.to_string())
        });
        let stdin = child.stdin.take();
        Self { api, child, stdin, _folder: temporary }
    }
}

impl Drop for Fresh {
    fn drop(&mut self) {
        // It ends with its standard input.
        if let Some(mut stdin) = self.stdin.take() {
            let _ = stdin.flush();
        }
        let _ = self.child.wait();
    }
}

/// The command line of the API server that works in a folder.
fn server_arguments(folder: &Path) -> Vec<String> {
    let of = |entry: fs::DirEntry| -> Option<Vec<String>> {
        let line = fs::read(entry.path().join("cmdline")).ok()?;
        let words = line.split(|byte| *byte == 0).filter(|word| !word.is_empty());
        let words: Vec<String> =
            words.map(|word| String::from_utf8_lossy(word).into_owned()).collect();
        let here = format!("={}", folder.display());
        let ours = words.get(1).is_some_and(|word| word == "apiserver")
            && words.iter().any(|word| word.contains(&here));
        ours.then_some(words)
    };
    let processes = fs::read_dir("/proc").expect("processes");
    processes.flatten().find_map(of).expect("the API server's process")
}

/// A pod that has nothing to do with us is created.
#[track_caller]
fn goes_on(api: &Api) {
    let usual = json!({"tolerations": [{"key": "node.kubernetes.io/not-ready",
        "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 300}]});
    accepted(api.dry_run().create(&pod("web", "usual", &usual)));
    accepted(api.dry_run().create(&namespace("fresh", &json!({"a": "b"}))));
}

fn open() -> serde_json::Value {
    pod("web", "open", &json!({"tolerations": [{"operator": "Exists"}]}))
}

fn wait_guarded(api: &Api) {
    // An API server looks for the kind of a parameter again after half a minute.
    wait_for(Duration::from_secs(90), "the guards are kept", || {
        match api.dry_run().create(&open()) {
            Err(refusal) if refusal.message.contains(words::TOLERATES) => Ok(()),
            other => Err(format!("{other:?}")),
        }
    });
}

#[test]
fn what_has_nothing_to_do_with_us_is_always_created() {
    let Some(plane) = or_skipped(ControlPlane::start()) else { return };
    let api = plane.api();
    accepted(api.create(&namespace("web", &json!({}))));
    // The policies before the kind.
    install(api, "Ignore");
    let stored = Target::new(
        "admissionregistration.k8s.io/v1",
        "ValidatingAdmissionPolicy",
        "",
        "placecard-guards",
    );
    let typed = wait_for(Duration::from_secs(60), "the policy's types are checked", || {
        let policy = accepted(api.get(&stored));
        if policy["status"]["observedGeneration"].is_null() { Err("not yet") } else { Ok(policy) }
            .map_err(str::to_owned)
    });
    goes_on(api);
    // No object of the kind.
    accepted(api.create(&crd()));
    goes_on(api);
    accepted(api.dry_run().create(&open()));
    assert_eq!(typed["status"]["typeChecking"], json!({}), "{}", typed["status"]);

    vocabulary(api);
    wait_guarded(api);
    goes_on(api);
    {
        let fresh = Fresh::start(&plane);
        // From its first moment on.
        refused(fresh.api.dry_run().create(&open()), words::TOLERATES);
        goes_on(&fresh.api);
    }
    let kind = "placementvocabularies.placecard.dev";
    let kind = Target::new("apiextensions.k8s.io/v1", "CustomResourceDefinition", "", kind);
    accepted(api.delete(&kind));
    goes_on(api);
    {
        let fresh = Fresh::start(&plane);
        goes_on(&fresh.api);
        accepted(fresh.api.dry_run().create(&open()));
    }
    // And back again.
    accepted(api.create(&crd()));
    vocabulary(api);
    wait_guarded(api);
    goes_on(api);
}
