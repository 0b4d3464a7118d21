//! `.placecard.yaml`: where it is found, what it says, and what is wrong with it.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use crate::ran::ran;

/// An unused `ignore`: a warning.
const IDLE: &str = "\
apiVersion: v1
kind: Pod
metadata:
  name: a
  annotations: {placecard.dev/ignore: 'node-affinity-unsatisfiable: no', placecard.dev/require: on pool/gpu}
spec: {containers: [{name: a, image: 'a:1'}]}
";

struct Folder(tempfile::TempDir);

impl Folder {
    fn new(files: &[(&str, &str)]) -> Self {
        let folder = Self(tempfile::tempdir().expect("a folder"));
        folder.write(".git/HEAD", "");
        for (name, text) in files {
            folder.write(name, text);
        }
        folder
    }

    fn write(&self, name: &str, text: &str) {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().expect("a folder")).expect("made");
        fs::write(path, text).expect("written");
    }

    /// Words that begin with `@` name something in the folder; so do the files of the output.
    fn lint(&self, line: &str) -> (u8, String, String) {
        self.run(&format!("lint -o short {line}"))
    }

    /// Any verb.
    fn run(&self, line: &str) -> (u8, String, String) {
        let root = format!("{}/", self.0.path().to_string_lossy());
        let (code, out, err) = ran(line.split(' ').map(|word| word.replace('@', &root)), "");
        (code, out.replace(&root, ""), err.replace(&root, ""))
    }

    /// File and code of each finding.
    fn told(&self, line: &str) -> Vec<String> {
        let (code, out, err) = self.lint(line);
        assert!(code < 2 && err.is_empty(), "{err}");
        let told = out.lines().map(|line| {
            let file = line.split(':').next().expect("a file");
            let (_, rest) = line.split_once(": ").expect("a place");
            format!("{file} {}", rest.split(':').next().expect("a code"))
        });
        told.collect()
    }
}

#[test]
fn the_nearest_configuration_counts() {
    let folder = Folder::new(&[
        ("a.yaml", IDLE),
        ("x/b.yaml", IDLE),
        ("x/y/c.yaml", IDLE),
        (".placecard.yaml", "severity: {unused-ignore: note}\nselect: [unused-ignore]\n"),
        ("x/y/.placecard.yml", "# nearer\nseverity:\n  unused-ignore: error\n"),
    ]);
    let all = [
        "a.yaml note[unused-ignore]",
        "x/b.yaml note[unused-ignore]",
        "x/y/c.yaml error[unused-ignore]",
    ];
    assert_eq!(folder.told("@"), all);
    folder.write("x/.placecard.yaml", "root: true\n");
    let (ours, theirs) = ("x/b.yaml error[unknown-pool]", "x/b.yaml warning[unused-ignore]");
    assert_eq!(folder.told("@x/b.yaml"), [theirs, ours], "what is above does not count");
    assert_eq!(folder.told("--isolated @a.yaml").len(), 2);
    assert_eq!(
        folder.told("--ignore all @"),
        Vec::<String>::new(),
        "the command line stands over all"
    );
    folder.write("other.yaml", "ignore: [all]\nextendSelect: [unknown-pool]\n");
    assert_eq!(folder.told("--config @other.yaml @x/b.yaml"), [ours]);
}

#[test]
fn files_are_excluded_and_treated_apart() {
    let folder = Folder::new(&[
        ("a.yaml", IDLE),
        ("tests/b.yaml", IDLE),
        ("charts/c.yaml", IDLE),
        (
            ".placecard.yaml",
            "select: [unused-ignore]\nexclude: [charts/]\noverrides:\n- files: ['tests/**']\n  severity: {all: note}\n\
             - files: [a.yaml]\n  ignore: [language]\n  extendSelect: [unknown-pool]\n",
        ),
    ]);
    let of_tests = "tests/b.yaml note[unused-ignore]";
    assert_eq!(folder.told("@"), ["a.yaml error[unknown-pool]", of_tests]);
    assert_eq!(
        folder.told("@charts/c.yaml"),
        ["charts/c.yaml warning[unused-ignore]"],
        "it is named"
    );
    folder.write(".placecard.yaml", "exclude: ['*.yaml']\n");
    let (code, out, err) = folder.lint("@");
    assert_eq!((code, out.as_str()), (2, ""));
    assert_eq!(err, "placecard: nothing to read: 3 files are excluded\n");
}

