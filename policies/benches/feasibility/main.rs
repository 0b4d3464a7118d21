//! How fast the engine decides, on exactly the clusters of the anchor workload, and the real
//! scheduler beside it in the same run; `make bench`, and docs/benchmarks.md says what is measured.
#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
#![expect(unreachable_pub, reason = "a program whose modules are read like those of a library")]

mod clock;
mod decisions;
mod dumps;
mod events;
mod growth;
mod huge;
mod live;
mod machine;
mod options;
mod oracle;
mod placements;
mod report;

#[path = "../../tests/workload/cluster.rs"]
mod cluster;
#[path = "../../tests/workload/dump.rs"]
mod dump;
#[path = "../../tests/workload/engine.rs"]
mod engine;
#[path = "../../tests/workload/fit.rs"]
mod fit;
#[path = "../../tests/workload/greedy.rs"]
mod greedy;
#[path = "../../tests/workload/reading.rs"]
mod reading;
#[path = "../../tests/workload/rotation.rs"]
mod rotation;
#[path = "../../tests/workload/verdicts.rs"]
mod verdicts;

use std::error::Error;
use std::process::ExitCode;

use options::{Options, Section, Task};

/// Why a measurement could not be made.
type Failure = Box<dyn Error>;

fn main() -> ExitCode {
    let task = match options::parse(std::env::args().skip(1)) {
        Ok(task) => task,
        Err(message) => {
            println!("{message}\n\n{}", options::USAGE);
            return ExitCode::from(2);
        }
    };
    let done = match task {
        Task::Help => {
            println!("{}", options::USAGE);
            Ok(())
        }
        Task::Measure(options) => measure(&options),
        Task::Load(path) => dumps::load_in_this_process(&path),
        Task::Generate(size) => huge::generate_in_this_process(size),
        Task::Live => live::fill_in_this_process(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            println!("\nstopped: {failure}");
            ExitCode::FAILURE
        }
    }
}

fn measure(options: &Options) -> Result<(), Failure> {
    machine::print();
    for section in &options.sections {
        match section {
            Section::Decisions => decisions::measure(options)?,
            Section::Growth => growth::measure(options)?,
            Section::Load => dumps::measure(options)?,
            Section::Placements => placements::measure(options)?,
            Section::Huge => huge::measure()?,
            Section::Live => live::measure()?,
        }
    }
    Ok(())
}
