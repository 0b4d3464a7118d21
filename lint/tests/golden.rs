//! The exact text of reports, for findings that are made by hand.

use placecard_findings::{
    Code, Edit, FieldPath, Finding, Fix, Help, Holds, Label, ObjectRef, Severity, Site, Verdict,
};
use placecard_lint::fingerprint::fingerprint;
use placecard_lint::index::{Index, Role};
use placecard_lint::load::Input;
use placecard_lint::plan::Look;
use placecard_lint::render::place::place;
use placecard_lint::render::{human, json, short};
use placecard_lint::{Counts, Judged};

const BARE: Look = Look { colour: false, ascii: false };

fn index(files: &[(&str, &str)]) -> Index {
    let input = |name: &str, text: &str| Input {
        name: name.into(),
        path: None,
        bytes: text.as_bytes().to_vec(),
    };
    Index::new(files.iter().map(|(name, text)| (Role::Judged, input(name, text))).collect())
}

fn object(kind: &str, namespace: &str, name: &str) -> ObjectRef {
    ObjectRef {
        api_version: "apps/v1".into(),
        kind: kind.into(),
        namespace: namespace.into(),
        name: name.into(),
    }
}

fn judged(index: Index, finding: Finding) -> Judged {
    let id = index.find(&finding.object).expect("the object is among the files");
    let placed = place(&index, id, finding);
    let count = |severity| usize::from(placed.finding.severity == severity);
    let counts = Counts {
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
        notes: count(Severity::Note),
        files: index.files.len(),
        objects: 1,
        templates: 1,
    };
    Judged { index, findings: vec![placed], counts, ..Judged::default() }
}

fn box_of(judged: &Judged, look: Look) -> String {
    judged.findings.iter().map(|placed| human::finding(&judged.index, placed, look)).collect()
}

fn require() -> FieldPath {
    FieldPath::of(&["spec", "template", "metadata", "annotations", "placecard.dev/require"])
}

const RANKER: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: ranker
  namespace: search
spec:
  replicas: 3
  template:
    metadata:
      annotations:
        placecard.dev/require: |
          aprat-from self in zone
    spec: {}
";

fn misspelt_relation(text: &str) -> Judged {
    let site = Site::within(require(), 0..10);
    let mut finding = Finding::new(
        Code::new("unknown-relation"),
        Verdict::Language,
        object("Deployment", "search", "ranker"),
        "unknown relation aprat-from",
        Label::new(site.clone(), ""),
    );
    finding.suggestion = Some("apart-from".into());
    finding.help =
        vec![Help::text("a rule starts with near, apart-from, on, not-on, spread or at-most")];
    finding.fix =
        Some(Fix { safe: false, edits: vec![Edit::text(site, "aprat-from", "apart-from")] });
    judged(index(&[("search/ranker.yaml", text)]), finding)
}

const MISSPELT: &str = "\
error[unknown-relation] Deployment search/ranker
  × unknown relation aprat-from
    ╭─[search/ranker.yaml:12:11]
 11 │         placecard.dev/require: |
 12 │           aprat-from self in zone
    ·           ─────┬────
    ·                ╰── did you mean apart-from?
    ╰────
  help:  a rule starts with near, apart-from, on, not-on, spread or at-most
  fix:   12:11 aprat-from -> apart-from                         (--unsafe-fixes)
  holds: on every cluster
";

#[test]
fn a_misspelt_relation_inside_a_block_scalar() {
    let judged = misspelt_relation(RANKER);
    assert_eq!(box_of(&judged, BARE), MISSPELT);
    assert_eq!(
        short::render(&judged),
        "search/ranker.yaml:12:11: error[unknown-relation]: unknown relation aprat-from; \
         did you mean apart-from?\n"
    );
    assert!(
        human::render(&judged, BARE).ends_with("cluster\n\n1 error in 1 file, 1 object\n"),
        "{}",
        human::render(&judged, BARE)
    );
}

#[test]
fn line_ends_and_marks_change_no_position() {
    let windows = RANKER.replace('\n', "\r\n");
    for text in [windows.clone(), format!("\u{feff}{RANKER}"), format!("\u{feff}{windows}")] {
        assert_eq!(box_of(&misspelt_relation(&text), BARE), MISSPELT);
    }
}

