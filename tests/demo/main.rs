//! `make demo`: starts the webhook on a loopback port, sends it the AdmissionReviews of
//! `examples/reviews`, prints what was changed and what was refused and why, then lints and expands
//! the examples. Everything that it prints of a review came back over TLS.
#![expect(clippy::print_stdout, reason = "a demonstration prints")]

mod client;
mod show;

use std::error::Error;
use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;
use std::{fs, thread};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use client::Client;
use serde_json::Value;

type Result<T> = std::result::Result<T, Box<dyn Error>>;

const VOCABULARY: &str = "examples/vocabulary.yaml";

fn main() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    std::env::set_current_dir(root)?;
    let binaries = std::env::current_exe()?.with_file_name("");
    reviews(&binaries)?;
    title("The linter gives the same verdicts before anything is deployed");
    placecard(&binaries, &["lint", "--vocabulary", VOCABULARY, "examples/clean"])?;
    placecard(
        &binaries,
        &["lint", "--vocabulary", VOCABULARY, "examples/refused/two-zones-at-once.yaml"],
    )?;
    placecard(
        &binaries,
        &["lint", "--format", "short", "--vocabulary", VOCABULARY, "examples/refused"],
    )?;
    title("And shows what the webhook would add");
    placecard(
        &binaries,
        &[
            "expand",
            "--diff",
            "--vocabulary",
            VOCABULARY,
            "examples/clean/inference-beside-vector-db.yaml",
        ],
    )
}

fn title(text: &str) {
    println!("\n== {text} ==");
}

/// Runs the linter; findings (exit code 1) are what there is to see.
fn placecard(binaries: &Path, words: &[&str]) -> Result<()> {
    println!("\n$ placecard {}", words.join(" "));
    let status = Command::new(binaries.join("placecard")).args(words).status()?;
    println!("(exit code {})", status.code().map_or("none".to_owned(), |code| code.to_string()));
    if matches!(status.code(), Some(0 | 1)) {
        Ok(())
    } else {
        Err("placecard could not run".into())
    }
}

/// The webhook's process; it ends with this value.
struct Webhook(Child);

impl Drop for Webhook {
    fn drop(&mut self) {
        // It may have ended by itself, which is just as well.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn reviews(binaries: &Path) -> Result<()> {
    title("A webhook without a cluster, on a loopback port, with a certificate of its own");
    let folder = tempfile::tempdir()?;
    let ca = folder.path().join("ca.pem");
    let (_webhook, client) = start(binaries, &ca)?;
    let mut files: Vec<PathBuf> = fs::read_dir("examples/reviews")?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<std::io::Result<_>>()?;
    files.retain(|path| path.extension().is_some_and(|extension| extension == "json"));
    files.sort();
    for file in files {
        println!("\n--- {}", file.display());
        let mut review: Value = serde_json::from_str(&fs::read_to_string(&file)?)?;
        show::request(&review["request"]);
        // As the API server would: first to the mutating webhook, if the chart sends such objects
        // there, then what came of it to the validating one.
        if matches!(review["request"]["kind"]["kind"].as_str(), Some("Pod" | "DaemonSet")) {
            let response = post(&client, "/mutate", &review)?;
            if let Some(patch) = patch(&response)? {
                show::patch(&patch);
                json_patch::patch(
                    &mut review["request"]["object"],
                    &serde_json::from_value::<json_patch::Patch>(patch)?,
                )?;
            } else if response["allowed"] == true {
                println!("  no change");
            }
        }
        show::verdict(&post(&client, "/validate", &review)?);
    }
    Ok(())
}

/// Starts the webhook and waits until it says where it listens.
fn start(binaries: &Path, ca: &Path) -> Result<(Webhook, Client)> {
    let words =
        ["--standalone", "--addr", "127.0.0.1:0", "--vocabulary", VOCABULARY, "--objects", OBJECTS];
    println!("\n$ placecard-webhook {} --ca-out ca.pem --log-level warn", words.join(" "));
    let mut child = Command::new(binaries.join("placecard-webhook"))
        .args(words)
        .arg("--ca-out")
        .arg(ca)
        .args(["--log-level", "warn"])
        .stdout(Stdio::piped())
        .spawn()?;
    let output = child.stdout.take().ok_or("no output")?;
    let webhook = Webhook(child);
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let mut output = BufReader::new(output);
        let mut line = String::new();
        let _ = output.read_line(&mut line);
        let _ = sender.send(line);
        // Read on, so that the webhook never waits for somebody who reads what it writes.
        let _ = output.read_to_end(&mut Vec::new());
    });
    let line = receiver.recv_timeout(Duration::from_secs(30))?;
    print!("{line}");
    let address =
        line.split("https://").nth(1).ok_or("the webhook does not say where it listens")?;
    let address = address.split_whitespace().next().unwrap_or_default().parse()?;
    Ok((webhook, Client::new(address, &fs::read(ca)?)?))
}

const OBJECTS: &str = "examples/reviews/objects.yaml";

fn post(client: &Client, path: &str, review: &Value) -> Result<Value> {
    let answer = client.post(path, &serde_json::to_vec(review)?)?;
    let mut answer: Value = serde_json::from_slice(&answer)?;
    Ok(answer["response"].take())
}

fn patch(response: &Value) -> Result<Option<Value>> {
    let Some(text) = response["patch"].as_str() else { return Ok(None) };
    Ok(Some(serde_json::from_slice(&STANDARD.decode(text)?)?))
}
