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
        let root = format!("{}/", self.0.path().to_string_lossy());
        let words = ["lint", "-o", "short"].into_iter().chain(line.split(' '));
        let (code, out, err) = ran(words.map(|word| word.replace('@', &root)), "");
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

#[test]
fn the_schema_accepts_what_is_read() {
    let words = ["placecard", "schema", "config"].map(OsString::from);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code =
        placecard_lint::run(words.into_iter(), &mut "".as_bytes(), &mut out, &mut err, false);
    assert_eq!(code, 0);
    let schema: serde_json::Value = serde_json::from_slice(&out).expect("JSON");
    let validator = jsonschema::validator_for(&schema).expect("a schema");
    let good =
        serde_json::json!({"root": true, "overrides": [{"files": ["a"], "ignore": ["all"]}]});
    assert!(validator.is_valid(&good));
    assert!(!validator.is_valid(&serde_json::json!({"rot": true})));
    assert!(Path::new("tests/config.rs").exists(), "tests run in the folder of the crate");
}
