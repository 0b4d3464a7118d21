//! Scalars, keys and merges against what `sigs.k8s.io/yaml` v1.6.0 makes of them. Every expectation
//! in these tables was printed by that library.

use serde_json::{Value, json};

use super::only;

#[test]
fn booleans_and_nulls_resolve_as_in_go() {
    check(&[
        ("y", json!(true)),
        ("Y", json!(true)),
        ("yes", json!(true)),
        ("YES", json!(true)),
        ("on", json!(true)),
        ("On", json!(true)),
        ("True", json!(true)),
        ("n", json!(false)),
        ("No", json!(false)),
        ("OFF", json!(false)),
        ("FALSE", json!(false)),
        ("tRue", json!("tRue")),
        ("oN", json!("oN")),
        ("~", json!(null)),
        ("null", json!(null)),
        ("Null", json!(null)),
        ("NULL", json!(null)),
        ("", json!(null)),
        ("nUll", json!("nUll")),
    ]);
}

#[test]
fn integers_resolve_as_in_go() {
    check(&[
        ("0777", json!(511)),
        ("0o777", json!(511)),
        ("0O17", json!(15)),
        ("0_7", json!(7)),
        ("00", json!(0)),
        ("-0", json!(0)),
        ("08", json!(8)),
        ("09", json!(9)),
        ("0_8", json!(8)),
        ("1_000", json!(1000)),
        ("1__0", json!(10)),
        ("1__", json!(1)),
        ("-_1", json!(-1)),
        ("_1", json!("_1")),
        ("0x1F", json!(31)),
        ("+0x1F", json!(31)),
        ("0x_1f", json!(31)),
        ("0x", json!("0x")),
        ("0x-1", json!("0x-1")),
        ("0xdeadbeefdeadbeef", json!(16_045_690_984_833_335_023_u64)),
        ("0xffffffffffffffffff", json!("0xffffffffffffffffff")),
        ("0b11", json!(3)),
        ("-0b11", json!(-3)),
        ("0b12", json!("0b12")),
        ("0b-1", json!(-1)),
        ("0b1111111111111111111111111111111111111111111111111111111111111111", json!(u64::MAX)),
        ("-0x8000000000000000", json!(i64::MIN)),
        ("18446744073709551615", json!(u64::MAX)),
        ("18446744073709551616", json!(18_446_744_073_709_551_616.0)),
        ("-9223372036854775809", json!(-9_223_372_036_854_775_809.0)),
    ]);
}

#[test]
fn floats_and_dates_resolve_as_in_go() {
    check(&[
        ("1.0", json!(1)),
        ("3.0", json!(3)),
        ("1.", json!(1)),
        ("1.e3", json!(1000)),
        ("1e3", json!(1000)),
        ("1E+3", json!(1000)),
        ("1e21", json!(1e21)),
        ("1.2345678901234567e18", json!(1_234_567_890_123_456_800_i64)),
        ("1e-7", json!(1e-7)),
        ("1e400", json!("1e400")),
        ("1e", json!("1e")),
        ("1_000.5", json!(1000.5)),
        (".5", json!(0.5)),
        ("+.5", json!(0.5)),
        ("-.5", json!(-0.5)),
        (".5_0", json!(0.5)),
        ("._5", json!("._5")),
        (".", json!(".")),
        ("+", json!("+")),
        ("..5", json!("..5")),
        ("0x1p4", json!("0x1p4")),
        ("1:30", json!("1:30")),
        ("190:20:30", json!("190:20:30")),
        ("2024-01-01", json!("2024-01-01")),
        ("2024-1-1 10:00:00", json!("2024-1-1 10:00:00")),
        ("v8", json!("v8")),
        ("1.10.0", json!("1.10.0")),
        ("<<", json!("<<")),
    ]);
}