#[test]
fn mistakes_have_their_places() {
    let folder = Folder::new(&[("a.yaml", IDLE)]);
    let broken: &[(&str, &str)] = &[
        ("selct: [all]\n", ".placecard.yaml:1:1: no field is named selct; did you mean select?"),
        (
            "a: 1\nselect: [volume]\n",
            "2:10: no code or family is named volume; did you mean volumes?",
        ),
        ("overrides:\n- files: ['[a]']\n", "2:11: the pattern [a] has more than"),
        ("overrides:\n- ignore: [all]\n", "2:3: an override lacks its files"),
        (
            "severity:\n  unused-ignroe: info\n",
            "2:3: no code or family is named unused-ignroe; did you",
        ),
        (
            "severity: {all: fatal}\n",
            "1:17: no severity is named fatal; there are error, warning, note",
        ),
        ("extends: [a]\n", "1:10: extends is the name of a file"),
        ("extends: none.yaml\n", ".placecard.yaml:1:10: there is no file"),
        ("failOn: warn\n", "1:9: no severity is named warn; there are error, warning, note, never"),
        ("root: 1\n", "1:7: root is true or false"),
        ("ignore: all\n", "1:9: this is a list of strings"),
        ("ignore: [\n", "1:9: this [ is never closed"),
        ("[a]\n", "1:1: this is no mapping"),
        ("a: 1\n---\nb: 2\n", "holds 2 documents"),
    ];
    for (text, part) in broken {
        folder.write(".placecard.yaml", text);
        let (code, out, err) = folder.lint("@a.yaml");
        assert_eq!((code, out.as_str()), (2, ""), "{text}");
        assert!(err.contains(part), "{text}: {err}");
    }
    let (code, _, err) = folder.lint("--config @none.yaml @a.yaml");
    assert_eq!(code, 2);
    assert!(err.contains("none.yaml: no such file or folder"), "{err}");
    assert_eq!(folder.lint("--isolated --config @b @a.yaml").0, 2);
}

#[test]
fn the_vocabulary_is_that_of_the_configuration() {
    let vocabulary = "\
apiVersion: placecard.dev/v1alpha1
kind: PlacementVocabulary
metadata: {name: default}
spec:
  pools: [{name: gpu, nodes: accelerator=a100}]
";
    let folder = Folder::new(&[
        ("deploy/a.yaml", IDLE),
        ("words.yml", vocabulary),
        (".placecard.yaml", "vocabulary: ./words.yml\nselect: [unknown-pool]\n"),
    ]);
    assert_eq!(folder.told("@deploy"), Vec::<String>::new());
    assert_eq!(folder.told("--isolated --select unknown-pool @deploy").len(), 1);
    folder.write("other/b.yaml", IDLE);
    folder.write("other/.placecard.yaml", "vocabulary: ../words.yml\n");
    assert_eq!(folder.told("@deploy @other"), Vec::<String>::new(), "it is the same file");
    folder.write("other/.placecard.yaml", "vocabulary: none.yml\n");
    let (code, _, err) = folder.lint("@deploy @other");
    assert_eq!(code, 2);
    assert!(err.contains("name two vocabularies, words.yml and other/none.yml"), "{err}");
}

/// Each verb that reads manifests finds the words that `lint` finds, and none without a configuration.
#[test]
fn all_verbs_find_the_vocabulary_and_the_cluster() {
    let vocabulary = "\
apiVersion: placecard.dev/v1alpha1
kind: PlacementVocabulary
metadata: {name: default}
spec:
  pools: [{name: gpu, nodes: accelerator=a100}]
";
    let node = "\
apiVersion: v1
kind: Node
metadata: {name: n1, labels: {accelerator: a100}}
status: {allocatable: {cpu: '4', memory: 8Gi, pods: '110'}}
";
    let folder = Folder::new(&[
        ("a.yaml", &IDLE.replace("ignore: 'node-affinity-unsatisfiable: no', placecard.dev/", "")),
        ("words.yml", vocabulary),
        ("nodes.yml", node),
        (".placecard.yaml", "vocabulary: words.yml\ncluster: [nodes.yml]\n"),
    ]);
    let (code, out, err) = folder.run("expand @a.yaml");
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("accelerator"), "{out}");
    let (code, _, err) = folder.run("expand --isolated @a.yaml");
    assert_eq!(code, 1, "{err}");
    assert!(err.contains("unknown-pool"), "{err}");
    for verb in ["why", "place"] {
        let (code, out, err) = folder.run(&format!("{verb} --namespace shop @a.yaml"));
        assert_eq!(code, 0, "{verb}: {out} {err}");
        assert!(out.contains("n1") || out.contains("1 node"), "{verb}: {out}");
        let (code, _, err) = folder.run(&format!("{verb} --isolated @a.yaml"));
        assert_eq!(code, 2, "{verb}");
        assert!(err.contains("on which cluster?"), "{verb}: {err}");
    }
    let (code, out, err) = folder.run("adopt @a.yaml");
    assert_eq!((code, out.contains("on pool/gpu")), (0, true), "{err}");
    let encode = |config: &str| {
        let config = config.replace('@', &format!("{}/", folder.0.path().to_string_lossy()));
        let words = ["intent", "encode", "--require", "on pool/gpu", &config];
        ran(words.into_iter().map(str::to_owned), "")
    };
    let (_, _, err) = encode("--config=@.placecard.yaml");
    assert!(err.contains("a pool has no typed form"), "the word is known: {err}");
    let (_, _, err) = encode("--isolated");
    assert!(err.contains("no pool is named gpu"), "{err}");
    folder.write("b.yaml", "[");
    assert_eq!(folder.run("expand @").0, 1, "a file that cannot be read");
    folder.write(
        ".placecard.yaml",
        "vocabulary: words.yml\nexclude: [b.yaml, words.yml, nodes.yml]\n",
    );
    assert_eq!(folder.run("expand @").0, 0, "it is excluded");
}

