//! The webhook in a process of its own: as it is shipped, for programs that measure, and for tests that
//! end it as a kubelet does.

use std::error::Error;
use std::ffi::OsStr;
use std::fs;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::runtime::{Builder, Runtime};

/// What comes of a measurement.
pub type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// A running webhook. It is killed when this is dropped.
pub struct Process {
    /// Where it listens.
    pub address: SocketAddr,
    /// When it was started.
    pub begin: Instant,
    id: u32,
    child: Mutex<Child>,
    /// Open as long as it runs, for whatever it prints.
    _output: BufReader<ChildStdout>,
    client: kube::Client,
    runtime: Runtime,
}

/// Memory of a process, in kB.
#[derive(Clone, Copy, Debug)]
pub struct Memory {
    /// What is resident now.
    pub resident: u64,
    /// What of that is no page of a file: neither of the program nor of a library.
    pub anonymous: u64,
    /// What was at most.
    pub most: u64,
}

/// Starts a server that prints where it listens; its output is open for as long as that is held.
///
/// # Errors
/// It does not start, or does not listen.
pub fn listening(command: &mut Command) -> Result<(Child, BufReader<ChildStdout>, SocketAddr)> {
    let program = command.get_program().display().to_string();
    let started = command.stdout(Stdio::piped()).spawn();
    let mut child = started.map_err(|error| format!("{program}: {error}"))?;
    let mut output = BufReader::new(child.stdout.take().ok_or("no output")?);
    loop {
        let mut line = String::new();
        if output.read_line(&mut line)? == 0 {
            return Err(format!("{program} does not listen").into());
        }
        if let Some(address) = line.trim().strip_prefix("listening on https://") {
            return Ok((child, output, address.parse()?));
        }
    }
}

/// A client of the webhook at this address, which may have any certificate.
///
/// # Errors
/// There is no TLS.
pub(crate) fn client(runtime: &Runtime, address: SocketAddr) -> Result<kube::Client> {
    let mut config = kube::Config::new(format!("https://{address}").parse()?);
    config.accept_invalid_certs = true;
    Ok(runtime.block_on(async { kube::Client::try_from(config) })?)
}

/// What a webhook answers to this path.
///
/// # Errors
/// It does not answer, or with an error.
pub(crate) fn get(runtime: &Runtime, client: &kube::Client, path: &str) -> Result<String> {
    let ask = || -> Result<String> {
        let request = http::Request::get(path).body(Vec::new())?;
        Ok(runtime.block_on(client.request_text(request))?)
    };
    // The server ends a connection over which nothing is asked for ten seconds, perhaps in the moment
    // in which something is.
    ask().or_else(|_| ask())
}

impl Process {
    /// Starts this program, which is to listen on a port that it prints.
    ///
    /// # Errors
    /// It does not start, or does not listen.
    pub fn start<A: AsRef<OsStr>>(
        program: &Path,
        arguments: &[A],
        environment: &[(String, String)],
    ) -> Result<Self> {
        let begin = Instant::now();
        let mut command = Command::new(program);
        command.args(arguments).envs(environment.iter().map(|(name, value)| (name, value)));
        let (child, output, address) = listening(&mut command)?;
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let client = client(&runtime, address)?;
        let (id, child) = (child.id(), Mutex::new(child));
        Ok(Self { address, begin, id, child, _output: output, client, runtime })
    }

    /// The program that is built beside this one.
    ///
    /// # Errors
    /// It is not known where this one is.
    pub fn shipped() -> Result<PathBuf> {
        Ok(std::env::current_exe()?.with_file_name("placecard-webhook"))
    }

    fn get(&self, path: &str) -> Result<String> {
        get(&self.runtime, &self.client, path)
    }

    /// Whether it is ready.
    ///
    /// # Errors
    /// Never; a server that does not answer is not ready.
    pub fn is_ready(&self) -> Result<bool> {
        Ok(self.get("/readyz").is_ok_and(|text| text == "ok\n"))
    }

    /// The text of its metrics.
    ///
    /// # Errors
    /// It does not answer.
    pub fn metrics(&self) -> Result<String> {
        self.get("/metrics")
    }

    /// The sum of the series whose lines begin with the name and contain the labels; `None`: there is
    /// none.
    ///
    /// # Errors
    /// It does not answer, or not with numbers.
    pub fn metric(&self, name: &str, labels: &str) -> Result<Option<f64>> {
        sum(&self.metrics()?, name, labels)
    }

