//! After a fix the file parses, the findings are gone, and nothing else has changed: on manifests
//! of many layouts.

use std::ffi::OsString;
use std::fs;

use proptest::prelude::*;

/// How the rules of an annotation are written; `{}` stands for a rule.
const STYLES: &[&str] = &[
    "placecard.dev/require: {0}; {1}",
    "placecard.dev/require: '{0}; {1}'",
    "\"placecard.dev/require\": \"{0};  {1}\"   # kept",
    "placecard.dev/require: |\n{i}  {0}\n{i}  {1}",
    "placecard.dev/require: |-\n\n{i}    {0}\n{i}    # kept\n{i}    {1}\n",
    "placecard.dev/require: >-\n{i}  {0};\n{i}  {1}",
    "placecard.dev/require:\n{i}  {0};\n{i}  {1}   # kept",
    "? placecard.dev/require\n{i}: {0}; {1}",
];

const RULES: &[&str] = &[
    "aprat-from self in zone",
    "naer service/cache in zone",
    "apart-from self",
    "near service/größe-大 in nod",
    "on zone/eu-1a",
];

fn manifest(style: usize, rules: [usize; 2], step: usize, extra: (bool, bool, bool)) -> String {
    let (idle, second, flow) = extra;
    let pad = |depth: usize| " ".repeat(step * depth);
    let rule = |index: usize| RULES[rules[index] % RULES.len()];
    let annotation = STYLES[style % STYLES.len()]
        .replace("{0}", rule(0))
        .replace("{1}", rule(1))
        .replace("{i}", &pad(4));
    let idle = if idle { "# placecard: ignore[label-selector-unsatisfiable] once\n" } else { "" };
    let comment = if idle.is_empty() { String::new() } else { format!("{}{idle}", pad(4)) };
    let second = if second {
        "---\n# kept\nkind: Service\napiVersion: v1\nmetadata: {name: cache}\n"
    } else {
        ""
    };
    let spec = if flow {
        "{containers: [{name: a, image: 'a:1'}]}".to_owned()
    } else {
        format!("\n{}containers:\n{}- {{name: a, image: 'a:1'}}", pad(3), pad(3))
    };
    format!(
        "# kept\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: a}}\nspec:\n{0}selector: {{matchLabels: {{app: a}}}}\n\
         {0}template:\n{1}metadata:\n{2}labels: {{app: a}}\n{2}annotations:\n{comment}{3}{annotation}\n{1}spec: {spec}\n{second}",
        pad(1),
        pad(2),
        pad(3),
        pad(4)
    )
}

fn lint(words: &[&str]) -> (u8, String) {
    let words = ["placecard", "lint", "--isolated"].iter().chain(words).map(OsString::from);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let code = placecard_lint::run(words, &mut "".as_bytes(), &mut out, &mut err, false);
    (code, String::from_utf8(out).expect("UTF-8") + &String::from_utf8_lossy(&err))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn only_what_is_wrong_changes(
        style in 0..STYLES.len(),
        rules in [0..RULES.len(), 0..RULES.len()],
        step in 1..5_usize,
        extra in (any::<bool>(), any::<bool>(), any::<bool>()),
        ends in (any::<bool>(), any::<bool>()),
    ) {
        let plain = manifest(style, rules, step, extra);
        let layout = |text: &str| {
            let text = if ends.0 { text.replace('\n', "\r\n") } else { text.to_owned() };
            if ends.1 { format!("\u{feff}{text}") } else { text }
        };
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.yaml");
        fs::write(&path, layout(&plain)).expect("written");
        let name = path.to_string_lossy().into_owned();
        let (code, said) = lint(&["--unsafe-fixes", "-o", "json", &name]);
        prop_assert!(code < 2, "{}", said);
        let new = fs::read_to_string(&path).expect("read");
        let idle = "# placecard: ignore[label-selector-unsatisfiable] once\n";
        let expected: String = plain
            .split_inclusive('\n')
            .filter(|line| line.trim_start() != idle)
            .map(|line| line.replace("aprat-from", "apart-from").replace("naer", "near").replace("in nod", "in node"))
            .collect();
        let expected = expected.replace("in nodee", "in node");
        prop_assert_eq!(&new, &layout(&expected), "{}", said);
        let (_, again) = lint(&["--unsafe-fixes", "--diff", &name]);
        prop_assert_eq!(again, "");
    }
}
