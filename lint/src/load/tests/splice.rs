//! New values in old texts.

use placecard_findings::{FieldPath, Segment};
use serde_json::{Map, Value, json};

use super::super::emit::{Layout, emit_block, emit_flow, emit_json};
use super::super::{Document, Refusal, Set, Source, Span, applied, load, splice, splice_part};
use super::generate::Random;
use super::only;

/// `a.b.0.c`
fn path(text: &str) -> FieldPath {
    let segment = |word: &str| match word.parse() {
        Ok(index) => Segment::Index(index),
        Err(_) => Segment::key(word),
    };
    FieldPath(text.split('.').filter(|word| !word.is_empty()).map(segment).collect())
}

fn set(at: &str, value: Value) -> Set {
    Set { path: path(at), value: Some(value) }
}

fn remove(at: &str) -> Set {
    Set { path: path(at), value: None }
}

/// [`splice`] and [`splice_part`], which say the same.
#[track_caller]
fn both(source: &Source, document: &Document, sets: &[Set]) -> Result<String, Refusal> {
    let whole = splice(source, document, sets);
    let part = splice_part(source, document, sets).map(|(part, patch)| {
        let inside = part.span.start <= patch.span.start && patch.span.end <= part.span.end;
        assert!(inside, "{part:?} {patch:?}");
        let Span { start, end } = document.span;
        let before = source.slice(Span::new(start, part.span.start));
        let after = source.slice(Span::new(part.span.end, end));
        format!("{before}{}{after}", part.patched(source, &patch))
    });
    assert_eq!(part, whole, "{}\n{sets:?}", source.text);
    whole
}

#[track_caller]
fn becomes(before: &str, sets: &[Set], after: &str) {
    let (source, document) = only(before);
    assert_eq!(both(&source, &document, sets).as_deref(), Ok(after), "{before}");
}

