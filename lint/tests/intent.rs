//! `placecard intent`: what it prints, byte for byte, and the published vectors through it.

use std::ffi::OsString;
use std::fs;
use std::io::Read;

use serde_json::{Value, json};

fn run_from(words: &[&str], stdin: &mut dyn Read) -> (u8, String, String) {
    let words = ["placecard"].iter().chain(words).map(OsString::from);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = placecard_lint::run(words, stdin, &mut out, &mut err, false);
    let text = |bytes| String::from_utf8(bytes).expect("UTF-8");
    (code, text(out), text(err))
}

fn run(words: &[&str], mut stdin: &[u8]) -> (u8, String, String) {
    run_from(words, &mut stdin)
}

const RACK: &str = "0910000903010600040000002a";

const RACK_AS_JSON: &str = r#"{
  "entries": [
    {
      "category": "Topology",
      "strength": "Required",
      "direction": "toward",
      "target": {
        "type": "RackId",
        "value": 42
      }
    }
  ]
}
"#;

#[test]
fn a_blob_is_decoded_from_every_encoding() {
    let raw = [9, 0x10, 0, 9, 3, 1, 6, 0, 4, 0, 0, 0, 42];
    let spaced = "0910 0009\n03 01 06 0004\t0000002A \r\n";
    let base64 = "CRAACQMBBgAEAAAAKg==";
    for (words, stdin) in [
        (vec!["--hex", RACK], &b""[..]),
        (vec!["--hex", spaced], b""),
        (vec![RACK], b""),
        (vec![base64], b""),
        (vec!["--base64", base64], b""),
        (vec!["CRAACQMB\nBgAEAAAAKg==\n"], b""),
        (vec!["-"], &raw),
        (vec!["-"], RACK.as_bytes()),
        (vec!["-"], base64.as_bytes()),
        (vec!["-"], "\u{feff}CRAACQMBBgAEAAAAKg==\r\n".as_bytes()),
        (vec!["--hex", "-"], spaced.as_bytes()),
        (vec!["-", "--base64"], base64.as_bytes()),
    ] {
        let words = [vec!["intent", "decode"], words].concat();
        let found = run(&words, stdin);
        assert_eq!(found, (0, RACK_AS_JSON.to_owned(), String::new()), "{words:?}");
    }
    let none = "{\n  \"entries\": []\n}\n";
    for blob in ["", "00010002cafe"] {
        assert_eq!(run(&["intent", "decode", "--hex", blob], b"").1, none, "{blob}");
    }
}

#[test]
fn refusals_are_worded_like_this() {
    for (blob, text) in [
        (
            "CRAACQMBBgAEAAAAKgkQAAkDhAYABAAAAAc=",
            "InvalidIntent at byte 18 (0x12): 0x84 is not a strength",
        ),
        (
            "0910000905010600040000002a",
            "InvalidIntent at byte 4 (0x04): 0x05 is the category Facility, which is reserved",
        ),
        (
            "0910000903830600040000002a",
            "InvalidIntent at byte 5 (0x05): 0x83 is the strength Adaptive, which is reserved",
        ),
        ("0001000411", "InvalidIntent at byte 2 (0x02): TLV 0x0001 is truncated: 1 of 4 bytes"),
        (
            "0910000903010600040000002a0910000903810600040000002a",
            "InvalidIntent: contradictory\n  RackId 42: entry 1 is required toward it, entry 2 \
             away from it",
        ),
        // What a trust domain is called does not reach the terminal.
        (
            "0910000a04010500051b5b316d5c0910000a04010500051b5b316d0910",
            "InvalidIntent at byte 28 (0x1c): a TLV header is truncated: 1 of 4 bytes",
        ),
    ] {
        let found = run(&["intent", "decode", blob], b"");
        assert_eq!(found, (1, String::new(), format!("{text}\n")), "{blob}");
    }
}

