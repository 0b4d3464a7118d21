//! Whoever calls the command line from elsewhere calls one that exists.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use placecard_lint::args::{Typed, parse};
use placecard_lint::load::{Source, load};
use serde_json::Value;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the workspace").to_owned()
}

fn yaml(name: &str) -> Value {
    let text = fs::read(root().join(name)).expect("the file");
    let mut documents = load(&Source::new(name, &text));
    let document = documents.pop().expect("a document");
    assert!(documents.is_empty() && document.readable(), "{name}: {:?}", document.problems);
    document.value
}

fn lints(words: &[&str]) -> bool {
    let words = std::iter::once("placecard").chain(words.iter().copied()).map(OsString::from);
    matches!(parse(words), Ok(Typed::Lint { .. }))
}

#[test]
fn every_hook_names_the_verb() {
    let hooks = yaml(".pre-commit-hooks.yaml");
    let hooks = hooks.as_array().expect("a list");
    let ids: Vec<&str> = hooks.iter().map(|hook| hook["id"].as_str().expect("an id")).collect();
    assert_eq!(ids, ["placecard", "placecard-system", "placecard-docker"]);
    for hook in hooks {
        let entry = hook["entry"].as_str().expect("an entry");
        let (program, rest) = entry.split_once(' ').expect("a verb");
        assert!(program == "placecard" || root().join(program).is_file(), "{entry}");
        let mut words: Vec<&str> = rest.split(' ').collect();
        words.push("deploy/a.yaml");
        assert!(lints(&words), "{entry}");
        assert_eq!(hook["require_serial"], true);
    }
}

#[test]
fn the_action_calls_what_there_is() {
    let action = yaml("action.yml");
    assert_eq!(action["runs"]["using"], "composite");
    let steps = action["runs"]["steps"].as_array().expect("steps");
    let run = steps.last().and_then(|step| step["run"].as_str()).expect("a script");
    assert!(!run.contains("${{"), "inputs are no text of the script");
    let (_, call) = run.split_once("/placecard\" ").expect("the call");
    let call = call.replace("\\\n", " ").replace("$ARGUMENTS", "--fail-on warning");
    let call = call.replace("$PATHS", "deploy other").replace('"', "");
    assert!(lints(&call.split_whitespace().collect::<Vec<_>>()), "{call}");
}

/// The script of the action's last step, run as GitHub runs `shell: bash`.
fn action(folder: &Path, temporary: &Path, paths: &str, arguments: &str) -> (i32, String, String) {
    let action = yaml("action.yml");
    let steps = action["runs"]["steps"].as_array().expect("steps");
    let script = folder.join("step.sh");
    let text = steps.last().and_then(|step| step["run"].as_str()).expect("a script");
    fs::write(&script, text).expect("a file");
    let ran = Command::new("bash")
        .args(["--noprofile", "--norc", "-eo", "pipefail"])
        .arg(&script)
        .current_dir(folder)
        .env("RUNNER_TEMP", temporary)
        .env("PATHS", paths)
        .env("ARGUMENTS", arguments)
        .env("SARIF", "out.sarif")
        .output()
        .expect("bash runs");
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (ran.status.code().expect("an exit code"), text(ran.stdout), text(ran.stderr))
}

#[test]
fn the_action_runs() {
    let (folder, temporary) = (tempfile::tempdir(), tempfile::tempdir());
    let (folder, temporary) = (folder.expect("a folder"), temporary.expect("a folder"));
    // Where the step before puts it.
    let built = temporary.path().join("placecard/release");
    fs::create_dir_all(&built).expect("a folder");
    let program = env!("CARGO_BIN_EXE_placecard");
    std::os::unix::fs::symlink(program, built.join("placecard")).expect("a link");
    for (name, of) in
        [("good.yaml", "clean/nightly-batch.yaml"), ("bad.yaml", "refused/misspelt.yaml")]
    {
        let from = root().join("examples").join(of);
        fs::copy(from, folder.path().join(name)).expect("a copy");
    }
    let run =
        |paths: &str, arguments: &str| action(folder.path(), temporary.path(), paths, arguments);

    let (code, out, err) = run("bad.yaml good.yaml", "--select unknown-relation --fail-on warning");
    assert_eq!(code, 1, "{err}");
    assert!(out.starts_with("::error title=placecard (unknown-relation),file=bad.yaml,"), "{out}");
    let sarif = fs::read(folder.path().join("out.sarif")).expect("a report");
    let sarif: Value = serde_json::from_slice(&sarif).expect("JSON");
    assert_eq!(sarif["runs"][0]["results"][0]["ruleId"], "unknown-relation");

    let (code, out, err) = run("good.yaml", "--select unknown-relation");
    assert_eq!((code, out.as_str()), (0, ""), "{err}");

    // What is asked for is a file's name, whatever a shell would make of it.
    let (code, _, err) = run("$(touch>made) *.yaml", "");
    assert_eq!(code, 2, "{err}");
    assert!(
        err.contains("$(touch>made): no such file") && err.contains("*.yaml: no such"),
        "{err}"
    );
    assert!(!folder.path().join("made").exists());
}
