//! How findings are chosen and reported.

use placecard_findings::Severity;
use placecard_language::suggest::nearest;

use crate::args::LintFlags;
use crate::plan::{ClusterSource, Inputs};
use crate::selection::{Layer, selection};

/// What becomes of findings.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reporting {
    /// The reports; at most one goes to standard output.
    pub reports: Vec<ReportTo>,
    /// The least severity that fails the run; `None`: nothing does.
    pub fail_on: Option<Severity>,
    /// It was typed, so what a configuration says does not count.
    pub fail_on_is_given: bool,
    /// Which findings are told; every name in it is known.
    pub choice: Layer,
    /// What becomes of fixes.
    pub fixes: Fixes,
    /// The file with findings that are known.
    pub baseline: Option<String>,
    /// The file into which they go.
    pub write_baseline: Option<String>,
    /// Counts in place of findings.
    pub statistics: bool,
    /// Again whenever a file changes.
    pub watch: bool,
}

/// What becomes of fixes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Fixes {
    /// They are told.
    #[default]
    Told,
    /// They are written into the files.
    Written {
        /// Those that need a look, too.
        with_unsafe: bool,
    },
    /// It is shown what they would change.
    Shown {
        /// Those that need a look, too.
        with_unsafe: bool,
    },
}

/// Which configurations count.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Configuration {
    /// Those in the folder of a file and above.
    #[default]
    Found,
    /// This one for all files.
    Named(String),
    /// None.
    Isolated,
}

/// A report and where it goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportTo {
    /// Its form.
    pub format: Format,
    /// The file; `None`: standard output.
    pub file: Option<String>,
}

/// The form of a report.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Boxes with carets.
    Human,
    /// One line a finding.
    Short,
    /// One JSON object.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// JUnit's XML.
    Junit,
    /// Workflow commands of GitHub Actions.
    Github,
    /// GitLab's Code Quality report.
    Gitlab,
}

/// The formats by their names.
pub const FORMATS: &[(&str, Format)] = &[
    ("human", Format::Human),
    ("short", Format::Short),
    ("json", Format::Json),
    ("sarif", Format::Sarif),
    ("junit", Format::Junit),
    ("github", Format::Github),
    ("gitlab", Format::Gitlab),
];

/// Resolves the flags of `placecard lint`.
///
/// # Errors
/// What is wrong, for exit code 2.
pub(super) fn reporting(flags: &LintFlags) -> Result<Reporting, String> {
    let choice = choice(flags)?;
    Ok(Reporting {
        reports: reports(&flags.formats)?,
        fail_on: flags.fail_on.as_deref().map_or(Some(Severity::Error), fail_on),
        fail_on_is_given: flags.fail_on.is_some(),
        choice,
        fixes: match (flags.fix || flags.unsafe_fixes, flags.diff) {
            (_, true) => Fixes::Shown { with_unsafe: flags.unsafe_fixes },
            (true, false) => Fixes::Written { with_unsafe: flags.unsafe_fixes },
            (false, false) => Fixes::Told,
        },
        baseline: flags.baseline.clone().filter(|_| flags.write_baseline.is_none()),
        write_baseline: flags.write_baseline.clone(),
        statistics: flags.statistics,
        watch: flags.watch,
    })
}

/// With fixes, manifests are judged again, and files are written.
///
/// # Errors
/// Standard input, where that can not be.
pub(super) fn read_again(reporting: &Reporting, inputs: &Inputs) -> Result<(), String> {
    let named = |paths: &[String]| paths.iter().any(|path| path == "-");
    if reporting.watch {
        let lists = [&inputs.paths, &inputs.objects];
        let others = [&inputs.vocabulary, &inputs.scheduler_config];
        let cluster = matches!(&inputs.cluster, ClusterSource::Files(paths) if named(paths));
        let other = others.into_iter().flatten().any(|path| path == "-");
        if cluster || other || lists.into_iter().any(|paths| named(paths)) {
            return Err("standard input cannot be watched: name files".to_owned());
        }
        if reporting.fixes != Fixes::Told || reporting.write_baseline.is_some() {
            return Err("--watch writes nothing: leave out --fix and --write-baseline".to_owned());
        }
    }
    if reporting.fixes == Fixes::Told {
        return Ok(());
    }
    if matches!(reporting.fixes, Fixes::Written { .. }) && named(&inputs.paths) {
        return Err("standard input can not be mended: --diff shows what would change".to_owned());
    }
    let cluster = matches!(&inputs.cluster, ClusterSource::Files(paths) if named(paths));
    if cluster || inputs.scheduler_config.as_deref() == Some("-") {
        return Err(
            "fixes are judged again, and standard input can be read once: name files".to_owned()
        );
    }
    Ok(())
}