#[test]
fn a_trust_domain_does_not_act_on_the_terminal() {
    let name = "a\u{1b}[31m\u{9b}2J\u{202e}\u{7f}\"\nü\u{feff}\u{e0001}";
    let json = json!({"entries": [{
        "category": "Trust", "strength": "Required", "direction": "toward",
        "target": {"type": "TrustDomain", "value": name},
    }]});
    let (code, blob, err) = run(&["intent", "encode"], json.to_string().as_bytes());
    assert_eq!((code, err.as_str()), (0, ""));
    let (_, out, _) = run(&["intent", "decode", blob.trim_end()], b"");
    let expected = r#""value": "a\u001b[31m\u009b2J\u202e\u007f\"\nü\ufeff"#;
    assert!(out.contains(expected), "{out:?}");
    assert_eq!(serde_json::from_str::<Value>(&out).expect("JSON"), json);
}

#[test]
fn data_that_is_none_is_2() {
    let digits = "09".repeat(3 << 20);
    let blanks = " ".repeat(5 << 20);
    for (words, stdin, text) in [
        (vec!["decode"], "", "which data? give the blob as text, or - for standard input"),
        (vec!["decode", "-"], "", "<stdin> is empty: the blob was expected there"),
        (
            vec!["decode", "--hex", "-"],
            " \n",
            "<stdin> holds only blanks: the blob was expected there",
        ),
        (vec!["decode", "  "], "", "DATA holds only blanks: the blob was expected there"),
        (
            vec!["decode", "--hex", "--base64", "00"],
            "",
            "the data is in one encoding: --hex or --base64",
        ),
        (
            vec!["decode", "091"],
            "",
            "DATA is not hexadecimal: 3 hexadecimal digits make no whole number of bytes",
        ),
        (
            vec!["decode", "--hex", "0x09"],
            "",
            "DATA is not hexadecimal: x at character 2 is no hexadecimal digit",
        ),
        (
            vec!["decode", "--hex", "-"],
            "09\n1g\n",
            "<stdin> is not hexadecimal: g at line 2, character 2 is no hexadecimal digit",
        ),
        (
            vec!["decode", "CR-A"],
            "",
            "DATA is neither hexadecimal nor base64: - at character 3 is of base64url; base64 has + for it",
        ),
        (
            vec!["decode", "CRA"],
            "",
            "DATA is neither hexadecimal nor base64: the base64 ends with 3 of 4 letters, from character 1; is something cut off?",
        ),
        (
            vec!["decode", "--base64", "CR=="],
            "",
            "DATA is not base64: R at character 2 has bits of no byte; is something cut off?",
        ),
        (
            vec!["decode", "--base64", "CRAA="],
            "",
            "DATA is not base64: = at character 5 does not end the base64",
        ),
        (vec!["decode", "--hex", "-"], &digits, "<stdin> is larger than 4 MiB"),
        (vec!["decode", "-"], &blanks, "<stdin> is larger than 4 MiB"),
        (
            vec!["decode", "-"],
            "09 é",
            "<stdin> is neither hexadecimal nor base64: é at character 4 is no letter of base64",
        ),
        (vec!["encode"], &blanks, "<stdin> is larger than 4 MiB"),
        (vec!["encode"], "", "<stdin> is empty: {\"entries\": [...]} was expected there"),
        (
            vec!["encode"],
            " \n# nothing\n",
            "<stdin> is empty: {\"entries\": [...]} was expected there",
        ),
        (vec!["encode"], "a: 1\n---\nb: 1\n", "<stdin> holds 2 documents: one is read"),
        (vec!["encode", "no/such.yaml"], "", "no/such.yaml: no such file or folder"),
        (vec!["encode", "tests"], "", "tests is a folder: name the file that is meant"),
    ] {
        let words = [vec!["intent"], words].concat();
        let found = run(&words, stdin.as_bytes());
        assert_eq!(found, (2, String::new(), format!("placecard: {text}\n")), "{words:?}");
    }
}