#[test]
fn quotes_and_tags_decide_as_in_go() {
    check(&[
        ("\"y\"", json!("y")),
        ("'0777'", json!("0777")),
        ("! 1", json!("1")),
        ("! yes", json!("yes")),
        ("!foo 12", json!("12")),
        ("!!str yes", json!("yes")),
        ("!!str ~", json!("~")),
        ("!!str", json!("")),
        ("!!null", json!(null)),
        ("!!int \"5\"", json!(5)),
        ("!!float 1", json!(1)),
        ("!!float 1.5", json!(1.5)),
        ("!!bool yes", json!(true)),
        ("!!binary aGk=", json!("hi")),
        ("!!timestamp 2024-01-01", json!("2024-01-01")),
        ("!<tag:yaml.org,2002:str> 1", json!("1")),
        ("!!map {a: 1}", json!({"a": 1})),
        ("!!set {a}", json!({"a": null})),
        ("!!seq {a: 1}", json!({"a": 1})),
    ]);
}

#[track_caller]
fn check(cases: &[(&str, Value)]) {
    for (text, expected) in cases {
        let (_, document) = only(&format!("k: {text}\n"));
        assert_eq!(document.problems, [], "{text}");
        assert_eq!(document.value, json!({"k": expected}), "{text}");
    }
}

#[test]
fn keys_become_strings_as_in_go() {
    let cases = [
        ("yes", "true"),
        ("OFF", "false"),
        ("0x10", "16"),
        ("0777", "511"),
        ("1.5", "1.5"),
        ("1.10", "1.1"),
        ("0.1", "0.1"),
        ("1e5", "100000"),
        ("123456.5", "123456.5"),
        ("999999.0", "999999"),
        ("1e6", "1e+06"),
        ("1234567.5", "1.2345675e+06"),
        ("16777217.0", "1.6777216e+07"),
        ("1e21", "1e+21"),
        ("1e-5", "1e-05"),
        ("0.0001", "0.0001"),
        ("0.00001234", "1.234e-05"),
        ("-0.0", "-0"),
        (".inf", ".inf"),
        ("1e39", ".inf"),
        ("2024-01-01", "2024-01-01"),
        ("\"1\"", "1"),
        ("! 1", "1"),
        ("!!int \"7\"", "7"),
        ("!!bool \"yes\"", "true"),
        ("!!float 1000000", "1e+06"),
        ("!!binary aGk=", "hi"),
        ("\"<<\"", "<<"),
    ];
    for (text, expected) in cases {
        let (_, document) = only(&format!("{text}: v\n"));
        assert_eq!(document.problems, [], "{text}");
        assert_eq!(document.value, json!({expected: "v"}), "{text}");
    }
}

#[test]
fn merges_follow_gos_precedence() {
    let cases = [
        // What stands after the merge key wins, what stands before it loses.
        ("x: &a {k: 1, j: 2}\nz:\n  <<: *a\n  k: 0\n", json!({"k": 0, "j": 2})),
        ("x: &a {k: 1, j: 2}\nz:\n  k: 0\n  <<: *a\n", json!({"k": 1, "j": 2})),
        // Of a list the first wins.
        ("x: &a {k: 1}\ny: &b {k: 2, l: 3}\nz:\n  <<: [*a, *b]\n", json!({"k": 1, "l": 3})),
        ("z: {<<: {a: 1}, b: 2}\n", json!({"a": 1, "b": 2})),
        ("z: {\"<<\": {a: 1}}\n", json!({"<<": {"a": 1}})),
        ("x: &a {k: {m: 1}}\nz:\n  <<: *a\n  k: {o: 2}\n", json!({"k": {"o": 2}})),
        ("w: &w {a: 1}\nx: &x {<<: *w, b: 2}\nz: {<<: *x}\n", json!({"a": 1, "b": 2})),
    ];
    for (text, expected) in cases {
        let (_, document) = only(text);
        assert_eq!(document.problems, [], "{text}");
        assert_eq!(document.value["z"], expected, "{text}");
    }
}

#[test]
fn json_numbers_are_json_numbers() {
    let text = "{\"a\": 1.0, \"b\": -0, \"c\": 18446744073709551615, \"d\": 1e2, \"e\": \"y\", \"f\": 0.5}";
    let (_, document) = only(text);
    let expected = json!({"a": 1, "b": 0, "c": u64::MAX, "d": 100, "e": "y", "f": 0.5});
    assert_eq!(document.value, expected);
    let (_, document) = only("{\"a\": 1e999}");
    assert_eq!(document.value, Value::Null);
    assert!(!document.readable());
}
