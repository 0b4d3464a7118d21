//! The documents that are written from tables say what the tables say.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use placecard_lint::load_codes::LOAD_CODES;
use placecard_policies::admission_policy::{self, Values};
use placecard_policies::rules::RULES;
use placecard_webhook::metrics::{Metrics, described};

/// Compares a document, or writes it anew with `PLACECARD_UPDATE_DOCS=1`.
#[track_caller]
fn check(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    if std::env::var_os("PLACECARD_UPDATE_DOCS").is_some() {
        fs::write(&path, text).unwrap_or_else(|error| panic!("{name}: {error}"));
    }
    let written = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{name}: {error}"));
    // Not `assert_eq!`, which would print both documents whole.
    let wrong = written.lines().zip(text.lines()).position(|(is, should)| is != should);
    assert_eq!(wrong.map(|line| line + 1), None, "{name} is old in this line: `make update`");
    assert_eq!(written.len(), text.len(), "{name} is old: `make update`");
}

#[test]
fn the_reference_of_annotations() {
    check("docs/annotations.md", &placecard_language::reference::annotations_markdown());
}

#[test]
fn the_reference_of_kinds() {
    check("docs/kinds.md", &placecard_policies::kinds::reference::markdown());
}

#[test]
fn the_reference_of_metrics() {
    let metrics = Metrics::default();
    check("docs/metrics.md", &described::markdown(metrics.described()));
}

#[test]
fn the_policies_of_the_chart() {
    let head = "# Written from policies/src/admission_policy.rs; `make update` writes it anew. It is\n\
                # what `placecard export admission-policy` prints, but for the values of the chart.\n";
    let values = Values::chart();
    let of_value = |value: &str, text: &str| {
        format!(
            "{{{{- if eq .Values.admissionPolicy.guards \"{value}\" }}}}\n{text}{{{{- end }}}}\n"
        )
    };
    let inlined = format!(
        "# The guards of the vocabulary without parameters. The policy itself is created and kept up to\n\
         # date by the webhook, so no upgrade of the chart takes guards back.\n{}",
        admission_policy::inlined_binding()
    );
    for (name, text) in [
        ("admission-policy", admission_policy::unplaced(&values)),
        ("guards-parametrised", of_value("parametrised", &admission_policy::parametrised(&values))),
        ("guards-inlined", of_value("inlined", &inlined)),
    ] {
        let name = format!("charts/placecard/templates/{name}.yaml");
        check(&name, &format!("{head}{text}"));
    }
}

#[test]
fn the_definition_of_the_vocabulary() {
    check(
        "charts/placecard/files/crds/placementvocabularies.yaml",
        &placecard_lint::vocabulary::definition(),
    );
}

#[test]
fn the_definition_of_role_coordination() {
    check(
        "charts/placecard/files/crds/rolecoordinations.yaml",
        &placecard_lint::coordination::definition(),
    );
}

#[test]
fn the_list_of_codes() {
    let mut text = String::from(
        "# Codes\n\n\
         Written from the table in `policies/src/rules.rs`; `make update` writes it anew.\n\
         The pages behind the links are what `placecard explain CODE` prints.\n\n\
         | code | severity | verdict | meaning |\n|---|---|---|---|\n",
    );
    for rule in RULES.iter() {
        let _ = writeln!(
            text,
            "| [`{}`](../policies/src/rules/{}.md) | {} | {} | {} |",
            rule.code,
            rule.code.as_str().replace('-', "_"),
            rule.severity,
            rule.verdict.as_str(),
            rule.summary.replace('|', "\\|")
        );
    }
    text.push_str(
        "\n## Files that cannot be read\n\n\
         | code | severity | verdict | meaning |\n|---|---|---|---|\n",
    );
    for row in LOAD_CODES {
        let (code, severity, verdict) = (row.code, row.severity, row.verdict.as_str());
        let _ = writeln!(text, "| `{code}` | {severity} | {verdict} | {} |", row.summary);
    }
    check("docs/codes.md", &text);
}