#[test]
fn bytes_are_no_text_and_no_input_is_read_without_end() {
    let raw = run(&["intent", "decode", "--hex", "-"], b"\x09\x10\xff");
    assert_eq!(raw.0, 2);
    assert!(raw.2.contains("without the flag it is read as the blob itself"), "{}", raw.2);
    // An input that never ends is not read to its end.
    let endless = run_from(&["intent", "decode", "-"], &mut std::io::repeat(b'a'));
    assert_eq!(endless.2, "placecard: <stdin> is larger than 4 MiB\n");
}

#[test]
fn entries_are_encoded_from_json_and_yaml() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("entries.json");
    fs::write(&path, RACK_AS_JSON).expect("written");
    let path = path.to_string_lossy().into_owned();
    let yaml = "# one entry\nentries:\n- category: Topology\n  strength: Required\n  \
                target: {type: RackId, value: 42}\n";
    for (words, stdin) in [
        (vec![], RACK_AS_JSON),
        (vec!["-"], RACK_AS_JSON),
        (vec![], yaml),
        (vec![path.as_str()], ""),
    ] {
        let plain = [vec!["intent", "encode"], words.clone()].concat();
        let found = run(&plain, stdin.as_bytes());
        assert_eq!(found, (0, "CRAACQMBBgAEAAAAKg==\n".to_owned(), String::new()));
        let found = run(&[plain, vec!["--hex"]].concat(), stdin.as_bytes());
        assert_eq!(found, (0, format!("{RACK}\n"), String::new()));
    }
}

#[test]
fn entries_that_cannot_be_encoded_are_told_with_their_place() {
    let entry = |fields: &str| format!("entries:\n- {{category: Topology, {fields}}}\n");
    let rack = "target: {type: RackId, value: 42}";
    for (text, told) in [
        ("{}".to_owned(), "1:1: the field entries is missing here"),
        ("[]".to_owned(), "1:1: a list stands where a mapping belongs"),
        ("entries: [a".to_owned(), "1:10: this [ is never closed"),
        (
            entry(&format!("strength: required, {rack}")),
            "2:34: required is not a value of this field (did you mean Required?) (it takes Required or Preferred)",
        ),
        (
            entry(&format!("strength: Adaptive, {rack}")),
            "2:34: InvalidIntent: 0x03 is the strength Adaptive, which is reserved",
        ),
        (
            entry(&format!("strength: Required, wieght: 1, {rack}")),
            "2:44: no field is named wieght here (did you mean weight?) (the fields are category, direction, level, strength, target and weight)",
        ),
        (
            entry(&format!("strength: Preferred, weight: 101, {rack}")),
            "2:53: InvalidIntent: a weight is 1 to 100, not 101",
        ),
        (
            entry(&format!("strength: Preferred, weight: 50, {rack}")),
            "2:45: entry 1: the wire form has no weight",
        ),
        (
            entry(&format!("strength: Preferred, level: zone, {rack}")),
            "2:45: entry 1: the wire form has no level",
        ),
        (
            entry("strength: Preferred, target: {type: NodeId, name: a}"),
            "2:68: entry 1: the wire form has no name (--objects PATH or --cluster PATH looks up its UID, --json keeps the name)",
        ),
        (
            entry("strength: Preferred, target: {type: RackId, value: 042}"),
            "2:75: YAML reads 042 as 34 (write 34 if that is meant)",
        ),
        (
            entry("strength: Preferred, target: {type: RackId, value: '42'}"),
            "2:75: InvalidIntent: a RackId is a number from 0 to 4294967295, not \"42\"",
        ),
        (
            entry("strength: Preferred, target: {type: NodeId, value: worker-1}"),
            "2:75: InvalidIntent: \"worker-1\" is not a UUID",
        ),
        (
            format!(
                "{}- {{category: Topology, strength: Required, direction: away, {rack}}}\n",
                entry(&format!("strength: Required, {rack}"))
            ),
            "3:3: InvalidIntent: contradictory",
        ),
    ] {
        let found = run(&["intent", "encode"], text.as_bytes());
        assert_eq!(found, (1, String::new(), format!("<stdin>:{told}\n")), "{text}");
    }
}

