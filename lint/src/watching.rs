//! `placecard lint --watch`: again whenever a file changes.
//!
//! Files are looked at twice a second rather than watched by the operating system: that works on
//! every file system and in containers, and needs no library.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::thread::sleep;
use std::time::{Duration, SystemTime};

use crate::config::{Configs, Files};
use crate::linting::lint;
use crate::load::{MANIFESTS, find};
use crate::plan::{ClusterSource, Inputs, Look, Reporting};

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(500);
/// Clears a terminal, and goes to its first line.
const CLEAR: &str = "\u{1b}[2J\u{1b}[H";

/// What is seen of files without reading them.
type Seen = BTreeMap<PathBuf, (Option<SystemTime>, u64)>;

/// Lints, and lints again after each change, until nobody reads the output any more.
pub(crate) fn watch(
    inputs: &Inputs,
    reporting: &Reporting,
    look: Look,
    (stdin, stdout, stderr): (&mut dyn Read, &mut dyn Write, &mut dyn Write),
    terminal: bool,
) {
    loop {
        let before = seen(inputs, reporting);
        let (output, complaints) = match lint(inputs.clone(), reporting, look, stdin) {
            Ok(outcome) => (outcome.output, outcome.complaints),
            // A file that is half written is read in a moment.
            Err(why) => (String::new(), format!("placecard: {why}\n")),
        };
        let clear = if terminal { CLEAR } else { "" };
        let told = stdout.write_all(format!("{clear}{output}").as_bytes());
        let told = told.and_then(|()| stdout.flush());
        let told = told.and_then(|()| stderr.write_all(complaints.as_bytes()));
        if told.and_then(|()| stderr.write_all(b"watching for changes\n")).is_err() {
            return;
        }
        settle(inputs, reporting, &before);
    }
}

/// Waits until something is different, and has been so for a while.
fn settle(inputs: &Inputs, reporting: &Reporting, before: &Seen) {
    let mut last = seen(inputs, reporting);
    loop {
        if last != *before {
            sleep(PAUSE / 5);
            let now = seen(inputs, reporting);
            if now == last {
                return;
            }
            last = now;
            continue;
        }
        sleep(PAUSE);
        last = seen(inputs, reporting);
    }
}

/// What a run reads: what is typed, and what the configurations name.
fn seen(inputs: &Inputs, reporting: &Reporting) -> Seen {
    let mut seen = Seen::new();
    let mut paths: Vec<String> = inputs.paths.iter().chain(&inputs.objects).cloned().collect();
    paths.extend(inputs.vocabulary.clone());
    paths.extend(inputs.scheduler_config.clone());
    if let ClusterSource::Files(files) = &inputs.cluster {
        paths.extend(files.iter().cloned());
    }
    paths.extend(reporting.baseline.clone());
    let sources = Configs::sources(&Files::saved(), inputs);
    sources.configurations.iter().for_each(|path| look_at(path, &mut seen));
    paths.extend(sources.named);
    for path in find(&paths, MANIFESTS).into_iter().flatten().filter_map(|found| found.path) {
        look_at(&path, &mut seen);
    }
    seen
}

fn look_at(path: &Path, seen: &mut Seen) {
    if let Ok(metadata) = fs::metadata(path) {
        seen.insert(path.to_owned(), (metadata.modified().ok(), metadata.len()));
    }
}
