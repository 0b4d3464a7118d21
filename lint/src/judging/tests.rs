//! Any number of threads, and any number of trees that are kept, say the same, byte by byte.

use placecard_language::keys;

use crate::index::Role;
use crate::load::Input;
use crate::plan::{Format, Inputs, Look};
use crate::progress::Step;
use crate::render::{Report, render};
use crate::run::{Means, judge_on};

/// One finding each, or what else an input may hold: `NUMBER` is told from the others.
const TEXTS: [&str; 9] = [
    // An object with nothing wrong.
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: cNUMBER\n",
    // A contradiction.
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: pNUMBER\nspec:\n  nodeSelector:\n    kubernetes.io/arch: amd64\n  \
     affinity:\n    nodeAffinity:\n      requiredDuringSchedulingIgnoredDuringExecution:\n        nodeSelectorTerms:\n        \
     - matchExpressions:\n          - key: kubernetes.io/arch\n            operator: In\n            values: [arm64]\n",
    // Broken text between two documents.
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: aNUMBER\n---\na: [\n---\napiVersion: v1\nkind: ConfigMap\n",
    // What the API server refuses.
    "apiVersion: v1\nkind: Pod\nmetadata:\n  name: rNUMBER\nspec:\n  tolerations: yes\n",
    // Half an object, a template, nothing, and bytes that are no text.
    "kind: Deployment\nmetadata:\n  name: hNUMBER\n",
    "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Values.name }}\n",
    "# NUMBER\n",
    "a: \u{7}\n",
    // A pod of a controller in the same input, and the controller.
    "apiVersion: apps/v1\nkind: ReplicaSet\nmetadata:\n  name: sNUMBER\nspec:\n  selector:\n    matchLabels: {a: bNUMBER}\n  \
     template:\n    metadata:\n      labels: {a: bNUMBER}\n    spec:\n      topologySpreadConstraints:\n      \
     - {maxSkew: 1, topologyKey: kubernetes.io/hostname, whenUnsatisfiable: DoNotSchedule, labelSelector: {matchLabels: {a: c}}}\n---\n\
     apiVersion: v1\nkind: Pod\nmetadata:\n  name: oNUMBER\n  labels: {a: bNUMBER}\n  annotations:\n    \
     REQUIRE: apart-from self in zone\n  ownerReferences:\n  - {apiVersion: apps/v1, kind: ReplicaSet, name: sNUMBER, \
     uid: u, controller: true}\nspec:\n  containers: []\n",
];

fn files(count: usize) -> Vec<(Role, Input)> {
    let text = |number: usize| {
        let text = TEXTS.get(number * 5 % TEXTS.len()).copied().unwrap_or_default();
        text.replace("NUMBER", &number.to_string()).replace("REQUIRE", keys::REQUIRE)
    };
    let file = |number: usize| {
        let (name, bytes) = (format!("d{}/f{number}.yaml", number % 7), text(number).into_bytes());
        (Role::Judged, Input { name, path: None, bytes })
    };
    let mut files: Vec<(Role, Input)> = (0..count).map(file).collect();
    // Bytes that are no text, among standard input.
    let (name, bytes) = ("<stdin>".to_owned(), b"a: b\n---\n\xff".to_vec());
    files.push((Role::Judged, Input { name, path: None, bytes }));
    files
}

/// All formats of the report; and how far the bar went.
fn said(count: usize, threads: usize, kept: usize) -> (Vec<String>, Vec<(Step, usize)>) {
    let mut told = Vec::new();
    let mut tell = |step, done, _| told.push((step, done));
    let inputs = Inputs::of_vocabulary(None);
    let means = Means { threads: Some(threads), kept };
    let judged =
        judge_on(means, None, &inputs, files(count), &mut std::io::empty(), &mut tell).unwrap();
    let report = Report { judged: &judged, fail_on: None };
    let formats = [Format::Human, Format::Json, Format::Sarif, Format::Junit];
    let look = Look { colour: false, ..Look::default() };
    let mut texts: Vec<String> =
        formats.into_iter().map(|format| render(&report, format, look)).collect();
    texts.push(format!(
        "{:?}{:?}{:?}{:?}",
        judged.counts, judged.unfit, judged.expansions, judged.answers
    ));
    (texts, told)
}

#[test]
fn any_number_of_threads_says_the_same() {
    // Threads, and how many bytes of text are kept with their trees: all, some, or none.
    const ALL: usize = usize::MAX;
    let few: &[(usize, usize)] = &[(2, ALL), (2, 2000), (1, 0), (5, 0)];
    for (count, means) in [(1, &[(2, ALL), (2, 0)][..]), (40, few), (1100, &[(3, ALL), (3, 0)])] {
        let one = said(count, 1, ALL);
        assert!(one.0.iter().all(|text| text.len() > 100));
        for (threads, kept) in means.iter().copied() {
            let other = said(count, threads, kept);
            assert!(other == one, "{count} files on {threads} threads, {kept} bytes kept");
        }
    }
}
