//! Fixes, baselines and counts: what is written, and that nothing else is.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use crate::ran::ran;

struct Ran {
    code: u8,
    out: String,
    err: String,
}

/// Runs a command line; what begins with `@` is in the folder.
fn lint(folder: &Path, line: &str) -> Ran {
    let root = format!("{}/", folder.to_string_lossy());
    let words = ["lint"].into_iter().chain(line.split(' '));
    let (code, out, err) = ran(words.map(|word| word.replace('@', &root)), "");
    Ran { code, out: out.replace(&root, ""), err: err.replace(&root, "") }
}

/// Writes the text, mends it with the flags, and gives the new text and what was said.
fn mended(text: &str, flags: &str) -> (String, Ran) {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.yaml");
    fs::write(&path, text).expect("written");
    let diff = lint(folder.path(), &format!("{flags} --diff @a.yaml"));
    assert_eq!(fs::read_to_string(&path).expect("read"), text, "--diff writes nothing");
    let ran = lint(folder.path(), &format!("{flags} -o short @a.yaml"));
    let new = fs::read_to_string(&path).expect("read");
    assert_eq!(diff.out.is_empty(), new == text, "{}", diff.out);
    assert_eq!(diff.code, u8::from(new != text));
    let added: usize = diff.out.lines().filter(|line| line.starts_with('+')).count();
    assert!(new == text || added >= 1, "{}", diff.out);
    (new, ran)
}

const RULES: &str = "\
# the rules of the ranker
apiVersion: apps/v1
kind: Deployment
metadata:
    name: ranker   # odd layout, kept
    namespace: search
spec:
    selector: {matchLabels: {app: ranker}}
    template:
        metadata:
            labels: {app: ranker}
            annotations:
                'placecard.dev/require': |
                    # a comment inside
                    aprat-from self in zone

                    naer service/cache in zone
                placecard.dev/prefer: \"naer service/cache in zone; \\u0061prat-from self\"
        spec:
            # placecard: ignore[label-selector-unsatisfiable] not any more
            containers: [{name: ranker, image: 'ranker:1'}]
---
apiVersion: v1
kind: Service
metadata: {name: cache, namespace: search}   # placecard: ignore[pv-affinity-conflict, label-selector-unsatisfiable] x
spec: {selector: {app: cache}}
";

#[test]
fn safe_fixes_take_idle_comments_out_and_nothing_else() {
    let expected = RULES
        .replace("            # placecard: ignore[label-selector-unsatisfiable] not any more\n", "")
        .replace("[pv-affinity-conflict, label-selector-unsatisfiable]", "[pv-affinity-conflict]");
    let (new, ran) = mended(RULES, "--fix");
    assert_eq!(new, expected);
    assert_eq!(ran.err, "placecard: 2 findings mended in 1 file\n");
    assert_eq!(ran.code, 1, "what has no safe fix is told");
    assert!(!ran.out.contains("unused-ignore"), "{}", ran.out);
}

#[test]
fn unsafe_fixes_mend_words_where_they_are_written() {
    let (new, ran) = mended(RULES, "--unsafe-fixes");
    let expected = RULES
        .replace("aprat-from self in zone", "apart-from self in zone")
        .replace("naer", "near")
        .replace("            # placecard: ignore[label-selector-unsatisfiable] not any more\n", "")
        .replace("[pv-affinity-conflict, label-selector-unsatisfiable]", "[pv-affinity-conflict]")
        // Where an escape goes, the whole string is written anew.
        .replace(
            "\"near service/cache in zone; \\u0061prat-from self\"",
            "near service/cache in zone; apart-from self",
        );
    assert_eq!(new, expected, "{}", ran.err);
    assert!(!ran.out.contains("unknown-relation"), "{}", ran.out);
}

