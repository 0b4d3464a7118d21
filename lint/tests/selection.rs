//! Which findings are told, and what they weigh.

use crate::ran::ran;

const MANIFESTS: &str = "tests/formats/manifests";

fn run(line: &str) -> (u8, Vec<String>, String) {
    let words = ["lint", "-o", "short"].into_iter().chain(line.split_whitespace());
    let (code, told, err) = ran(words.chain([MANIFESTS]), "");
    let told = told.lines().map(|line| {
        let (_, rest) = line.split_once(": ").expect("a place");
        rest.split_once(':').expect("a code").0.to_owned()
    });
    (code, told.collect(), err)
}

#[test]
fn findings_are_chosen_by_code_and_family() {
    let all = run("").1;
    assert!(all.len() > 5, "{all:?}");
    for (line, code, expected) in [
        ("--select unused-ignore", 0, vec!["warning[unused-ignore]"]),
        ("--select files", 1, vec!["error[yaml-syntax]", "note[unrendered-template]"]),
        ("--select files --ignore yaml-syntax", 0, vec!["note[unrendered-template]"]),
        ("--select files,unused-ignore --ignore files", 0, vec!["warning[unused-ignore]"]),
        ("--ignore all --extend-select unused-ignore", 0, vec!["warning[unused-ignore]"]),
        ("--ignore all", 0, vec![]),
        ("--select unused-ignore --severity unused-ignore=error", 1, vec!["error[unused-ignore]"]),
        (
            "--select files --severity files=note --severity yaml-syntax=warning",
            0,
            vec!["warning[yaml-syntax]", "note[unrendered-template]"],
        ),
        (
            "--select files --severity all=info --fail-on info",
            1,
            vec!["note[yaml-syntax]", "note[unrendered-template]"],
        ),
    ] {
        assert_eq!(
            run(line),
            (code, expected.into_iter().map(str::to_owned).collect(), String::new()),
            "{line}"
        );
    }
}

#[test]
fn what_is_not_known_is_told() {
    for (line, part) in [
        ("--select unused-ignores", "did you mean unused-ignore?"),
        ("--ignore filse", "did you mean files?"),
        ("--severity files=warn", "no severity is named warn"),
        ("--severity files", "write CODE=SEVERITY"),
        ("--severity fils=error", "did you mean files?"),
        ("--fail-on warn", "[possible values: error, warning, note, never]"),
    ] {
        let (code, _, err) = run(line);
        assert_eq!(code, 2, "{line}");
        assert!(err.contains(part), "{line}: {err}");
    }
}