#[test]
fn a_deployment_gets_its_native_fields() {
    let before = "\
# the cart
apiVersion: apps/v1
kind: Deployment
metadata:
  name: cart   # ours
spec:
  replicas:   3
  template:
    metadata:
      annotations:
        placecard.dev/require: |
          apart-from self in zone

      labels: {app: cart}   # flow
    spec:
      # containers below
      containers:
        - name: cart
          image: cart:1   # pinned
      tolerations: []     # none yet
      # the end
---
";
    let after = "\
# the cart
apiVersion: apps/v1
kind: Deployment
metadata:
  name: cart   # ours
spec:
  replicas:   5
  template:
    metadata:
      annotations:
        placecard.dev/require: |
          apart-from self in zone
        placecard.dev/applied: sha256-1

      labels: {app: cart, tier: \"web\"}   # flow
    spec:
      # containers below
      containers:
        - name: cart
          image: cart:1   # pinned
      tolerations:     # none yet
        - key: gpu
          operator: Exists
      affinity:
        nodeAffinity:
          terms:
            - a
      # the end
";
    let sets = [
        set("spec.replicas", json!(5)),
        set("spec.template.metadata.annotations.placecard_dev/applied", json!("x")),
        remove("spec.template.metadata.annotations.placecard_dev/applied"),
        Set {
            path: path("spec.template.metadata.annotations").key("placecard.dev/applied"),
            value: Some(json!("sha256-1")),
        },
        set("spec.template.metadata.labels.tier", json!("web")),
        set("spec.template.spec.tolerations.0.key", json!("gpu")),
        set("spec.template.spec.tolerations.0.operator", json!("Exists")),
        set("spec.template.spec.affinity.nodeAffinity.terms", json!(["a"])),
    ];
    becomes(before, &sets, after);
}

#[test]
fn each_style_is_kept() {
    let cases: &[(&str, &[Set], &str)] = &[
        // Nothing to do: byte for byte.
        ("a:  1 # c\r\n", &[set("a", json!(1))], "a:  1 # c\r\n"),
        // Scalars.
        ("a: 'x' # c\nb: 1\n", &[set("a", json!("y"))], "a: \"y\" # c\nb: 1\n"),
        ("a: x\n   y\nb: 1", &[set("a", json!("z"))], "a: z\nb: 1"),
        ("a: |\n  x\n\n# c\nb: 1\n", &[set("a", json!("z"))], "a: z\n\n# c\nb: 1\n"),
        ("a:\n  # why\n  x # c\nb: 1\n", &[set("a", json!(2))], "a: 2 # c\nb: 1\n"),
        ("a: !!str 1\n", &[set("a", json!(2))], "a: 2\n"),
        // Left out.
        ("a: # c\nb: 1\n", &[set("a.x", json!(2))], "a: # c\n  x: 2\nb: 1\n"),
        ("a:\n", &[set("a", json!("q"))], "a: q\n"),
        ("a: ~ # c\n", &[set("a", json!([1]))], "a: # c\n- 1\n"),
        ("- a\n-\n", &[set("1", json!({"b": 1}))], "- a\n- b: 1\n"),
        // Scalar to block text and back.
        ("a: x # c\n", &[set("a", json!("1\n2\n"))], "a: | # c\n  1\n  2\n"),
        ("a:\n  b: 1\n  c: 2\nd: 3\n", &[set("a", json!({}))], "a: {}\nd: 3\n"),
        ("a: # c\n- 1\n- 2\nd: 3\n", &[set("a", json!([1]))], "a: # c\n- 1\nd: 3\n"),
        ("a:\n- 1\nd: 3\n", &[set("a", json!({"x": 1}))], "a:\n  x: 1\nd: 3\n"),
        ("a:\n  x: 1\nd: 3\n", &[set("a", json!([1]))], "a:\n- 1\nd: 3\n"),
        // Lists.
        (
            "a:\n- x: 1 # c\n# d\nb: 1\n",
            &[set("a.1.x", json!(2))],
            "a:\n- x: 1 # c\n- x: 2\n# d\nb: 1\n",
        ),
        ("a:\n  - x\n  - y # c\n", &[set("a.0", json!("z"))], "a:\n  - z\n  - y # c\n"),
        ("a: [x, z]\n", &[set("a.2", json!("w"))], "a: [x, z, \"w\"]\n"),
        ("a: [x, z]\n", &[remove("a.0")], "a: [z]\n"),
        (
            "a: [\n  x,\n  y, # c\n]\n",
            &[set("a.2", json!("z"))],
            "a: [\n  x,\n  y,\n  \"z\", # c\n]\n",
        ),
        (
            "- a: 1\n  b: 2\n- c\n",
            &[set("0.d", json!([{"e": 1}]))],
            "- a: 1\n  b: 2\n  d:\n  - e: 1\n- c\n",
        ),
        // Removal.
        ("a: 1\n# c\nb:\n  c: 1\nd: 2\n", &[remove("b")], "a: 1\n# c\nd: 2\n"),
        ("a: 1\nb: 2", &[remove("b")], "a: 1"),
        ("a: 1\nb: 2\nc: 3\n", &[remove("a"), remove("b")], "c: 3\n"),
        ("a: 1\nb: 2\n", &[remove("a"), set("c", json!(3))], "b: 2\nc: 3\n"),
        ("a:\n  b: 1\n  c: 2\n", &[remove("a.c"), set("d", json!(3))], "a:\n  b: 1\nd: 3\n"),
        ("- x # c\n", &[set("0", json!({"a": 1, "b": 2}))], "- {\"a\": 1, \"b\": 2} # c\n"),
        ("- a: 1\n  b: 2\n", &[remove("0.a")], "- b: 2\n"),
        ("a: {b: 1, c: 2}\n", &[remove("a.b")], "a: {c: 2}\n"),
        // Ends of texts.
        ("a: 1", &[set("b", json!(2))], "a: 1\nb: 2"),
        ("---\na: |+\n  x\n\n\n", &[set("b", json!(2))], "---\na: |+\n  x\n\n\nb: 2\n"),
        (
            "a:\r\n  b: 1\r\n",
            &[set("a.c", json!([1, 2]))],
            "a:\r\n  b: 1\r\n  c:\r\n  - 1\r\n  - 2\r\n",
        ),
        // Merge keys: beside, not through.
        (
            "x: &x\n  a: 1\nz:\n  <<: *x\n  b: 2\n",
            &[set("z.b", json!(3)), set("z.c", json!(4))],
            "x: &x\n  a: 1\nz:\n  <<: *x\n  b: 3\n  c: 4\n",
        ),
        // JSON.
        (
            "{\"a\":1,\"b\":[]}\n",
            &[set("c", json!({"x": 1}))],
            "{\"a\":1,\"b\":[], \"c\": {\"x\": 1}}\n",
        ),
        (
            "{\n    \"a\": {\n        \"b\": 1\n    }\n}\n",
            &[set("a.c", json!({"x": [1]})), set("a.b", json!(2))],
            "{\n    \"a\": {\n        \"b\": 2,\n        \"c\": {\n            \"x\": [\n                1\n            ]\n        }\n    }\n}\n",
        ),
        // Quotes where Go would read another type.
        ("a:\n  k: v\n", &[set("a.on", json!("no"))], "a:\n  k: v\n  \"on\": \"no\"\n"),
    ];
    for (before, sets, after) in cases {
        becomes(before, sets, after);
    }
}

#[test]
fn what_stands_around_items_and_entries_that_go_is_kept() {
    let cases: &[(&str, &[Set], &str)] = &[
        ("a:\n- x # c\n# k\n- y\n- z\n", &[remove("a.1")], "a:\n- x # c\n# k\n- z\n"),
        ("a:\n  - b: 1\n    c: 2\n  - d # c\n", &[remove("a.0")], "a:\n  - d # c\n"),
        ("a:\n- b\n- c:\n    d: 1\n", &[remove("a.1")], "a:\n- b\n"),
        ("a: [1, 2,  3] # c\n", &[remove("a.0")], "a: [2,  3] # c\n"),
        ("a: [1, 2,  3] # c\n", &[remove("a.2")], "a: [1, 2] # c\n"),
        ("a: [1, 2,  3] # c\n", &[remove("a.2"), remove("a.0")], "a: [2] # c\n"),
        ("a: {b: 1, 'c': {x: 2}} # c\n", &[remove("a.b")], "a: {'c': {x: 2}} # c\n"),
        ("a: {b: 1, 'c': {x: 2}} # c\n", &[remove("a.c")], "a: {b: 1} # c\n"),
        ("[\n  1,\n  2\n]\n", &[remove("0")], "[\n  2\n]\n"),
    ];
    for (before, sets, after) in cases {
        becomes(before, sets, after);
    }
}

#[test]
fn what_is_written_elsewhere_is_refused() {
    let alias = "x: &x {a: 1}\nz: *x\n";
    let merge = "x: &x {a: 1}\nz:\n  <<: *x\n";
    let later = "x: &x {a: 1}\nz:\n  a: 2\n  <<: *x\n";
    let refused = |text: &str, set: Set| {
        let (source, document) = only(text);
        both(&source, &document, &[set]).unwrap_err()
    };
    assert_eq!(refused(alias, set("z.a", json!(2))), Refusal::Alias { path: path("z") });
    assert_eq!(refused(merge, set("z.a", json!(2))), Refusal::Merge { path: path("z.a") });
    assert_eq!(refused(later, set("z.a", json!(3))), Refusal::Merge { path: path("z.a") });
    // The anchor's own text: another place would change too, or lose its anchor.
    assert_eq!(refused(alias, set("x.a", json!(2))), Refusal::WouldNotReadBack);
    assert_eq!(refused(alias, set("x", json!(2))), Refusal::WouldNotReadBack);
    assert_eq!(refused("? a\n: 1\n", set("a", json!(2))), Refusal::WouldNotReadBack);
    let nowhere = set("a.b.c", json!(1));
    assert_eq!(refused("a: {b: 1}\n", nowhere), Refusal::NoSuchParent { path: path("a.b.c") });
    assert_eq!(
        refused("a: [1]\n", set("a.3", json!(1))),
        Refusal::NoSuchParent { path: path("a.3") }
    );
    assert_eq!(refused("a: [1\n", set("a", json!(1))), Refusal::NotReadable);
}

/// What is read back for a change stays the same however much stands beside it.
#[test]
fn no_more_is_read_back_than_the_part_that_changes() {
    let block = "- kind: Pod\n  spec:\n    priority: \"1\"\n    tolerations:\n    - key: a\n";
    let flow =
        "{\"kind\": \"Pod\", \"spec\": {\"priority\": \"1\", \"tolerations\": [{\"key\": \"a\"}]}}";
    let list = |objects: usize| format!("kind: List\nitems:\n{}", block.repeat(objects));
    let json = |objects: usize| {
        format!("{{\"kind\": \"List\", \"items\": [{}]}}", vec![flow; objects].join(", "))
    };
    for text in [&list as &dyn Fn(usize) -> String, &json] {
        for (sets, most) in [
            (vec![set("items.0.spec.priority", json!(2))], 70),
            (vec![set("items.0.spec.tolerations.0.value", json!("b"))], 40),
            (vec![remove("items.0.spec.tolerations.0.key")], 40),
            (vec![set("items.0.nodeName", json!("b")), remove("items.0.spec.priority")], 90),
        ] {
            for objects in [1, 10, 200] {
                let (source, document) = only(&text(objects));
                let (part, patch) = splice_part(&source, &document, &sets).unwrap();
                let read = part.patched(&source, &patch);
                assert!(read.len() <= most, "{read:?}");
            }
        }
    }
}

#[test]
fn other_documents_are_not_looked_at() {
    let source = Source::new("x.yaml", b"a: 1\n---\nb: 2\n--- # c\nc: 3\n");
    let documents = load(&source);
    let text = both(&source, &documents[1], &[set("d", json!(4))]);
    assert_eq!(text.as_deref(), Ok("---\nb: 2\nd: 4\n"));
}

const KEYS: [&str; 9] = ["a", "b", "on", "1", "c.d/e", "x y", "é", "labels", "<<"];
const STRINGS: [&str; 12] =
    ["x", "no", "08", "", "a: b", "l1\nl2\n", "l1\n\n l2", "it's", "#", "😀", " x", "end\n\n"];

fn random_value(random: &mut Random, depth: usize) -> Value {
    match random.below(if depth == 0 { 4 } else { 9 }) {
        0 => Value::Null,
        1 => json!(random.below(100)),
        2 => json!(random.below(2) == 0),
        3 | 4 => json!(random.pick(&STRINGS)),
        5 | 6 => (0..random.below(4)).map(|_| random_value(random, depth - 1)).collect(),
        _ => random_map(random, depth - 1),
    }
}

fn random_map(random: &mut Random, depth: usize) -> Value {
    let mut map = Map::new();
    for _ in 0..random.below(4) {
        map.insert(random.pick(&KEYS).to_owned(), random_value(random, depth));
    }
    Value::Object(map)
}

/// A value as text, in one of the styles that people and tools write.
fn random_text(random: &mut Random, value: &Value) -> String {
    let text = match random.below(6) {
        0 => emit_flow(value),
        1 => emit_json(value, "", "  "),
        style => {
            let layout = Layout { step: 2 + random.below(3), compact_lists: style % 2 == 0 };
            emit_block(value, 0, layout)
        }
    };
    let mut out = String::new();
    let json = text.starts_with('{');
    for line in text.split('\n') {
        out.push_str(line);
        // A comment, where it cannot be a part of a string.
        if !json && line.ends_with([':', '}', ']', '0', '1', '2']) && random.below(4) == 0 {
            out.push_str("   # note");
        }
        out.push_str(if random.below(12) == 0 && line.ends_with(':') { "\n\n" } else { "\n" });
    }
    if random.below(8) == 0 {
        out = out.replace('\n', "\r\n");
    }
    if random.below(8) == 0 { out.trim_end().to_owned() } else { out }
}

fn random_set(random: &mut Random, value: &Value) -> Set {
    let mut at = FieldPath::root();
    let mut here = value;
    loop {
        let (next, inner) = match here {
            Value::Object(map) if !map.is_empty() && random.below(4) != 0 => {
                let (key, value) = map.iter().nth(random.below(map.len())).unwrap();
                (at.key(key), value)
            }
            Value::Array(items) if !items.is_empty() && random.below(4) != 0 => {
                let index = random.below(items.len());
                (at.index(index), &items[index])
            }
            Value::Object(_) => {
                return Set { path: at.key(random.pick(&KEYS)), value: new(random) };
            }
            Value::Array(items) => {
                return Set { path: at.index(items.len()), value: Some(random_value(random, 2)) };
            }
            _ => return Set { path: at, value: new(random) },
        };
        at = next;
        here = inner;
    }
}

fn new(random: &mut Random) -> Option<Value> {
    (random.below(6) != 0).then(|| random_value(random, 2))
}

#[test]
fn a_spliced_text_reads_back_as_the_sets_say() {
    let (mut done, mut refused) = (0, 0);
    for case in 0..6_000 {
        let mut random = Random::new(case + 1);
        let value = random_map(&mut random, 4);
        let text = random_text(&mut random, &value);
        let source = Source::new("x", text.as_bytes());
        let documents = load(&source);
        let Some(document) = documents.first().filter(|document| document.readable()) else {
            panic!("not readable: {text:?} {documents:?}");
        };
        let mut wanted = document.value.clone();
        let mut sets = Vec::new();
        for _ in 0..=random.below(3) {
            let set = random_set(&mut random, &wanted);
            if set.path.0.is_empty() {
                continue;
            }
            wanted = applied(&wanted, std::slice::from_ref(&set)).unwrap();
            sets.push(set);
        }
        match both(&source, document, &sets) {
            Ok(spliced) => {
                let read = load(&Source::new("x", spliced.as_bytes()));
                assert_eq!(read[0].value, wanted, "{text}\n{sets:?}\n{spliced}");
                let same = wanted == document.value;
                assert!(!same || spliced == text, "changed for nothing: {text}\n{spliced}");
                done += 1;
            }
            Err(refusal) => {
                refused += 1;
                assert_eq!(refusal, Refusal::WouldNotReadBack, "{text}\n{sets:?}");
            }
        }
    }
    assert!(refused * 1000 < done, "{refused} refused, {done} done");
}
