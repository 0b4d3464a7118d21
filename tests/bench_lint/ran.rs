//! What one run of a program cost.

use std::fs;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use super::Result;

/// Between two looks at the memory of a program.
const PAUSE: Duration = Duration::from_millis(2);

/// What a run took.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Cost {
    /// By the clock, in seconds.
    pub(crate) wall: f64,
    /// Processor time of all its threads, in seconds, to a hundredth.
    pub(crate) cpu: f64,
    /// The most memory it had resident, in megabytes, as often as it was looked at.
    pub(crate) peak: f64,
}

/// Runs a program to its end. Exit code 1 is that of a linter with findings.
pub(crate) fn run(command: &mut Command) -> Result<Cost> {
    let (begin, before) = (Instant::now(), processor_of_children());
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let (status, mut peak) = (format!("/proc/{}/status", child.id()), 0.0_f64);
    let code = loop {
        if let Some(code) = child.try_wait()? {
            break code;
        }
        peak = peak
            .max(fs::read_to_string(&status).ok().and_then(|it| high_water(&it)).unwrap_or(0.0));
        sleep(PAUSE);
    };
    let wall = begin.elapsed().as_secs_f64();
    if !matches!(code.code(), Some(0 | 1)) {
        return Err(format!("{} ended with {code}", command.get_program().display()).into());
    }
    Ok(Cost { wall, cpu: processor_of_children() - before, peak })
}

/// The wall time of the quickest of so many runs and that in their middle, in milliseconds, without
/// looking at anything meanwhile.
pub(crate) fn quick(command: &mut Command, times: usize) -> Result<(f64, f64)> {
    let mut walls = Vec::new();
    for _ in 0..times {
        let begin = Instant::now();
        command.stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        walls.push(begin.elapsed().as_secs_f64() * 1000.0);
    }
    walls.sort_by(f64::total_cmp);
    let at = |place: usize| walls.get(place).copied().unwrap_or_default();
    Ok((at(0), at(times / 2)))
}

fn high_water(status: &str) -> Option<f64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse().ok()?;
    Some(kilobytes / 1024.0)
}

/// Seconds of all children that have ended.
fn processor_of_children() -> f64 {
    let own = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // After the name in brackets: state is field 3, cutime and cstime are 16 and 17.
    let (_, rest) = own.rsplit_once(')').unwrap_or_default();
    let fields = rest.split_whitespace().skip(13).take(2);
    fields.filter_map(|field| field.parse::<f64>().ok()).sum::<f64>() / 100.0
}
