//! The program as its users call it, without a process around it.

use std::ffi::OsString;
use std::fs;
use std::path::Path;

use serde_json::Value;

struct Ran {
    code: u8,
    out: String,
    err: String,
}

fn run_with(words: &[&str], stdin: &[u8], terminal: bool) -> Ran {
    let words = std::iter::once("placecard").chain(words.iter().copied()).map(OsString::from);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let mut stdin = stdin;
    let code = placecard_lint::run(words, &mut stdin, &mut out, &mut err, terminal);
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    Ran { code, out: text(out), err: text(err) }
}

fn run(words: &[&str], stdin: &str) -> Ran {
    run_with(words, stdin.as_bytes(), false)
}

fn short(stdin: &str) -> Ran {
    run(&["lint", "--format", "short", "-"], stdin)
}

const CLEAN: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: ranker, namespace: search}
spec:
  selector: {matchLabels: {app: ranker}}
  template:
    metadata: {labels: {app: ranker}}
    spec: {containers: [{name: ranker, image: 'ranker:1'}]}
";

fn annotated(rule: &str) -> String {
    CLEAN.replace(
        "    metadata: {labels: {app: ranker}}\n",
        &format!(
            "    metadata:\n      labels: {{app: ranker}}\n      annotations:\n        \
             placecard.dev/require: |\n          {rule}\n"
        ),
    )
}

fn write(folder: &Path, name: &str, text: &str) -> String {
    let path = folder.join(name);
    fs::write(&path, text).expect("written");
    path.to_string_lossy().into_owned()
}

#[test]
fn rendered_documents_are_told_by_what_they_come_from() {
    let helm = format!("---\n# Source: shop/templates/ranker.yaml\n{}", annotated("naer self"));
    let kustomize = annotated("naer self").replacen(
        "metadata: {name: ranker, namespace: search}",
        "metadata:\n  name: ranker\n  annotations:\n    config.kubernetes.io/origin: |\n      path: ../base/ranker.yaml\n",
        1,
    );
    for (text, origin) in [
        (helm.clone(), "shop/templates/ranker.yaml"),
        (format!("{CLEAN}{helm}"), "shop/templates/ranker.yaml"),
        (kustomize, "../base/ranker.yaml"),
    ] {
        let ran = short(&text);
        assert!(ran.out.ends_with(&format!("did you mean near? (from {origin})\n")), "{}", ran.out);
        let ran = run(&["lint", "-"], &text);
        assert!(ran.out.contains(&format!("\n  from:  {origin}\n")), "{}", ran.out);
        let report: Value =
            serde_json::from_str(&run(&["lint", "-o", "json", "-"], &text).out).expect("JSON");
        assert_eq!(report["findings"][0]["origin"], origin);
    }
}

#[test]
fn a_clean_manifest_is_0() {
    let ran = run(&["lint", "-"], CLEAN);
    assert_eq!(
        (ran.code, ran.out.as_str(), ran.err.as_str()),
        (0, "✓ no findings: 1 file, 1 object, 1 pod template\n", "")
    );
    let ran = run(&["lint", "--ascii", "-"], CLEAN);
    assert_eq!(ran.out, "ok no findings: 1 file, 1 object, 1 pod template\n");
    assert_eq!(short(CLEAN).out, "");
}

#[test]
fn a_misspelt_relation_is_1_with_its_place() {
    let ran = short(&annotated("aprat-from self in zone"));
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert_eq!(
        ran.out,
        "<stdin>:11:11: error[unknown-relation]: unknown relation aprat-from; \
         did you mean apart-from?\n"
    );
}

