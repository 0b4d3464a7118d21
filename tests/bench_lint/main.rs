//! `make bench-lint`: `placecard lint` beside kube-linter and kubeconform, on the same generated
//! files in one run.
//!
//! MANIFESTS says how many files, LINES how long the one long manifest is, and ROUNDS how often each
//! program runs. PLACECARD, KUBE_LINTER and KUBECONFORM are the programs; one of the two others that is
//! not there is left out, and the table says so. FOLDER keeps the files, else they are removed.
#![expect(clippy::print_stdout, reason = "this is for people who read a terminal")]

mod corpus;
mod ran;
mod schemas;

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use placecard_tests::variable::number;
use ran::{Cost, quick, run};

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> ExitCode {
    match measure() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn measure() -> Result<()> {
    let (manifests, rounds) = (number("MANIFESTS", 50_000)?, number("ROUNDS", 3)?);
    let lines = number("LINES", 35_000)?;
    let placecard = program("PLACECARD").ok_or("PLACECARD names no program")?;
    let temporary = tempfile::tempdir()?;
    let root = env::var_os("FOLDER").map_or_else(|| temporary.path().to_owned(), PathBuf::from);
    let (folder, tiny) = (root.join("manifests"), root.join("tiny.yaml"));
    corpus::write(&folder, manifests)?;
    fs::write(root.join("documents.yaml"), corpus::documents(lines))?;
    fs::write(root.join("list.yaml"), corpus::list(lines))?;
    fs::write(&tiny, corpus::documents(1))?;
    let bytes = size(&folder)?;
    println!("{manifests} manifests, {:.1} MB; {}", megabytes(bytes), machine());
    println!("{:.1} MB is the size of the program", megabytes(fs::metadata(&placecard)?.len()));

    let (best, median) = quick(Command::new(&placecard).arg("--version"), 50)?;
    println!("start-up, --version: best {best:.1} ms, median {median:.1} ms of 50");
    let (best, median) = quick(alone(&placecard).arg("lint").arg(&tiny), 50)?;
    println!("start-up, lint of a manifest: best {best:.1} ms, median {median:.1} ms of 50");
    for name in ["documents.yaml", "list.yaml"] {
        let file = root.join(name);
        let (best, median) = quick(alone(&placecard).arg("lint").arg(&file), 15)?;
        let bytes = megabytes(fs::metadata(&file)?.len());
        println!(
            "{lines} lines in {name} ({bytes:.2} MB), one core: best {best:.0} ms, median {median:.0} ms of 15"
        );
    }
    beside(&placecard, &root, manifests, megabytes(bytes), rounds)
}

/// All programs on all files, one after another, `rounds` times; the round with the least processor
/// time counts.
fn beside(placecard: &Path, root: &Path, manifests: usize, size: f64, rounds: usize) -> Result<()> {
    let folder = root.join("manifests");
    let mut ours = alone(placecard);
    ours.arg("lint").arg(&folder);
    let mut parallel = Command::new(placecard);
    parallel.arg("lint").arg(&folder);
    let mut programs = vec![("placecard, one core", ours), ("placecard", parallel)];
    match program("KUBE_LINTER") {
        Some(path) => {
            let mut command = Command::new(path);
            command.arg("lint").arg(&folder);
            programs.push(("kube-linter", command));
        }
        None => println!("kube-linter is not there: no ratio to it"),
    }
    match program("KUBECONFORM") {
        Some(path) => {
            let schemas = root.join("schemas");
            let written = schemas::write(&schemas)?;
            println!("{written} schemas for kubeconform");
            let location = schemas.join(schemas::LOCATION);
            let mut command = Command::new(path);
            command.arg("-schema-location").arg(location).arg("-summary").arg(&folder);
            programs.push(("kubeconform", command));
        }
        None => println!("kubeconform is not there: no ratio to it"),
    }
    let mut costs: Vec<Option<Cost>> = vec![None; programs.len()];
    for _ in 0..rounds.max(1) {
        for ((_, command), cost) in programs.iter_mut().zip(&mut costs) {
            let one = run(command)?;
            *cost = Some(cost.filter(|before| before.cpu <= one.cpu).unwrap_or(one));
        }
    }
    println!(
        "\n| program | CPU µs a manifest | CPU s | wall s | MB/s of CPU | peak MB | CPU ÷ ours |"
    );
    println!("|---|---|---|---|---|---|---|");
    let first = costs.first().copied().flatten().map_or(0.0, |cost| cost.cpu);
    for ((name, _), cost) in programs.iter().zip(costs.into_iter().flatten()) {
        let Cost { wall, cpu, peak } = cost;
        #[expect(clippy::cast_precision_loss, reason = "a number of files")]
        let each = cpu * 1e6 / manifests as f64;
        println!(
            "| {name} | {each:.0} | {cpu:.2} | {wall:.2} | {:.1} | {peak:.0} | {:.1} |",
            size / cpu,
            cpu / first
        );
    }
    Ok(())
}

/// The program on one core, where the system has a way to say so.
fn alone(program: &Path) -> Command {
    let there = Command::new("taskset").arg("--version").output().is_ok();
    if !there {
        return Command::new(program);
    }
    let mut command = Command::new("taskset");
    command.args(["-c", "0"]).arg(program);
    command
}

/// The program that a variable names, if there is one.
fn program(variable: &str) -> Option<PathBuf> {
    env::var_os(variable).map(PathBuf::from).filter(|path| path.is_file())
}

fn size(folder: &Path) -> Result<u64> {
    let mut all = 0;
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let metadata = entry.metadata()?;
        all += if metadata.is_dir() { size(&entry.path())? } else { metadata.len() };
    }
    Ok(all)
}

#[expect(clippy::cast_precision_loss, reason = "sizes of files")]
fn megabytes(bytes: u64) -> f64 {
    bytes as f64 / 1e6
}

fn machine() -> String {
    let field = |path: &str, name: &str| {
        let text = fs::read_to_string(path).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
        line.split_once(':').map_or("unknown", |(_, value)| value.trim()).to_owned()
    };
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown").to_owned();
    format!("{cores} cores of {}; load before: {load}", field("/proc/cpuinfo", "model name"))
}
