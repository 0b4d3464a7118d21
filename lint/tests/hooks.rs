//! Whoever calls the command line from elsewhere calls one that exists.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

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
