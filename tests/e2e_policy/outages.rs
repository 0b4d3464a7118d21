//! No vocabulary, no kind, a fresh API server: what has nothing to do with us is always created.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use placecard_policies::admission_policy::Guards;
use placecard_policies::words::admission_policy as words;
use placecard_tests::controlplane::{Api, ControlPlane, Target, or_skipped, wait_for};
use placecard_tests::vocabulary::{define, definition_target};
use serde_json::json;

use super::ground::{accepted, install, namespace, pod, refused, vocabulary};

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

/// Waits until a pod that has nothing to do with us is created; until then, nothing that the guards
/// would refuse gets through.
fn wait_open(api: &Api) {
    wait_for(Duration::from_secs(90), "pods are created", || {
        if let Ok(answer) = api.dry_run().create(&open()) {
            panic!("not guarded: {}", answer.object);
        }
        let usual = api.dry_run().create(&pod("web", "usual", &json!({})));
        usual.map(drop).map_err(|refusal| refusal.to_string())
    });
}

#[test]
fn what_has_nothing_to_do_with_us_is_created_and_guards_are_kept() {
    let Some(plane) = or_skipped(ControlPlane::start()) else { return };
    let api = plane.api();
    accepted(api.create(&namespace("web", &json!({}))));
    // No object of the kind: nothing is guarded.
    define(api);
    install(api, &Guards::Parametrised);
    let group = "admissionregistration.k8s.io/v1";
    for name in ["placecard-unplaced", "placecard-guards", "placecard-kind"] {
        let policy = Target::new(group, "ValidatingAdmissionPolicy", "", name);
        let checked = wait_for(Duration::from_secs(60), "the policy's types are checked", || {
            let status = accepted(api.get(&policy))["status"].clone();
            if status["typeChecking"].is_null() { Err(status.to_string()) } else { Ok(status) }
        });
        assert_eq!(checked["typeChecking"], json!({}), "{name}");
    }
    wait_for(Duration::from_secs(90), "the API server knows the kind", || {
        let usual = api.dry_run().create(&open());
        usual.map(drop).map_err(|refusal| refusal.to_string())
    });
    goes_on(api);

    vocabulary(api);
    wait_guarded(api);
    goes_on(api);
    {
        let fresh = Fresh::start(&plane);
        // From its first moment on.
        wait_open(&fresh.api);
        refused(fresh.api.dry_run().create(&open()), words::TOLERATES);
        goes_on(&fresh.api);
    }
    // Without the kind the next API server would refuse everything, so it stays.
    let kind = definition_target();
    wait_for(Duration::from_secs(60), "the kind is kept", || match api.dry_run().delete(&kind) {
        Err(refusal) if refusal.message.contains(words::KIND_STAYS) => Ok(()),
        other => Err(format!("{other:?}")),
    });
    // In the order that the refusal names, it goes, and nothing is in the way of anybody.
    for name in ["placecard-guards", "placecard-kind"] {
        let binding = Target::new(group, "ValidatingAdmissionPolicyBinding", "", name);
        accepted(api.delete(&binding));
    }
    wait_for(Duration::from_secs(60), "the kind may go", || {
        api.delete(&kind).map(drop).map_err(|refusal| refusal.to_string())
    });
    goes_on(api);
    let fresh = Fresh::start(&plane);
    goes_on(&fresh.api);
    accepted(fresh.api.dry_run().create(&open()));
}
