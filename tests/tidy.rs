//! The shape of the code base, held by tests; ARCHITECTURE.md says why each of these is so.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("the crate lies in the workspace")
        .to_owned()
}

/// All files that are, or could be, in the repository, relative to its root, in order.
fn files() -> Vec<PathBuf> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output()
        .expect("git runs");
    assert!(output.status.success(), "the tests run in a clone");
    let mut found: Vec<PathBuf> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .map(PathBuf::from)
        .filter(|path| root().join(path).is_file())
        .collect();
    found.sort();
    found.dedup();
    assert!(found.len() > 100, "only {} files", found.len());
    found
}

fn rust_sources() -> impl Iterator<Item = (PathBuf, String)> {
    files().into_iter().filter(|path| path.extension().is_some_and(|e| e == "rs")).map(|path| {
        let text = fs::read_to_string(root().join(&path)).expect("UTF-8 source");
        (path, text)
    })
}

/// Whether a source file consists of tests, by its place.
fn is_test_file(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "tests")
        || path.file_name().is_some_and(|name| name == "tests.rs")
}

/// The text above the file's test module.
fn without_tests(text: &str) -> &str {
    text.find("\n#[cfg(test)]\nmod ").map_or(text, |at| &text[..at])
}

#[test]
fn the_test_module_is_cut_off() {
    assert_eq!(without_tests("a\n#[cfg(test)]\nmod tests {}\n"), "a");
    assert_eq!(without_tests("a\n#[cfg(test)]\nuse b;\n"), "a\n#[cfg(test)]\nuse b;\n");
}

