//! The process: what it needs to start, what it says if it cannot, and how it ends.

use std::fs;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use axum::http::StatusCode;

use crate::socket::{get, http1};
use crate::support::DAY;

fn command(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_placecard-webhook"));
    command.args(args).env_remove("KUBERNETES_SERVICE_HOST");
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("PLACECARD_") {
            command.env_remove(name);
        }
    }
    command
}

/// Ends the process with the test, however that ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[tokio::test]
async fn it_starts_with_nothing_and_stops_when_told() {
    let dir = tempfile::tempdir().unwrap();
    let ca = dir.path().join("ca.pem");
    let objects = dir.path().join("objects.yaml");
    fs::write(&objects, "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n").unwrap();
    let args = [
        "--addr",
        "127.0.0.1:0",
        "--ca-out",
        ca.to_str().unwrap(),
        "--log-format",
        "json",
        "--objects",
        objects.to_str().unwrap(),
    ];
    let child = command(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut running = Running(child);
    let mut output = BufReader::new(running.0.stdout.take().unwrap());
    let mut line = String::new();
    output.read_line(&mut line).unwrap();
    let address = line.strip_prefix("listening on https://127.0.0.1:").unwrap().trim_end();
    let address = format!("127.0.0.1:{address}").parse().unwrap();

    let mut sender = http1(address, &fs::read_to_string(&ca).unwrap()).await;
    assert_eq!(get(&mut sender, "/readyz").await, (StatusCode::OK, "ok\n".to_owned()));
    let id = running.0.id().to_string();
    assert!(Command::new("kill").args(["-TERM", &id]).status().unwrap().success());
    let status = running.0.wait().unwrap();
    assert_eq!(status.code(), Some(0));
    let mut log = String::new();
    running.0.stderr.take().unwrap().read_to_string(&mut log).unwrap();
    for line in log.lines() {
        let entry: serde_json::Value = serde_json::from_str(line).unwrap();
        assert!(entry["level"].is_string(), "{line}");
    }
    assert!(log.contains("stopping"), "{log}");
}

#[test]
fn it_says_why_it_cannot_start() {
    let dir = tempfile::tempdir().unwrap();
    let file = |name: &str, content: &str| {
        let path = dir.path().join(name);
        fs::write(&path, content).unwrap();
        path.to_str().unwrap().to_owned()
    };
    let make = |lifetime, at| placecard_certs::self_signed(&["localhost"], lifetime, at).unwrap();
    let now = std::time::SystemTime::now();
    let (one, two, old) = (make(DAY, now), make(DAY, now), make(DAY, now - 10 * DAY));
    let (one_chain, one_key) = (file("one.pem", &one.chain_pem), file("one.key", &one.key_pem));
    let two_key = file("two.key", &two.key_pem);
    let (old_chain, old_key) = (file("old.pem", &old.chain_pem), file("old.key", &old.key_pem));
    let empty = file("empty", "");
    let broken = file("broken.yaml", "a: [");
    let misspelt = file(
        "vocabulary.yaml",
        "apiVersion: placecard.dev/v1alpha1\nkind: PlacementVocabulary\n\
         metadata: {name: default}\nspec: {pool: []}\n",
    );
    let absent = dir.path().join("absent").to_str().unwrap().to_owned();
    let cases: &[(&[&str], &str)] = &[
        (&[], "--standalone to work without a cluster"),
        (&["--cert-file", &one_chain], "--key-file"),
        (&["--standalone", "--cert-file", &one_chain, "--key-file", &two_key], "from one issuance"),
        (&["--standalone", "--cert-file", &one_key, "--key-file", &one_chain], "swapped?"),
        (
            &["--standalone", "--cert-file", &empty, "--key-file", &one_key],
            "the certificate file is empty",
        ),
        (&["--standalone", "--cert-file", &absent, "--key-file", &one_key], "--cert-file"),
        (
            &["--standalone", "--cert-file", &old_chain, "--key-file", &old_key],
            "expired 9 days ago",
        ),
        (&["--standalone", "--tls-name", "two words"], "two words"),
        (&["--standalone", "--addr", "192.0.2.1:1"], "--addr 192.0.2.1:1"),
        (&["--standalone", "--ca-out", "/nowhere/ca.pem"], "--ca-out /nowhere/ca.pem"),
        (&["--objects", &absent], "absent"),
        (&["--objects", &broken], "broken.yaml"),
        (&["--standalone", "--vocabulary", &empty], "must hold one PlacementVocabulary"),
        (&["--standalone", "--vocabulary", &broken], "broken.yaml"),
        (&["--standalone", "--vocabulary", &misspelt], "did you mean pools?"),
        (&["--kubeconfig", &absent], "--kubeconfig"),
        (&["--kubeconfig", &broken], "--kubeconfig"),
    ];
    for (args, words) in cases {
        let output = command(args).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {error}");
        assert!(error.contains(words), "{args:?}: {error}");
        assert!(output.stdout.is_empty(), "{args:?}");
    }
    assert!(Path::new(&absent).metadata().is_err());
}