#[test]
fn ascii_loses_nothing() {
    assert_eq!(
        box_of(&misspelt_relation(RANKER), Look { colour: false, ascii: true }),
        "\
error[unknown-relation] Deployment search/ranker
  x unknown relation aprat-from
    ,-[search/ranker.yaml:12:11]
 11 |         placecard.dev/require: |
 12 |           aprat-from self in zone
    :           ^^^^^|^^^^
    :                `-- did you mean apart-from?
    `----
  help:  a rule starts with near, apart-from, on, not-on, spread or at-most
  fix:   12:11 aprat-from -> apart-from                         (--unsafe-fixes)
  holds: on every cluster
"
    );
}

#[test]
fn colour_adds_nothing_but_colour() {
    let judged = misspelt_relation(RANKER);
    let coloured = human::render(&judged, Look { colour: true, ascii: false });
    assert!(coloured.contains("\u{1b}[1;31merror[unknown-relation]\u{1b}[0m Deployment"));
    let mut stripped = String::new();
    let mut rest = coloured.as_str();
    while let Some((before, after)) = rest.split_once("\u{1b}[") {
        stripped.push_str(before);
        rest = after.split_once('m').map_or("", |(_, after)| after);
    }
    stripped.push_str(rest);
    let trimmed: String = stripped.lines().map(|line| format!("{}\n", line.trim_end())).collect();
    assert_eq!(trimmed, human::render(&judged, BARE));
}

const EMBEDDER: &str = "\
kind: Deployment
apiVersion: apps/v1
metadata: {name: embedder, namespace: ml}
spec:
  template:
    metadata:
      annotations:
        placecard.dev/require: on pool/gpu-a10
    spec: {}
";

#[test]
fn an_unknown_pool() {
    let mut finding = Finding::new(
        Code::new("unknown-pool"),
        Verdict::Language,
        object("Deployment", "ml", "embedder"),
        "no pool is named gpu-a10",
        Label::new(Site::within(require(), 8..15), "did you mean gpu-a100?"),
    );
    finding.suggestion = Some("gpu-a100".into());
    finding.help =
        vec![Help::text("the pools are cpu-general, gpu-a100, gpu-h100 (vocabulary.yaml:10:5)")];
    finding.holds = Holds::vocabulary();
    let judged = judged(index(&[("ml/embedder.yaml", EMBEDDER)]), finding);
    assert_eq!(
        box_of(&judged, BARE),
        "\
error[unknown-pool] Deployment ml/embedder
  × no pool is named gpu-a10
   ╭─[ml/embedder.yaml:8:40]
 8 │         placecard.dev/require: on pool/gpu-a10
   ·                                        ───┬───
   ·                                           ╰── did you mean gpu-a100?
   ╰────
  help:  the pools are cpu-general, gpu-a100, gpu-h100 (vocabulary.yaml:10:5)
  holds: for this vocabulary
"
    );
    assert_eq!(
        short::render(&judged),
        "ml/embedder.yaml:8:40: error[unknown-pool]: no pool is named gpu-a10; \
         did you mean gpu-a100?\n"
    );
}

const CART: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: cart
  namespace: shop
spec:
  template:
    metadata:
      labels: {app: cart}
      annotations:
        placecard.dev/require: on zone/eu-1b
    spec:
      nodeSelector:
        topology.kubernetes.io/zone: eu-1a
";

fn contradiction(text: &str) -> Judged {
    let selector = FieldPath::of(&["spec", "template", "spec", "nodeSelector"]);
    let mut finding = Finding::new(
        Code::new("node-selector-contradicts-affinity"),
        Verdict::Contradictory,
        object("Deployment", "shop", "cart"),
        "no node can be in zone eu-1b and in zone eu-1a",
        Label::new(Site::within(require(), 0..13), "wants zone eu-1b"),
    );
    finding.labels.push(Label::new(
        Site::value(selector.key("topology.kubernetes.io/zone")),
        "wants zone eu-1a",
    ));
    finding.help = vec![Help::text("keep one: delete line 11, or lines 13 and 14")];
    finding.holds = Holds::proof("a node has one value of a label");
    judged(index(&[("shop/cart.yaml", text)]), finding)
}