#[test]
fn fail_on_decides_the_code_and_not_the_report() {
    let text = annotated("aprat-from self in zone");
    for (fail_on, code) in [("error", 1), ("warning", 1), ("never", 0)] {
        let ran = run(&["lint", "--fail-on", fail_on, "-"], &text);
        assert_eq!(ran.code, code, "{fail_on}");
        assert!(ran.out.contains("unknown-relation"), "{}", ran.out);
    }
    // A template is a note: it fails nothing.
    let template = format!("{CLEAN}---\n{}", CLEAN.replace("ranker", "{{ .Values.name }}"));
    for (fail_on, code) in [("error", 0), ("warning", 0), ("never", 0)] {
        let ran = run(&["lint", "--fail-on", fail_on, "-"], &template);
        assert_eq!(ran.code, code, "{fail_on}: {}", ran.out);
        assert!(ran.out.contains("note[unrendered-template] <stdin>"), "{}", ran.out);
        assert!(ran.out.ends_with("1 note in 1 file, 1 object\n"), "{}", ran.out);
    }
}

#[test]
fn an_input_without_an_object_is_2() {
    for text in ["", "\n", "# nothing\n", "---\n---\n", "a: 1\n", "- 1\n", "null\n", "{}"] {
        let ran = run(&["lint", "-"], text);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{text:?}");
        assert_eq!(ran.err, "placecard: no Kubernetes object in <stdin>\n", "{text:?}");
    }
}

#[test]
fn what_cannot_run_is_2() {
    let folder = tempfile::tempdir().expect("a folder");
    let empty = folder.path().to_string_lossy().into_owned();
    let manifest = write(folder.path(), "a.yaml", CLEAN);
    let (head, pool) = GUARDED.split_at(GUARDED.find("    - name").expect("a pool"));
    let pools = (0..501).map(|number| {
        pool.replace("name: a", &format!("name: a{number}")).replace("/a,", &format!("/a{number},"))
    });
    let too_many = format!("{head}{}", pools.collect::<String>());
    let beside = tempfile::tempdir().expect("a folder");
    let too_many = write(beside.path(), "many.yaml", &too_many);
    for (words, part) in [
        (vec!["lint"], "nothing to read"),
        (vec!["lint", "/nowhere/at/all.yaml"], "/nowhere/at/all.yaml: no such"),
        (vec!["lint", "--fail-on", "fatal", "-"], "possible values"),
        (vec!["lint", "--kubernetes-version", "1.12", "-"], "1.30 is the oldest"),
        (vec!["lint", "--vocabulary", &manifest, &manifest], "holds no PlacementVocabulary"),
        (vec!["lint", "--objects", "/nowhere", &manifest], "/nowhere: no such"),
        (vec!["lnt", "-"], "lint"),
        (vec!["explain"], "which code?"),
        (vec!["explain", "yaml-sintax"], "did you mean yaml-syntax?"),
        (vec!["export", "admission-policy", "--webhook-namespace", "a: b"], "no name of a"),
        (vec!["export", "admission-policy", "--vocabulary", &manifest], "no PlacementVocabulary"),
        (vec!["export", "admission-policy", "--vocabulary", &too_many], "501 pools and trust"),
        (vec!["schema", "pod"], "placecard schema vocabulary"),
        (vec!["schema"], "placecard schema vocabulary"),
        (vec!["schema", "pod", "--crd"], "placecard schema vocabulary"),
        (vec!["schema", "intents", "--crd"], "placecard schema --crd"),
        (vec![], "subcommand"),
    ] {
        let ran = run(&words, CLEAN);
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{words:?}: {}", ran.err);
        assert!(ran.err.starts_with("placecard: ") && ran.err.contains(part), "{}", ran.err);
    }
    fs::remove_file(manifest).expect("removed");
    assert_eq!(run(&["lint", &empty], "").code, 2);
}

#[test]
fn a_broken_document_does_not_hide_the_others() {
    let text = format!(
        "{CLEAN}---\nkind: [a, b\n---\n{}",
        annotated("aprat-from self in zone").replace("ranker", "second")
    );
    let ran = short(&text);
    assert_eq!(ran.code, 1, "{}", ran.err);
    let lines: Vec<&str> = ran.out.lines().collect();
    assert_eq!(lines.len(), 2, "{}", ran.out);
    assert!(lines[0].starts_with("<stdin>:10:7: error[yaml-syntax]: "), "{}", lines[0]);
    assert!(lines[1].contains("error[unknown-relation]"), "{}", lines[1]);
}