/// A crate of the workspace: its name, dependencies of ours, and what else it may use. `None`:
/// anything that no other crate keeps for itself.
type Row = (&'static str, &'static [&'static str], Option<&'static [&'static str]>);

const CRATES: &[Row] = &[
    ("placecard-findings", &["placecard-feasibility"], Some(&["compact_str"])),
    ("placecard-feasibility", &[], Some(&[])),
    (
        "placecard-language",
        &["placecard-findings"],
        Some(&["serde", "serde_json", "schemars", "jsonschema", "strsim", "granit-parser"]),
    ),
    (
        "placecard-policies",
        &["placecard-findings", "placecard-language", "placecard-feasibility"],
        Some(&["k8s-openapi", "serde", "serde_json", "serde_path_to_error", "json-patch", "sha2"]),
    ),
    ("placecard-certs", &[], Some(&["rustls", "rcgen", "x509-parser", "time", "base64"])),
    ("placecard-lint", &["placecard-findings", "placecard-language", "placecard-policies"], None),
    (
        "placecard-webhook",
        &["placecard-findings", "placecard-language", "placecard-policies", "placecard-certs"],
        None,
    ),
    (
        "placecard-tests",
        &[
            "placecard-findings",
            "placecard-language",
            "placecard-policies",
            "placecard-certs",
            "placecard-lint",
            "placecard-webhook",
        ],
        None,
    ),
    (
        "placecard-fuzz",
        &["placecard-policies", "placecard-certs", "placecard-lint", "placecard-tests"],
        None,
    ),
];

/// Who alone may use a crate; the tests may use anything.
const KEPT: &[(&str, &[&str])] = &[
    ("kube", &["placecard-webhook", "placecard-lint"]),
    ("axum", &["placecard-webhook"]),
    ("tokio", &["placecard-webhook", "placecard-lint"]),
    ("miette", &["placecard-lint"]),
    ("k8s-openapi", &["placecard-policies", "placecard-webhook"]),
];

/// Dependencies (without those of tests) by crate of the workspace.
fn dependencies() -> BTreeMap<String, BTreeSet<String>> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let name = |value: &serde_json::Value| value["name"].as_str().expect("a name").to_owned();
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|package| {
            let needs = package["dependencies"].as_array().expect("dependencies");
            let needs = needs.iter().filter(|need| need["kind"] != "dev").map(name).collect();
            (name(package), needs)
        })
        .collect()
}

#[test]
fn crates_depend_on_what_they_may_and_on_nothing_else() {
    let found = dependencies();
    let known: BTreeSet<&str> = CRATES.iter().map(|(name, ..)| *name).collect();
    assert_eq!(found.keys().map(String::as_str).collect::<BTreeSet<_>>(), known);
    for (name, ours, others) in CRATES {
        for need in &found[*name] {
            if need.starts_with("placecard-") {
                assert!(ours.contains(&need.as_str()), "{name} must not depend on {need}");
                continue;
            }
            if let Some(others) = others {
                assert!(others.contains(&need.as_str()), "{name} must not depend on {need}");
            }
            if let Some((_, keepers)) = KEPT.iter().find(|(kept, _)| kept == need) {
                assert!(
                    keepers.contains(name) || *name == "placecard-tests",
                    "{need} is for {keepers:?}, not for {name}"
                );
            }
        }
    }
}

/// What the linter needs for live clusters, and nobody gets who does not ask for it.
const OF_LIVE_CLUSTERS: &[&str] = &["kube", "tokio", "http", "http-body-util"];

#[test]
fn the_linter_reaches_clusters_by_a_feature_only() {
    let text = fs::read_to_string(root().join("lint/Cargo.toml")).expect("a manifest");
    for name in OF_LIVE_CLUSTERS {
        let line = format!("\n{name} = {{ workspace = true, optional = true }}\n");
        assert!(text.contains(&line), "{name} is not optional");
        assert!(text.contains(&format!("\"dep:{name}\"")), "{name} is in no feature");
    }
    assert!(!text.contains("\ndefault = "), "nothing is on by default");
}

#[test]
fn ring_is_the_only_crypto_provider() {
    let lock = fs::read_to_string(root().join("Cargo.lock")).expect("Cargo.lock");
    assert!(lock.contains("name = \"ring\""), "the lock file is read");
    for banned in ["aws-lc-rs", "aws-lc-sys", "openssl-sys"] {
        assert!(!lock.contains(&format!("name = \"{banned}\"")), "{banned} is in Cargo.lock");
    }
}

#[test]
fn every_dependency_has_its_reason_in_the_workspace_manifest() {
    let text = fs::read_to_string(root().join("Cargo.toml")).expect("Cargo.toml");
    let (_, rest) = text.split_once("[workspace.dependencies]\n").expect("the table");
    let table = rest.split("\n[").next().expect("its end");
    let mut names = Vec::new();
    for paragraph in table.split("\n\n") {
        let mut reason = false;
        for line in paragraph.lines().filter(|line| !line.is_empty()) {
            reason |= line.starts_with('#');
            assert!(reason, "no reason above {line:?}");
            if let Some((name, _)) = line.split_once(" = ").filter(|_| !line.starts_with('#')) {
                names.push(name);
            }
        }
    }
    assert!(names.len() > 20, "only {names:?}");
    let mut used = String::new();
    for manifest in files() {
        if manifest.file_name().is_some_and(|name| name == "Cargo.toml")
            && manifest != Path::new("Cargo.toml")
        {
            let text = fs::read_to_string(root().join(&manifest)).expect("a manifest");
            used.push_str(&text);
            for line in text.lines().skip_while(|line| *line != "[dependencies]") {
                assert!(
                    !line.contains("version = "),
                    "{}: {line}: say it in the workspace",
                    manifest.display()
                );
            }
        }
    }
    for name in names {
        let forms =
            [format!("\n{name}.workspace = true"), format!("\n{name} = {{ workspace = true")];
        assert!(forms.iter().any(|form| used.contains(form)), "{name} is not used");
    }
}

/// Where the prefix of our keys may be spelt out, besides tests and comments, and why.
const SPELL_THE_PREFIX: &[&str] = &[
    // The table.
    "policies/language/src/keys.rs",
    // Our labels are no part of a guessed `self`.
    "policies/src/kinds.rs",
    // A crate without dependencies cannot read the table.
    "policies/feasibility/src/selector.rs",
];

#[test]
fn keys_are_spelt_out_in_one_table() {
    let prefix = concat!("placecard", ".dev/");
    let mut wrong = Vec::new();
    for (path, text) in rust_sources() {
        let exempt = SPELL_THE_PREFIX.iter().any(|exempt| path == Path::new(exempt));
        if exempt || is_test_file(&path) {
            continue;
        }
        for (number, line) in without_tests(&text).lines().enumerate() {
            if line.contains(prefix) && !line.trim_start().starts_with("//") {
                wrong.push(format!("{}:{}: {}", path.display(), number + 1, line.trim()));
            }
        }
    }
    assert!(wrong.is_empty(), "use policies/language/src/keys.rs:\n{}", wrong.join("\n"));
}

#[test]
fn files_stay_short() {
    let long: Vec<String> = rust_sources()
        .filter(|(path, _)| !is_test_file(path))
        .map(|(path, text)| (path, without_tests(&text).lines().count()))
        .filter(|(_, lines)| *lines > 600)
        .map(|(path, lines)| format!("{}: {lines} lines without tests", path.display()))
        .collect();
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn modules_are_named_after_what_they_are_about() {
    let vague = ["util", "utils", "common", "helper", "helpers", "manager", "misc", "base"];
    for path in files() {
        for part in path.components() {
            let name = Path::new(part.as_os_str()).file_stem().unwrap_or_default();
            assert!(!vague.iter().any(|word| name == *word), "{}", path.display());
        }
    }
}

#[test]
fn no_file_names_a_place_on_one_machine() {
    let places =
        [concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/wo", "rk/"), concat!("C:", "\\")];
    for path in files() {
        let Ok(text) = fs::read_to_string(root().join(&path)) else { continue };
        for place in places {
            assert!(!text.contains(place), "{} names {place}", path.display());
        }
    }
}

#[test]
fn lint_exceptions_give_a_reason() {
    for (path, text) in rust_sources() {
        for (number, line) in text.lines().enumerate() {
            assert!(
                !line.trim_start().starts_with(concat!("#[al", "low("))
                    && !line.trim_start().starts_with(concat!("#![al", "low(")),
                "{}:{}: expect, with a reason",
                path.display(),
                number + 1
            );
        }
    }
}

/// Documents that newcomers follow by hand.
const GUIDES: &[&str] = &[
    "README.md",
    "ARCHITECTURE.md",
    "CONTRIBUTING.md",
    "docs/design.md",
    "docs/annotations.md",
    "docs/codes.md",
    "examples/README.md",
];

/// The targets of the Markdown links of a text, and the words in backquotes that are paths with a
/// slash and an ending that we use.
fn named_paths(text: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for piece in text.split("](").skip(1) {
        let target = piece.split([')', '#', ' ']).next().unwrap_or_default();
        if !target.is_empty() && !target.contains("://") {
            found.insert(target.to_owned());
        }
    }
    for word in text.split('`').skip(1).step_by(2) {
        let looks_like_a_file = word.contains('/')
            && !word.contains([' ', '{', '<', '*', '$', ':', ','])
            && [".rs", ".md", ".go", ".yaml", ".toml", "/"].iter().any(|end| word.ends_with(end));
        let elsewhere = ["/", "target/", "placecard.dev/"];
        if looks_like_a_file && !elsewhere.iter().any(|start| word.starts_with(start)) {
            found.insert(word.to_owned());
        }
    }
    found
}

#[test]
fn guides_name_files_that_exist() {
    let mut count = 0;
    for guide in GUIDES {
        let path = root().join(guide);
        let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{guide}: {e}"));
        let beside = path.parent().expect("a folder").to_owned();
        for name in named_paths(&text) {
            count += 1;
            assert!(
                beside.join(&name).exists() || root().join(&name).exists(),
                "{guide} names {name}, which does not exist"
            );
        }
    }
    assert!(count > 20, "only {count} paths found");
}

#[test]
fn every_path_of_a_guide_is_seen() {
    let text = "see [a](docs/a.md#b) and `policies/src/x.rs`, not `a/b` or `https://x/y.md`, [w](https://w)";
    let expected = ["docs/a.md", "policies/src/x.rs"].map(String::from);
    assert_eq!(named_paths(text), BTreeSet::from(expected));
}

/// The modules that a `go.mod` requires, with the versions that count.
fn go_modules(folder: &str) -> BTreeMap<String, String> {
    let path = root().join("tests").join(folder).join("go.mod");
    let text = fs::read_to_string(path).expect("a go.mod");
    let mut modules = BTreeMap::new();
    for line in text.lines().map(str::trim) {
        match line.split_whitespace().collect::<Vec<_>>()[..] {
            [module, "=>", _, version] => modules.insert(module.to_owned(), version.to_owned()),
            [module, version, ..] if version.starts_with('v') => {
                modules.insert(module.to_owned(), version.to_owned())
            }
            _ => None,
        };
    }
    modules
}

/// What the control plane and Helm both need is compiled once.
#[test]
fn helm_is_built_of_the_modules_of_the_control_plane() {
    let (helm, plane) = (go_modules("helm"), go_modules("controlplane"));
    let both: Vec<&String> = helm.keys().filter(|module| plane.contains_key(*module)).collect();
    assert!(both.len() > 30, "{both:?}");
    for module in both {
        assert_eq!(helm[module], plane[module], "{module}");
    }
}
