//! `placecard intent`: what it prints, byte for byte, and the published vectors through it.
#![expect(clippy::expect_used, reason = "a test fails by panicking")]

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
            "2:68: entry 1: the wire form has no name",
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
