//! Any number of threads, and any number of trees that are kept, say the same, byte by byte.

use std::fs;

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
    let means = Means { threads: Some(threads), kept, twice: false };
    said_of(files(count), &Inputs::of_vocabulary(None), means)
}

fn said_of(
    files: Vec<(Role, Input)>,
    inputs: &Inputs,
    means: Means,
) -> (Vec<String>, Vec<(Step, usize)>) {
    let mut told = Vec::new();
    let mut tell = |step, done, _| told.push((step, done));
    let judged = match judge_on(means, None, inputs, files, &mut std::io::empty(), &mut tell) {
        Ok(judged) => judged,
        Err(why) => return (vec![why], told),
    };
    let report = Report { judged: &judged, fail_on: None };
    let formats = [Format::Human, Format::Json, Format::Sarif, Format::Junit];
    let look = Look { colour: false, ..Look::default() };
    let mut texts: Vec<String> =
        formats.into_iter().map(|format| render(&report, format, look)).collect();
    texts.push(format!(
        "{:?}{:?}{:?}{:?}{:?}",
        judged.counts, judged.unfit, judged.expansions, judged.answers, judged.modes
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

/// The examples in the pages of all rules, and what else makes objects ask about others.
fn examples() -> Vec<Input> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../policies/src/rules");
    let mut pages: Vec<_> = fs::read_dir(folder).unwrap().map(|one| one.unwrap().path()).collect();
    pages.sort();
    let mut found = Vec::new();
    for page in pages.iter().filter(|page| page.extension().is_some_and(|one| one == "md")) {
        let text = fs::read_to_string(page).unwrap();
        let parts = text.split("```").skip(1).step_by(2);
        for part in parts.filter_map(|part| part.strip_prefix("yaml\n")) {
            let name = format!("{}/{}.yaml", found.len() % 3, found.len());
            found.push(Input { name, path: None, bytes: part.as_bytes().to_vec() });
        }
    }
    let others = [
        "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  labels:\n    placecard.dev/mode: warn\n",
        "apiVersion: v1\nkind: LimitRange\nmetadata:\n  name: few\n  namespace: shop\nspec:\n  limits:\n  \
         - type: Container\n    max:\n      cpu: 10m\n",
        "apiVersion: storage.k8s.io/v1\nkind: StorageClass\nmetadata:\n  name: local\nprovisioner: ebs.csi.aws.com\n",
    ];
    for other in others {
        let name = format!("{}/{}.yaml", found.len() % 3, found.len());
        found.push(Input { name, path: None, bytes: other.as_bytes().to_vec() });
    }
    found
}

#[test]
fn what_was_settled_at_once_would_not_be_found_later() {
    let all = examples();
    assert!(all.len() > 80, "{}", all.len());
    // Each by itself, each beside another, those of a folder, and all together.
    let beside = |at: usize| [at, (at * 7 + 3) % all.len()];
    let alone = (0..all.len()).map(|at| vec![at]);
    let pairs = (0..all.len()).map(|at| beside(at).to_vec());
    let folders = (0..3).map(|from| (from..all.len()).step_by(3).collect());
    let together = std::iter::once((0..all.len()).collect::<Vec<usize>>());
    let sets = alone.chain(pairs).chain(folders).chain(together);
    let (mut open, mut settled) = (0, 0);
    for set in sets {
        let files = || -> Vec<(Role, Input)> {
            set.iter().map(|at| (Role::Judged, all[*at].clone())).collect()
        };
        for closed_world in [false, true] {
            let inputs = Inputs { closed_world, ..Inputs::of_vocabulary(None) };
            let means = |twice| Means { threads: Some(1), kept: usize::MAX, twice };
            let (once, _) = said_of(files(), &inputs, means(false));
            let (twice, _) = said_of(files(), &inputs, means(true));
            assert!(once == twice, "{set:?}");
            *(if once.len() > 1 { &mut settled } else { &mut open }) += 1;
        }
    }
    assert!(settled > open, "{settled} inputs were judged, {open} were not");
}