#[test]
fn the_vectors_hold_on_the_command_line_both_ways() {
    let vectors: Value =
        serde_json::from_str(include_str!("../../tests/vectors/intents-tlv.json")).expect("JSON");
    let vectors = vectors["vectors"].as_array().expect("vectors");
    assert!(vectors.len() > 180, "{}", vectors.len());
    for vector in vectors {
        let (name, hex) = (&vector["name"], vector["hex"].as_str().expect("hex"));
        let (code, out, err) = run(&["intent", "decode", "--hex", hex], b"");
        if let Some(error) = vector.get("error") {
            let start = match error["at"].as_u64() {
                Some(at) => format!("InvalidIntent at byte {at} ({at:#04x}): "),
                None => "InvalidIntent: contradictory\n".to_owned(),
            };
            assert_eq!((code, out.as_str()), (1, ""), "{name}");
            assert!(err.starts_with(&start), "{name}: {err}");
            continue;
        }
        assert_eq!((code, err.as_str()), (0, ""), "{name}");
        let read: Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!(read, json!({ "entries": vector["entries"] }), "{name}");
        let (code, blob, err) = run(&["intent", "encode", "--hex"], out.as_bytes());
        assert_eq!((code, err.as_str()), (0, ""), "{name}");
        assert_eq!(Some(blob.trim_end() == hex), vector["encodes"].as_bool(), "{name}");
        if !blob.trim_end().is_empty() {
            let again = run(&["intent", "decode", "-"], blob.as_bytes());
            assert_eq!(again, (0, out, String::new()), "{name}");
        }
    }
}

#[test]
fn the_schemas_are_printed() {
    for (what, title) in
        [("intents", "Typed affinity entries"), ("vocabulary", "PlacementVocabulary")]
    {
        let (code, out, _) = run(&["schema", what], b"");
        let schema: Value = serde_json::from_str(&out).expect("JSON");
        assert_eq!((code, schema["title"].as_str()), (0, Some(title)));
    }
}

const VOCABULARY: &str = r#"{"apiVersion": "placecard.dev/v1alpha1", "kind": "PlacementVocabulary",
  "metadata": {"name": "default"}, "spec": {
    "levels": [{"name": "zone", "key": "topology.kubernetes.io/zone"},
               {"name": "rack", "key": "example.com/rack", "format": "rack-{n}"}],
    "serviceDomain": "zone",
    "trustDomains": [{"name": "payments", "nodes": "trust=payments"}],
    "resources": [{"name": "fast-nvme", "uid": "00000000-0000-0000-0000-000000000032",
                   "nodes": "disk=nvme"}]}}"#;

/// Objects with and without a UID, one name in two namespaces.
const OBJECTS: &str = r#"{"apiVersion": "v1", "kind": "List", "items": [
    {"apiVersion": "v1", "kind": "Node",
     "metadata": {"name": "n1", "uid": "00000000-0000-0000-0000-000000000001"}},
    {"apiVersion": "v1", "kind": "Node", "metadata": {"name": "n2"}},
    {"apiVersion": "v1", "kind": "Service",
     "metadata": {"name": "db", "namespace": "a", "uid": "00000000-0000-0000-0000-00000000000b"}},
    {"apiVersion": "v1", "kind": "Service",
     "metadata": {"name": "db", "namespace": "b", "uid": "00000000-0000-0000-0000-00000000000c"}},
    {"apiVersion": "v1", "kind": "Service",
     "metadata": {"name": "one", "namespace": "a", "uid": "00000000-0000-0000-0000-00000000000d"}},
    {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
     "metadata": {"name": "shard", "namespace": "a", "uid": "00000000-0000-0000-0000-000000000015"}}
]}"#;

/// The folder with the files, and the flags that name them.
fn context() -> (tempfile::TempDir, Vec<String>) {
    let folder = tempfile::tempdir().expect("a folder");
    let mut flags = Vec::new();
    for (flag, text) in [("--vocabulary", VOCABULARY), ("--objects", OBJECTS)] {
        let path = folder.path().join(format!("{}.json", flag.trim_start_matches('-')));
        fs::write(&path, text).expect("written");
        flags.extend([flag.to_owned(), path.to_string_lossy().into_owned()]);
    }
    (folder, flags)
}