#[test]
fn layout_marks_and_line_ends_stay() {
    let windows = RULES.replace('\n', "\r\n");
    for text in [windows.clone(), format!("\u{feff}{RULES}"), format!("\u{feff}{windows}")] {
        let (new, _) = mended(&text, "--fix");
        let crlf = if text.contains('\r') { "\r\n" } else { "\n" };
        let gone = format!(
            "            # placecard: ignore[label-selector-unsatisfiable] not any more{crlf}"
        );
        let expected = text.replace(&gone, "").replace(
            "[pv-affinity-conflict, label-selector-unsatisfiable]",
            "[pv-affinity-conflict]",
        );
        assert_eq!(new, expected);
    }
}

#[test]
fn an_annotation_that_silences_nothing_goes() {
    let pod = |annotations: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata:\n  name: a\n{annotations}spec: {{containers: [{{name: a, image: 'a:1'}}]}}\n"
        )
    };
    for (annotations, expected) in [
        ("  annotations:\n    placecard.dev/ignore: 'node-affinity-unsatisfiable: x'\n", ""),
        (
            "  annotations:\n    # kept\n    a: b\n    placecard.dev/ignore: 'node-affinity-unsatisfiable: x'\n",
            "  annotations:\n    # kept\n    a: b\n",
        ),
        (
            "  annotations:\n    placecard.dev/ignore: |\n      node-affinity-unsatisfiable: x\n      would-wait: y\n",
            "  annotations:\n    placecard.dev/ignore: |\n      would-wait: y\n",
        ),
        (
            "  annotations: {a: b, placecard.dev/ignore: 'node-affinity-unsatisfiable: x'}\n",
            "  annotations: {a: b}\n",
        ),
    ] {
        let (new, ran) = mended(&pod(annotations), "--unsafe-fixes");
        assert_eq!(new, pod(expected), "{}", ran.err);
        assert_eq!(
            mended(&pod(annotations), "--fix").0,
            pod(annotations),
            "a new revision needs a look"
        );
    }
}

#[test]
fn files_with_the_same_layout_are_mended_together() {
    let folder = tempfile::tempdir().expect("a folder");
    let names: Vec<_> =
        (0..12).map(|number| folder.path().join(format!("{number}.yaml"))).collect();
    for (number, path) in names.iter().enumerate() {
        let text = RULES.replace("namespace: search", &format!("namespace: search-{number:02}"));
        fs::write(path, text).expect("written");
    }
    let ran = lint(folder.path(), "--fix @");
    assert_eq!(ran.err, "placecard: 24 findings mended in 12 files\n");
    for path in &names {
        let text = fs::read_to_string(path).expect("read");
        assert!(!text.contains("label-selector-unsatisfiable"), "{text}");
    }
}

#[test]
fn standard_input_is_shown_and_not_written() {
    let run = |line: &[&str]| {
        let words = ["placecard", "lint"].iter().chain(line).map(OsString::from);
        let (mut out, mut err) = (Vec::new(), Vec::new());
        let code = placecard_lint::run(words, &mut RULES.as_bytes(), &mut out, &mut err, false);
        (code, String::from_utf8(out).expect("UTF-8"), String::from_utf8(err).expect("UTF-8"))
    };
    let (code, out, _) = run(&["--diff", "-"]);
    assert_eq!(code, 1);
    assert!(out.starts_with("--- <stdin>\n+++ <stdin>\n@@ "), "{out}");
    assert_eq!(
        out.lines().filter(|line| line.starts_with("- ") || line.starts_with("-m")).count(),
        2
    );
    let (code, _, err) = run(&["--fix", "-"]);
    assert_eq!(code, 2);
    assert!(err.contains("--diff shows"), "{err}");
}

