//! What the figures were measured on, and who else was at work.

use std::fs;
use std::time::Instant;

/// Prints the processor, its number of cores, the memory, and how busy the machine is.
pub fn print() {
    let cpu = field("/proc/cpuinfo", "model name").unwrap_or_else(|| "unknown".to_owned());
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let memory = kilobytes("/proc/meminfo", "MemTotal").map_or(0, |kb| kb / 1024 / 1024);
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let load = load.split(' ').next().unwrap_or("unknown");
    println!("machine: {cpu}, {cores} cores, {memory} GB of memory; load before: {load}");
    println!("ours runs on one thread; the real scheduler with its default parallelism, 16");
}

/// The value after `name:` in a file of such lines.
fn field(path: &str, name: &str) -> Option<String> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

fn kilobytes(path: &str, name: &str) -> Option<u64> {
    field(path, name)?.split(' ').next()?.parse().ok()
}

/// The most memory that this process ever had resident, and what it has now, in megabytes. `None`
/// where the system does not say.
pub fn resident() -> Option<(f64, f64)> {
    #[expect(clippy::cast_precision_loss, reason = "kilobytes")]
    let megabytes = |name: &str| Some(kilobytes("/proc/self/status", name)? as f64 / 1024.0);
    Some((megabytes("VmHWM")?, megabytes("VmRSS")?))
}

/// Makes the most memory that [`resident`] says that of from now on, where the system lets it.
pub fn forget_peak() {
    let _ = fs::write("/proc/self/clear_refs", "5");
}

/// How many seconds of processor time this process has used; `None` where the system does not say.
pub fn processor_seconds() -> Option<f64> {
    let (_, own) = busy()?;
    #[expect(clippy::cast_precision_loss, reason = "hundredths of seconds")]
    let seconds = own as f64 / 100.0;
    Some(seconds)
}

/// How many seconds of processor time this thread has used, to the nanosecond; `None` where the
/// system does not say.
pub fn thread_seconds() -> Option<f64> {
    let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    let nanoseconds: u64 = text.split(' ').next()?.parse().ok()?;
    #[expect(clippy::cast_precision_loss, reason = "hours have fewer digits")]
    let seconds = nanoseconds as f64 / 1e9;
    Some(seconds)
}

/// A stretch of time in which the processors are watched.
pub struct Watch {
    start: Instant,
    /// Hundredths of a second of all processors, and of this process and its children.
    busy: Option<(u64, u64)>,
}

impl Watch {
    pub fn start() -> Self {
        Self { start: Instant::now(), busy: busy() }
    }

    /// How many processors others kept busy on average, as words for a heading.
    pub fn others(&self) -> String {
        let (Some((all, own)), Some((all_then, own_then))) = (busy(), self.busy) else {
            return "others: unknown".to_owned();
        };
        let hundredths = all.saturating_sub(all_then).saturating_sub(own.saturating_sub(own_then));
        #[expect(clippy::cast_precision_loss, reason = "hundredths of seconds")]
        let seconds = hundredths as f64 / 100.0;
        let share = seconds / self.start.elapsed().as_secs_f64().max(0.01);
        let word = if share < 0.1 { "quiet" } else { "disturbed" };
        format!("{word}: others kept {share:.2} processors busy")
    }
}

fn busy() -> Option<(u64, u64)> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    let fields: Vec<u64> =
        stat.lines().next()?.split_whitespace().skip(1).map_while(parse).collect();
    // user, nice, system, idle, iowait, irq, softirq, steal
    let idle = fields.get(3)? + fields.get(4)?;
    let all = fields.iter().take(8).sum::<u64>().saturating_sub(idle);
    let own = fs::read_to_string("/proc/self/stat").ok()?;
    // After the name in brackets: state is field 3, utime to cstime are 14 to 17.
    let (_, rest) = own.rsplit_once(')')?;
    let own = rest.split_whitespace().skip(11).take(4).map_while(parse).sum();
    Some((all, own))
}

fn parse(text: &str) -> Option<u64> {
    text.parse().ok()
}
