//! `placecard lint`: from files to reports.

use std::fs;
use std::io::Read;
use std::path::PathBuf;

use placecard_findings::Severity;
use placecard_policies::words::why::several;

use crate::config::{Configs, FailOn};
use crate::expand::unified;
use crate::fix::{Fixed, Fixer, fixed};
use crate::index::Role;
use crate::load::{Input, words};
use crate::plan::{Fixes, Format, Inputs, Look, Reporting};
use crate::progress::Bar;
use crate::render::{Report, render, statistics};
use crate::run::{Judged, judge_read, read_files};
use crate::write_back::write_back;
use crate::{Outcome, baseline, comments, complaining, of_cluster, unusable};

pub(crate) fn lint(
    inputs: Inputs,
    reporting: &Reporting,
    look: Look,
    stdin: &mut dyn Read,
) -> Result<Outcome, String> {
    let mut configs = Configs::new(&inputs.configuration, &reporting.choice)?;
    let inputs = configs.apply(inputs)?;
    let configured = configs.fail_on().filter(|_| !reporting.fail_on_is_given);
    let fail_on = configured.map_or(reporting.fail_on, FailOn::severity);
    let reporting = &Reporting { fail_on, ..reporting.clone() };
    let files = read_files(&inputs, stdin)?;
    let paths: Vec<Option<PathBuf>> = files.iter().map(|(_, input)| input.path.clone()).collect();
    let mut stale = Vec::new();
    let mut judge = |files: Vec<(Role, Input)>| {
        let mut terminal = std::io::stderr();
        let mut bar = Bar::on_terminal(&mut terminal);
        let tell = &mut |step, done, all| bar.tell(step, done, all);
        let mut judged = judge_read(None, &inputs, files, &mut *stdin, tell)?;
        drop(bar);
        judged.weigh();
        comments::apply(&mut judged);
        choose(&mut judged, &mut configs)?;
        if let Some(name) = &reporting.baseline {
            stale = baseline::apply(&mut judged, name)?;
        }
        Ok(judged)
    };
    let (judged, done) = match reporting.fixes {
        Fixes::Told => (judge(files)?, None),
        Fixes::Written { with_unsafe } => {
            let fixed = fixed(files, &mut Fixer { with_unsafe, judge: &mut judge })?;
            let done = written(&fixed, &paths)?;
            (fixed.judged, Some(done))
        }
        Fixes::Shown { with_unsafe } => {
            return fixed(files, &mut Fixer { with_unsafe, judge: &mut judge }).map(shown);
        }
    };
    if let Some(name) = reporting.write_baseline.as_ref().filter(|_| judged.unusable.is_none()) {
        return baseline::write(&judged, name).map(Outcome::output);
    }
    let mut outcome = report(&judged, reporting, look)?;
    stale.extend(done);
    outcome.complaints.push_str(&complaining(&stale));
    Ok(outcome)
}

/// Leaves out what nobody asked for, and gives the others the weights that were chosen.
pub(crate) fn choose(judged: &mut Judged, configs: &mut Configs) -> Result<(), String> {
    let mut wrong = None;
    judged.retain(|index, placed| match configs.selection(placed.file_name(index)) {
        Ok(selection) => selection.weigh(placed),
        Err(text) => {
            wrong = Some(text);
            true
        }
    });
    wrong.map_or(Ok(()), Err)
}

/// Writes the files that fixes changed, unless somebody else did meanwhile.
fn written(fixed: &Fixed, paths: &[Option<PathBuf>]) -> Result<String, String> {
    for (file, old, new) in &fixed.changed {
        let source = fixed.judged.index.files.get(*file).map(|file| &file.source);
        let (Some(source), Some(Some(path))) = (source, paths.get(*file)) else { continue };
        let was = source.with_text(old.clone());
        write_back(&was, path, new)?;
    }
    let files = several(fixed.changed.len(), "file");
    Ok(format!("{} mended in {files}", several(fixed.mended, "finding")))
}

/// What fixes would change; a difference is exit code 1.
fn shown(fixed: Fixed) -> Outcome {
    let mut output = String::new();
    for (file, old, new) in &fixed.changed {
        let name = fixed.judged.index.files.get(*file).map_or("", |file| &file.source.name);
        output.push_str(&unified(name, old, new));
    }
    let worst = (!fixed.changed.is_empty()).then_some(Severity::Error);
    Outcome { worst, fail_on: Some(Severity::Error), ..Outcome::output(output) }
}

/// Writes the reports that go to files, and gives the one for standard output.
fn report(judged: &Judged, reporting: &Reporting, look: Look) -> Result<Outcome, String> {
    let report = Report { judged, fail_on: reporting.fail_on };
    let counts = |format| reporting.statistics && matches!(format, Format::Human | Format::Short);
    let mut output = String::new();
    for to in &reporting.reports {
        let look = if to.file.is_some() { Look { colour: false, ..look } } else { look };
        let text = match counts(to.format) {
            true => statistics::render(judged),
            false => render(&report, to.format, look),
        };
        match &to.file {
            None => output = text,
            Some(file) => fs::write(file, text)
                .map_err(|error| format!("{file} cannot be written: {}", words(&error)))?,
        }
    }
    Ok(Outcome {
        output,
        complaints: unusable(judged) + &of_cluster(judged),
        worst: judged.worst(),
        fail_on: reporting.fail_on,
        failed: judged.unusable.is_some(),
    })
}