#[test]
fn broken_inputs_have_codes() {
    for (text, code) in [
        (&b"kind: \"a\n"[..], "yaml-syntax"),
        (b"{\"kind\": \"Pod\", ", "json-syntax"),
        (b"kind: \xff\n", "not-utf8"),
        (b"\xff\xfek\0i\0", "not-utf8"),
        (b"kind: *a\n", "yaml-alias"),
        (b"apiVersion: v1\nkind: Pod\nspec: {a: .inf}\n", "yaml-value"),
        (b"kind: Pod\nmetadata: {name: a}\n", "not-an-object"),
        (b"apiVersion: v1\nspec: {}\n", "not-an-object"),
        (b"apiVersion: v1\nkind: Service\nmetadata: {name: a}\nkind: Service\n", "duplicate-key"),
        (b"apiVersion: apps/v1\nkind: Deployment\nspec: {replicas: many}\n", "field-type"),
    ] {
        let ran = run_with(&["lint", "--format", "short", "-"], text, false);
        let shown = String::from_utf8_lossy(text);
        assert_eq!(ran.code, 1, "{shown}: {}{}", ran.out, ran.err);
        assert!(ran.out.contains(&format!("error[{code}]: ")), "{shown}: {}", ran.out);
        assert_eq!(ran.out.lines().count(), 1, "{}", ran.out);
        let human = run_with(&["lint", "-"], text, false);
        assert!(human.out.contains("╭─[<stdin>:"), "{}", human.out);
    }
    let deep = "[".repeat(100_000);
    let laughs: String = (0..30)
        .map(|level| match level {
            0 => "a0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned(),
            _ => format!(
                "a{level}: &a{level} [{}]\n",
                vec![format!("*a{}", level - 1); 9].join(", ")
            ),
        })
        .collect();
    for text in [deep, laughs] {
        let ran = short(&text);
        assert_eq!(ran.code, 1, "{}", ran.err);
        assert!(ran.out.contains("error[input-limit]: "), "{}", ran.out);
    }
}

#[test]
fn findings_are_sorted_by_file_and_line_and_told_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let bad = annotated("aprat-from self in zone");
    let b = write(folder.path(), "b.yaml", &bad);
    let a = write(folder.path(), "a.yaml", &format!("{bad}---\n{}", bad.replace("ranker", "two")));
    let ran = run(&["lint", "--format", "short", &b, &a, &b], "");
    let places: Vec<String> = ran
        .out
        .lines()
        .map(|line| line.split(": ").next().unwrap_or_default().to_owned())
        .collect();
    assert_eq!(places, [format!("{a}:11:11"), format!("{a}:24:11"), format!("{b}:11:11")]);
}

#[test]
fn json_is_one_object_whatever_happens() {
    for (text, findings) in [(CLEAN.to_owned(), 0), (annotated("aprat-from self in zone"), 1)] {
        let ran = run(&["lint", "--format", "json", "-"], &text);
        let report: Value = serde_json::from_str(&ran.out).expect("JSON");
        assert_eq!(report["version"], 1);
        assert_eq!(report["findings"].as_array().map(Vec::len), Some(findings));
        assert_eq!(report["summary"]["errors"], findings);
        assert_eq!(report["summary"]["objects"], 1);
    }
    let ran = run(&["lint", "--format", "json", "-"], "kind: [");
    let report: Value = serde_json::from_str(&ran.out).expect("JSON");
    assert_eq!(report["findings"][0]["object"], Value::Null);
    assert_eq!(report["findings"][0]["line"], 1);
    assert_eq!(report["findings"][0]["column"], 7);
}

#[test]
fn colour_follows_the_terminal_and_the_flag() {
    let text = annotated("aprat-from self in zone");
    for (words, terminal, coloured) in [
        (vec!["lint", "-"], false, false),
        (vec!["lint", "--color", "always", "-"], false, true),
        (vec!["lint", "--color", "never", "-"], true, false),
    ] {
        let ran = run_with(&words, text.as_bytes(), terminal);
        assert_eq!(ran.out.contains('\u{1b}'), coloured, "{words:?}");
    }
}