fn target(of: &str, last: &str) -> Value {
    json!({"type": of, "value": format!("00000000-0000-0000-0000-0000000000{last}")})
}

#[test]
fn sentences_are_encoded_as_the_entries_that_say_the_same() {
    let (_folder, flags) = context();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let rack = json!({"type": "RackId", "value": 42});
    for (sentence, category, direction, target) in [
        ("on node/n1", "Resource", "toward", target("NodeId", "01")),
        ("not-on node/n1", "Topology", "away", target("NodeId", "01")),
        ("on resource/fast-nvme", "Resource", "toward", target("ResourceId", "32")),
        ("near lease/shard", "State", "toward", target("LeaseId", "15")),
        ("near lease/a/shard in node", "State", "toward", target("LeaseId", "15")),
        ("near service/one in zone", "Topology", "toward", target("ServiceId", "0d")),
        ("apart-from service/b/db in zone", "Topology", "away", target("ServiceId", "0c")),
        ("on rack/rack-42", "Topology", "toward", rack.clone()),
        ("not-on rack/rack-42", "Topology", "away", rack),
        (
            "on trust/payments",
            "Trust",
            "toward",
            json!({"type": "TrustDomain", "value": "payments"}),
        ),
    ] {
        for (key, strength) in [("require", "Required"), ("prefer", "Preferred")] {
            if key == "prefer" && category == "Trust" {
                continue;
            }
            let expected = json!({"entries": [{"category": category, "strength": strength,
                "direction": direction, "target": target}]});
            let flag = format!("--{key}");
            let plain = format!("{key}: {sentence}\n");
            let block = format!("placecard.dev/{key}: |\n  # a comment\n  {sentence}\n");
            let text = json!({format!("placecard.dev/{key}"): sentence}).to_string();
            let by_flag = vec![flag.as_str(), sentence];
            for (words, stdin) in [
                (by_flag, ""),
                (vec!["-"], plain.as_str()),
                (vec![], block.as_str()),
                (vec![], text.as_str()),
            ] {
                let words = [vec!["intent", "encode"], flags.clone(), words].concat();
                let (code, blob, err) = run(&words, stdin.as_bytes());
                assert_eq!((code, err.as_str()), (0, ""), "{sentence}");
                let (_, out, _) = run(&["intent", "decode", blob.trim_end()], b"");
                let decoded: Value = serde_json::from_str(&out).expect("JSON");
                assert_eq!(decoded, expected, "{sentence}");
                // And once more.
                let again = run(&["intent", "encode"], out.as_bytes());
                assert_eq!(again, (0, blob, String::new()), "{sentence}");
            }
        }
    }
    let several = "require: on node/n1; near lease/shard\nprefer: on rack/rack-42\n";
    let words = [vec!["intent", "encode"], flags.clone()].concat();
    let (_, blob, _) = run(&words, several.as_bytes());
    let (_, out, _) = run(&["intent", "decode", blob.trim_end()], b"");
    let decoded: Value = serde_json::from_str(&out).expect("JSON");
    let strengths: Vec<&Value> = decoded["entries"]
        .as_array()
        .expect("entries")
        .iter()
        .map(|one| &one["strength"])
        .collect();
    assert_eq!(strengths, ["Required", "Required", "Preferred"]);
    // Names of written entries are looked up too.
    let named = r#"{"entries": [{"category": "Topology", "strength": "Preferred", "direction": "away",
        "target": {"type": "ServiceId", "name": "b/db"}}]}"#;
    let (code, blob, _) = run(&words, named.as_bytes());
    let by_sentence = [words, vec!["--prefer", "apart-from service/b/db in zone"]].concat();
    assert_eq!((code, blob), (0, run(&by_sentence, b"").1));
}