    /// The most that was resident counts from now on (`proc(5)`, `clear_refs`).
    ///
    /// # Errors
    /// The system does not do it.
    pub fn forget_most(&self) -> Result<()> {
        Ok(fs::write(format!("/proc/{}/clear_refs", self.id), "5")?)
    }

    /// Waits until it is seen, for ten minutes at most.
    ///
    /// # Errors
    /// It is not seen, or cannot be looked for.
    pub fn wait(&self, what: &str, mut seen: impl FnMut(&Self) -> Result<bool>) -> Result<()> {
        let end = Instant::now() + Duration::from_secs(600);
        while !seen(self)? {
            if Instant::now() > end {
                return Err(format!("not within ten minutes: {what}").into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(())
    }

    /// Tells it to stop, by SIGTERM.
    ///
    /// # Errors
    /// There is no program `kill`, or no process any more.
    pub fn terminate(&self) -> Result<()> {
        let told = Command::new("kill").args(["-TERM", &self.id.to_string()]).status()?;
        if told.success() { Ok(()) } else { Err("it has ended already".into()) }
    }

    /// Ends it at once, by SIGKILL.
    ///
    /// # Errors
    /// The system does not do it.
    pub fn kill(&self) -> Result<()> {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        child.kill()?;
        child.wait()?;
        Ok(())
    }

    /// How it ended; `None`: it has not yet.
    ///
    /// # Errors
    /// The system does not say.
    pub fn ended(&self) -> Result<Option<ExitStatus>> {
        Ok(self.child.lock().unwrap_or_else(PoisonError::into_inner).try_wait()?)
    }

    /// Processor time of all its threads and of the kernel for it, in seconds, to a hundredth.
    ///
    /// # Errors
    /// It has ended.
    pub fn processor_time(&self) -> Result<f64> {
        processor_time(self.id)
    }

    /// How much memory it has.
    ///
    /// # Errors
    /// It has ended.
    pub fn memory(&self) -> Result<Memory> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id))?;
        let kilobytes = |name: &str| -> Option<u64> {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim_start_matches(':').trim().strip_suffix(" kB")?.parse().ok()
        };
        Ok(Memory {
            resident: kilobytes("VmRSS").ok_or("no VmRSS")?,
            anonymous: kilobytes("RssAnon").ok_or("no RssAnon")?,
            most: kilobytes("VmHWM").ok_or("no VmHWM")?,
        })
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

/// Processor time of a process, in seconds, to a hundredth.
///
/// # Errors
/// There is no such process.
pub fn processor_time(id: u32) -> Result<f64> {
    /// Clock ticks a second in `/proc`, on every Linux (`USER_HZ`).
    const TICKS: f64 = 100.0;
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    // After the name in brackets: state is field 3, utime and stime are 14 and 15.
    let (_, rest) = stat.rsplit_once(')').ok_or("no name in /proc/PID/stat")?;
    let ticks = rest.split_whitespace().skip(11).take(2).map(str::parse::<f64>);
    Ok(ticks.sum::<std::result::Result<f64, _>>()? / TICKS)
}

/// The sum of the series in a text of metrics whose lines begin with the name and contain the labels;
/// `None`: there is none.
///
/// # Errors
/// One of them is no number.
pub fn sum(metrics: &str, name: &str, labels: &str) -> Result<Option<f64>> {
    let mut total = None;
    for line in metrics.lines() {
        let Some((series, value)) = line.rsplit_once(' ') else { continue };
        let of = series.strip_prefix(name).filter(|rest| rest.is_empty() || rest.starts_with('{'));
        if of.is_some_and(|of| of.contains(labels)) {
            total = Some(total.unwrap_or(0.0) + value.parse::<f64>()?);
        }
    }
    Ok(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn series_are_added_by_name_and_labels() {
        let text = "# HELP a x\na 3\na_b{c=\"d\"} 4\na_b{c=\"e\",f=\"g\"} 0.5\na_bc 7\n# EOF\n";
        for (name, labels, expected) in [
            ("a", "", Some(3.0)),
            ("a_b", "", Some(4.5)),
            ("a_b", "c=\"d\"", Some(4.0)),
            ("a_b", "c=\"x\"", None),
            ("b", "", None),
        ] {
            assert_eq!(sum(text, name, labels).expect("numbers"), expected, "{name} {labels}");
        }
    }
}