#[test]
fn the_process_respects_no_color() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = write(folder.path(), "a.yaml", &annotated("aprat-from self in zone"));
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_placecard"))
        .args(["lint", &file])
        .env("NO_COLOR", "1")
        .output()
        .expect("it runs");
    assert_eq!(output.status.code(), Some(1));
    let text = String::from_utf8(output.stdout).expect("UTF-8");
    assert!(text.contains("error[unknown-relation]") && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn a_megabyte_of_annotation_is_read_in_time() {
    for rule in ["near ", "near pod(app=x); ", "aprat-from self in zone; ", "(", "\u{200b}"] {
        let text = annotated(&rule.repeat(1_000_000 / rule.len()));
        let before = std::time::Instant::now();
        for format in ["human", "short", "json"] {
            let ran = run(&["lint", "--format", format, "-"], &text);
            assert_eq!(ran.code, 1, "{rule}: {}", ran.err);
            assert!(ran.out.len() < 1_000_000, "{rule}: {} bytes", ran.out.len());
        }
        assert!(before.elapsed().as_secs() < 60, "{rule}: {:?}", before.elapsed());
    }
}

#[test]
fn ten_thousand_rules_are_read_in_time() {
    let text = annotated(&vec!["aprat-from self in zone"; 10_000].join("\n          "));
    let ran = short(&text);
    assert_eq!(ran.code, 1);
    assert!(ran.out.lines().count() <= 1_001, "{}", ran.out.lines().count());
}

#[test]
fn an_unusable_vocabulary_is_2_and_a_linted_one_is_1() {
    let folder = tempfile::tempdir().expect("a folder");
    let vocabulary = "\
apiVersion: placecard.dev/v1alpha1
kind: PlacementVocabulary
metadata: {name: default}
spec:
  pools:
  - {name: a100, nodse: accelerator=a100}
";
    let vocabulary = write(folder.path(), "vocabulary.yaml", vocabulary);
    let ran = run(&["lint", "--format", "short", "--vocabulary", &vocabulary, "-"], CLEAN);
    assert_eq!(ran.code, 2, "{}", ran.out);
    assert!(ran.out.contains(&format!("{vocabulary}:6:18: error[")), "{}", ran.out);
    assert!(ran.err.contains("cannot be used, so no object was judged"), "{}", ran.err);
    let ran = run(&["lint", "--format", "short", &vocabulary], "");
    assert_eq!(ran.code, 1, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains(&format!("{vocabulary}:6:18: error[")), "{}", ran.out);
}

#[test]
fn a_vocabulary_defines_pools() {
    let folder = tempfile::tempdir().expect("a folder");
    let vocabulary = "\
apiVersion: placecard.dev/v1alpha1
kind: PlacementVocabulary
metadata: {name: default}
spec:
  pools:
  - {name: gpu-a100, nodes: accelerator=a100}
";
    let vocabulary = write(folder.path(), "vocabulary.yaml", vocabulary);
    let words = ["lint", "--format", "short", "--vocabulary", &vocabulary, "-"];
    assert_eq!(run(&words, &annotated("on pool/gpu-a100")).code, 0);
    let ran = run(&words, &annotated("on pool/gpu-a10"));
    assert_eq!(ran.code, 1);
    assert!(ran.out.contains("error[unknown-pool]: no pool is named gpu-a10"), "{}", ran.out);
}

#[test]
fn objects_are_context_and_not_judged() {
    let folder = tempfile::tempdir().expect("a folder");
    let service = "\
apiVersion: v1
kind: Service
metadata: {name: cache, namespace: search}
spec: {selector: {app: cache}}
";
    let bad = annotated("aprat-from self in zone").replace("ranker", "other");
    let context = write(folder.path(), "context.yaml", &format!("{service}---\n{bad}"));
    let text = annotated("near service/cache");
    let alone = short(&text);
    assert!(alone.out.contains("[unresolved]"), "{}", alone.out);
    let ran = run(&["lint", "--format", "short", "--objects", &context, "-"], &text);
    assert_eq!((ran.code, ran.out.as_str()), (0, ""), "{}", ran.err);
    // The same in one input.
    assert_eq!(short(&format!("{text}---\n{service}")).out, "");
}

const GUARDED: &str = "
apiVersion: placecard.dev/v1alpha1
kind: PlacementVocabulary
metadata: {name: default}
spec:
  pools:
    - name: a
      nodes: a=b
      guard: {key: k.example.com/a, value: '', effect: NoExecute}
      allowedNamespaces: {names: [web]}
";

#[test]
fn tables_and_pages_are_printed() {
    let folder = tempfile::tempdir().expect("a folder");
    let vocabulary = write(folder.path(), "vocabulary.yaml", GUARDED);
    for (words, part) in [
        (vec!["rules"], "yaml-syntax"),
        (vec!["rules", "--format", "json"], "\"rules\": ["),
        (vec!["explain", "yaml-syntax"], "# yaml-syntax"),
        (vec!["schema", "vocabulary"], "PlacementVocabulary"),
        (vec!["export", "admission-policy"], "values: [kube-system, \"placecard-system\"]"),
        (vec!["export", "admission-policy", "--unplaced", "warn"], "Actions: [Warn, Audit]"),
        (vec!["export", "admission-policy"], "failurePolicy: Fail\n  paramKind"),
        (
            vec!["export", "admission-policy", "--vocabulary", &vocabulary],
            "failurePolicy: Fail\n  matchConstraints",
        ),
        (
            vec!["export", "admission-policy", "--vocabulary", &vocabulary],
            "{'guard': dyn({'key': 'k.example.com/a', 'value': '', 'effect': 'NoExecute'}), \
             'allowedNamespaces': dyn({'names': dyn(['web'])",
        ),
        (
            vec!["export", "admission-policy", "--failure-policy", "ignore"],
            "failurePolicy: Ignore\n  paramKind",
        ),
        (vec!["schema", "--crd"], "name: placementvocabularies.placecard.dev\n"),
        (vec!["schema", "--crd"], "---\n# Written from the types of role coordination"),
        (vec!["schema", "vocabulary", "--crd"], "  scope: Cluster\n"),
        (vec!["schema", "coordination", "--crd"], "  scope: Namespaced\n"),
        (vec!["schema", "coordination"], "RoleCoordination"),
        (vec!["--version"], "placecard 0."),
        (vec!["lint", "--help"], "Exit codes:"),
    ] {
        let ran = run(&words, "");
        assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{words:?}");
        assert!(ran.out.contains(part), "{words:?}: {}", ran.out);
    }
}

#[test]
fn the_reference_is_that_of_the_table() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/cli.md");
    let reference = placecard_lint::verbs::reference();
    if std::env::var_os("PLACECARD_UPDATE_DOCS").is_some() {
        fs::write(&path, &reference).expect("written");
    }
    let written = fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(written, reference, "docs/cli.md is old: PLACECARD_UPDATE_DOCS=1 writes it anew");
}