#[test]
fn a_node_selector_against_a_rule() {
    assert_eq!(
        box_of(&contradiction(CART), BARE),
        "\
error[node-selector-contradicts-affinity] Deployment shop/cart
  × no node can be in zone eu-1b and in zone eu-1a
    ╭─[shop/cart.yaml:11:32]
 11 │         placecard.dev/require: on zone/eu-1b
    ·                                ──────┬──────
    ·                                      ╰── wants zone eu-1b
 12 │     spec:
 13 │       nodeSelector:
 14 │         topology.kubernetes.io/zone: eu-1a
    ·                                      ──┬──
    ·                                        ╰── wants zone eu-1a
    ╰────
  help:  keep one: delete line 11, or lines 13 and 14
  holds: on every cluster: a node has one value of a label (proof)
"
    );
}

#[test]
fn distant_labels_get_boxes_of_their_own() {
    let far = CART.replace(
        "    spec:\n      nodeSelector:\n",
        "    spec:\n      containers:\n      - name: cart\n        image: cart:1\n      nodeSelector:\n",
    );
    let drawn = box_of(&contradiction(&far), BARE);
    let boxes: Vec<&str> = drawn.lines().filter(|line| line.contains("╭─[")).collect();
    assert_eq!(boxes, ["    ╭─[shop/cart.yaml:11:32]", "    ╭─[shop/cart.yaml:17:38]"]);
    assert!(!drawn.contains("image: cart:1"), "{drawn}");
}

#[test]
fn a_label_in_another_file_gets_its_own_box() {
    let service = "\
apiVersion: v1
kind: Service
metadata: {name: cache, namespace: search}
spec: {selector: {app: cache}}
";
    let mut finding = Finding::new(
        Code::new("pod-affinity-terms-no-common-pod"),
        Verdict::Contradictory,
        object("Deployment", "search", "ranker"),
        "a pod can be required near one target",
        Label::new(Site::within(require(), 0..10), "the rule"),
    );
    let reference = ObjectRef {
        api_version: "v1".into(),
        kind: "Service".into(),
        namespace: "search".into(),
        name: "cache".into(),
    };
    let site = Site::value(FieldPath::of(&["spec", "selector", "app"])).in_object(reference);
    finding.labels.push(Label::new(site, "selects cache"));
    finding.help = vec![
        Help {
            lines: vec!["-   near service/a".into(), "+   near service/b".into()],
            ..Help::text("prefer the other")
        },
        Help::text("drop one"),
    ];
    finding.why = Some("a pod counts only if it matches both".into());
    let files = [("a.yaml", service), ("search/ranker.yaml", RANKER)];
    assert_eq!(
        box_of(&judged(index(&files), finding), BARE),
        "\
error[pod-affinity-terms-no-common-pod] Deployment search/ranker
  × a pod can be required near one target
    ╭─[search/ranker.yaml:12:11]
 11 │         placecard.dev/require: |
 12 │           aprat-from self in zone
    ·           ─────┬────
    ·                ╰── the rule
    ╰────
   ╭─[a.yaml:4:24]
 4 │ spec: {selector: {app: cache}}
   ·                        ──┬──
   ·                          ╰── selects cache
   ╰────
  why:   a pod counts only if it matches both
  help:  1. prefer the other
         -   near service/a
         +   near service/b
         2. drop one
  holds: on every cluster
"
    );
}

#[test]
fn what_is_missing_is_marked_at_the_nearest_thing_that_is_there() {
    let cases = [
        (Site::value(FieldPath::of(&["spec", "template", "spec", "tolerations"]).index(3)), "spec"),
        (Site::key(FieldPath::of(&["spec", "nothing", "here"])), "spec"),
        (Site::value(FieldPath::of(&["status"])), "apiVersion"),
        (Site::value(FieldPath::root()), "apiVersion"),
        (Site::within(require(), 4000..5000), "aprat-from self in zone"),
        (Site::key(require()), "placecard.dev/require"),
        (Site::value(FieldPath::of(&["spec", "replicas"])), "3"),
    ];
    for (site, marked) in cases {
        let finding = Finding::new(
            Code::new("some-code"),
            Verdict::Risk,
            object("Deployment", "search", "ranker"),
            "text",
            Label::new(site.clone(), ""),
        );
        let judged = judged(index(&[("ranker.yaml", RANKER)]), finding);
        let place = judged.findings[0].primary();
        let source = &judged.index.files[place.file].source;
        assert_eq!(source.slice(place.span), marked, "{site:?}");
    }
}