#[test]
fn the_entries_of_sentences_are_printed_with_what_annotations_can_say() {
    let (_folder, flags) = context();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let rules = ["--json", "--prefer", "near lease/shard in rack weight 60"];
    let (code, out, err) = run(&[vec!["intent", "encode"], flags, rules.to_vec()].concat(), b"");
    assert_eq!((code, err.as_str()), (0, ""));
    let entries: Value = serde_json::from_str(&out).expect("JSON");
    let expected = json!({"entries": [{"category": "State", "strength": "Preferred",
        "direction": "toward", "target": {"type": "LeaseId", "name": "shard"}, "weight": 60,
        "level": "rack"}]});
    assert_eq!(entries, expected);
}

#[test]
fn sentences_without_a_typed_form_are_told_with_their_place() {
    let (_folder, flags) = context();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    for (text, told) in [
        (
            "require: |\n  on node/n1\n  spread over zone; near self\n",
            "3:3: spread has no typed form: entries do not count pods\n\
             <stdin>:3:26: self has no typed form: entries name nodes, Services, Leases, resources, racks and trust domains",
        ),
        ("require: on node/n1 or node/n2\n", "1:24: or has no typed form: an entry has one target"),
        (
            "{\"prefer\": \"on nodes(disk=ssd)\"}",
            "1:16: a selector has no typed form: an entry names one object",
        ),
        (
            "require: on zone/eu-1a\n",
            "1:13: zone/eu-1a has no typed form: entries name domains by number, as racks",
        ),
        ("require: near service/one same tenant\n", "1:32: same has no typed form"),
        (
            "require: not-on trust/payments\n",
            "1:17: away from a trust domain has no typed form: entries are toward it only",
        ),
        (
            "require: naer service/one\n",
            "1:10: unknown relation naer (did you mean near?) (a rule starts with near, apart-from, on, not-on, spread or at-most)",
        ),
        (
            "require: on trust/paymets\n",
            "1:19: no trust domain is named paymets (did you mean payments?) (the trust domains are payments)",
        ),
        (
            "prefer: on node/n1 weight 80\n",
            "1:9: the wire form has no weight (--json prints the entry, for the annotation intents)",
        ),
        (
            "require: near service/one\n",
            "1:10: the wire form has no level (--json prints the entry, for the annotation intents)",
        ),
        (
            "require: near service/db in zone\n",
            "1:10: the wire form has no name (Service db is in a and b: write NAMESPACE/db, or --namespace)",
        ),
        (
            "require: on node/n2\n",
            "1:10: the wire form has no name (node n2 is among the objects without a metadata.uid: read it from a cluster)",
        ),
        (
            "require: on node/n3\n",
            "1:10: the wire form has no name (no node n3 is among the objects)",
        ),
        ("require: on node/n1\nprefer: [a]\n", "2:1: prefer is a text of rules"),
        ("require: ''\n", "1:10: no rule stands here"),
        (
            "placecard.dev/tolerate: a\nrequire: on node/n1\n",
            "1:1: placecard.dev/tolerate holds no rules to encode (require and prefer do; entries stand in a file alone)",
        ),
        ("require: on rack/rack-1; not-on rack/rack-1\n", "1:26: InvalidIntent: contradictory"),
    ] {
        let words = [vec!["intent", "encode"], flags.clone()].concat();
        let found = run(&words, text.as_bytes());
        assert_eq!(found, (1, String::new(), format!("<stdin>:{told}\n")), "{text}");
    }
}

#[test]
fn rules_behind_flags_are_told_as_those_of_a_file() {
    let (_folder, flags) = context();
    let flags: Vec<&str> = flags.iter().map(String::as_str).collect();
    let by_flag =
        ["intent", "encode", "--require", "on node/n1\n  near self", "--prefer", "on node/n1"];
    let told = "--require:2:8: self has no typed form: entries name nodes, Services, Leases, resources, racks and trust domains\n";
    assert_eq!(run(&by_flag, b""), (1, String::new(), told.to_owned()));
    for (words, told) in [
        (
            vec!["--require", "on node/a", "x.yaml"],
            "the rules are in a file or behind --require and --prefer, not in both",
        ),
        (vec!["--hex", "--json"], "the answer has one form: --hex or --json"),
        (vec!["-", "--objects", "-"], "standard input can be read only once: name - in one place"),
        (vec!["--require", "on node/a", "--objects", "no/such"], "no/such: no such file or folder"),
    ] {
        let words = [vec!["intent", "encode"], words].concat();
        let found = run(&words, b"");
        assert_eq!(found, (2, String::new(), format!("placecard: {told}\n")), "{words:?}");
    }
    let own = ["--namespace", "b", "--require", "near service/db in zone"];
    let (code, blob, _) =
        run(&[vec!["intent", "encode", "--hex"], flags, own.to_vec()].concat(), b"");
    assert_eq!((code, blob.trim_end().ends_with("0c")), (0, true), "{blob}");
}

