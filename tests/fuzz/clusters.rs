//! Clusters: dumps, objects of an API server, and how its scheduler is configured.
#![expect(clippy::expect_used, reason = "a target fails by panicking")]

use std::io::Read;

use placecard_lint::cluster::{self, Complaint, Loaded, Progress};
use placecard_lint::load::{Source, load};
use placecard_policies::feasibility::inventory::Inventory;
use placecard_policies::feasibility::judge::Semantics;
use placecard_policies::judge_case::{Options, judge_line};
use placecard_policies::live::{Live, WATCHED, Watched};
use placecard_policies::scheduler_configuration;
use placecard_policies::snapshot::seen::{Intake, Seen};
use placecard_policies::snapshot::stream::Reader;
use placecard_policies::surroundings::ServerVersion;
use serde_json::Value;

use crate::manifests::value_of;

/// Gives a few bytes at a time, another number each time.
struct Pieces<'a> {
    rest: &'a [u8],
    length: usize,
}

impl Read for Pieces<'_> {
    fn read(&mut self, to: &mut [u8]) -> std::io::Result<usize> {
        self.length = self.length % 7 + 1;
        let (piece, rest) = self.rest.split_at(self.length.min(self.rest.len()).min(to.len()));
        to[..piece.len()].copy_from_slice(piece);
        self.rest = rest;
        Ok(piece.len())
    }
}

type Read_ = Result<Loaded, Vec<Complaint>>;

fn loaded(mut from: impl Read) -> Read_ {
    cluster::load(&["-".to_owned()], &mut from, &mut Progress::silent())
}

/// A dump.
pub fn snapshot(data: &[u8]) {
    match (loaded(data), loaded(Pieces { rest: data, length: 0 })) {
        (Ok(whole), Ok(pieces)) => {
            assert_eq!(whole.inventory, pieces.inventory);
            assert_eq!(whole.definitions, pieces.definitions);
            assert_eq!(whole.summary.seen, pieces.summary.seen);
            assert_eq!(whole.summary.complaints, pieces.summary.complaints);
            assert_eq!(whole.summary.bytes, data.len() as u64);
            assert!(whole.summary.complaints.len() <= data.len());
        }
        (Err(whole), Err(pieces)) => {
            assert_eq!(whole, pieces);
            assert!(!whole.is_empty(), "it says why");
            assert!(whole.iter().all(|one| one.to_string().len() < 4096), "{whole:?}");
        }
        (whole, pieces) => assert_eq!(whole.is_ok(), pieces.is_ok()),
    }
    let remembering = streamed(data, false);
    assert_eq!(remembering, streamed(data, true));
}

/// As the reader of JSON takes it; `forgetful`: no pod is taken for one that was read before.
fn streamed(data: &[u8], forgetful: bool) -> (Inventory, Seen, Vec<String>) {
    let mut inventory = Inventory::default();
    let mut intake = match forgetful {
        true => Intake::forgetful(&mut inventory),
        false => Intake::new(&mut inventory),
    };
    let mut reader = Reader::new();
    for piece in data.chunks(4096) {
        reader.push(piece, &mut intake);
    }
    reader.finish(&mut intake);
    let early = intake.take_problems();
    let (seen, late) = intake.finish();
    let problems = early.iter().chain(&late).map(|problem| format!("{problem:?}")).collect();
    (inventory, seen, problems)
}

/// Objects as an API server sends them, one by one.
pub fn live(data: &[u8]) {
    let documents = load(&Source::new("x.yaml", data));
    let values = documents
        .iter()
        .flat_map(|document| document.objects.iter().filter_map(|object| document.object(object)));
    let text = |value: &Value, field: &str| value[field].as_str().unwrap_or_default().to_owned();
    let mut live = Live::new(ServerVersion::default());
    WATCHED.into_iter().for_each(|kind| {
        live.list(kind);
        live.listed(kind);
    });
    let empty = (live.state().inventory(), live.state().census());
    let mut put = Vec::new();
    for value in values {
        let Some(kind) = Watched::find(&text(value, "apiVersion"), &text(value, "kind")) else {
            continue;
        };
        let name = (text(&value["metadata"], "namespace"), text(&value["metadata"], "name"));
        // An API server stores no object without a name.
        if !name.1.is_empty() {
            let taken = live.put(kind, value.to_string().as_bytes());
            assert_eq!(live.is_complete(kind), live.broken_count(kind) == 0, "{taken:?}");
            put.push((kind, name));
        }
    }
    for (kind, (namespace, name)) in &put {
        live.gone(*kind, namespace, name);
    }
    for kind in WATCHED {
        assert_eq!((live.count(kind), live.broken_count(kind)), (0, 0), "{kind:?}: {put:?}");
    }
    let left = (live.state().inventory(), live.state().census());
    assert_eq!(left, empty);
}

/// A line of `placecard feasible`.
pub fn case(data: &[u8]) {
    let Ok(line) = std::str::from_utf8(data) else { return };
    let plain = Options::of(ServerVersion::default());
    let whole = Options { all_reasons: true, scores: true, ..plain.clone() };
    let (plain, whole) = (judge_line(line, &plain), judge_line(line, &whole));
    assert_eq!(plain.is_ok(), whole.is_ok());
    for answer in [&plain, &whole] {
        let (Ok(text) | Err(text)) = answer;
        assert!(!text.contains('\n'));
        assert!(
            serde_json::from_str::<Value>(text).is_ok_and(|answer| answer.is_object()),
            "{text}"
        );
    }
    if let (Ok(plain), Ok(whole)) = (&plain, &whole) {
        let feasible = |text: &str| {
            let mut answer: Value = serde_json::from_str(text).expect("JSON");
            answer["feasible"].take()
        };
        assert_eq!(feasible(plain), feasible(whole));
    }
}

/// The file of the scheduler.
pub fn scheduler_configuration(data: &[u8]) {
    let Some(value) = value_of("scheduler.yaml", data) else { return };
    for minor in [30, 37] {
        let semantics = Semantics::of_minor(minor);
        let read = scheduler_configuration::read(&value, semantics);
        assert_eq!(read, scheduler_configuration::read(&value, semantics));
        match read {
            Ok(configuration) => {
                assert!((1..=100).contains(&configuration.profiles.len()));
                for one in &configuration.unjudged {
                    assert!(placecard_policies::read::at(&value, &one.path).is_some(), "{one:?}");
                }
            }
            Err(problems) => {
                assert!(!problems.is_empty() && problems.len() <= 16 * (1 + data.len()));
                for problem in &problems {
                    // What is missing is looked for in the mapping around it.
                    let mut around = problem.path.clone();
                    around.0.pop();
                    assert!(placecard_policies::read::at(&value, &around).is_some(), "{problem:?}");
                    let words =
                        placecard_policies::words::scheduler_configuration::problem(problem);
                    assert!(!words.is_empty() && !words.contains('\n'), "{words:?}");
                }
            }
        }
    }
}