#[test]
fn a_long_line_is_cut_around_its_label() {
    let filler = "near pod(app=x); ".repeat(60_000);
    let text = format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: ranker, namespace: search}}\n\
         spec: {{template: {{metadata: {{annotations: {{\n  placecard.dev/require: \"{filler}aprat-from self in zone; {filler}\"}}}}}}}}\n",
    );
    let start = filler.len();
    let finding = Finding::new(
        Code::new("unknown-relation"),
        Verdict::Language,
        object("Deployment", "search", "ranker"),
        "unknown relation aprat-from",
        Label::new(Site::within(require(), start..start + 10), "here"),
    );
    let judged = judged(index(&[("long.yaml", &text)]), finding);
    let drawn = box_of(&judged, BARE);
    assert!(drawn.lines().all(|line| line.chars().count() < 300), "{}", drawn.len());
    let lines: Vec<&str> = drawn.lines().collect();
    let marked = lines.iter().position(|line| line.contains("┬")).unwrap();
    let (from, to) = (lines[marked].find('─').unwrap(), lines[marked].chars().count());
    let shown: String =
        lines[marked - 1].chars().skip(lines[marked][..from].chars().count()).collect();
    assert!(shown.starts_with("aprat-from self"), "{drawn}");
    assert_eq!(to, lines[marked][..from].chars().count() + 10);
    assert!(drawn.contains(&format!("[long.yaml:5:{}]", 27 + start)), "{drawn}");
}

#[test]
fn wide_letters_and_tabs_keep_the_caret_in_place() {
    let text = RANKER.replace("aprat-from self", "aprat-from\u{202e}self  # größe 大");
    let drawn = box_of(&misspelt_relation(&text), BARE);
    assert!(drawn.contains("aprat-from\u{fffd}self  # größe 大"), "{drawn}");
    assert!(!drawn.contains('\u{202e}'));
}

const REPORT: &str = r#"{
  "version": 1,
  "findings": [
    {
      "v": 1,
      "code": "unknown-relation",
      "severity": "error",
      "verdict": "language",
      "fingerprint": "FINGERPRINT",
      "file": "search/ranker.yaml",
      "line": 12,
      "column": 11,
      "object": {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "namespace": "search",
        "name": "ranker"
      },
      "message": "unknown relation aprat-from",
      "suggestion": "apart-from",
      "labels": [
        {
          "primary": true,
          "text": "did you mean apart-from?",
          "file": "search/ranker.yaml",
          "start": {
            "line": 12,
            "column": 11
          },
          "end": {
            "line": 12,
            "column": 21
          },
          "path": "spec.template.metadata.annotations[placecard.dev/require]",
          "inValue": {
            "line": 1,
            "column": 1
          }
        }
      ],
      "help": [
        {
          "text": "a rule starts with near, apart-from, on, not-on, spread or at-most",
          "safety": "suggested"
        },
        {
          "text": "aprat-from -> apart-from",
          "safety": "unsafe",
          "edits": [
            {
              "path": "spec.template.metadata.annotations[placecard.dev/require]",
              "old": "aprat-from",
              "new": "apart-from",
              "file": "search/ranker.yaml",
              "start": {
                "line": 12,
                "column": 11
              },
              "end": {
                "line": 12,
                "column": 21
              }
            }
          ]
        }
      ],
      "holds": {
        "scope": "every-cluster",
        "proof": false,
        "text": "on every cluster"
      }
    }
  ],
  "summary": {
    "errors": 1,
    "warnings": 0,
    "notes": 0,
    "files": 1,
    "objects": 1,
    "templates": 1
  }
}
"#;

#[test]
fn json_has_a_stable_shape() {
    let judged = misspelt_relation(RANKER);
    let print = fingerprint(&judged.index, &judged.findings[0]);
    assert_eq!(json::render(&judged), REPORT.replace("FINGERPRINT", &print));
}

#[test]
fn a_fingerprint_moves_with_its_line() {
    let here = misspelt_relation(RANKER);
    let print = fingerprint(&here.index, &here.findings[0]);
    assert!(print.starts_with("pc1:") && print.len() == 20, "{print}");
    let moved = misspelt_relation(&format!("# a line\n\n{RANKER}"));
    assert_ne!(moved.findings[0].primary().line, here.findings[0].primary().line);
    assert_eq!(fingerprint(&moved.index, &moved.findings[0]), print);
    let other = misspelt_relation(&RANKER.replace("aprat-from", "arpat-from"));
    assert_ne!(fingerprint(&other.index, &other.findings[0]), print);
}