#[test]
fn a_baseline_survives_moved_lines_and_tells_what_is_gone() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.yaml");
    fs::write(&path, RULES).expect("written");
    fs::write(folder.path().join("b.yaml"), RULES.replace("ranker", "other")).expect("written");
    let all = lint(folder.path(), "-o short @").out.lines().count();
    let ran = lint(folder.path(), "--write-baseline @base.json @");
    assert_eq!((ran.code, ran.out), (0, format!("{all} findings written to base.json\n")));
    let first = fs::read(folder.path().join("base.json")).expect("read");
    fs::remove_file(folder.path().join("base.json")).expect("removed");
    lint(folder.path(), "--write-baseline @base.json @a.yaml @b.yaml");
    assert_eq!(fs::read(folder.path().join("base.json")).expect("read"), first, "the same bytes");
    fs::rename(folder.path().join("base.json"), folder.path().join("base")).expect("moved");
    let told = |line: &str| {
        let ran = lint(folder.path(), &format!("--baseline @base -o short {line}"));
        (ran.code, ran.out, ran.err)
    };
    assert_eq!(told("@"), (0, String::new(), String::new()));
    fs::write(&path, format!("# a new line\n\n{RULES}")).expect("written");
    assert_eq!(told("@"), (0, String::new(), String::new()), "moved lines");
    fs::write(
        &path,
        RULES.replace("naer service/cache in zone;", "naer service/other in zone; naer self;"),
    )
    .expect("written");
    let (code, out, _) = told("@");
    assert_eq!((code, out.lines().count()), (1, 1), "one is new: {out}");
    fs::write(&path, RULES.replace("aprat-from self in zone", "apart-from self in zone"))
        .expect("written");
    let (code, out, err) = told("@");
    assert_eq!((code, out.as_str()), (0, ""));
    assert_eq!(
        err,
        "placecard: base: unknown-relation of Deployment search/ranker in a.yaml is gone: write the baseline anew\n"
    );
    assert_eq!(
        told("@b.yaml"),
        (0, String::new(), String::new()),
        "what was not read is not missed"
    );
    fs::write(folder.path().join("base"), "{").expect("written");
    assert!(told("@").2.contains("base is no baseline: EOF"), "{}", told("@").2);
}

#[test]
fn counts_stand_in_place_of_findings() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.yaml"), RULES).expect("written");
    let ran = lint(folder.path(), "--statistics @");
    assert_eq!(ran.code, 1);
    assert_eq!(
        ran.out,
        "4  error    [*]  unknown-relation  a rule begins with a word that is no relation\n\
         2  warning  [*]  unused-ignore     an ignore silences nothing\n"
    );
}

/// An output that changes a file when it is first written to, and is gone the second time.
struct Reader {
    text: Vec<u8>,
    writes: usize,
    change: Box<dyn FnMut()>,
}

impl std::io::Write for Reader {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.text.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.writes += 1;
        if self.writes == 2 {
            return Err(std::io::ErrorKind::BrokenPipe.into());
        }
        (self.change)();
        Ok(())
    }
}

#[test]
fn a_change_is_linted_again_until_nobody_reads() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.yaml");
    fs::write(&path, RULES).expect("written");
    let name = path.to_string_lossy().into_owned();
    let mended =
        RULES.replace("naer", "near").replace("aprat", "apart").replace("\\u0061prat", "apart");
    let change = Box::new(move || fs::write(&path, &mended).expect("written"));
    let mut out = Reader { text: Vec::new(), writes: 0, change };
    let mut err = Vec::new();
    let words = ["placecard", "lint", "--watch", "--statistics", &name].map(OsString::from);
    let code = placecard_lint::run(words.into_iter(), &mut "".as_bytes(), &mut out, &mut err, true);
    assert_eq!(code, 0);
    let text = String::from_utf8(out.text).expect("UTF-8");
    let rounds: Vec<&str> = text.split("\u{1b}[2J\u{1b}[H").collect();
    assert_eq!(rounds.len(), 3, "cleared before each: {text:?}");
    assert!(rounds[1].contains("unknown-relation") && !rounds[2].contains("unknown-relation"));
    let ran = lint(folder.path(), "--watch -");
    assert_eq!(
        (ran.code, ran.err.as_str()),
        (2, "placecard: standard input cannot be watched: name files\n")
    );
}