#[test]
fn a_pod_finds_its_controller_among_the_objects() {
    let owned = |api_version: &str, kind: &str, uid: &str| {
        format!(
            "\
apiVersion: v1
kind: Pod
metadata:
  name: ranker-5d-x
  namespace: search
  labels: {{app: ranker, tier: web}}
  annotations: {{placecard.dev/require: apart-from self in zone}}
  ownerReferences:
  - {{apiVersion: {api_version}, kind: {kind}, name: ranker-5d, uid: {uid}, controller: true}}
spec: {{containers: [{{name: a, image: 'a:1'}}]}}
"
        )
    };
    // A custom resource as well, of which only the selector is known.
    for (api_version, kind) in [("apps/v1", "ReplicaSet"), ("apps.kruise.io/v1alpha1", "CloneSet")]
    {
        let owner = format!(
            "\
apiVersion: {api_version}
kind: {kind}
metadata: {{name: ranker-5d, namespace: search, uid: one}}
spec: {{selector: {{matchLabels: {{app: ranker}}}}, template: {{metadata: {{labels: {{app: ranker}}}}}}}}
"
        );
        let folder = tempfile::tempdir().expect("a folder");
        let context = write(folder.path(), "owner.yaml", &owner);
        // Without its controller the pod is known by all of its labels.
        for (uid, guessed) in [("one", false), ("two", true)] {
            let pod = owned(api_version, kind, uid);
            let ran = run(&["expand", "--diff", "--objects", &context, "-"], &pod);
            assert_eq!((ran.code, ran.err.as_str()), (0, ""), "{kind} {uid}");
            assert!(ran.out.contains("podAntiAffinity"), "{}", ran.out);
            let added = ran.out.lines().any(|line| line.starts_with('+') && line.contains("tier"));
            assert_eq!(added, guessed, "{kind}: {}", ran.out);
        }
    }
}

