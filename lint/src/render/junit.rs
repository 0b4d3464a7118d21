//! JUnit's XML, as servers of continuous integration read it: a suite for each file, a case for
//! each object. What is at or above `--fail-on` is a failure of its case, the rest its output.

use std::collections::BTreeMap;
use std::fmt::Write;

use placecard_findings::ObjectRef;

use crate::index::{Index, Role};
use crate::render::Report;
use crate::render::place::Placed;

/// A case: an object, or what of a file is none.
#[derive(Default)]
struct Case<'a> {
    failures: Vec<&'a Placed>,
    others: Vec<&'a Placed>,
}

/// The cases of a file, in order, by what is under test: class and name.
type Suite<'a> = BTreeMap<(String, String), Case<'a>>;

/// The whole document.
#[must_use]
pub fn render(report: &Report<'_>) -> String {
    let suites = suites(report);
    let cases = suites.iter().map(|(_, suite)| suite.len()).sum::<usize>();
    let failed = suites.iter().map(|(_, suite)| failures(suite)).sum::<usize>();
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    let _ = writeln!(
        text,
        "<testsuites name=\"placecard\" tests=\"{cases}\" failures=\"{failed}\" errors=\"0\">"
    );
    for (file, suite) in &suites {
        let _ = writeln!(
            text,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"0\">",
            escaped(file),
            suite.len(),
            failures(suite)
        );
        for ((class, name), case) in suite {
            text.push_str(&written(&report.judged.index, class, name, case));
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

fn failures(suite: &Suite<'_>) -> usize {
    suite.values().filter(|case| !case.failures.is_empty()).count()
}

/// Files in the order of the input; one with findings is there whatever it was read for.
fn suites<'a>(report: &Report<'a>) -> Vec<(&'a str, Suite<'a>)> {
    let index = &report.judged.index;
    let mut by_file: BTreeMap<usize, Suite<'a>> = BTreeMap::new();
    for (number, file) in index.files.iter().enumerate() {
        if file.role == Role::Judged {
            by_file.entry(number).or_default();
        }
    }
    for (object, id) in index.names() {
        if let Some(suite) = by_file.get_mut(&id.file) {
            suite.entry(under_test(object)).or_default();
        }
    }
    for placed in &report.judged.findings {
        let suite = by_file.entry(placed.primary().file).or_default();
        let case = suite.entry(under_test(&placed.finding.object)).or_default();
        if report.fail_on.is_some_and(|least| placed.finding.severity >= least) {
            case.failures.push(placed);
        } else {
            case.others.push(placed);
        }
    }
    let name = |file: usize| index.files.get(file).map_or("", |file| file.source.name.as_str());
    let suites = by_file.into_iter().filter(|(_, suite)| !suite.is_empty());
    suites.map(|(file, suite)| (name(file), suite)).collect()
}

fn under_test(object: &ObjectRef) -> (String, String) {
    if object.kind.is_empty() {
        return (String::new(), "the file can be read".to_owned());
    }
    (format!("{}/{}", object.api_version, object.kind), object.full_name())
}

fn written(index: &Index, class: &str, name: &str, case: &Case<'_>) -> String {
    let mut text =
        format!("    <testcase classname=\"{}\" name=\"{}\"", escaped(class), escaped(name));
    let (Some(first), all) = (case.failures.first(), &case.failures) else {
        if case.others.is_empty() {
            return text + "/>\n";
        }
        return text + ">\n" + &output(index, &case.others) + "    </testcase>\n";
    };
    let _ = writeln!(
        text,
        ">\n      <failure type=\"{}\" message=\"{}\">{}</failure>",
        first.finding.code,
        escaped(&first.finding.line()),
        escaped(&lines(index, all))
    );
    if !case.others.is_empty() {
        text.push_str(&output(index, &case.others));
    }
    text + "    </testcase>\n"
}

fn output(index: &Index, findings: &[&Placed]) -> String {
    format!("      <system-out>{}</system-out>\n", escaped(&lines(index, findings)))
}

/// A line for each finding, with its help below.
fn lines(index: &Index, findings: &[&Placed]) -> String {
    let mut text = String::new();
    for placed in findings {
        let (finding, place) = (&placed.finding, placed.primary());
        let name = placed.file_name(index);
        let _ = writeln!(
            text,
            "{name}:{}:{}: {}[{}]: {}",
            place.line,
            place.column,
            finding.severity,
            finding.code,
            finding.line()
        );
        for way in &finding.help {
            let _ = writeln!(text, "  help: {}", way.text);
        }
    }
    text
}

/// Text for XML 1.0, in content and in double quotes: characters that it cannot hold, not even as a
/// reference, become U+FFFD.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' | '\t' => out.push(character),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            _ => out.push(character),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_ends_a_text_or_an_attribute() {
        assert_eq!(
            escaped("<a b=\"c\">&\u{1b}\r\n]]>"),
            "&lt;a b=&quot;c&quot;&gt;&amp;\u{fffd}\u{fffd}\n]]&gt;"
        );
    }
}