fn choice(flags: &LintFlags) -> Result<Layer, String> {
    let names = |flags: &[String]| -> Vec<String> {
        let names = flags.iter().flat_map(|names| names.split(',')).map(str::trim);
        names.filter(|name| !name.is_empty()).map(str::to_owned).collect()
    };
    let weights = names(&flags.severity);
    let weights = weights.iter().map(|one| {
        let Some((name, word)) = one.split_once('=') else {
            return Err(format!("--severity {one}: write CODE=SEVERITY, would-wait=note say"));
        };
        match severity(word) {
            Some(severity) => Ok((name.to_owned(), severity)),
            None => Err(unknown("severity", word, SEVERITIES.iter().copied())),
        }
    });
    let choice = Layer {
        select: (!flags.select.is_empty()).then(|| names(&flags.select)),
        extend_select: names(&flags.extend_select),
        ignore: names(&flags.ignore),
        severity: weights.collect::<Result<_, String>>()?,
    };
    selection(&[&choice])?;
    Ok(choice)
}

/// The severities by their names.
pub(crate) const SEVERITIES: &[&str] = &["error", "warning", "note"];

/// A severity by its name; `info` is another name of `note`.
pub(crate) fn severity(word: &str) -> Option<Severity> {
    match word {
        "error" => Some(Severity::Error),
        "warning" => Some(Severity::Warning),
        "note" | "info" => Some(Severity::Note),
        _ => None,
    }
}

fn fail_on(word: &str) -> Option<Severity> {
    if word == "never" { None } else { Some(severity(word).unwrap_or(Severity::Error)) }
}

/// Which configurations count.
///
/// # Errors
/// One is named, and none is to count.
pub(super) fn configuration(
    config: Option<String>,
    isolated: bool,
) -> Result<Configuration, String> {
    match (config, isolated) {
        (Some(_), true) => Err("one of --config and --isolated".to_owned()),
        (Some(name), false) => Ok(Configuration::Named(name)),
        (None, true) => Ok(Configuration::Isolated),
        (None, false) => Ok(Configuration::Found),
    }
}

fn reports(written: &[String]) -> Result<Vec<ReportTo>, String> {
    let mut reports: Vec<ReportTo> = Vec::new();
    for one in written {
        let (name, file) = match one.split_once('=') {
            Some((name, "-")) => (name, None),
            Some((name, "")) => return Err(format!("--format {name}= lacks the file")),
            Some((name, file)) => (name, Some(file.to_owned())),
            None => (one.as_str(), None),
        };
        let Some((_, format)) = FORMATS.iter().find(|(known, _)| *known == name) else {
            return Err(unknown("format", name, FORMATS.iter().map(|(known, _)| *known)));
        };
        if let Some(other) = reports.iter().find(|other| other.file == file) {
            let place = file.as_deref().unwrap_or("standard output");
            if other.format == *format {
                continue;
            }
            return Err(format!(
                "{place} takes one report: write --format FORMAT=FILE for the others"
            ));
        }
        reports.push(ReportTo { format: *format, file });
    }
    if reports.iter().all(|report| report.file.is_some()) {
        reports.push(ReportTo { format: Format::Human, file: None });
    }
    Ok(reports)
}

/// `no format is named yamll; did you mean …?`, or all there are.
pub(crate) fn unknown<'a>(
    what: &str,
    found: &str,
    known: impl Iterator<Item = &'a str> + Clone,
) -> String {
    match nearest(found, known.clone()) {
        Some(name) => format!("no {what} is named {found}; did you mean {name}?"),
        None => {
            let names: Vec<&str> = known.take(16).collect();
            format!("no {what} is named {found}; there are {}", names.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &[&str]) -> Result<Vec<(Format, Option<String>)>, String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let reports = reports(&words)?;
        Ok(reports.into_iter().map(|report| (report.format, report.file)).collect())
    }

    #[test]
    fn one_report_goes_to_standard_output() {
        let file = |name: &str| Some(name.to_owned());
        for (words, expected) in [
            (vec!["human"], vec![(Format::Human, None)]),
            (vec!["json=-"], vec![(Format::Json, None)]),
            (vec!["short", "short"], vec![(Format::Short, None)]),
            (
                vec!["sarif=a.sarif", "junit=b=c.xml"],
                vec![
                    (Format::Sarif, file("a.sarif")),
                    (Format::Junit, file("b=c.xml")),
                    (Format::Human, None),
                ],
            ),
            (
                vec!["github", "gitlab=q.json"],
                vec![(Format::Github, None), (Format::Gitlab, file("q.json"))],
            ),
        ] {
            assert_eq!(read(&words), Ok(expected), "{words:?}");
        }
    }

    #[test]
    fn what_cannot_be_meant_is_told() {
        for (words, part) in [
            (vec!["sarfi"], "did you mean sarif?"),
            (vec!["yaml"], "there are human, short, json, sarif, junit, github, gitlab"),
            (vec!["json", "sarif"], "standard output takes one report"),
            (vec!["json=a", "sarif=a"], "a takes one report"),
            (vec!["json="], "lacks the file"),
        ] {
            let error = read(&words).unwrap_err();
            assert!(error.contains(part), "{words:?}: {error}");
        }
    }
}