#[test]
fn cases_are_judged_line_by_line() {
    let cases = concat!(
        r#"{"id": "taint", "pod": {"metadata": {"name": "p"}}, "cluster": {"nodes": ["#,
        r#"{"metadata": {"name": "a"}, "status": {"capacity": {"pods": "9"}}}, "#,
        r#"{"metadata": {"name": "b"}, "spec": {"taints": [{"key": "k", "effect": "NoExecute"}]}}"#,
        "]}}\n\n",
        r#"{"id": 7, "pod": {"spec": {"containers": [{"resources": {"requests": {"cpu": "x"}}}]}}}"#,
        "\nnonsense\n",
        r#"{"id": "none"}"#,
    );
    let folder = tempfile::tempdir().expect("a folder");
    let path = write(folder.path(), "cases.jsonl", cases);
    let ran = run(&["feasible", "--jsonl", "-", "--all-reasons", "--scores"], cases);
    assert_eq!((ran.code, ran.err.as_str()), (1, ""));
    let lines: Vec<Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let [taint, quantity, nonsense, none] = lines.as_slice() else { panic!("{}", ran.out) };
    assert_eq!(taint["feasible"], serde_json::json!(["a"]));
    let reason = "node(s) had untolerated taint {k: }";
    let first = serde_json::json!({"c": "UU", "p": "TaintToleration", "r": [reason]});
    let full = serde_json::json!({"c": "U", "p": "NodeResourcesFit", "r": ["Too many pods"]});
    assert_eq!(taint["nodes"], serde_json::json!({"a": {"c": "S"}, "b": first}));
    assert_eq!(taint["all"], serde_json::json!({"b": [first, full]}));
    assert_eq!(quantity["id"], 7);
    let error = "pod.spec.containers[0].resources.requests.cpu: \"x\" is not a quantity";
    assert!(quantity["error"].as_str().is_some_and(|text| text.starts_with(error)), "{quantity}");
    assert!(nonsense["id"].is_null() && nonsense["error"].is_string(), "{nonsense}");
    assert_eq!((&none["id"], &none["feasible"]), (&"none".into(), &serde_json::json!([])));
    // A newer server words the taint differently.
    let newer = ["feasible", "--jsonl", &path, "--kubernetes-version", "1.35"];
    assert!(run(&newer, "").out.contains("node(s) had untolerated taint(s)"));
    for (words, part) in [
        (vec!["feasible"], "--jsonl -"),
        (vec!["feasible", "--jsonl", "no-such-file"], "no-such-file: "),
        (vec!["feasible", "--jsonl", "-", "--kubernetes-version", "9"], "no Kubernetes version"),
    ] {
        let ran = run(&words, "");
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{words:?}");
        assert!(ran.err.contains(part), "{words:?}: {}", ran.err);
    }
}

const SCHEDULER: &str = "\
# kubectl -n kube-system get configmap scheduler -o jsonpath='{.data.config}'
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
  - schedulerName: packer
    pluginConfig:
      - name: NodeResourcesFit
        args: {scoringStrategy: {type: MostAllocated}}
      - name: NodeAffinity
        args:
          addedAffinity:
            requiredDuringSchedulingIgnoredDuringExecution:
              nodeSelectorTerms:
                - matchExpressions: [{key: pool, operator: Exists}]
    plugins:
      filter:
        enabled:
          - name: Coscheduling