#[test]
fn one_configuration_extends_another() {
    let folder = Folder::new(&[
        ("team/a.yaml", IDLE),
        ("team/old/b.yaml", IDLE),
        (
            "shared/base.yaml",
            "root: true\nselect: [unused-ignore]\nseverity: {unused-ignore: note}\nexclude: [old]\n",
        ),
        ("team/.placecard.yaml", "extends: ../shared/base.yaml\n"),
    ]);
    assert_eq!(folder.told("@"), ["team/a.yaml note[unused-ignore]"], "patterns are of the folder");
    folder.write(".placecard.yaml", "failOn: note\n");
    assert_eq!(folder.lint("@").0, 1, "the root of what is extended says nothing");
    folder.write(
        "team/.placecard.yaml",
        "extends: ../shared/base.yaml\nseverity: {unused-ignore: error}\nignore: [unknown-pool]\n",
    );
    assert_eq!(folder.told("@"), ["team/a.yaml error[unused-ignore]"], "the nearer one counts");
    folder.write("shared/base.yaml", "select: [all]\nextends: other.yaml\n");
    folder.write("shared/other.yaml", "\n\nextends: base.yaml\n");
    let (code, out, err) = folder.lint("@team");
    assert_eq!((code, out.as_str()), (2, ""));
    let told = "shared/other.yaml:3:10: configurations extend one another in a circle, which begins \
                at ";
    assert!(err.contains(told) && err.contains("shared/base.yaml:2:10"), "{err}");
    folder.write("shared/base.yaml", "extends: base.yaml\n");
    assert_eq!(folder.lint("@team").0, 2);
    for number in 0..40 {
        let text = format!("extends: {}.yaml\n", number + 1);
        folder.write(&format!("shared/{number}.yaml"), &text);
    }
    folder.write("team/.placecard.yaml", "extends: ../shared/0.yaml\n");
    let (code, _, err) = folder.lint("@team");
    assert_eq!(code, 2);
    assert!(err.contains("more than 16 configurations extend one another"), "{err}");
}

#[test]
fn a_configuration_says_what_fails_a_run() {
    let folder = Folder::new(&[
        ("a.yaml", IDLE),
        ("x/b.yaml", IDLE),
        (".placecard.yaml", "select: [unused-ignore]\nfailOn: warning\n"),
        ("x/.placecard.yaml", "failOn: never\n"),
    ]);
    for (line, code) in [
        ("@a.yaml", 1),
        ("--fail-on error @a.yaml", 0),
        ("--isolated --select unused-ignore @a.yaml", 0),
        ("@x", 0),
        ("--fail-on note @x", 1),
        ("@a.yaml @x", 1),
    ] {
        assert_eq!(folder.lint(line).0, code, "{line}");
    }
}

#[test]
fn the_schema_accepts_what_is_read() {
    let words = ["placecard", "schema", "config"].map(OsString::from);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code =
        placecard_lint::run(words.into_iter(), &mut "".as_bytes(), &mut out, &mut err, false);
    assert_eq!(code, 0);
    let schema: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let good = serde_json::json!({"root": true, "extends": "b", "failOn": "never",
        "overrides": [{"files": ["a"], "ignore": ["all"]}]});
    assert!(validator.is_valid(&good));
    assert!(!validator.is_valid(&serde_json::json!({"rot": true})));
    assert!(Path::new("tests/config.rs").exists(), "tests run in the folder of the crate");
}
