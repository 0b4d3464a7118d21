//! What to measure, from the command line.

use std::path::PathBuf;

use crate::cluster::{SIZES, Size};

pub const USAGE: &str = "\
usage: cargo bench -p placecard-policies --bench feasibility -- [section…] [flag…]

sections (decisions, growth and load, if none is named)
  decisions   one pod against all nodes, and events; beside the real scheduler
  growth      how the cost of a decision grows with pods, nodes and terms
  load        files to read: seconds and memory
  placements  pods placed one after another; beside the real scheduler
  live        a live cluster kept by events: memory, events, reviews
  huge        100,000 nodes and 2,000,000 pods; takes minutes
  all         everything

flags
  --nodes N --pods P   only the cluster of N nodes with P pods each
  --rounds R           rounds of 1,000 pods for each kind; 10
  --oracle FILE        the program of tests/oracle; $PLACECARD_ORACLE
  --repetitions R      decisions of the real scheduler for each kind; 50
  --keep               keep the generated files";

/// A part of the benchmark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    Decisions,
    Growth,
    Load,
    Placements,
    Huge,
    Live,
}

/// What the process is to do. The last three are what it runs itself again for, so that memory is
/// that of nothing else.
#[derive(Debug)]
pub enum Task {
    Help,
    Measure(Options),
    Load(PathBuf),
    Generate(Size),
    Live,
}

#[derive(Clone, Debug)]
pub struct Options {
    pub sections: Vec<Section>,
    pub sizes: Vec<Size>,
    pub rounds: usize,
    pub oracle: Option<PathBuf>,
    pub repetitions: usize,
    pub keep: bool,
}

/// Reads the words after `--`.
///
/// # Errors
///
/// What is wrong with the first word that is.
pub fn parse(words: impl Iterator<Item = String>) -> Result<Task, String> {
    let oracle = std::env::var_os("PLACECARD_ORACLE").map(PathBuf::from);
    let mut options = Options {
        sections: Vec::new(),
        sizes: SIZES.to_vec(),
        rounds: 10,
        // The Makefile names the oracle whether or not it has been built.
        oracle: oracle.filter(|path| path.is_file()),
        repetitions: 50,
        keep: false,
    };
    let (mut nodes, mut pods) = (None, None);
    // Cargo adds a word of its own.
    let mut words = words.filter(|word| word != "--bench");
    while let Some(word) = words.next() {
        let mut value = || words.next().ok_or(format!("{word} needs a value"));
        match word.as_str() {
            "decisions" => options.sections.push(Section::Decisions),
            "growth" => options.sections.push(Section::Growth),
            "load" => options.sections.push(Section::Load),
            "live" => options.sections.push(Section::Live),
            "huge" => options.sections.push(Section::Huge),
            "placements" => options.sections.push(Section::Placements),
            "all" => options.sections.extend(ALL),
            "--nodes" => nodes = Some(number(&value()?)?),
            "--pods" => pods = Some(number(&value()?)?),
            "--rounds" => options.rounds = number(&value()?)?,
            "--repetitions" => options.repetitions = number(&value()?)?,
            "--oracle" => options.oracle = Some(PathBuf::from(value()?)),
            "--keep" => options.keep = true,
            "--load-here" => return Ok(Task::Load(PathBuf::from(value()?))),
            "--live-here" => return Ok(Task::Live),
            "--generate-here" => {
                let size = Size { nodes: number(&value()?)?, pods: number(&value()?)? };
                return Ok(Task::Generate(size));
            }
            "--help" | "-h" => return Ok(Task::Help),
            other => return Err(format!("what is {other:?}?")),
        }
    }
    match (nodes, pods) {
        (Some(nodes), Some(pods)) => options.sizes = vec![Size { nodes, pods }],
        (None, None) => {}
        _ => return Err("--nodes and --pods go together".to_owned()),
    }
    if options.sections.is_empty() {
        options.sections = vec![Section::Decisions, Section::Growth, Section::Load];
    }
    Ok(Task::Measure(options))
}

const ALL: [Section; 6] = [
    Section::Decisions,
    Section::Growth,
    Section::Load,
    Section::Placements,
    Section::Live,
    Section::Huge,
];

fn number(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(number @ 1..) => Ok(number),
        _ => Err(format!("{text:?} is no whole number above 0")),
    }
}