";

#[test]
fn cases_are_judged_by_the_configuration_of_the_scheduler() {
    let node = |name: &str, labels: &str, cpu: u8| {
        let capacity = format!(r#"{{"cpu": "{cpu}", "memory": "8Gi", "pods": "9"}}"#);
        format!(
            r#"{{"metadata": {{"name": "{name}", "labels": {labels}}}, "status": {{"capacity": {capacity}}}}}"#
        )
    };
    let pool = r#"{"pool": "a"}"#;
    let nodes = [node("a", pool, 2), node("b", pool, 8), node("c", "{}", 2)].join(", ");
    let case = |scheduler: &str| {
        let spec =
            format!(r#"{{"schedulerName": "{scheduler}", "containers": [{{"name": "c"}}]}}"#);
        format!(
            r#"{{"id": "{scheduler}", "cluster": {{"nodes": [{nodes}]}}, "pod": {{"spec": {spec}}}}}"#
        )
    };
    let cases = format!("{}\n{}\n", case("packer"), case("other"));
    let folder = tempfile::tempdir().expect("a folder");
    let config = write(folder.path(), "scheduler.yaml", SCHEDULER);
    let words = ["feasible", "--jsonl", "-", "--scores", "--scheduler-config", &config];
    let ran = run(&words, &cases);
    let told = format!("placecard: {config}:18:19: not judged: plugin Coscheduling\n");
    assert_eq!((ran.code, ran.err), (0, told));
    let lines: Vec<Value> =
        ran.out.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    let [packed, other] = lines.as_slice() else { panic!("{}", ran.out) };
    assert_eq!(packed["feasible"], serde_json::json!(["a", "b"]));
    let reason = "node(s) didn't match scheduler-enforced node affinity";
    assert_eq!(packed["nodes"]["c"]["r"], serde_json::json!([reason]));
    let points = |node: &str| packed["scores"][node]["NodeResourcesFit"].as_i64();
    assert!(points("a") > points("b"), "{packed}");
    assert_eq!(packed["unjudged"], serde_json::json!(["plugin Coscheduling"]));
    assert_eq!(other["feasible"], serde_json::json!(["a", "b", "c"]));
    assert!(other["scores"].is_null() && other["unjudged"][0].is_string(), "{other}");
}

#[test]
fn a_configuration_that_cannot_be_read_is_told_with_its_place() {
    let folder = tempfile::tempdir().expect("a folder");
    let strategy = SCHEDULER.replace("MostAllocated", "Most");
    let weight = SCHEDULER.replace("- name: Coscheduling", "- {name: NodePorts, weight: a}");
    let tab = SCHEDULER.replace("  - schedulerName", "\t- schedulerName");
    let table = [
        (strategy, "scheduler.yaml:8:40: profiles[0].pluginConfig[0].args.scoringStrategy.type: "),
        (weight, "scheduler.yaml:18:39: profiles[0].plugins.filter.enabled[0].weight: a whole"),
        (tab, "scheduler.yaml:5:1: "),
        (format!("{SCHEDULER}---\n{SCHEDULER}"), "holds 2 documents"),
        ("kind: ConfigMap\n".to_owned(), "scheduler.yaml:1:1: a ConfigMap holds the file as text"),
        (String::new(), "is empty"),
    ];
    for (text, part) in table {
        let config = write(folder.path(), "scheduler.yaml", &text);
        let ran = run(&["feasible", "--jsonl", "-", "--scheduler-config", &config], "{}\n");
        assert_eq!((ran.code, ran.out.as_str()), (2, ""), "{part}");
        assert!(ran.err.contains(part), "{part}\n{}", ran.err);
    }
    for (config, part) in [("no-such-file", "no-such-file: "), ("-", "only once")] {
        let ran = run(&["feasible", "--jsonl", "-", "--scheduler-config", config], "{}\n");
        assert!(ran.code == 2 && ran.err.contains(part), "{}", ran.err);
    }
}