#[test]
fn words_of_no_vocabulary_say_where_they_come_from() {
    for (rule, told) in [
        (
            "on rack/42",
            "4: no level is named rack (the levels are region, zone and node) (--vocabulary FILE says what there is)",
        ),
        (
            "on trust/payments",
            "10: no trust domain is named payments (the vocabulary defines no trust domain) (--vocabulary FILE says what there is)",
        ),
    ] {
        let found = run(&["intent", "encode", "--require", rule], b"");
        assert_eq!(found, (1, String::new(), format!("--require:1:{told}\n")));
    }
}

#[test]
fn a_wrong_byte_is_shown_among_the_others() {
    let manifest = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: ranker, namespace: search}
spec:
  selector: {matchLabels: {app: ranker}}
  template: {metadata: {labels: {app: ranker}, annotations: {
        placecard.dev/intents-tlv: CRAACQMBBgAEAAAAKgkQAAkDhAYABAAAAAc=
    }}, spec: {containers: [{name: c, image: c}]}}
";
    let (code, out, _) = run(&["lint", "-"], manifest.as_bytes());
    let expected = "\
error[invalid-intent] Deployment search/ranker
  × 0x84 at byte 0x12 is not a strength
   ╭─[<stdin>:7:60]
 6 │   template: {metadata: {labels: {app: ranker}, annotations: {
 7 │         placecard.dev/intents-tlv: CRAACQMBBgAEAAAAKgkQAAkDhAYABAAAAAc=
   ·                                                            ─┬
   ·                                                             ╰── byte 0x12
   ╰────
  bytes: 0000  09 10 00 09 03 01 06 00  04 00 00 00 2a 09 10 00
         0010  09 03 84 06 00 04 00 00  00 07
                     ─┬
                      ╰── bit 7 is away; the rest is 4, no known strength
  help:  required away is 0x81, preferred away is 0x82
  holds: on every cluster; the entries are refused together, none is dropped

1 error in 1 file, 1 object
";
    assert_eq!((code, out.as_str()), (1, expected));
    // Of a long blob the rows around the byte are shown.
    let mut blob = "0001 0064".replace(' ', "") + &"00".repeat(100);
    blob.push_str("0910000903020600040000002a0910000905010600040000002a");
    let bytes: Vec<u8> = (0..blob.len())
        .step_by(2)
        .map(|at| u8::from_str_radix(&blob[at..at + 2], 16).expect("hex"))
        .collect();
    let text = placecard_language::affinity::text::encode(
        placecard_language::affinity::text::Encoding::Base64,
        &bytes,
    );
    let manifest = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "a",
        "annotations": {"placecard.dev/intents-tlv": text}}, "spec": {"containers": []}});
    let (_, out, _) = run(&["lint", "--ascii", "-"], manifest.to_string().as_bytes());
    let rows: Vec<&str> = out.lines().skip_while(|line| !line.starts_with("  bytes:")).collect();
    let expected = [
        "  bytes: 0050  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00",
        "         0060  00 00 00 00 00 00 00 00  09 10 00 09 03 02 06 00",
        "         0070  04 00 00 00 2a 09 10 00  09 05 01 06 00 04 00 00",
        "                                           ^|",
        "                                            `-- reserved",
        "         0080  00 2a",
    ];
    assert_eq!(rows.get(..6), Some(&expected[..]), "{out}");
}
